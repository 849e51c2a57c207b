"""Sets of hidden states, and a step of the network for a whole set, with every rounding counted and rounded outwards.

The sets. A zonotope, {centre + Σ_j z_j G_j : |z_j| <= 1}, keeps in mind how the units depend on each other: the same
z_j stretches all units along the column G_j. The affine map b + W h + U x acts on the centre and on each column. For
tanh on [low, high] take any slope s: tanh(a) = s a + rest, and the rest lies between two numbers, which `above` finds.
s a keeps the columns; the middle of the two numbers joins the centre, and half their distance is a new column.

The rounding. What is shown holds for the network in float64, as any BLAS computes it, and for the numbers here.
- A sum of n products, in any order, with or without fused multiply-add, is off by less than n u / (1 - n u) times the
  sum of their magnitudes, u = 2⁻⁵³ (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
  `affine` computes this number.
- Single operations round to the nearest float64, so that the true value lies between the two neighbours: `Interval`.
- We assume that tanh, here and in the network, is off by less than TANH = 2⁻⁵⁰: 8 units in the last place near ±1. The
  makers of the usual libraries state 1 to 4; a test samples it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab.model import Array, Params

ROUND = 2.0**-53  # the largest relative error of one rounding
TANH = 2.0**-50  # the largest error of tanh
TINY = 1e-300  # more than all underflows together


class Sets(NamedTuple):
    """N sets of hidden states, {centre + Σ_j z_j G_j + e : |z_j| <= 1, |e| <= error}, each with a carry."""

    centre: Array  # (N, n_h)
    G: Array  # (N, p, n_h)  the column that z_j stretches is G[:, j]
    error: Array  # (N, n_h)  what rounding may have added
    carry: NDArray[np.int64]  # (N,)

    def reach(self) -> Array:
        """How far each set goes from its centre, Σ_j |G_j| + error, rounded upwards; (N, n_h)."""
        return (np.abs(self.G).sum(axis=1) + self.error) * (1 + 2 * (self.G.shape[1] + 2) * ROUND)


class Interval(NamedTuple):
    """All numbers between two; each operation is rounded outwards."""

    low: Array
    high: Array

    def __add__(self, other: "Interval") -> "Interval":
        return outwards(self.low + other.low, self.high + other.high)

    def __mul__(self, other: "Interval") -> "Interval":
        ends = [p * q for p in self for q in other]
        return outwards(np.minimum.reduce(ends), np.maximum.reduce(ends))


def up(a: Array) -> Array:
    """The next larger float64: no less than the true result of an operation that was rounded to a."""
    return np.nextafter(a, np.inf)


def outwards(low: Array, high: Array) -> Interval:
    return Interval(-up(-low), up(high))


def tanh(a: Array) -> Interval:
    """An interval that holds the true tanh(a)."""
    return outwards(np.tanh(a) - TANH, np.tanh(a) + TANH)


def above(low: Array, high: Array, s: Array) -> Array:
    """An upper bound of tanh(a) - s a on [low, high]; 0 <= s <= 1.

    Left of 0 the function is convex, so it is greatest at an end of what lies there. From 0 on it is concave, so it
    lies below its tangent at any point p; the best one is where the tangent is level, tanh'(p) = s.
    """

    def f(a: Array) -> Interval:
        return tanh(a) + Interval(-s, -s) * Interval(a, a)

    left = np.maximum(f(low).high, f(high).high)
    start, end = np.maximum(low, 0), np.maximum(high, 0)
    p = np.clip(np.arctanh(np.sqrt(1 - s) * (1 - ROUND)), start, end)
    slope = Interval(1.0, 1.0) + Interval(-s, -s) + tanh(p) * tanh(-p)  # of the tangent: 1 - s - tanh²(p)
    right = (f(p) + slope * (Interval(start, end) + Interval(-p, -p))).high
    return np.where(high > 0, np.maximum(left, right), left)


def affine(M: Array, sets: Sets, *terms: Array) -> Sets:
    """The sets of M h + Σ terms, for the h of some sets: the true values, and those that a network computes.

    The bound on a sum of n_h + 3 products at most is counted four times: for the sum here, for the network's own,
    and for the rounding of the bound itself.

    Parameters
    ----------
    M
        (k, n_h) or (N, k, n_h)
    *terms
        (k,) or (N, k) each, two or three at most

    Returns
    -------
    sets of k units
    """
    moved = np.concatenate([sets.centre[:, None], sets.G], axis=1) @ M.mT  # the centre first, then the columns
    size = np.abs(sets.centre) + sets.reach()
    error, size = (np.stack([sets.error, size], axis=1) @ np.abs(M.mT)).swapaxes(0, 1)  # (N, k) each
    size = size + sum(np.abs(term) for term in terms)
    error = error + 4 * (M.shape[-1] + 5) * ROUND * size + TINY
    return Sets(moved[:, 0] + sum(terms), moved[:, 1:], error, sets.carry)


def push(params: Params, sets: Sets, x: Array) -> tuple[Sets, NDArray]:
    """One step of the network, and of the sum by hand, for sets of states.

    Parameters
    ----------
    x : (N, 2)
        the bits that are read; 0 or 1

    Returns
    -------
    sets that hold every state that a network can compute from one of theirs, and the true bits (N,)
    """
    a = affine(params.W, sets, x[:, :1] * params.U[:, 0], x[:, 1:] * params.U[:, 1], params.b)
    low, high = Interval(a.centre, a.centre) + Interval(-a.reach(), a.reach())
    s = np.clip((np.tanh(high) - np.tanh(low)) / (high - low), 0, 1)  # of the chord; any other would be as right
    rest = Interval(-above(-high, -low, s), above(low, high, s)) + Interval(-TANH, TANH)  # a network's tanh is off, too
    h = Interval(s, s) * (Interval(a.centre, a.centre) + Interval(-a.error, a.error)) + rest  # without the columns
    centre, moved = (h.low + h.high) / 2, a.G * s[:, None]
    new = up(np.maximum(h.high - centre, centre - h.low))  # (N, n_h)
    G = np.concatenate([moved, new[:, None] * np.eye(len(params.b))], axis=1)
    error, total = 2 * ROUND * np.abs(moved).sum(axis=1) + TINY, sets.carry + x.sum(axis=1).astype(np.int64)
    return Sets(centre, G, error, total // 2), total % 2


def margins(params: Params, sets: Sets, bit: NDArray) -> Array:
    """By how much the logit of every state of each set is on the right side of 0, rounded downwards; (N,), nats."""
    o = affine(params.V, sets, params.c)
    return -up(o.reach()[:, 0] - (2 * bit - 1) * o.centre[:, 0])
