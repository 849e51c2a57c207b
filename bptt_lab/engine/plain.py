"""The core's network as a cell: what `model` and `bptt` say of it, under the names that all cells have."""

from collections.abc import Callable

import numpy as np

from bptt_lab import bptt, model, validate
from bptt_lab.bptt import state_grads
from bptt_lab.engine.elementary import tanh
from bptt_lab.machine import in_place
from bptt_lab.model import Array, Params, Trace, forward

__all__ = ["Params", "Trace", "backward", "forward", "init_params", "state_grads"]
BLOCKS, LATE = 1, -1  # see `kernels`


def init_params(n_h: int, rng: np.random.Generator, n_x: int = 2, n_y: int = 1, scale: float | None = None) -> Params:
    """As `model.init_params`; scale is 1 / √n_h if not given, as for the gated cells."""
    n_h = validate.size("n_h", n_h)
    return model.init_params(n_h, rng, n_x, n_y, scale=n_h**-0.5 if scale is None else scale)


def backward(params: Params, trace: Trace, y: Array, output_grads: Callable = bptt.output_grads) -> Params:
    """`bptt.backward`, with another first stage if wanted."""
    dL_do = output_grads(trace, y)
    return bptt.param_grads(trace, dL_do, state_grads(params, trace, dL_do))


@in_place
def step(W, now):
    """h^(t) = tanh(a^(t))."""
    a, _, h, _, _, _ = now
    for k in range(len(h)):
        h_t, a_t = h[k], a[0, k]
        for j in range(len(h_t)):
            h_t[j] = tanh(a_t[j])


@in_place
def step_back(W_back, now, back):
    """∂L/∂a^(t) = H^(t) ∂L/∂h^(t), eq. (8)."""
    (_, _, h, _, _, _), (dL_dh, _, _, dL_da) = now, back
    for k in range(len(h)):
        h_t, grad, out = h[k], dL_dh[k], dL_da[0, k]
        for j in range(len(h_t)):
            out[j] = grad[j] * (1 - h_t[j] * h_t[j])
