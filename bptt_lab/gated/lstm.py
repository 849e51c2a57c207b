"""The LSTM: a cell s beside the state h, and three gates that say what is written, kept and shown.

Hochreiter and Schmidhuber, "Long short-term memory" (1997), with the forget gate of Gers, Schmidhuber and Cummins,
"Learning to forget" (2000), and without peepholes. Letters as in Goodfellow, Bengio and Courville, "Deep learning"
(2016), section 10.10, because o and c are taken: the output gate is q, the cell is s.
U, W and b hold the four blocks one below the other, in the order i, f, g, q.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bptt_lab import bptt, validate
from bptt_lab.engine import sigmoid as sigmoid_of_one
from bptt_lab.engine import tanh as tanh_of_one
from bptt_lab.gated.blocks import Params, drawn, sums
from bptt_lab.machine import in_place
from bptt_lab.model import Array, sigmoid

BLOCKS, LATE = 4, -1  # see `engine.kernels`


class Trace(NamedTuple):
    """All that the forward pass computed and the backward pass needs. Time is the first axis."""

    x: Array  # (T, B, n_x)
    h_prev: Array  # (T, B, n_h)  h^(t-1)
    h: Array  # (T, B, n_h)  h^(t)
    s_prev: Array  # (T, B, n_h)  s^(t-1)
    s: Array  # (T, B, n_h)  s^(t), the cell
    i: Array  # (T, B, n_h)  input gate
    f: Array  # (T, B, n_h)  forget gate; 1 keeps everything
    g: Array  # (T, B, n_h)  candidate
    q: Array  # (T, B, n_h)  output gate
    o: Array  # (T, B, n_y)  logits
    y_hat: Array  # (T, B, n_y)


def init_params(
    n_h: int,
    rng: np.random.Generator,
    n_x: int = 2,
    n_y: int = 1,
    scale: float | None = None,
    forget_bias: float = 1.0,
) -> Params:
    """U, W, V uniform in (-scale, scale), drawn in this order; b = c = 0, except that b_f is `forget_bias`.

    Parameters
    ----------
    scale
        1 / √n_h if not given
    forget_bias
        1 as advised by Jozefowicz, Zaremba and Sutskever, "An empirical exploration of recurrent network architectures"
        (2015)
    """
    return drawn(4, n_h, rng, n_x, n_y, scale, forget_bias)


def forward(params: Params, x: Array, h_0: Array | float = 0.0, s_0: Array | float = 0.0) -> Trace:
    """s^(t) = f^(t) s^(t-1) + i^(t) g^(t), h^(t) = q^(t) tanh(s^(t)), products entry by entry, for t = 1 … T.

    Parameters
    ----------
    x : (T, B, n_x)
    h_0, s_0 : (B, n_h)
        state and cell before the first step; 0 if not given

    Raises
    ------
    ValueError
        if shapes do not match, or x holds NaN or infinity
    """
    validate.inputs(params, x)
    U, W, V, b, c = params
    (T, B, _), n_h = x.shape, V.shape[1]
    dtype = np.result_type(x, h_0, s_0, *params)
    states, cells = np.zeros((2, T + 1, B, n_h), dtype)
    i, f, g, q = np.empty((4, T, B, n_h), dtype)
    states[0], cells[0] = h_0, s_0
    drive = x @ U.T + b  # (T, B, 4 n_h), what does not depend on the past
    for t in range(T):
        a_i, a_f, a_g, a_q = np.split(drive[t] + states[t] @ W.T, 4, axis=1)  # (B, n_h) each
        i[t], f[t], g[t], q[t] = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_q)
        cells[t + 1] = f[t] * cells[t] + i[t] * g[t]
        states[t + 1] = q[t] * np.tanh(cells[t + 1])
    o = states[1:] @ V.T + c  # (T, B, n_y)
    return Trace(x, states[:-1], states[1:], cells[:-1], cells[1:], i, f, g, q, o, y_hat=sigmoid(o))


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
    dL_dh, dL_ds = state_grads(params, trace, dL_do)
    return param_grads(trace, dL_do, dL_dh, dL_ds)


def state_grads(params: Params, trace: Trace, dL_do: Array) -> tuple[Array, Array]:
    """∂L/∂s^(t) = q^(t) (1 - tanh²(s^(t))) ∂L/∂h^(t) + f^(t+1) ∂L/∂s^(t+1), ∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ ∂L/∂a^(t+1).

    Returns
    -------
    ∂L/∂h and ∂L/∂s, (T, B, n_h) both
    """
    dh_ds = trace.q * (1 - np.tanh(trace.s) ** 2)  # (T, B, n_h)
    dL_dh = dL_do @ params.V  # (T, B, n_h), through the output of the same step
    dL_ds = np.zeros_like(dL_dh)  # (T, B, n_h)
    for t in reversed(range(len(dL_dh))):
        dL_ds[t] += dL_dh[t] * dh_ds[t]  # through h^(t)
        if t > 0:
            dL_ds[t - 1] = dL_ds[t] * trace.f[t]  # along the cell
            dL_dh[t - 1] += gate_grads(trace, dL_dh, dL_ds, t) @ params.W  # through the gates of the next step
    return dL_dh, dL_ds


def gate_grads(trace: Trace, dL_dh: Array, dL_ds: Array, t: int | slice = slice(None)) -> Array:
    """∂L/∂a^(t), what goes into the four nonlinearities; (…, 4 n_h) in the order i, f, g, q."""
    i, f, g, q, s, s_prev = (array[t] for array in (trace.i, trace.f, trace.g, trace.q, trace.s, trace.s_prev))
    dL_dh, dL_ds = dL_dh[t], dL_ds[t]
    dL_da_i = dL_ds * g * i * (1 - i)
    dL_da_f = dL_ds * s_prev * f * (1 - f)
    dL_da_g = dL_ds * i * (1 - g**2)
    dL_da_q = dL_dh * np.tanh(s) * q * (1 - q)
    return np.concatenate([dL_da_i, dL_da_f, dL_da_g, dL_da_q], axis=-1)


def param_grads(trace: Trace, dL_do: Array, dL_dh: Array, dL_ds: Array) -> Params:
    """Sums over time and batch; all blocks read h^(t-1)."""
    dL_da = gate_grads(trace, dL_dh, dL_ds)  # (T, B, 4 n_h)
    return sums(trace, dL_do, dL_da)


@in_place
def step(W, now):
    """`forward` for one step: the gates in the place of a^(t), s^(t), tanh(s^(t)) and h^(t)."""
    a, _, h, s_prev, s, tanh_s = now
    for k in range(len(h)):
        for j in range(h.shape[1]):
            a[0, k, j] = i = sigmoid_of_one(a[0, k, j])
            a[1, k, j] = f = sigmoid_of_one(a[1, k, j])
            a[2, k, j] = g = tanh_of_one(a[2, k, j])
            a[3, k, j] = q = sigmoid_of_one(a[3, k, j])
            s[k, j] = s_t = f * s_prev[k, j] + i * g
            tanh_s[k, j] = tanh_s_t = tanh_of_one(s_t)
            h[k, j] = q * tanh_s_t


@in_place
def step_back(W_back, now, back):
    """`gate_grads` for one step, and ∂L/∂s^(t-1) in the place of ∂L/∂s^(t)."""
    (a, _, h, s_prev, _, tanh_s), (dL_dh, dL_ds, _, dL_da) = now, back
    for k in range(len(h)):
        for j in range(h.shape[1]):
            i, f, g, q = a[0, k, j], a[1, k, j], a[2, k, j], a[3, k, j]
            by_state, by_cell = dL_dh[k, j], dL_ds[k, j] + dL_dh[k, j] * q * (1 - tanh_s[k, j] * tanh_s[k, j])
            dL_da[0, k, j] = by_cell * g * i * (1 - i)
            dL_da[1, k, j] = by_cell * s_prev[k, j] * f * (1 - f)
            dL_da[2, k, j] = by_cell * i * (1 - g * g)
            dL_da[3, k, j] = by_state * tanh_s[k, j] * q * (1 - q)
            dL_ds[k, j] = by_cell * f
