"""A proof that a network adds numbers of any length, by sets of states that no input leads out of.

The idea. Cover every hidden state that can be reached by cells, each with a carry. Show that from *every* state of a
cell, whatever is read next, the bits are right until the state lies in a cell again, whose carry is the right one.
Start in the cell of h = 0. Then the bits are right for ever: that is induction over time.

The cells. A network that adds forgets all but the carry and the last few inputs, so a cell shrinks on its way, along
most words at once, along a few after many steps only. So push each cell through one input after another until it fits
into a cell, and no longer (`Cover`). A cell is a box turned along the directions in which the set that it was made for
is long and short: {h : |axesᵀ (h - centre)| <= radius}. Where a cell comes to nothing, its halves may do: both are
pushed, for every state of the cell lies in one of them.

The arithmetic. A set is pushed through one step as a zonotope, {centre + G z : |z_j| <= 1}, which keeps in mind how the
units depend on each other. The affine map acts on centre and G. For tanh on [l, u] take the slope s of the chord (any
number would do): tanh(a) - s a is greatest and least at the ends, or where tanh'(a) = s. The middle between greatest
and least joins the centre, half their distance becomes a new column of G.

The rounding. The proof is about the network in float64, as any BLAS computes it. With μ = |b| + Σ|U| + Σ|W|, unit by
unit, and |h| <= 1: a sum of n products rounds to within n·2⁻⁵³/(1 - n·2⁻⁵³) of the sum of magnitudes, in whatever
order, with or without fused multiply-add (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.1).
So a computed pre-activation is off by less than (n_h + 5)·2⁻⁵³ μ. np.tanh is taken to be within 4 units in the last
place and never beyond ±1. The numbers of the proof itself round by the same law: sums of at most n_h (n_steps + 1)
terms, 64 · 15 at the most, whose magnitudes add up to at most 10 (1 + μ), because MAX_SIZE, MAX_UNITS and MAX_STEPS say
so, and no centre is beyond 2: each is off by less than 1.1e-12 (1 + μ). Where tanh' = s is known to rounding only;
but there tanh(a) - s a is level, so that its value is off by the square of that. A halving rounds the centre by 3e-16.
Axes need be orthogonal only to 1e-12, which moves a state by 1e-11 at most. All this together stays under
1e-10 (1 + μ), and every step widens its set by SLACK (1 + μ), ten times more.
"""

from itertools import product
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab import validate
from bptt_lab.model import Array, Params
from bptt_lab.proof import counterexamples
from bptt_lab.proof.zonotope import SLACK, push

MAX_UNITS = 64
MAX_STEPS = 14  # inputs from cell to cell
MAX_HALVINGS = 10  # of a cell
MAX_OPEN = 64  # sets that are still on their way from a piece of a cell; with more it is halved
BLOCK = 32  # pieces of cells walked from at once
MEMORY = 30_000_000  # numbers in the axes of all cells
NEAREST = 8  # cells that are asked whether they hold a set
# Relative to the tolerance: a cell has the sides (extent / longest extent)^ROUND of the set for which it was made, and
# THIN at least; its thin sides may grow to FATTEST; a set may be as long as SHARES[n_steps - 1] to become a new cell.
ROUND, THIN, FATTEST = 0.7, 0.05, 0.15
SHARES = (0.5, 0.5, 0.5, 0.5, 0.7, 0.7, 0.9, 1.2, 1.5, 2.0)
# (tolerance, n_least) from cheap to dear: the size of the cells, and the fewest inputs before a new one is made
PLAN = ((0.3, 1), (0.12, 3), (0.1, 2), (0.05, 3), (0.025, 4))


class Cells(NamedTuple):
    """Sets of hidden states, {h : |axes[i]ᵀ (h - centre[i])| <= radius[i]}, and where words of inputs lead from each.

    A cell may be halved across an axis, and its halves again: piece 1 is the whole cell, 2p and 2p + 1 are the lower
    and the upper half of piece p. A word is a number in base 4 behind a leading 1, the first step first.
    """

    centre: Array  # (N, n_h)
    axes: Array  # (N, n_h, n_h)  orthonormal columns
    radius: Array  # (N, n_h)
    carry: NDArray[np.int64]  # (N,)
    halved: list[dict[int, int]]  # for each cell: piece -> the axis across which it is halved
    next: list[dict[tuple[int, int], int]]  # for each cell: (piece, word) -> the cell in which it ends

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


class Piece(NamedTuple):
    """What is to be walked from: a cell or a part of it."""

    cell: int
    piece: int  # 1 for a whole cell
    version: int  # how often the cell had grown; once it grows again, the piece is void
    centre: Array  # (n_h,)
    G: Array  # (n_h, n_h)


