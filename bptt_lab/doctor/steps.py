"""The right backward pass of the plain network, cut into steps that are finer than the three stages of `bptt`."""

from collections.abc import Callable

import numpy as np

from bptt_lab import validate
from bptt_lab.doctor.passes import Pass
from bptt_lab.model import Array


def output_gradient(k: Pass) -> Array:
    """∂L/∂o^(t) = (ŷ^(t) - y^(t)) / B, eqs. (3) and (4); shape (T, B, n_y)."""
    validate.targets(k.y_hat, k.y)
    return (k.y_hat - k.y) / k.y.shape[1]


def walk_back(direct: Array, slope_next: Array, carry: Callable[[Array, Array], Array], order=reversed) -> Array:
    """∂L/∂h^(t) = direct^(t) + carry(∂L/∂h^(t+1), H^(t+1)), as eq. (7) has it, with the steps visited in this order.

    Parameters
    ----------
    direct, slope_next : (T, B, n_h) and (T - 1, B, n_h)
        `slope_next` holds H^(t+1) at t
    """
    dL_dh = direct.copy()
    for t in order(range(len(slope_next))):
        dL_dh[t] += carry(dL_dh[t + 1], slope_next[t])
    return dL_dh


def only(array: Array, steps: int | slice, elsewhere: Array | float = 0.0) -> Array:
    """The array at these steps, and `elsewhere` at all others."""
    kept = np.zeros_like(array) + elsewhere
    kept[steps] = array[steps]
    return kept


def summed(left: str, right: str | None = None, steps: slice = slice(None)) -> Callable[[Pass], Array]:
    """Σ_t over these steps and Σ over the batch of left rightᵀ, or of left alone."""

    def total(k: Pass) -> Array:
        if right is None:
            return getattr(k, left)[steps].sum(axis=(0, 1))
        return np.tensordot(getattr(k, left)[steps], getattr(k, right)[steps], axes=((0, 1), (0, 1)))

    return total


RIGHT: dict[str, Callable[[Pass], Array]] = {
    "dL_do": output_gradient,
    "slope": lambda k: 1 - k.h**2,  # (T, B, n_h), the diagonals of H
    "slope_next": lambda k: k.slope[1:],  # (T - 1, B, n_h), as the recursion uses them
    "W_back": lambda k: k.W,  # as the recursion uses it
    "direct": lambda k: k.dL_do @ k.V,  # (T, B, n_h), through the output of the same step
    "dL_dh": lambda k: walk_back(k.direct, k.slope_next, lambda g, H: (g * H) @ k.W_back),  # (T, B, n_h)
    "dL_da": lambda k: k.dL_dh * k.slope,  # (T, B, n_h)
    "direct_da": lambda k: k.direct * k.slope,  # the right pass has no use for it, one mistake has
    "dL_dU": summed("dL_da", "x"),
    "dL_dW": summed("dL_da", "h_prev"),
    "dL_dV": summed("dL_do", "h"),
    "dL_db": summed("dL_da"),
    "dL_dc": summed("dL_do"),
}
