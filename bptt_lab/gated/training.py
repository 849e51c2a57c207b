"""Adam on given batches, for every cell: in NumPy, or compiled with the same bits on every machine."""

from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import NamedTuple

import numpy as np

from bptt_lab import model, validate
from bptt_lab.engine import IN_BROWSER, no_compiler
from bptt_lab.gated import gru, kernels, lstm, plain
from bptt_lab.model import Array

BLOCKS = {plain: kernels.PLAIN, gru: kernels.GRU, lstm: kernels.LSTM}  # how many a cell's U, W and b hold


class Memory(NamedTuple):
    """What one run hands to the next."""

    adam: Array  # (3, N)  both moments of each parameter; [2, 0] counts the steps
    states: Array  # (2, B, n_h)  h^(0) and s^(0) of the next batch


def fit(
    cell: ModuleType,
    params: tuple,
    x: Array,
    y: Array,
    *,
    learning_rates: float | Array = 0.01,
    weight: Array | None = None,
    softmax: bool = False,
    carry: bool = False,
    max_norm: float = 1.0,
    memory: Memory | None = None,
    engine: str = "auto",
) -> tuple[tuple, Memory, Array]:
    """A step of Adam for each batch in turn. The loss is Σ_t weight^(t) of the core's, or of the softmax's.

    cell            `plain`, `gru` or `lstm`
    x, y            (n, T, B, n_x) and (n, T, B, n_y): n batches
    learning_rates  one for all, or (n,)
    weight          (T,), how much each step's loss counts; 1 if not given
    softmax         y holds one 1 for each step, and the outputs are one choice; else each output is a bit
    carry           each batch starts in the states in which the one before it ended
    max_norm        a longer gradient is shortened to this length
    engine          "numba": compiled, the same bits on every machine; "numpy": the plain loops; "auto": the faster
    returns         parameters, the memory for a next call, and the loss of each batch, (n,)
    raises          ValueError for shapes that do not fit; FloatingPointError if the loss is not finite;
                    ImportError for engine "numba" without Numba
    """
    if cell not in BLOCKS:
        raise ValueError(f"cell must be plain, gru or lstm, got {getattr(cell, '__name__', cell)}: gated.lstm, say")
    if np.ndim(x) != 4 or x.shape[3] != params.U.shape[1] or np.shape(y) != (*x.shape[:3], len(params.c)):
        raise ValueError(
            f"x and y must be (n, T, B, {params.U.shape[1]}) and (n, T, B, {len(params.c)}), got {np.shape(x)} and "
            f"{np.shape(y)}: n batches, each with time first"
        )
    for name, array in (("x", x), ("y", y)):
        validate.finite(name, array)
    G, (n, T, B, n_x) = BLOCKS[cell], x.shape
    n_y, n_h = params.V.shape
    weight = np.ones(T) if weight is None else np.asarray(weight, float)
    rates = np.broadcast_to(np.asarray(learning_rates, float), n).copy()
    theta = kernels.flatten(params, G)
    adam, states = (part.copy() for part in memory or (np.zeros((3, len(theta))), np.zeros((2, B, n_h))))
    loop = kernels.train if pick(engine) == "numba" else _train
    x, y = (np.ascontiguousarray(array, float) for array in (x, y))
    losses = loop(G, theta, (n_x, n_h, n_y), adam, x, y, weight, softmax, states, carry, rates, float(max_norm))
    if not np.isfinite(losses).all():
        raise FloatingPointError("the loss is not finite: use a smaller learning rate")
    return type(params)(*kernels.unflatten(theta, G, (n_x, n_h, n_y))), Memory(adam, states), losses


def pick(engine: str) -> str:
    """ "numba" or "numpy"."""
    if engine not in ("auto", "numpy", "numba"):
        raise ValueError(f'engine must be "auto", "numpy" or "numba", got {engine!r}: "auto" picks the faster')
    if engine == "numba" and kernels.numba is None:
        raise ImportError(no_compiler('engine "numba" is not there; use "numpy"'))
    if engine == "numpy":
        return "numpy"
    return "numba" if _numba_or_say_so() else "numpy"


@cache
def _numba_or_say_so() -> bool:
    if kernels.numba is None and not IN_BROWSER:  # there nobody can change it
        print(no_compiler("training in NumPy, about 10 times slower"))
    return kernels.numba is not None


def adam_step(theta: Array, grads: Array, adam: Array, learning_rate: float, max_norm: float) -> None:
    """θ - learning_rate · mean / √(mean of squares), both means running; changes `theta` and `adam`.

    theta, grads  (N,)
    adam          (3, N): running means of g and of g², and the number of steps in [2, 0]
    max_norm      a longer g is shortened to this length first
    source        Kingma and Ba, "Adam: a method for stochastic optimization" (2015)
    """
    grads = grads * min(1.0, max_norm / (np.sqrt(np.sum(grads**2)) + 1e-30))
    adam[2, 0] += 1
    adam[0] += (1 - kernels.BETA_1) * (grads - adam[0])
    adam[1] += (1 - kernels.BETA_2) * (grads**2 - adam[1])
    mean, square = adam[0] / (1 - kernels.BETA_1 ** adam[2, 0]), adam[1] / (1 - kernels.BETA_2 ** adam[2, 0])
    theta -= learning_rate * mean / (np.sqrt(square) + kernels.TINY)


def softmax_of(o: Array) -> Array:
    """ŷ_m = e^(o_m) / Σ e^o over the last axis."""
    e = np.exp(o - o.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _train(G, theta, sizes, adam, x, y, weight, softmax, states, carry, rates, max_norm):
    """`kernels.train` by the readable cells."""
    cell = {blocks: cell for cell, blocks in BLOCKS.items()}[G]
    losses = np.empty(len(x))
    for step in range(len(x)):
        params = cell.Params(*kernels.unflatten(theta, G, sizes))
        trace = cell.forward(params, x[step], *(states if cell is lstm else states[:1]))
        grads = cell.backward(params, trace, y[step], _output_grads(softmax, weight))
        losses[step] = (_loss_of_each(trace.o, y[step], softmax) * weight[:, None, None]).sum() / y.shape[2]
        adam_step(theta, kernels.flatten(grads, G), adam, rates[step], max_norm)
        if carry:
            states[0] = trace.h[-1]
            states[1] = trace.s[-1] if cell is lstm else 0
    return losses


def _output_grads(softmax: bool, weight: Array) -> Callable:
    def output_grads(trace: tuple, y: Array) -> Array:
        y_hat = softmax_of(trace.o) if softmax else trace.y_hat
        return weight[:, None, None] * (y_hat - y) / y.shape[1]

    return output_grads


def _loss_of_each(o: Array, y: Array, softmax: bool) -> Array:
    if not softmax:
        return model.cross_entropy(o, y)
    return -y * np.log(np.maximum(softmax_of(o), 1e-300))
