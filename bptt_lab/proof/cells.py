"""A proof that a network adds numbers of any length, by sets of states that no input leads out of.

The idea. Cover every hidden state that can be reached by cells, each with a carry. Show that from *every* state of a
cell, every word of the next few inputs gives the right bits and ends in a cell whose carry is the right one. Start in
the cell of h = 0. Then the bits are right for ever: that is induction over time.

The cells. A network that adds forgets all but the carry and the last few inputs, so few reached states differ by much
(`merging.merge`). Around each stands a box, turned along the directions in which its states differ:
{h : |axesᵀ (h - centre)| <= radius}.

The arithmetic. A set is pushed through one step as a zonotope, {centre + G z : |z_j| <= 1}, which keeps in mind how the
units depend on each other. The affine map acts on centre and G. For tanh on [l, u] take a slope s no larger than tanh'
there (its least value is at an end): tanh(a) - s a grows with a, so that it lies between its values at l and u. The
middle joins the centre, the half-width becomes a new column of G.

The rounding. The proof is about the network in float64, as any BLAS computes it. With μ = |b| + Σ|U| + Σ|W|, unit by
unit, and |h| <= 1: a sum of n products rounds to within n·2⁻⁵³/(1 - n·2⁻⁵³) of the sum of magnitudes, in whatever
order, with or without fused multiply-add (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
So a computed pre-activation is off by less than (n_h + 5)·2⁻⁵³ μ. np.tanh is taken to be within 4 units in the last
place and never beyond ±1. The numbers of the proof itself round by the same law: sums of at most n_h (n_steps + 1)
terms, 64 · 5 at the most, whose magnitudes add up to at most 10 (1 + μ), because MAX_CENTRE, MAX_SIZE, MAX_UNITS and
MAX_STEPS say so: each is off by less than 4e-13 (1 + μ). A slope s that is too large by the rounding of 1 - tanh² can
bend the band by 1e-15 of its width. Axes need be orthogonal only to 1e-12, which moves a state by 1e-11 at most. All
this together stays under 1e-10 (1 + μ), and every step widens its set by SLACK (1 + μ), ten times more.
"""

from itertools import product
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab import validate
from bptt_lab.model import Array, Params
from bptt_lab.proof import counterexamples, merging
from bptt_lab.proof.counterexamples import INPUTS
from bptt_lab.proof.zonotope import SLACK, push

MAX_CENTRE = 2.0
MAX_UNITS = 64
MAX_STEPS = 4
BLOCK = 3_000_000  # numbers in the columns of G at once
MEMORY = 30_000_000  # numbers in the Jacobians of all cells and words
# (n_steps, tolerance) from cheap to dear: more steps at once lose less, a finer tolerance makes more and smaller cells
PLAN = ((1, 0.5), (1, 0.2), (1, 0.1), (2, 0.2), (2, 0.1), (3, 0.2), (3, 0.1), (3, 0.05), (3, 0.02))


class Cells(NamedTuple):
    """Sets of hidden states, {h : |axes[i]ᵀ (h - centre[i])| <= radius[i]}, and where each word leads from each."""

    centre: Array  # (N, n_h)
    axes: Array  # (N, n_h, n_h)  orthonormal columns
    radius: Array  # (N, n_h)
    carry: NDArray[np.int64]  # (N,)
    next: NDArray[np.int64]  # (N, 4^n_steps)  column: the word of n_steps inputs, a number in base 4, first step first

    @property
    def n_steps(self) -> int:
        """The number of steps from cell to cell."""
        return (self.next.shape[1].bit_length() - 1) // 2

    def corners(self) -> Array:
        """The 2^n_h corners of every box, (N, 2^n_h, n_h); corner j has the signs of the binary digits of j."""
        signs = np.array(list(product((-1.0, 1.0), repeat=self.centre.shape[1])))
        return self.centre[:, None] + (signs * self.radius[:, None]) @ self.axes.swapaxes(1, 2)


class Verdict(NamedTuple):
    """What `prove` found. `status` is "proved", "refuted" or "undecided"."""

    status: str
    counterexample: tuple[int, int] | None  # a sum that the network gets wrong,
    n_bits: int | None  # if it runs for so many steps
    cells: int  # how many the proof needs; 0 without one
    margin: float | None  # of the proof: no logit of any sum is nearer to 0; nats
    proof: Cells | None
    reason: str  # one line


