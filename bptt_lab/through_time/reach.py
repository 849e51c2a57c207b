"""How a state depends on earlier ones, and which error reaches how far back."""

import numpy as np

from bptt_lab import bptt, validate
from bptt_lab.model import Array, Params, Trace


def jacobians(params: Params, trace: Trace) -> Array:
    """∂h^(t)/∂h^(t-1) = H^(t) W for t = 2 … T.

    Parameters
    ----------
    trace
        from `model.forward(params, x)`

    Returns
    -------
    (T-1, B, n_h, n_h)
        entry [t, k, i, j] is ∂h_i^(t+2)/∂h_j^(t+1) of sequence k, as t counts from 0

    Raises
    ------
    ValueError
        for a trace of a single step: no state depends on another there
    """
    _more_than_one_step(trace)
    dh_da = 1 - trace.h**2  # (T, B, n_h), the diagonals of H
    return dh_da[1:, :, :, None] * params.W


def products(params: Params, trace: Trace) -> Array:
    """∂h^(T)/∂h^(T-k) = H^(T) W · H^(T-1) W ⋯ H^(T-k+1) W for k = 0 … T-1.

    Returns
    -------
    (T, B, n_h, n_h)
        entry [k] is the product over the last k steps, [0] the identity

    Raises
    ------
    ValueError
        for a trace of a single step
    """
    J = jacobians(params, trace)  # (T-1, B, n_h, n_h)
    result = np.empty((len(J) + 1, *J.shape[1:]))
    result[0] = np.eye(J.shape[-1])
    for k in range(1, len(result)):
        result[k] = result[k - 1] @ J[-k]
    return result


def credit(params: Params, trace: Trace, y: Array) -> Array:
    """∂L^(s)/∂h^(t), where L = Σ_s L^(s), and L^(s) is the loss of the bits of step s.

    Parameters
    ----------
    y : (T, B, n_y)
        targets

    Returns
    -------
    (T, T, B, n_h)
        entry [s, t] is 0 for s < t, since no error reaches a later state; the sum over s is the ∂L/∂h^(t) of
        `bptt.state_grads`. It has T² rows: for hundreds of steps, not for thousands
    """
    dL_do = bptt.output_grads(trace, y)  # (T, B, n_y)
    dh_da = 1 - trace.h**2  # (T, B, n_h)
    T = len(dh_da)
    table = np.zeros((T, *dh_da.shape))
    table[range(T), range(T)] = dL_do @ params.V  # each error at the state of its own step
    for t in reversed(range(T - 1)):  # all later errors come from h^(t+1), side by side
        table[t + 1 :, t] = (table[t + 1 :, t + 1] * dh_da[t + 1]) @ params.W
    return table


def matrix_norm(matrices: Array) -> Array:
    """‖M‖ = max ‖M v‖ over all v of length 1, the largest singular value; (*shape, n, n) to (*shape)."""
    return np.linalg.norm(matrices, 2, axis=(-2, -1))


def spectral_radius(W: Array) -> float:
    """ρ(W) = max |λ| over the eigenvalues λ of W, which may be complex."""
    return float(np.abs(np.linalg.eigvals(W)).max())


def with_spectral_radius(params: Params, radius: float) -> Params:
    """The same parameters with W scaled so that ρ(W) = radius.

    Raises
    ------
    ValueError
        for a radius that is not positive, or a W without any eigenvalue but 0
    """
    radius, now = validate.positive("radius", radius), spectral_radius(params.W)
    if now == 0:
        raise ValueError("W must have an eigenvalue that is not 0, got ρ(W) = 0: draw another W")
    return params._replace(W=params.W * (radius / now))


def _more_than_one_step(trace: Trace) -> None:
    if len(trace.h) < 2:
        raise ValueError("a Jacobian needs two states, got a trace of T = 1: run the network for two steps or more")
