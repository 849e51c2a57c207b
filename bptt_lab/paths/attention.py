"""One look at all steps: the last step asks, each step answers in proportion to how well it fits.

Softmax attention with one head, on the inputs themselves: Vaswani and others, "Attention is all you need" (2017), (1).
"""

from typing import NamedTuple

import numpy as np

from bptt_lab import validate
from bptt_lab.model import Array


class Params(NamedTuple):
    """A gradient has the same type."""

    Q: Array  # (d, n_x)    last input    -> query
    K: Array  # (d, n_x)    input         -> key
    V: Array  # (n_y, n_x)  what was read -> output
    b: Array  # (d,)        of the query
    c: Array  # (n_y,)


class Trace(NamedTuple):
    """What the backward pass needs."""

    x: Array  # (T, B, n_x), which are the values, too
    query: Array  # (B, d)
    key: Array  # (T, B, d)
    p: Array  # (T, B), each sequence's shares: their sum is 1
    read: Array  # (B, n_x)
    o: Array  # (1, B, n_y), of the last step alone


def init_params(d: int, rng: np.random.Generator, n_x: int = 2, n_y: int = 1) -> Params:
    """Q, K, V and b uniform in (-1/√d, 1/√d), drawn in this order; c = 0."""
    d, n_x, n_y = validate.size("d", d), validate.size("n_x", n_x), validate.size("n_y", n_y)
    Q, K, V, b = (rng.uniform(-(d**-0.5), d**-0.5, shape) for shape in [(d, n_x), (d, n_x), (n_y, n_x), (d,)])
    return Params(Q, K, V, b, c=np.zeros(n_y))


def attend(query: Array, key: Array, value: Array, real: Array | None = None) -> tuple[Array, Array]:
    """p = softmax over time of query · key / √d, and what is read, Σ_t p^(t) value^(t).

    Parameters
    ----------
    query, key, value : (B, d), (T, B, d) and (T, B, n)
    real : (T, B)
        which steps may be looked at; all if not given

    Returns
    -------
    p (T, B) and (B, n)
    """
    z = (query * key).sum(axis=2) / np.sqrt(key.shape[2])  # (T, B)
    if real is not None:
        z = np.where(real, z, -np.inf)
    e = np.exp(z - z.real.max(axis=0))
    p = e / e.sum(axis=0)
    return p, (p[:, :, None] * value).sum(axis=0)


def softmax_back(p: Array, dL_dp: Array) -> Array:
    """∂L/∂z^(t) = p^(t) (∂L/∂p^(t) - Σ_s p^(s) ∂L/∂p^(s)), for p = softmax of z over time; all (T, B)."""
    return p * (dL_dp - (p * dL_dp).sum(axis=0))


def attend_back(query: Array, key: Array, value: Array, p: Array, dL_dread: Array) -> tuple[Array, Array, Array]:
    """∂L/∂query (B, d), ∂L/∂key (T, B, d) and ∂L/∂value (T, B, n), from ∂L/∂read (B, n)."""
    dL_dvalue = p[:, :, None] * dL_dread
    dL_dz = softmax_back(p, (dL_dread * value).sum(axis=2))[:, :, None] / np.sqrt(key.shape[2])  # (T, B, 1)
    return (dL_dz * key).sum(axis=0), dL_dz * query, dL_dvalue


def forward(params: Params, x: Array) -> Trace:
    """The last step's query meets every key, its own too; o = c + V read.

    Parameters
    ----------
    x : (T, B, n_x)

    Raises
    ------
    ValueError
        if shapes do not match, or x holds NaN or infinity
    """
    validate.inputs(params, x)
    query, key = x[-1] @ params.Q.T + params.b, x @ params.K.T  # (B, d), (T, B, d)
    p, read = attend(query, key, x)
    return Trace(x, query, key, p, read, o=(read @ params.V.T + params.c)[None])


def backward(params: Params, trace: Trace, dL_do: Array) -> Params:
    """Gradients of the parameters from ∂L/∂o, (1, B, n_y). No loop over time."""
    dL_dread = dL_do[0] @ params.V  # (B, n_x)
    dL_dquery, dL_dkey, _ = attend_back(trace.query, trace.key, trace.x, trace.p, dL_dread)
    return Params(
        Q=dL_dquery.T @ trace.x[-1],
        K=np.tensordot(dL_dkey, trace.x, axes=((0, 1), (0, 1))),
        V=dL_do[0].T @ trace.read,
        b=dL_dquery.sum(axis=0),
        c=dL_do[0].sum(axis=0),
    )


def share_felt(params: Params, x: Array) -> Array:
    """Size of what the last step's error gives to each value, in units of what it gives to what is read; (T,).

    The error is taken as 1 for each sequence and output, so that the shares alone count.
    """
    p, dL_dread = forward(params, x).p, params.V.sum(axis=0)  # (T, B), (n_x,)
    sizes = np.linalg.norm(p[:, :, None] * dL_dread, axis=(1, 2))
    return sizes / np.linalg.norm(np.broadcast_to(dL_dread, x.shape[1:]))


def positions(T: int, n: int) -> Array:
    """What tells steps apart, (T, n) with n even: sine and cosine of t / 10000^(2i/n); Vaswani and others, 3.5."""
    angles = np.arange(T)[:, None] / 10_000 ** (np.arange(0, n, 2) / n)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)
