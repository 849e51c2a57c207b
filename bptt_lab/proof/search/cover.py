"""Sets of states that no input leads out of.

The cells. A network that adds forgets all but the carry and the last few inputs, so a cell shrinks on its way, along
most words at once, along a few after many steps only. So push each cell through one input after another until it fits
into a cell, and no longer (`walk`). Where that takes long, the remaining words are left to the halves of the cell:
every state of it lies in one of them. If small pieces fail too, the cell was too large, and holds states that are
never reached: it is made smaller, and the words that ended in it are pushed again.

Their shape. A cell is a box turned along some axes: {h : |axesᵀ (h - centre)| <= radius}. It is made for an image, and
as long and as thin as that; but in directions that the next steps forget it may be fat at no cost, and then more
images fit. The sum of JᵀJ over the next words tells which these are, where J is ∂h^(t+k)/∂h^(t) at its centre for
k = 1, 2, 3: control theory calls it the observability Gramian (Moore, Principal component analysis in linear systems,
IEEE Transactions on Automatic Control 26, 1981). The shape matters only for finding a proof, not for its truth.
"""

from collections import deque
from collections.abc import Sequence
from time import perf_counter

import numpy as np
from tqdm.auto import tqdm

from bptt_lab import model
from bptt_lab.model import Array, Params
from bptt_lab.proof.addition import INPUTS
from bptt_lab.proof.certificate import Certificate
from bptt_lab.proof.search.walk import home, scale_at, walk
from bptt_lab.proof.search.zonotope import loops_of

MAX_IMAGES = 300  # on the way from a piece of a cell; what is left then is for its halves
MAX_HALVINGS = 6  # of a cell, before it is made smaller,
MAX_SHRINKS = 6  # and so often that may be
EDGE = 0.5  # an image whose centre lies deeper than this in a cell, in shares of its radius, is no reason for a new one
VIEW = 4  # directions in which cells are looked up
# A cell is as long as the set for which it was made, or as its scale if that is more. Its other sides are shares of
# that length: (extent / longest extent)^ROUND, and THIN at least. Each side is FAT · scale / √kept longer than the set
# if it may be, where `kept` is what the next steps keep of its direction, LEAST_KEPT at least; later steps count less.
ROUND, THIN, FAT, LEAST_KEPT, DISCOUNT = 0.8, 0.02, 0.08, 0.0001, 0.7
# An image may become a cell if it is no larger than this share of the scale, after 1, 2, … inputs
SHARES = np.array((0.5, 0.5, 0.5, 0.5, 0.7, 0.7, 0.9, 1.2, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0))
MAX_STEPS = len(SHARES)  # inputs from cell to cell
START, ALL = (0,) * MAX_STEPS, (4,) * MAX_STEPS  # inputs tried, after each on the way: none, all


