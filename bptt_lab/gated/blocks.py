"""What all cells with gates share: parameters in blocks, how they begin, and the sums of the last stage."""

from typing import NamedTuple

import numpy as np

from bptt_lab import validate
from bptt_lab.bptt import as_rows
from bptt_lab.model import Array


class Params(NamedTuple):
    """Weights and biases, shared by every time step. A gradient has the same type. G blocks, one below the other."""

    U: Array  # (G n_h, n_x)  input  -> gates and candidate
    W: Array  # (G n_h, n_h)  hidden -> gates and candidate
    V: Array  # (n_y, n_h)    hidden -> output
    b: Array  # (G n_h,)
    c: Array  # (n_y,)


def drawn(
    G: int, n_h: int, rng: np.random.Generator, n_x: int, n_y: int, scale: float | None, second_bias: float
) -> Params:
    """U, W, V uniform in (-scale, scale), drawn in this order; b = c = 0, except for the bias of the second block."""
    n_h, n_x, n_y = validate.size("n_h", n_h), validate.size("n_x", n_x), validate.size("n_y", n_y)
    scale = n_h**-0.5 if scale is None else validate.positive("scale", scale)
    U, W, V = (rng.uniform(-scale, scale, shape) for shape in [(G * n_h, n_x), (G * n_h, n_h), (n_y, n_h)])
    b = np.zeros(G * n_h)
    b[n_h : 2 * n_h] = second_bias
    return Params(U, W, V, b, c=np.zeros(n_y))


def sums(trace: tuple, dL_do: Array, dL_da: Array) -> Params:
    """Sums over time and batch, as in `bptt.param_grads`: no loop is left."""
    dL_da, dL_do = as_rows(dL_da), as_rows(dL_do)  # (T·B, G n_h) and (T·B, n_y)
    return Params(
        U=dL_da.T @ as_rows(trace.x),  # (G n_h, n_x)
        W=dL_da.T @ as_rows(trace.h_prev),  # (G n_h, n_h)
        V=dL_do.T @ as_rows(trace.h),  # (n_y, n_h)
        b=dL_da.sum(axis=0),  # (G n_h,)
        c=dL_do.sum(axis=0),  # (n_y,)
    )
