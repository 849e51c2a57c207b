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
from bptt_lab.model import Array, sigmoid


class Params(NamedTuple):
    """Weights and biases, shared by every time step. A gradient has the same type."""

    U: Array  # (4 n_h, n_x)  input  -> gates and candidate
    W: Array  # (4 n_h, n_h)  hidden -> gates and candidate
    V: Array  # (n_y, n_h)    hidden -> output
    b: Array  # (4 n_h,)
    c: Array  # (n_y,)


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

    scale        1 / √n_h if not given
    forget_bias  1 as advised by Jozefowicz, Zaremba and Sutskever, "An empirical exploration of recurrent network
                 architectures" (2015)
    """
    n_h, n_x, n_y = validate.size("n_h", n_h), validate.size("n_x", n_x), validate.size("n_y", n_y)
    scale = n_h**-0.5 if scale is None else validate.positive("scale", scale)
    U, W, V = (rng.uniform(-scale, scale, shape) for shape in [(4 * n_h, n_x), (4 * n_h, n_h), (n_y, n_h)])
    b = np.zeros(4 * n_h)
    b[n_h : 2 * n_h] = forget_bias
    return Params(U, W, V, b, c=np.zeros(n_y))


def forward(params: Params, x: Array, h_0: Array | float = 0.0, s_0: Array | float = 0.0) -> Trace:
    """s^(t) = f^(t) s^(t-1) + i^(t) g^(t), h^(t) = q^(t) tanh(s^(t)), products entry by entry, for t = 1 … T.

    x         (T, B, n_x)
    h_0, s_0  (B, n_h), state and cell before the first step; 0 if not given
    raises    ValueError if shapes do not match, or x holds NaN or infinity
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

    y             (T, B, n_y), targets
    output_grads  the first stage, (trace, y) to ∂L/∂o; the one of the core unless another loss is wanted
    """
    dL_do = output_grads(trace, y)
    dL_dh, dL_ds = state_grads(params, trace, dL_do)
    return param_grads(trace, dL_do, dL_dh, dL_ds)


def state_grads(params: Params, trace: Trace, dL_do: Array) -> tuple[Array, Array]:
    """∂L/∂s^(t) = q^(t) (1 - tanh²(s^(t))) ∂L/∂h^(t) + f^(t+1) ∂L/∂s^(t+1), ∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ ∂L/∂a^(t+1).

    returns  ∂L/∂h and ∂L/∂s, (T, B, n_h) both
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
    """Sums over time and batch, as in `bptt.param_grads`: no loop is left."""
    dL_da = rows(gate_grads(trace, dL_dh, dL_ds))  # (T·B, 4 n_h)
    dL_do = rows(dL_do)  # (T·B, n_y)
    return Params(
        U=dL_da.T @ rows(trace.x),  # (4 n_h, n_x)
        W=dL_da.T @ rows(trace.h_prev),  # (4 n_h, n_h)
        V=dL_do.T @ rows(trace.h),  # (n_y, n_h)
        b=dL_da.sum(axis=0),  # (4 n_h,)
        c=dL_do.sum(axis=0),  # (n_y,)
    )


def rows(array: Array) -> Array:
    """(T, B, n) to (T·B, n): one row for each step of each sequence."""
    return array.reshape(-1, array.shape[-1])
