"""The GRU: one state, kept or replaced by degrees; a reset gate decides how much of it the candidate sees.

Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine translation" (2014).
U, W and b hold the three blocks one below the other, in the order r, z, g. PyTorch resets after the product with W_g.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bptt_lab import bptt, validate
from bptt_lab.bptt import as_rows
from bptt_lab.engine import add_product
from bptt_lab.engine import sigmoid as sigmoid_of_one
from bptt_lab.engine import tanh as tanh_of_one
from bptt_lab.gated.blocks import Params, drawn, sums
from bptt_lab.machine import in_place
from bptt_lab.model import Array, sigmoid

BLOCKS, LATE = 3, 2  # see `engine.kernels`: W_g waits for the reset gate


class Trace(NamedTuple):
    """All that the forward pass computed and the backward pass needs. Time is the first axis."""

    x: Array  # (T, B, n_x)
    h_prev: Array  # (T, B, n_h)  h^(t-1)
    h: Array  # (T, B, n_h)  h^(t)
    r: Array  # (T, B, n_h)  reset gate; 0 hides the old state from the candidate
    z: Array  # (T, B, n_h)  update gate; 1 keeps the old state
    g: Array  # (T, B, n_h)  candidate
    o: Array  # (T, B, n_y)  logits
    y_hat: Array  # (T, B, n_y)


def init_params(
    n_h: int,
    rng: np.random.Generator,
    n_x: int = 2,
    n_y: int = 1,
    scale: float | None = None,
    update_bias: float = 0.0,
) -> Params:
    """U, W, V uniform in (-scale, scale), drawn in this order; b = c = 0, except that b_z is `update_bias`.

    Parameters
    ----------
    scale
        1 / √n_h if not given
    """
    return drawn(3, n_h, rng, n_x, n_y, scale, update_bias)


def forward(params: Params, x: Array, h_0: Array | float = 0.0) -> Trace:
    """h^(t) = z^(t) h^(t-1) + (1 - z^(t)) g^(t), g^(t) = tanh(b_g + U_g x^(t) + W_g (r^(t) h^(t-1))), for t = 1 … T.

    Parameters
    ----------
    x : (T, B, n_x)
    h_0 : (B, n_h)
        the state before the first step; 0 if not given

    Raises
    ------
    ValueError
        if shapes do not match, or x holds NaN or infinity
    """
    validate.inputs(params, x)
    U, W, V, b, c = params
    (T, B, _), n_h = x.shape, V.shape[1]
    dtype = np.result_type(x, h_0, *params)
    states = np.zeros((T + 1, B, n_h), dtype)
    r, z, g = np.empty((3, T, B, n_h), dtype)
    states[0] = h_0
    W_r, W_z, W_g = np.split(W, 3)  # (n_h, n_h) each
    drive_r, drive_z, drive_g = np.split(x @ U.T + b, 3, axis=2)  # (T, B, n_h) each
    for t in range(T):
        r[t] = sigmoid(drive_r[t] + states[t] @ W_r.T)
        z[t] = sigmoid(drive_z[t] + states[t] @ W_z.T)
        g[t] = np.tanh(drive_g[t] + (r[t] * states[t]) @ W_g.T)
        states[t + 1] = z[t] * states[t] + (1 - z[t]) * g[t]
    o = states[1:] @ V.T + c  # (T, B, n_y)
    return Trace(x, states[:-1], states[1:], r, z, g, o, y_hat=sigmoid(o))


def backward(params: Params, trace: Trace, y: Array, output_grads: Callable = bptt.output_grads) -> Params:
    """∂L/∂U, ∂L/∂W, ∂L/∂V, ∂L/∂b, ∂L/∂c.

    Parameters
    ----------
    y : (T, B, n_y)
        targets
    output_grads
        the first stage, (trace, y) to ∂L/∂o; the one of the core unless another loss is wanted
    """
    dL_do = output_grads(trace, y)
    dL_dh = state_grads(params, trace, dL_do)
    return param_grads(params, trace, dL_do, dL_dh)


def state_grads(params: Params, trace: Trace, dL_do: Array) -> Array:
    """∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + z^(t+1) ∂L/∂h^(t+1) + through r, z and g of step t + 1; shape (T, B, n_h)."""
    W_r, W_z, W_g = np.split(params.W, 3)
    dL_dh = dL_do @ params.V  # (T, B, n_h), through the output of the same step
    for t in reversed(range(1, len(dL_dh))):
        dL_da_r, dL_da_z, dL_da_g = np.split(gate_grads(params, trace, dL_dh, t), 3, axis=1)  # (B, n_h) each
        dL_dh[t - 1] += dL_dh[t] * trace.z[t]  # what was kept
        dL_dh[t - 1] += dL_da_r @ W_r + dL_da_z @ W_z + (dL_da_g @ W_g) * trace.r[t]
    return dL_dh


def gate_grads(params: Params, trace: Trace, dL_dh: Array, t: int | slice = slice(None)) -> Array:
    """∂L/∂a^(t), what goes into the three nonlinearities; (…, 3 n_h) in the order r, z, g."""
    r, z, g, h_prev, dL_dh = (array[t] for array in (trace.r, trace.z, trace.g, trace.h_prev, dL_dh))
    dL_da_g = dL_dh * (1 - z) * (1 - g**2)
    dL_da_z = dL_dh * (h_prev - g) * z * (1 - z)
    dL_da_r = (dL_da_g @ np.split(params.W, 3)[2]) * h_prev * r * (1 - r)
    return np.concatenate([dL_da_r, dL_da_z, dL_da_g], axis=-1)


def param_grads(params: Params, trace: Trace, dL_do: Array, dL_dh: Array) -> Params:
    """Sums over time and batch; W_g multiplied the state after its reset."""
    dL_da = gate_grads(params, trace, dL_dh)  # (T, B, 3 n_h)
    grads, n_h = sums(trace, dL_do, dL_da), dL_dh.shape[2]
    grads.W[2 * n_h :] = as_rows(dL_da)[:, 2 * n_h :].T @ as_rows(trace.r * trace.h_prev)
    return grads


@in_place
def step(W, now):
    """`forward` for one step: r, z and g in the place of a^(t), r^(t) h^(t-1), and h^(t)."""
    a, h_prev, h, _, _, reset = now
    for k in range(len(h)):
        for j in range(h.shape[1]):
            a[0, k, j] = r = sigmoid_of_one(a[0, k, j])
            reset[k, j] = r * h_prev[k, j]
    add_product(a[2], reset, W[2])
    for k in range(len(h)):
        for j in range(h.shape[1]):
            a[1, k, j] = z = sigmoid_of_one(a[1, k, j])
            a[2, k, j] = g = tanh_of_one(a[2, k, j])
            h[k, j] = z * h_prev[k, j] + (1 - z) * g


@in_place
def step_back(W_back, now, back):
    """`gate_grads` for one step, and what goes to ∂L/∂h^(t-1), but not by W_r or W_z: what was kept, or is reset."""
    (a, h_prev, h, _, _, _), (dL_dh, by_reset, before, dL_da) = now, back  # no cell: its place is free
    for k in range(len(h)):
        for j in range(h.shape[1]):
            grad, z, g = dL_dh[k, j], a[1, k, j], a[2, k, j]
            dL_da[1, k, j] = grad * (h_prev[k, j] - g) * z * (1 - z)
            dL_da[2, k, j] = grad * (1 - z) * (1 - g * g)
            before[k, j] = grad * z
            by_reset[k, j] = 0.0
    add_product(by_reset, dL_da[2], W_back[2])
    for k in range(len(h)):
        for j in range(h.shape[1]):
            r = a[0, k, j]
            before[k, j] += by_reset[k, j] * r
            dL_da[0, k, j] = by_reset[k, j] * h_prev[k, j] * r * (1 - r)