def prove(params: Params, max_cells: int = 10_000, max_seconds: float = 60.0, plan: tuple = PLAN) -> Verdict:
    """Whether the network adds all pairs of numbers of every length.

    "proved" is a theorem about the float64 network (the page above says why); "refuted" comes with a sum that was run
    and went wrong; "undecided" means that neither was found within max_cells cells and about max_seconds seconds.
    plan     pairs (tolerance, n_least), tried in turn: the size of cells, and the fewest inputs before a new one
    raises   TypeError or ValueError for a network that is no adder, or bad limits
    """
    n_h = counterexamples.adder(params)
    max_cells = validate.size("max_cells", max_cells)
    start, max_seconds = perf_counter(), validate.positive("max_seconds", max_seconds)
    if n_h > MAX_UNITS:
        raise ValueError(f"a proof is for {MAX_UNITS} hidden units at most, got {n_h}: train a smaller network")
    params = Params(*(np.asarray(array, dtype=float) for array in params))
    pair = counterexamples.search(params) or counterexamples.extremes(params)
    if pair is not None:
        n_bits = max(64, (pair[0] + pair[1]).bit_length())
        return Verdict("refuted", pair, n_bits, 0, None, None, "a sum was run, and went wrong")
    reason = "no plan was given"
    for i, (tolerance, n_least) in enumerate(plan, start=1):
        if validate.size("n_least", n_least) > MAX_STEPS:
            raise ValueError(f"n_least must be {MAX_STEPS} or smaller, got {n_least}: the rounding argument needs it")
        spent = perf_counter() - start
        deadline = start + spent + (max_seconds - spent) * (1.0 if i == len(plan) else 0.7)
        cover = Cover(params, tolerance, n_least, min(max_cells, max(1, MEMORY // n_h**2)))
        reason = cover.complete(deadline)
        if reason is None:
            cells = cover.cells()
            return Verdict("proved", None, None, cover.N, cover.margin, cells, f"{cover.N} cells that no input leaves")
    return Verdict("undecided", None, None, 0, None, None, reason)


class Cover:
    """Cells that are made and widened until no word of inputs leads out of them.

    Each cell is walked from: its box is pushed through one input after another until its image fits into a cell. An
    image that is small and fits nowhere becomes a new cell, or makes a cell near it thicker, which is then walked from
    again; what led there still does. If a bit gets doubtful, or an image does not get small, the box is halved.
    """

    def __init__(self, params: Params, tolerance: float, n_least: int, max_cells: int):
        n_h = len(params.b)
        self.params, self.tolerance, self.n_least, self.max_cells = params, tolerance, n_least, max_cells
        self.centre, self.radius = np.zeros((max_cells, n_h)), np.zeros((max_cells, n_h))
        self.axes, self.carry = np.zeros((max_cells, n_h, n_h)), np.zeros(max_cells, dtype=np.int64)
        self.halved, self.next, self.version = [{}], [{}], [0]
        self.N, self.margin = 1, np.inf
        # the first cell is a tiny cube around h = 0: were it a point, its images would have no shape to make cells from
        self.axes[0], self.radius[0] = np.eye(n_h), 1e-5
        self.queue = [self.whole(0)]

    def cells(self) -> Cells:
        """What was found, once `complete` said None."""
        arrays = (array[: self.N].copy() for array in (self.centre, self.axes, self.radius, self.carry))
        return Cells(*arrays, self.halved, self.next)

    def whole(self, cell: int) -> Piece:
        return Piece(cell, 1, self.version[cell], self.centre[cell], self.axes[cell] * self.radius[cell])

    def complete(self, deadline: float) -> str | None:
        """Walk from every cell; None, or why it came to nothing."""
        while self.queue:
            block, self.queue = self.queue[:BLOCK], self.queue[BLOCK:]
            block = [piece for piece in block if piece.version == self.version[piece.cell]]
            if block and (reason := self.walk(block)):
                return f"{reason} at tolerance {self.tolerance}"
            if perf_counter() > deadline:
                return f"not done in time at tolerance {self.tolerance}: raise max_seconds"
        return None

    def walk(self, block: list[Piece]) -> str | None:
        """Push each piece through all words until every image fits into a cell, or halve it."""
        centre, G = np.stack([piece.centre for piece in block]), np.stack([piece.G for piece in block])
        carry = self.carry[[piece.cell for piece in block]]
        owner, word = np.arange(len(block)), np.ones(len(block), dtype=np.int64)
        margin, failed, blame = np.full(len(block), np.inf), np.zeros(len(block), dtype=bool), np.zeros_like(centre)
        landed, homeless = [], []  # (owner, word, cell), (owner, word, centre, G, carry)
        for n_steps in range(1, MAX_STEPS + 1):
            centre, G, carry, margin_t = push(self.params, centre, G, carry)
            owner, word = np.repeat(owner, 4), (4 * word[:, None] + np.arange(4)).ravel()
            np.minimum.at(margin, owner, margin_t)
            trouble = ~(margin_t > 0)
            cell = np.where(trouble, -1, self.holding(centre, G, carry))
            open_ = cell < 0
            landed += zip(owner[~open_].tolist(), word[~open_].tolist(), cell[~open_].tolist())
            if n_steps >= self.n_least:
                share = SHARES[min(n_steps, len(SHARES)) - 1]
                small = open_ & ~trouble
                small[small] = extents(G[small])[1].max(axis=1) <= share * self.tolerance
                homeless += [(owner[i], int(word[i]), centre[i], G[i], carry[i]) for i in np.flatnonzero(small)]
                open_ &= ~small
            most = MAX_OPEN if n_steps < MAX_STEPS else 0
            trouble |= open_ & (np.bincount(owner[open_], minlength=len(block)) > most)[owner]
            np.add.at(blame, owner[trouble], np.abs(G[trouble, :, : blame.shape[1]]).sum(axis=1))
            failed[owner[trouble]] = True
            go_on = open_ & ~failed[owner]
            centre, G, carry, owner, word = centre[go_on], G[go_on], carry[go_on], owner[go_on], word[go_on]
            if not len(owner):
                break
        for i, word, centre, G, carry in homeless:
            if not failed[i]:
                cell = self.take_in(centre, G, carry)
                if cell is None:
                    return f"more than {self.max_cells} cells"
                landed.append((i, word, cell))
        halves = []
        for i, piece in enumerate(block):
            if piece.version != self.version[piece.cell]:
                continue  # it grew meanwhile, and is in the queue again
            if failed[i]:
                if piece.piece >= 2**MAX_HALVINGS or not piece.G.any():
                    return f"a cell cannot be left safely, halved {MAX_HALVINGS} times,"
                halves += self.halve(piece, int(blame[i].argmax()))
            else:
                self.margin = min(self.margin, float(margin[i]))
        for i, word, cell in landed:
            piece = block[i]
            if not failed[i] and piece.version == self.version[piece.cell]:
                self.next[piece.cell][piece.piece, word] = cell
        self.queue = halves + self.queue
        return None

    def halve(self, piece: Piece, axis: int) -> list[Piece]:
        self.halved[piece.cell][piece.piece] = axis
        G = piece.G.copy()
        G[:, axis] /= 2
        return [
            piece._replace(piece=2 * piece.piece + upper, centre=piece.centre + (2 * upper - 1) * G[:, axis], G=G)
            for upper in (0, 1)
        ]

    def reach(self, centre: Array, G: Array, cell: NDArray) -> Array:
        """The radius that each cell needs to hold its set; (N, n_h)."""
        axes_T = self.axes[cell].swapaxes(1, 2)
        offset = np.abs((axes_T @ (centre - self.centre[cell])[:, :, None])[:, :, 0])
        return offset + np.abs(axes_T @ G).sum(axis=2) + SLACK

    def holding(self, centre: Array, G: Array, carry: NDArray) -> NDArray:
        """For each set one cell that holds it, among the nearest with its carry; or -1."""
        held = np.full(len(centre), -1)
        for value in (0, 1):
            known = np.flatnonzero(self.carry[1 : self.N] == value) + 1
            rest = np.flatnonzero(carry == value)
            distance = (self.centre[known] ** 2).sum(axis=1) - 2 * centre[rest] @ self.centre[known].T
            for _ in range(min(NEAREST, len(known))):
                nearest = distance.argmin(axis=1)
                inside = (self.reach(centre[rest], G[rest], known[nearest]) <= self.radius[known[nearest]]).all(axis=1)
                held[rest[inside]] = known[nearest[inside]]
                distance[np.arange(len(rest)), nearest] = np.inf
                distance, rest = distance[~inside], rest[~inside]
        return held

    def take_in(self, centre: Array, G: Array, carry: int) -> int | None:
        """The cell that holds a small set from now on: one near it, perhaps thicker than before, or a new one."""
        known = np.flatnonzero(self.carry[1 : self.N] == carry) + 1
        known = known[np.argsort(((self.centre[known] - centre) ** 2).sum(axis=1))[:NEAREST]]
        needed = self.reach(centre, G, known)
        fits = (needed <= np.maximum(self.radius[known], FATTEST * self.tolerance)).all(axis=1)
        if fits.any():
            growth = np.maximum(needed / np.maximum(self.radius[known], SLACK), 1).prod(axis=1)
            best = np.where(fits, growth, np.inf).argmin()
            cell, wanting = int(known[best]), needed[best] > self.radius[known[best]]
            if wanting.any():
                self.radius[cell][wanting] = 1.1 * needed[best][wanting]
                self.version[cell] += 1
                self.halved[cell], self.next[cell] = {}, {}
                self.queue.append(self.whole(cell))
            return cell
        if self.N == self.max_cells:
            return None
        cell, (axes, extent) = self.N, extents(G)
        longest = max(self.tolerance, 1.15 * extent.max())
        radius = longest * np.maximum((extent / extent.max()) ** ROUND, THIN)
        self.centre[cell], self.axes[cell], self.radius[cell], self.carry[cell] = centre, axes, radius, carry
        self.N += 1
        self.halved, self.next, self.version = [*self.halved, {}], [*self.next, {}], [*self.version, 0]
        self.queue.append(self.whole(cell))
        return cell


def extents(G: Array) -> tuple[Array, Array]:
    """The principal axes of sets {G z}, (…, n_h, n_h), and how far each set reaches along them, (…, n_h)."""
    axes = np.linalg.eigh(G @ G.swapaxes(-1, -2))[1]
    return axes, np.abs(axes.swapaxes(-1, -2) @ G).sum(axis=-1)