def prove(params: Params, max_cells: int = 2_000, max_seconds: float = 60.0, plan: tuple = PLAN) -> Verdict:
    """Whether the network adds all pairs of numbers of every length.

    "proved" is a theorem about the float64 network (the page above says why); "refuted" comes with a sum that was run
    and went wrong; "undecided" means that neither was found within max_cells cells and about max_seconds seconds.
    plan     pairs (n_steps, tolerance), tried in turn: the words to push cells through, and how fine to make the cells
    raises   TypeError or ValueError for a network that is no adder, or bad limits
    """
    n_h = counterexamples.adder(params)
    max_cells = validate.size("max_cells", max_cells)
    deadline = perf_counter() + validate.positive("max_seconds", max_seconds)
    if n_h > MAX_UNITS:
        raise ValueError(f"a proof is for {MAX_UNITS} hidden units at most, got {n_h}: train a smaller network")
    params = Params(*(np.asarray(array, dtype=float) for array in params))
    pair = counterexamples.search(params)
    if pair is not None:
        return _refuted(pair, 64, "one of the sums that are often wrong")
    reason = "no plan was given"
    for n_steps, tolerance in plan:
        if validate.size("n_steps", n_steps) > MAX_STEPS:
            raise ValueError(f"n_steps must be {MAX_STEPS} or smaller, got {n_steps}: the rounding argument needs it")
        most = min(max_cells, MEMORY // (4**n_steps * n_h**2))
        merged = merging.merge(params, tolerance, n_steps, most)
        if merged is None:
            reason = f"more than {most} cells at tolerance {tolerance}, {n_steps} steps at once"
        elif merged.wrong is not None:
            pair = counterexamples.confirm(params, merged.wrong)
            if pair is not None:
                return _refuted(pair, len(merged.wrong), "a reachable state gives a wrong bit")
        else:
            cells, margin = close(params, place(params, merged), deadline)
            if cells is not None:
                word = "input" if n_steps == 1 else f"{n_steps} inputs in a row"
                how = f"{len(cells.carry)} cells, closed under every {word}"
                return Verdict("proved", None, None, len(cells.carry), margin, cells, how)
            reason = f"the cells at tolerance {tolerance} do not close"
        if perf_counter() > deadline:
            reason = f"not done after {max_seconds} seconds: raise max_seconds"
            break
    return Verdict("undecided", None, None, 0, None, None, reason)


def place(params: Params, merged: merging.Merged, n_rounds: int = 15) -> Cells:
    """Points to grow cells from: centre = mean of what arrives in a cell, axes = its principal directions; radius 0.

    Nothing here has to be right for a proof to be right; it decides only whether one is found.
    """
    (N, n_h), next_ = merged.h.shape, merged.next
    n_steps, into = Cells(None, None, None, None, next_).n_steps, next_.ravel()
    arrivals = np.bincount(into, minlength=N)
    there = arrivals > 0
    centre = merged.h.copy()

    def mean(values: Array) -> Array:
        totals = _gather(np.add, values, into, N)
        return totals[there] / arrivals[there].reshape(-1, *[1] * (values.ndim - 1))

    for _ in range(n_rounds):
        centre[there] = mean(_run(params, centre, n_steps)[0])
    arrived, jacobian = _run(params, centre, n_steps)  # (N·4^k, n_h), (N·4^k, n_h, n_h)
    offset = arrived - centre[into]
    spread = np.zeros((N, n_h, n_h))  # covariance within each cell: J spread Jᵀ, and what the offsets add
    for _ in range(max(3, n_rounds // n_steps)):
        pushed = jacobian @ np.repeat(spread, 4**n_steps, axis=0) @ jacobian.swapaxes(1, 2)
        spread[there] = mean(pushed + offset[:, :, None] * offset[:, None, :])
    axes = np.linalg.eigh(spread)[1]
    return Cells(centre, axes, np.zeros((N, n_h)), merged.carry, next_)


def close(params: Params, cells: Cells, deadline: float, n_rounds: int = 60) -> tuple[Cells | None, float]:
    """Widen the cells until every image lies in its cell; (cells, margin), or (None, margin) if a bit gets doubtful.

    What is returned has passed `images` as it stands, with nothing changed since.
    """
    for i in range(n_rounds):
        low, high, margin = images(params, cells, deadline)
        if not margin > 0 or perf_counter() > deadline:
            return None, margin
        if (np.maximum(-low, high) <= cells.radius).all():
            return cells, margin
        room = 0.02 * (high - low) if i > 3 else 0.0  # or they would approach their limit for ever
        low, high = np.minimum(low - room, -cells.radius), np.maximum(high + room, cells.radius)
        middle = (low + high) / 2  # (N, n_h), in the coordinates of the axes
        centre = cells.centre + np.einsum("nij,nj->ni", cells.axes, middle)
        radius = (high - low) / 2
        # the first cell is the start: nothing leads into it, and it stays the point h = 0
        centre[0], radius[0] = 0.0, 0.0
        cells = cells._replace(centre=centre, radius=radius)
    return None, margin


def images(params: Params, cells: Cells, deadline: float = np.inf) -> tuple[Array, Array, float]:
    """All that arrives in each cell lies in low <= axesᵀ (h - centre) <= high; both (N, n_h); and the least margin.

    low = high = 0 for a cell in which nothing arrives. margin is -inf if a set is too large, a carry or the start is
    wrong, or the deadline has passed.
    """
    N, n_h = cells.centre.shape
    n_steps, n_words = cells.n_steps, cells.next.shape[1]
    low, high, margin = np.full((N, n_h), np.inf), np.full((N, n_h), -np.inf), np.inf
    skew = np.abs(cells.axes @ cells.axes.swapaxes(1, 2) - np.eye(n_h)).sum(axis=2).max()
    start = cells.carry[0] == 0 and (np.abs(cells.axes[0].T @ cells.centre[0]) <= cells.radius[0]).all()
    if not start or not skew <= 1e-12 or not np.abs(cells.centre).max() <= MAX_CENTRE:
        return low, high, -np.inf
    size = max(1, BLOCK // (n_words * n_h * n_h * (n_steps + 1)))
    for block in (slice(i, i + size) for i in range(0, N, size)):
        if perf_counter() > deadline:
            return low, high, -np.inf
        centre, carry = cells.centre[block], cells.carry[block]
        G = cells.axes[block] * cells.radius[block, None]  # (B, n_h, n_h)
        for _ in range(n_steps):
            centre, G, carry, margin_t = push(params, centre, G, carry)
            margin = np.minimum(margin, margin_t)  # unlike min, it hands on NaN
        into = cells.next[block].ravel()
        if not margin > 0 or (carry != cells.carry[into]).any():
            return low, high, -np.inf
        axes_T = cells.axes[into].swapaxes(1, 2)  # (B·4^k, n_h, n_h)
        middle = np.einsum("nij,nj->ni", axes_T, centre - cells.centre[into])
        radius = np.abs(axes_T @ G).sum(axis=2) + SLACK
        np.minimum(low, _gather(np.minimum, middle - radius, into, N, np.inf), out=low)
        np.maximum(high, _gather(np.maximum, middle + radius, into, N, -np.inf), out=high)
    nothing = np.isinf(low)
    low[nothing], high[nothing] = 0.0, 0.0
    return low, high, float(margin)


def _refuted(pair: tuple[int, int], n_bits: int, reason: str) -> Verdict:
    n_bits = max(n_bits, (pair[0] + pair[1]).bit_length())
    return Verdict("refuted", pair, n_bits, 0, None, None, reason)


def _run(params: Params, h: Array, n_steps: int) -> tuple[Array, Array]:
    """States after every word of n_steps inputs, (N·4^n_steps, n_h), and ∂(last)/∂(first), (N·4^n_steps, n_h, n_h)."""
    jacobian = np.broadcast_to(np.eye(h.shape[1]), (len(h), h.shape[1], h.shape[1]))
    for _ in range(n_steps):
        h = np.tanh((h @ params.W.T)[:, None] + INPUTS @ params.U.T + params.b).reshape(-1, h.shape[1])
        jacobian = (1 - h**2)[:, :, None] * np.repeat(params.W @ jacobian, 4, axis=0)
    return h, jacobian


def _gather(operation: np.ufunc, values: Array, into: NDArray, N: int, empty: float = 0.0) -> Array:
    """result[i] = operation over the values with into == i; `empty` where there are none."""
    order = np.argsort(into, kind="stable")
    present, first = np.unique(into[order], return_index=True)
    result = np.full((N, *values.shape[1:]), empty)
    result[present] = operation.reduceat(values[order], first, axis=0)
    return result
