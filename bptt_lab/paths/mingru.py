"""A GRU whose gate and candidate read the input alone: then the recurrence is linear, and `scan` does it.

h^(t) = z^(t) ⊙ h^(t-1) + (1 - z^(t)) ⊙ g^(t), z = σ(b_z + U_z x), g = b_g + U_g x. No W, no tanh.
Source: Feng and others, "Were RNNs all we needed?" (2024), minGRU; they write 1 - z for z.
"""

from typing import NamedTuple

import numpy as np

from bptt_lab import model, validate
from bptt_lab.model import Array
from bptt_lab.paths import scan


class Params(NamedTuple):
    """A gradient has the same type. Blocks z and g, one below the other."""

    U: Array  # (2 n_h, n_x)  input -> gate and candidate
    V: Array  # (n_y, n_h)    state -> output
    b: Array  # (2 n_h,)
    c: Array  # (n_y,)


class Trace(NamedTuple):
    """What the backward pass needs. Time is the first axis."""

    x: Array  # (T, B, n_x)
    h_prev: Array  # (T, B, n_h)
    h: Array  # (T, B, n_h)
    z: Array  # (T, B, n_h)
    g: Array  # (T, B, n_h)
    o: Array  # (T, B, n_y)


def init_params(n_h: int, rng: np.random.Generator, n_x: int = 2, n_y: int = 1, update_bias: float = 0.0) -> Params:
    """U and V uniform in (-1/√n_h, 1/√n_h), drawn in this order; b = c = 0, except for the bias of the gate."""
    n_h, n_x, n_y = validate.size("n_h", n_h), validate.size("n_x", n_x), validate.size("n_y", n_y)
    U, V = (rng.uniform(-(n_h**-0.5), n_h**-0.5, shape) for shape in [(2 * n_h, n_x), (n_y, n_h)])
    return Params(U, V, b=np.repeat([update_bias, 0.0], n_h), c=np.zeros(n_y))


def forward(params: Params, x: Array) -> Trace:
    """All steps at once, in ⌈log₂ T⌉ sweeps.

    Parameters
    ----------
    x : (T, B, n_x)

    Raises
    ------
    ValueError
        if shapes do not match, or x holds NaN or infinity
    """
    validate.inputs(params, x)
    a_z, g = np.split(x @ params.U.T + params.b, 2, axis=2)  # (T, B, n_h) each
    z = model.sigmoid(a_z)
    h = scan.scan(z, (1 - z) * g)
    h_prev = np.concatenate([np.zeros_like(h[:1]), h[:-1]])
    return Trace(x, h_prev, h, z, g, o=h @ params.V.T + params.c)


def backward(params: Params, trace: Trace, dL_do: Array) -> Params:
    """Gradients of the parameters from ∂L/∂o, (T, B, n_y)."""
    x, h_prev, h, z, g, _ = trace
    dL_dz, dL_db = scan.backward(z, h_prev, dL_do @ params.V)  # a is z, and b is (1 - z) g
    dL_da = np.concatenate([(dL_dz - dL_db * g) * z * (1 - z), dL_db * (1 - z)], axis=2)  # (T, B, 2 n_h)

    def summed(left: Array, right: Array) -> Array:
        return np.tensordot(left, right, axes=((0, 1), (0, 1)))

    return Params(summed(dL_da, x), summed(dL_do, h), dL_da.sum(axis=(0, 1)), dL_do.sum(axis=(0, 1)))
