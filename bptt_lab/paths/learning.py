"""Attention and linear recurrences on the task of notebook 12, a bit to be kept over a distance; and their controls."""

from collections.abc import Callable, Iterable
from functools import partial
from types import SimpleNamespace

import numpy as np

from bptt_lab import gated, model, optimisers
from bptt_lab.model import Array
from bptt_lab.paths import attention, mingru


def fit(
    layer: object,
    params: tuple,
    x: Array,
    y: Array,
    *,
    batch_size: int,
    weight: Array,
    learning_rates: float,
    memory: Array | None = None,
) -> tuple[tuple, Array, Array]:
    """A step of Adam for each batch in turn, as `gated.fit` does it for cells, in plain NumPy.

    Parameters
    ----------
    layer
        has forward(params, x), whose trace has o of all steps or of the last ones, and backward(params, trace, dL_do)
    x, y : (T, n·batch_size, n_x) and (T, n·batch_size, n_y)
    weight : (T,)
        how much each step's loss counts

    Returns
    -------
    parameters, the optimiser's memory, and the loss of each batch, (n,)
    """
    adam, losses = optimisers.Adam(), []
    memory = adam.start(params) if memory is None else memory
    for start in range(0, x.shape[1], batch_size):
        batch = slice(start, start + batch_size)
        trace = layer.forward(params, x[:, batch])
        asked = y[-len(trace.o) :, batch]
        each = weight[-len(trace.o) :, None, None] / batch_size
        losses.append((each * model.cross_entropy(trace.o, asked)).sum())
        grads = layer.backward(params, trace, each * (model.sigmoid(trace.o) - asked))
        theta, memory = adam.step(optimisers.flatten(params), optimisers.flatten(grads), memory, learning_rates)
        params = optimisers.unflatten(theta, params)
    return params, memory, np.array(losses)


def iterations(layer: object, distance: int, seeds: Iterable[int], n_h: int = 8, rate: float = 0.03, **start) -> list:
    """How many iterations each seed needs until the distance is solved, rounded up to 50; 0 if 500 are not enough.

    Parameters
    ----------
    **start
        passed on to `layer.init_params`, such as update_bias=3.0
    """
    needed = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        params = layer.init_params(n_h, rng, **start)
        needed.append(gated.distance.learn(layer, params, distance, rng, learning_rate=rate, fit=fit)[1])
    return needed


def seeing(layer: object, view: Callable, **start) -> SimpleNamespace:
    """The same layer, whose inputs are first made into view(x); `start` goes to its `init_params`."""
    return SimpleNamespace(
        init_params=partial(layer.init_params, **start),
        forward=lambda params, x: layer.forward(params, view(x)),
        backward=layer.backward,
    )


def without_mark(x: Array) -> Array:
    """The inputs of the task, (T, B, 2), with the mark of the first step rubbed out."""
    return x * [1, 0]


def with_positions(n: int, x: Array) -> Array:
    """No mark, and in its place what tells the steps apart, (T, B, 2 + n)."""
    told = np.broadcast_to(attention.positions(len(x), n)[:, None], (*x.shape[:2], n))
    return np.concatenate([without_mark(x), told], axis=2)


def _no_gate_reads(params: mingru.Params) -> mingru.Params:
    U_z, U_g = np.split(params.U, 2)
    return params._replace(U=np.concatenate([0 * U_z, U_g]))


FIXED = SimpleNamespace(  # minGRU whose gates learn a bias, and do not read: h is a fixed sum over the inputs
    init_params=lambda *sizes, **start: _no_gate_reads(mingru.init_params(*sizes, **start)),
    forward=mingru.forward,
    backward=lambda params, trace, dL_do: _no_gate_reads(mingru.backward(params, trace, dL_do)),
)