class Cover:
    """Cells that are made, halved and shrunk until no word of inputs leads out of them.

    Each piece of a cell that waits is walked from. Images that are small and lie in no cell become cells, and wait as
    well. The last that came is the first to be walked from, so that cells that must shrink do so before much
    leads to them.
    """

    def __init__(self, params: Params, scale: float, n_least: int, max_cells: int):
        n_h = len(params.b)
        self.network, self.n_least, self.max_cells = loops_of(params), n_least, max_cells
        view, self.params = directions(params), params
        self.centre, self.radius = np.zeros((max_cells, n_h)), np.zeros((max_cells, n_h))
        self.axes, self.carry = np.zeros((max_cells, n_h, n_h)), np.zeros(max_cells, dtype=np.int64)
        self.scale, self.view = np.full(max_cells, float(scale)), view
        self.seen, self.seen_radius = (np.zeros((len(view), max_cells), dtype=np.float32) for _ in range(2))
        self.halved, self.next, self.leads_here, self.version = [], [], [], []
        self.landed, self.stretch = np.zeros((MAX_IMAGES, 2), dtype=np.int64), np.zeros(n_h)
        self.homeless = np.zeros((MAX_IMAGES, n_h + 3)), np.zeros((MAX_IMAGES, n_h * (MAX_STEPS + 1), n_h))
        self.waiting = deque()
        # the first cell is a tiny cube around h = 0: were it a point, its images would have no shape to make cells from
        self.add(np.zeros(n_h), np.eye(n_h), np.full(n_h, 1e-5), 0, scale)

    @property
    def N(self) -> int:
        return len(self.next)

    def certificate(self) -> Certificate:
        """What was found, once `complete` said None; halves become cells, a little larger than need be."""
        centre, axes, radius, carry = (
            list(array[: self.N]) for array in (self.centre, self.axes, self.radius, self.carry)
        )
        halves, words, waiting = [], [], [(i, i, 1) for i in range(self.N)]
        for i, cell, piece in waiting:  # the list grows
            words += [(i, word, end) for word, end in self.next[cell].get(piece, {}).items()]
            if piece in self.halved[cell]:
                axis, j = self.halved[cell][piece], len(carry)
                halves.append((i, axis, j, j + 1))
                across = np.arange(len(axes[i])) == axis
                for upper in (0, 1):
                    waiting.append((j + upper, cell, 2 * piece + upper))
                    centre.append(centre[i] + (upper - 0.5) * axes[i] @ (across * radius[i]))
                    axes.append(axes[i])
                    radius.append(radius[i] * np.where(across, 0.5, 1.0) * (1 + 1e-9) + 1e-10)
                    carry.append(carry[i])
        rows = (np.array(rows, dtype=np.int64).reshape(-1, n) for rows, n in ((halves, 4), (words, 3)))
        return Certificate(self.params, *map(np.array, (centre, axes, radius, carry)), *rows)

    def complete(self, deadline: float, bar: tqdm) -> str | None:
        """Walk from every cell; return None, or why it failed."""
        at = f"at scale {self.scale[0]}"
        try:
            while self.waiting:
                cell, piece, version, *rest = self.waiting.pop()
                if version == self.version[cell] and (reason := self.walk(cell, piece, *rest)):
                    return f"{reason} {at}"
                if perf_counter() > deadline:
                    return f"not done in time {at}: raise max_seconds"
                bar.set_postfix_str(f"{self.N} cells, {len(self.waiting)} waiting, {at}", refresh=False)
                bar.update()
        except KeyboardInterrupt:
            return f"interrupted {at}: {self.N} cells, and {len(self.waiting)} pieces left to walk from"
        return None

    def walk(self, cell: int, piece: int, word: int = 1, tried: Sequence[int] = START) -> str | None:
        """Push a piece through words until every image lies in a cell; leave the words that take long to its halves.

        Parameters
        ----------
        word, tried
            where to begin, as in `walk.walk`
        """
        centre, G = self.box(cell, piece)
        start = centre, np.ascontiguousarray(G.T), self.carry[cell]
        homeless, homeless_G = self.homeless
        tried = np.array(tried)
        rules = word, tried, self.n_least, SHARES, EDGE
        n_landed, n_new, word = walk(
            self.network, self.cover(), start, *rules, self.landed, *self.homeless, self.stretch
        )
        ends = self.landed[:n_landed].tolist()
        for (seen, carry, p, *_), centre, G in zip(homeless[:n_new], homeless[:n_new, 3:], homeless_G):
            target = self.take_in(centre, G[: int(p)].T, int(carry))
            if target is None:
                return f"more than {self.max_cells} cells"
            ends.append((int(seen), target))
        for seen, target in ends:
            self.next[cell].setdefault(piece, {})[seen] = target
            self.leads_here[target].add((cell, piece, self.version[cell]))
        return self.divide(cell, piece, word, tuple(tried.tolist())) if word else None

    def divide(self, cell: int, piece: int, word: int, tried: tuple[int, ...]) -> str | None:
        """Leave the rest of the words to the halves of a piece; or shrink its cell."""
        if piece < 2**MAX_HALVINGS:
            self.halved[cell].setdefault(piece, int(self.stretch.argmax()))
            self.waiting.extend((cell, 2 * piece + upper, self.version[cell], word, tried) for upper in (1, 0))
        elif cell and self.scale[cell] * 2**MAX_SHRINKS > self.scale[0]:
            self.shrink(cell)
        else:
            return f"a cell cannot be left safely, halved {MAX_HALVINGS} and shrunk {MAX_SHRINKS} times,"
        return None

    def cover(self) -> tuple:
        """The cells as `walk` needs them."""
        arrays = self.centre, self.axes, self.radius, self.carry, self.scale
        return *(array[: self.N] for array in arrays), self.view, self.seen, self.seen_radius

    def box(self, cell: int, piece: int) -> tuple[Array, Array]:
        """Centre and G of a piece of a cell."""
        centre, G, p = self.centre[cell].copy(), self.axes[cell] * self.radius[cell], 1
        for upper in map(int, f"{piece:b}"[1:]):
            axis = self.halved[cell][p]
            G[:, axis] /= 2
            centre += (2 * upper - 1) * G[:, axis]
            p = 2 * p + upper
        return centre, G

    def shrink(self, cell: int) -> None:
        """Make a cell half as large. It is walked from again, and so is each piece from which a word ended there."""
        self.scale[cell] /= 2
        self.radius[cell] /= 2
        self.show(cell)
        self.version[cell] += 1
        self.halved[cell].clear()
        self.next[cell].clear()
        self.waiting.append((cell, 1, self.version[cell]))
        for other, piece, version in sorted(self.leads_here[cell]):
            if version == self.version[other]:
                found = self.next[other][piece]
                for word in [word for word, target in found.items() if target == cell]:
                    self.waiting.appendleft((other, piece, version, word, ALL))
                    del found[word]
        self.leads_here[cell].clear()

    def take_in(self, centre: Array, G: Array, carry: int) -> int | None:
        """The cell that holds a small set from now on: made meanwhile, or a new one; None if no more may be made."""
        cover, columns = self.cover(), np.ascontiguousarray(G.T)
        cell, _ = home(cover, centre, columns, len(columns), carry)
        if cell >= 0:
            return int(cell)
        if self.N == self.max_cells:
            return None
        scale = scale_at(cover, centre, carry)
        fat = (FAT * scale) ** 2 * forgotten(self.params, centre)
        axes = np.linalg.eigh(G @ G.T + fat)[1]
        extent = np.abs(axes.T @ G).sum(axis=1)
        longest = max(scale, 1.15 * extent.max())
        with_fat = np.minimum(1.15 * extent + np.sqrt(np.diag(axes.T @ fat @ axes)), longest)
        radius = np.maximum(longest * np.maximum((extent / extent.max()) ** ROUND, THIN), with_fat)
        return self.add(centre, axes, radius, carry, scale)

    def add(self, centre: Array, axes: Array, radius: Array, carry: int, scale: float) -> int:
        cell = self.N
        self.centre[cell], self.axes[cell], self.radius[cell], self.carry[cell] = centre, axes, radius, carry
        self.scale[cell] = scale
        self.version.append(0)
        self.leads_here.append(set())
        for found in (self.halved, self.next):
            found.append({})
        self.show(cell)
        self.waiting.append((cell, 1, 0))
        return cell

    def show(self, cell: int) -> None:
        self.seen[:, cell] = self.view @ self.centre[cell]
        self.seen_radius[:, cell] = np.abs(self.view @ self.axes[cell]) @ self.radius[cell] + 1e-5  # rounded outwards


