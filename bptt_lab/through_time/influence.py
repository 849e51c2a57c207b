"""The gradient without looking back: carry along how the state depends on each parameter.

M = [U W b] is one matrix, and z^(t) = [x^(t), h^(t-1), 1] what it multiplies: a^(t) = M z^(t). The *influence* of M on
the state, ∂h_i^(t)/∂M_jk, follows from that of the step before: real-time recurrent learning, Williams and Zipser
(1989), "A learning algorithm for continually running fully recurrent neural networks".
"""

import numpy as np

from bptt_lab import model, validate
from bptt_lab.model import Array, Params


def rtrl(params: Params, x: Array, y: Array) -> Params:
    """`bptt.backward(params, model.forward(params, x), y)`, summed up while the network runs forward.

    Parameters
    ----------
    x, y : (T, B, n_x) and (T, B, n_y)

    Notes
    -----
    Cost: B n_h³ (n_h + n_x + 1) multiplications a step, B n_h² (n_h + n_x + 1) numbers in memory, whatever T is
    """
    validate.fitting(params, x, y)
    h, influence = start(params, x.shape[1])
    dM, dV, dc = np.zeros(influence.shape[2:]), np.zeros_like(params.V), np.zeros_like(params.c)
    for x_t, y_t in zip(x, y):
        h, influence = step(params, h, influence, x_t)
        for total, part in zip((dM, dV, dc), grads_of_step(params, h, influence, y_t)):
            total += part
    return as_params(dM, dV, dc)


def start(params: Params, B: int) -> tuple[Array, Array]:
    """h^(0) = 0, which depends on no parameter: (B, n_h) and (B, n_h, n_h, n_x + n_h + 1)."""
    n_h, n_x = params.U.shape
    return np.zeros((B, n_h)), np.zeros((B, n_h, n_h, n_x + n_h + 1))


def step(params: Params, h: Array, influence: Array, x_t: Array) -> tuple[Array, Array]:
    """∂h_i^(t)/∂M_jk = (1 - h_i²) (Σ_m W_im ∂h_m^(t-1)/∂M_jk + [i = j] z_k^(t)).

    Parameters
    ----------
    h, influence
        both of step t-1; x_t is (B, n_x)

    Returns
    -------
    h and influence of step t
    """
    B, n_h = h.shape
    z = np.concatenate([x_t, h, np.ones((B, 1))], axis=1)  # (B, n_z)
    h = np.tanh(h @ params.W.T + (x_t @ params.U.T + params.b))  # (B, n_h)
    influence = (params.W @ influence.reshape(B, n_h, -1)).reshape(influence.shape)  # through the state before
    units = np.arange(n_h)
    influence[:, units, units] += z[:, None]  # and directly: row j of M enters unit j alone
    influence *= (1 - h**2)[:, :, None, None]
    return h, influence


def grads_of_step(params: Params, h: Array, influence: Array, y_t: Array) -> tuple[Array, Array, Array]:
    """∂L^(t)/∂M = Σ_i ∂L^(t)/∂h_i^(t) ∂h_i^(t)/∂M; with it ∂L^(t)/∂V and ∂L^(t)/∂c, as in eqs. (5) and (6)."""
    dL_do = (model.sigmoid(h @ params.V.T + params.c) - y_t) / len(y_t)  # (B, n_y)
    dL_dh = dL_do @ params.V  # (B, n_h), of this step's error alone
    dM = dL_dh.reshape(1, -1) @ influence.reshape(dL_dh.size, -1)
    return dM.reshape(influence.shape[2:]), dL_do.T @ h, dL_do.sum(axis=0)


def as_params(dM: Array, dV: Array, dc: Array) -> Params:
    """M = [U W b] taken apart."""
    n_x = dM.shape[1] - len(dM) - 1
    return Params(dM[:, :n_x], dM[:, n_x:-1], dV, dM[:, -1], dc)
