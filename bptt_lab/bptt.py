"""Back propagation through time, in three stages: outputs, states, parameters.

Rows of the arrays are sequences of a batch, so a gradient is a row too, and Wᵀ g reads `g @ W`.
"""

from bptt_lab import validate
from bptt_lab.model import Array, Params, Trace


def backward(params: Params, trace: Trace, y: Array) -> Params:
    """∂L/∂U, ∂L/∂W, ∂L/∂V, ∂L/∂b, ∂L/∂c for L = `model.loss(trace, y)`.

    Parameters
    ----------
    trace
        from `model.forward(params, x)`
    y : (T, B, n_y)
        targets

    Raises
    ------
    ValueError
        if the shape of y is not that of the outputs, or y leaves [0, 1]
    """
    dL_do = output_grads(trace, y)
    dL_dh = state_grads(params, trace, dL_do)
    return param_grads(trace, dL_do, dL_dh)


def output_grads(trace: Trace, y: Array) -> Array:
    """∂L/∂o^(t) = (ŷ^(t) - y^(t)) / B, eqs. (3) and (4); shape (T, B, n_y)."""
    validate.targets(trace.y_hat, y)
    return (trace.y_hat - y) / y.shape[1]


def state_grads(params: Params, trace: Trace, dL_do: Array) -> Array:
    """∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ H^(t+1) ∂L/∂h^(t+1), eq. (7), from t = T down to 1; shape (T, B, n_h)."""
    dh_da = 1 - trace.h**2  # (T, B, n_h), the diagonals of H
    dL_dh = dL_do @ params.V  # (T, B, n_h), through the output of the same step
    for t in reversed(range(len(dL_dh) - 1)):
        dL_dh[t] += (dL_dh[t + 1] * dh_da[t + 1]) @ params.W  # (B, n_h), through the next state
    return dL_dh


def param_grads(trace: Trace, dL_do: Array, dL_dh: Array) -> Params:
    """Sums over time and batch, eqs. (5), (6) and (8) to (11): no loop is left."""
    dL_da = as_rows(dL_dh * (1 - trace.h**2))  # (T·B, n_h)
    dL_do = as_rows(dL_do)
    return Params(
        U=dL_da.T @ as_rows(trace.x),  # (n_h, n_x)
        W=dL_da.T @ as_rows(trace.h_prev),  # (n_h, n_h)
        V=dL_do.T @ as_rows(trace.h),  # (n_y, n_h)
        b=dL_da.sum(axis=0),  # (n_h,)
        c=dL_do.sum(axis=0),  # (n_y,)
    )


def as_rows(array: Array) -> Array:
    """(T, B, n) to (T·B, n): one row for each step of each sequence."""
    return array.reshape(-1, array.shape[-1])