def directions(params: Params, n_sums: int = 400, n_steps: int = 24, seed: int = 0) -> Array:
    """The directions (VIEW, n_h) in which the states of random sums differ most."""
    x = np.random.default_rng(seed).integers(0, 2, (n_steps, n_sums, 2)).astype(float)
    states = model.forward(params, x).h[n_steps // 3 :].reshape(-1, len(params.b))
    return np.ascontiguousarray(np.linalg.svd(states - states.mean(axis=0), full_matrices=False)[2][:VIEW])


def forgotten(params: Params, h: Array, n_steps: int = 3) -> Array:
    """A matrix (n_h, n_h) that is large in the directions of a state h (n_h,) that the next steps forget.

    It is the inverse of Σ DISCOUNT^(k-1) JᵀJ over all words of k = 1, 2, 3 inputs, with J = ∂h^(t+k)/∂h^(t).
    """
    n_h = len(h)
    h, J, kept = h[None], np.eye(n_h)[None], np.zeros((n_h, n_h))
    for k in range(n_steps):
        h = np.tanh((h @ params.W.T)[:, None] + INPUTS @ params.U.T + params.b).reshape(-1, n_h)  # (4^k, n_h)
        J = (1 - h**2)[:, :, None] * np.repeat(params.W @ J, 4, axis=0)
        rows = J.reshape(-1, n_h)
        kept += DISCOUNT**k * rows.T @ rows
    size, axes = np.linalg.eigh(kept)
    return (axes / np.maximum(size, LEAST_KEPT)) @ axes.T
