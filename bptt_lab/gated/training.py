"""Any optimiser on given batches, for every cell: in NumPy, or compiled with the same bits on every machine."""

from types import ModuleType
from typing import NamedTuple

import numpy as np

from bptt_lab import engine as engines
from bptt_lab import machine, model, optimisers, validate
from bptt_lab.gated import gru, lstm
from bptt_lab.model import Array


class Memory(NamedTuple):
    """What one run hands to the next."""

    of_optimiser: Array  # (rows, N), see `optimisers`
    states: Array  # (2, B, n_h)  h^(0) and s^(0) of the next batch


def fit(
    cell: ModuleType,
    params: tuple,
    x: Array,
    y: Array,
    *,
    batch_size: int,
    learning_rates: float | Array = 0.01,
    weight: Array | None = None,
    softmax: bool = False,
    carry: bool = False,
    optimiser: optimisers.Optimiser = optimisers.Adam(),
    memory: Memory | None = None,
    engine: str = "auto",
) -> tuple[tuple, Memory, Array]:
    """A step of the optimiser for each batch in turn. The loss is Σ_t weight^(t) times the core's, or the softmax's.

    Parameters
    ----------
    cell
        `plain`, `gru` or `lstm`
    x, y : (T, n·batch_size, n_x) and (T, n·batch_size, n_y)
        n batches, one after the other
    learning_rates
        one for all, or (n,)
    weight : (T,)
        how much each step's loss counts; 1 if not given
    softmax
        y holds one 1 for each step, and the outputs are one choice; else each output is a bit
    carry
        each batch starts in the states in which the one before it ended
    engine
        "numba": compiled, the same bits on every machine; "numpy": the plain loops; "auto": the faster

    Returns
    -------
    parameters, the memory for a next call, and the loss of each batch, (n,)

    Raises
    ------
    ValueError
        for shapes that do not fit
    FloatingPointError
        if the loss is not finite
    ImportError
        for engine "numba" without Numba
    """
    _check(cell, params, x, y, batch_size, engine)
    T, n = len(x), x.shape[1] // batch_size
    weight = np.ones(T) if weight is None else np.asarray(weight, float)
    rates = np.broadcast_to(np.asarray(learning_rates, float), n)
    states = np.zeros((2, batch_size, params.V.shape[1]))
    kept = [part.copy() for part in memory or (optimiser.start(params), states)]
    there = engines.is_built(cell, optimiser, softmax, last_first=True)
    fast = engine == "numba" and not machine.IN_BROWSER or engine != "numpy" and machine.there_or_says_so(there)
    run, how = _run, {"weight": weight, "softmax": softmax, "carry": carry}
    if fast:
        run, how = engines.run, how | {"last_first": True}
    params, o = run(cell, optimiser, params, *kept, x, y, rates, **how)
    each = np.tensordot(weight, _loss_of_each(o, y, softmax), axes=1)  # (n·B, n_y)
    losses = each.sum(axis=1).reshape(n, batch_size).mean(axis=1)
    if not np.isfinite(losses).all():
        raise FloatingPointError("the loss is not finite: use a smaller learning rate")
    return params, Memory(*kept), losses


def _check(cell: ModuleType, params: tuple, x: Array, y: Array, batch_size: int, engine: str) -> None:
    if cell not in (engines.plain, gru, lstm):
        raise ValueError(f"cell must be plain, gru or lstm, got {getattr(cell, '__name__', cell)}: gated.lstm, say")
    if np.ndim(x) != 3 or x.shape[1] % batch_size or np.shape(y) != (*x.shape[:2], len(params.c)):
        raise ValueError(
            f"x and y must be (T, n·{batch_size}, {params.U.shape[1]}) and (T, n·{batch_size}, {len(params.c)}), got "
            f"{np.shape(x)} and {np.shape(y)}: time first, and n batches side by side"
        )
    validate.inputs(params, x)
    validate.finite("y", y)
    if engine not in ("auto", "numpy", "numba"):
        raise ValueError(f'engine must be "auto", "numpy" or "numba", got {engine!r}: "auto" picks the faster')


def softmax_of(o: Array) -> Array:
    """ŷ_m = e^(o_m) / Σ e^o over the last axis."""
    e = np.exp(o - o.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _run(cell, optimiser, params, memory, states, x, y, rates, *, weight, softmax, carry):
    """As `engine.run`, with the readable cells and optimisers."""

    def output_grads(trace: tuple, y: Array) -> Array:
        y_hat = softmax_of(trace.o) if softmax else trace.y_hat
        return weight[:, None, None] * (y_hat - y) / y.shape[1]

    o, B = np.empty(y.shape), states.shape[1]
    for step, rate in enumerate(rates):
        batch = slice(step * B, (step + 1) * B)
        trace = cell.forward(params, x[:, batch], *(states if cell is lstm else states[:1]))
        grads = cell.backward(params, trace, y[:, batch], output_grads)
        theta, memory[:] = optimiser.step(optimisers.flatten(params), optimisers.flatten(grads), memory, rate)
        params, o[:, batch] = optimisers.unflatten(theta, params), trace.o
        if carry:
            states[0] = trace.h[-1]
            states[1] = trace.s[-1] if cell is lstm else 0
    return params, o


def _loss_of_each(o: Array, y: Array, softmax: bool) -> Array:
    if not softmax:
        return model.cross_entropy(o, y)
    return -y * np.log(np.maximum(softmax_of(o), 1e-300))
