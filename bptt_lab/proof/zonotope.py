"""One step of the network for a whole set of states, {centre + G z : |z_j| <= 1}, with outward rounding.

Why the slack is enough stands in `proof`.
"""

import numpy as np
from numpy.typing import NDArray

from bptt_lab.model import Array, Params
from bptt_lab.proof.counterexamples import INPUTS

SLACK = 1e-9  # what a step adds to its set, relative to the magnitudes that it sums
MAX_SIZE = 8.0  # of a set, from its centre: what the rounding argument allows


def push(params: Params, centre: Array, G: Array, carry: NDArray) -> tuple[Array, Array, NDArray, float]:
    """One step for a batch of zonotopes {centre + G z : |z_j| <= 1} with each of the four inputs.

    centre, G, carry   (N, n_h), (N, n_h, p), (N,)
    returns            (4N, n_h), (4N, n_h, p + n_h), (4N,): sets that hold all next states; and the least margin, in
                       logits by which a right bit is right (-inf if a set is larger than MAX_SIZE)
    """
    U, W, V, b, c = params
    slack = SLACK * (1 + np.abs(b) + np.abs(U).sum(axis=1) + np.abs(W).sum(axis=1))  # (n_h,)
    if not np.abs(G).sum(axis=2).max() <= MAX_SIZE:
        n = 4 * len(centre)
        return np.zeros((n, len(b))), np.zeros((n, len(b), G.shape[2] + len(b))), np.zeros(n, dtype=int), -np.inf
    a = (centre @ W.T)[:, None] + INPUTS @ U.T + b  # (N, 4, n_h)
    WG = W @ G  # (N, n_h, p)
    radius = (np.abs(WG).sum(axis=2) + slack)[:, None]  # (N, 1, n_h)
    s, middle, half = tanh_band(a - radius, a + radius)
    centre = (s * a + middle).reshape(-1, len(b))
    error = (half + slack).reshape(-1, len(b))  # (4N, n_h)
    G = (s[..., None] * WG[:, None]).reshape(len(centre), len(b), -1)
    G = np.concatenate([G, error[:, :, None] * np.eye(len(b))], axis=2)
    total = carry[:, None] + INPUTS.sum(axis=1).astype(np.int64)  # (N, 4)
    sign = 2 * (total % 2).ravel() - 1  # the right bit is 1 where the logit must be positive
    o, o_radius = centre @ V[0] + c[0], np.abs(V[0] @ G).sum(axis=1) + SLACK * (1 + np.abs(V).sum() + abs(c[0]))
    return centre, G, (total // 2).ravel(), float((sign * o - o_radius).min())


def tanh_band(low: Array, high: Array) -> tuple[Array, Array, Array]:
    """s, middle, half with |tanh(a) - s a - middle| <= half for every a in [low, high]."""
    tanh_low, tanh_high = np.tanh(low), np.tanh(high)
    s = np.maximum(np.minimum(1 - tanh_low**2, 1 - tanh_high**2), 0)
    bottom, top = tanh_low - s * low, tanh_high - s * high
    return s, (bottom + top) / 2, np.maximum(top - bottom, 0) / 2
