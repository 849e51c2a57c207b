"""One step of the network for a whole set of states, {centre + G z : |z_j| <= 1}, with outward rounding.

Why the slack is enough stands in `cells`.
"""

import numpy as np
from numpy.typing import NDArray

from bptt_lab.model import Array, Params
from bptt_lab.proof.counterexamples import INPUTS

SLACK = 1e-9  # what a step adds to its set, relative to the magnitudes that it sums
MAX_SIZE = 8.0  # of a set, from its centre: what the rounding argument allows


def push(params: Params, centre: Array, G: Array, carry: NDArray) -> tuple[Array, Array, NDArray, Array]:
    """One step for a batch of zonotopes {centre + G z : |z_j| <= 1} with each of the four inputs.

    centre, G, carry   (N, n_h), (N, n_h, p), (N,)
    returns            (4N, n_h), (4N, n_h, p + n_h), (4N,): sets that hold all next states; and their margins (4N,), in
                       logits by which the right bit is right (-inf if a set was larger than MAX_SIZE)
    """
    U, W, V, b, c = params
    slack = SLACK * (1 + np.abs(b) + np.abs(U).sum(axis=1) + np.abs(W).sum(axis=1))  # (n_h,)
    too_large = ~(np.abs(G).sum(axis=2).max(axis=1) <= MAX_SIZE)  # (N,)
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
    return centre, G, (total // 2).ravel(), np.where(np.repeat(too_large, 4), -np.inf, sign * o - o_radius)


def tanh_band(low: Array, high: Array) -> tuple[Array, Array, Array]:
    """s, middle, half with |tanh(a) - s a - middle| <= half for every a in [low, high]; s is the slope of the chord.

    tanh(a) - s a is extreme at an end, or where tanh'(a) = 1 - tanh²(a) = s.
    """
    tanh_low, tanh_high = np.tanh(low), np.tanh(high)
    s = np.clip((tanh_high - tanh_low) / (high - low), 0, 1)
    with np.errstate(divide="ignore"):
        turn = np.arctanh(np.sqrt(1 - s))
    values = [tanh_low - s * low, tanh_high - s * high]
    for a in (np.clip(turn, low, high), np.clip(-turn, low, high)):
        values.append(np.tanh(a) - s * a)
    bottom, top = np.min(values, axis=0), np.max(values, axis=0)
    return s, (bottom + top) / 2, (top - bottom) / 2
