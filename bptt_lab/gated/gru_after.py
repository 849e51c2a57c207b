"""The GRU of PyTorch and cuDNN: the reset gate acts after the product with W_g, and that product has a bias d.

All products with h^(t-1) can then be done at once, which is why fast libraries chose it. Blocks in the order r, z, g.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bptt_lab import bptt, validate
from bptt_lab.gated import gru
from bptt_lab.gated.blocks import sums
from bptt_lab.model import Array, sigmoid


class Params(NamedTuple):
    """As `gru.Params`, and one bias more."""

    U: Array  # (3 n_h, n_x)
    W: Array  # (3 n_h, n_h)
    V: Array  # (n_y, n_h)
    b: Array  # (3 n_h,)
    c: Array  # (n_y,)
    d: Array  # (n_h,)  what is added to W_g h^(t-1), before the reset


class Trace(NamedTuple):
    """As `gru.Trace`, and what the reset gate is multiplied with."""

    x: Array  # (T, B, n_x)
    h_prev: Array  # (T, B, n_h)  h^(t-1)
    h: Array  # (T, B, n_h)  h^(t)
    r: Array  # (T, B, n_h)  reset gate
    z: Array  # (T, B, n_h)  update gate
    g: Array  # (T, B, n_h)  candidate
    e: Array  # (T, B, n_h)  e^(t) = d + W_g h^(t-1)
    o: Array  # (T, B, n_y)  logits
    y_hat: Array  # (T, B, n_y)


def init_params(n_h: int, rng: np.random.Generator, n_x: int = 2, n_y: int = 1, scale: float | None = None) -> Params:
    """As `gru.init_params`; d = 0."""
    return Params(*gru.init_params(n_h, rng, n_x, n_y, scale), d=np.zeros(n_h))


def forward(params: Params, x: Array, h_0: Array | float = 0.0) -> Trace:
    """h^(t) = z^(t) h^(t-1) + (1 - z^(t)) g^(t), g^(t) = tanh(b_g + U_g x^(t) + r^(t) (d + W_g h^(t-1))), t = 1 … T.

    x        (T, B, n_x)
    h_0      (B, n_h), the state before the first step; 0 if not given
    raises   ValueError if shapes do not match, or x holds NaN or infinity
    """
    validate.inputs(params, x)
    U, W, V, b, c, d = params
    (T, B, _), n_h = x.shape, V.shape[1]
    dtype = np.result_type(x, h_0, *params)
    states = np.zeros((T + 1, B, n_h), dtype)
    r, z, g, e = np.empty((4, T, B, n_h), dtype)
    states[0] = h_0
    drive_r, drive_z, drive_g = np.split(x @ U.T + b, 3, axis=2)  # (T, B, n_h) each
    for t in range(T):
        past_r, past_z, past_g = np.split(states[t] @ W.T, 3, axis=1)  # (B, n_h) each
        r[t], z[t], e[t] = sigmoid(drive_r[t] + past_r), sigmoid(drive_z[t] + past_z), past_g + d
        g[t] = np.tanh(drive_g[t] + r[t] * e[t])
        states[t + 1] = z[t] * states[t] + (1 - z[t]) * g[t]
    o = states[1:] @ V.T + c  # (T, B, n_y)
    return Trace(x, states[:-1], states[1:], r, z, g, e, o, y_hat=sigmoid(o))


def backward(params: Params, trace: Trace, y: Array, output_grads: Callable = bptt.output_grads) -> Params:
    """∂L/∂U, ∂L/∂W, ∂L/∂V, ∂L/∂b, ∂L/∂c, ∂L/∂d; `output_grads` as in `gru.backward`."""
    dL_do = output_grads(trace, y)
    dL_dh = state_grads(params, trace, dL_do)
    return param_grads(trace, dL_do, dL_dh)


def state_grads(params: Params, trace: Trace, dL_do: Array) -> Array:
    """∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + z^(t+1) ∂L/∂h^(t+1) + Wᵀ of what enters the three products; shape (T, B, n_h)."""
    dL_dh = dL_do @ params.V  # (T, B, n_h), through the output of the same step
    for t in reversed(range(1, len(dL_dh))):
        dL_dh[t - 1] += dL_dh[t] * trace.z[t] + past_grads(trace, gate_grads(trace, dL_dh, t), t) @ params.W
    return dL_dh


def gate_grads(trace: Trace, dL_dh: Array, t: int | slice = slice(None)) -> Array:
    """∂L/∂a^(t), what goes into the three nonlinearities; (…, 3 n_h) in the order r, z, g."""
    r, z, g, e, h_prev, dL_dh = (array[t] for array in (trace.r, trace.z, trace.g, trace.e, trace.h_prev, dL_dh))
    dL_da_g = dL_dh * (1 - z) * (1 - g**2)
    dL_da_z = dL_dh * (h_prev - g) * z * (1 - z)
    dL_da_r = dL_da_g * e * r * (1 - r)
    return np.concatenate([dL_da_r, dL_da_z, dL_da_g], axis=-1)


def past_grads(trace: Trace, dL_da: Array, t: int | slice = slice(None)) -> Array:
    """Gradient of W h^(t-1): as ∂L/∂a^(t), but g's block has met the reset gate."""
    dL_da_r, dL_da_z, dL_da_g = np.split(dL_da, 3, axis=-1)
    return np.concatenate([dL_da_r, dL_da_z, dL_da_g * trace.r[t]], axis=-1)


def param_grads(trace: Trace, dL_do: Array, dL_dh: Array) -> Params:
    """Sums over time and batch."""
    dL_da = gate_grads(trace, dL_dh)  # (T, B, 3 n_h)
    past = past_grads(trace, dL_da)
    return Params(*sums(trace, dL_do, dL_da, past), d=past[:, :, -dL_dh.shape[2] :].sum(axis=(0, 1)))
