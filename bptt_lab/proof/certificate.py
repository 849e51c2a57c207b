"""What a proof is, and how it is checked. If you trust this file and `sets`, you need trust nothing else of the course.

The theorem. `check` holds for a certificate only if this is true of its network:

    For every n, every pair of numbers below 2ⁿ, and every t from 1 to n: the network, started at h = 0 and run in
    float64 on inputs that are exactly 0 and 1, the lowest bits first, has at step t a logit on the right side of 0, so
    that it writes bit t of the sum. (n steps write n bits. The last carry is bit n + 1, which needs one step more, with
    the input 0 + 0; that is a pair of numbers as well, below 2ⁿ⁺¹.)

The proof. A *cell* is a set of states, {h : |axesᵀ (h - centre)| <= radius}, with a carry. A *word* is one or more
inputs. The certificate lists words for each cell, and for each word the cell in which it ends. Five things are checked:

1. The centre of cell 0 is the state 0, and its carry is 0.
2. Every infinite input, read from any cell without halves, begins with a word of that cell.
3. On the way along a word, from every state of its cell, each bit is right.
4. At the end of a word, from every state of its cell, the state lies in the cell that is named, and the carry of the
   sum is the carry of that cell.
5. A cell that is too large to be followed along all words may be cut into halves across one of its axes: every state
   of a half lies in the cell that is named for it. That cell is there for nothing else: it stands farther down in the
   list, no word ends in it, and it is no half of another cell. It has the words of the whole cell beside its own.

That is enough. Cut the infinite input into words: the state starts in a cell, with the right carry (1). If that cell
has halves, the state lies in one of these as well, and if they have halves, in one of those, and at last in one that
has none (5). Some word of it, or of those around it, is read (2). The state lies in all of them, so that at the end of
the word it lies in a cell in which words may end, with the right carry (4), and so on without end. Every step belongs
to one of these words, so its bit is right (3). This is an induction over words, and no word is the last. (On the way
along a word the state may lie in no cell.) A sum of n bits is the beginning of an infinite input, and no bit depends
on what is read later.

What is assumed: Higham's bound for sums, and an error of tanh, both stated in `sets`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bptt_lab.model import Array, Params
from bptt_lab.proof.sets import ROUND, Sets, affine, margins, push, up

AT_ONCE = 2_000  # words that are followed together
LEAN = 1e-11  # how far axes may be from orthonormal; every cell is widened by as much


class Certificate(NamedTuple):
    """A network, cells, and where words lead from each cell.

    A word is a number: the bits that are read, behind a leading 1, the first input first. So 0 + 1 and then 1 + 1 is
    0b1_01_11.
    """

    params: Params
    centre: Array  # (N, n_h)
    axes: Array  # (N, n_h, n_h)  orthonormal columns
    radius: Array  # (N, n_h)
    carry: NDArray[np.int64]  # (N,)
    halves: NDArray[np.int64]  # (·, 4)  cell, axis, and the cells that hold the lower and the upper half
    words: NDArray[np.int64]  # (·, 3)  cell, word, and the cell in which it ends


class Checked(NamedTuple):
    """What `check` found; true if the certificate proves its network."""

    margin: float  # no logit of any sum is nearer to 0; nats; NaN if the certificate is refused
    reason: str  # one line: what was checked; or the first thing that is wrong, and where

    def __bool__(self) -> bool:
        return self.margin > 0


def check(certificate: Certificate) -> Checked:
    """Whether a certificate proves that its network adds numbers of every length; this module's docstring says why."""
    try:
        with np.errstate(all="ignore"):  # what overflows is refused, since no comparison with NaN holds
            well_formed(certificate)
            nothing_left_out(certificate)
            halves_inside(certificate)
            margin = min(follow(certificate, i) for i in range(0, len(certificate.words), AT_ONCE))
    except ValueError as refusal:
        return Checked(np.nan, str(refusal))
    return Checked(margin, f"{len(certificate.carry)} cells, {len(certificate.words)} words: every bit is right")


def demand(fine: ArrayLike, problem: str, words: NDArray | None = None) -> None:
    """Raise ValueError if an entry of `fine` is false: `problem` with its index, or with the row of `words` there."""
    if not np.all(fine):
        index = np.argwhere(~np.asarray(fine))[0].tolist()
        raise ValueError(problem.format(*([index] if words is None else words[index[0]].tolist())))


def well_formed(certificate: Certificate) -> None:
    """Finite numbers of the right kind and shape; orthonormal axes; cells that exist; words that read; the start."""
    params, centre, axes, radius, carry, halves, words = certificate
    N, n_h = max(1, np.size(carry)), np.size(params.b)
    shapes = [(n_h, 2), (n_h, n_h), (1, n_h), (n_h,), (1,), (N, n_h), (N, n_h, n_h), (N, n_h), (N,)]
    shapes += [(*halves.shape[:1], 4), (*words.shape[:1], 3)]
    for name, array, shape in zip(Params._fields + Certificate._fields[1:], params + certificate[1:], shapes):
        kind = np.int64 if name in ("carry", "halves", "words") else np.float64
        demand(array.shape == shape and array.dtype == kind, f"{name}: {kind.__name__} of shape {shape} is expected")
        demand(np.isfinite(array), name + "{}: NaN or infinity")
    lean = np.abs(axes.mT @ axes - np.eye(n_h)) + 4 * (n_h + 5) * ROUND * (np.abs(axes.mT) @ np.abs(axes) + 1)
    demand(lean.sum(axis=2).max(axis=1) <= LEAN, "axes{}: not orthonormal")
    demand((words >= [0, 4, 0]) & (words < [N, np.inf, N]), "words{}: no such cell, or nothing is read")
    later = (halves[:, :1] + 1) * [0, 0, 1, 1] <= halves
    demand(later & (halves < [N, n_h, N, N]), "halves{}: no such axis, or no such cell farther down")
    demand(np.bincount(np.intp([*halves[:, 2:].flat, *{*words[:, 2]}])) <= 1, "cell{}: a half, and something else")
    demand((centre[0] == 0) & (radius[0] >= 0) & (carry[0] == 0), "cell 0: its centre is not 0, or its carry is not 0")


def nothing_left_out(certificate: Certificate) -> None:
    """Every infinite input begins with a word, in each cell without halves; halves have the words of their cell too."""
    words = [set(certificate.words[certificate.words[:, 0] == i, 1].tolist()) for i in range(len(certificate.carry))]
    for cell, _, lower, upper in sorted(certificate.halves.tolist()):
        words[lower], words[upper] = words[lower] | words[cell], words[upper] | words[cell]
    for cell in set(range(len(words))) - set(certificate.halves[:, 0].tolist()):
        begun, waiting = {word >> k for word in words[cell] for k in range(0, word.bit_length(), 2)}, [1]
        for beginning in waiting:  # the list grows
            if beginning not in words[cell]:
                demand(beginning in begun, f"cell {cell}: no word begins with {beginning:#b}")
                waiting += [4 * beginning + x for x in range(4)]


def halves_inside(certificate: Certificate) -> None:
    """Both halves of a cell lie in the cells that are named for them."""
    cell, axis, *ends = certificate.halves.T
    across = np.arange(len(certificate.params.b)) == axis[:, None]  # (·, n_h)
    for upper, end in enumerate(ends):
        half = sets_of(certificate, cell, np.where(across, upper - 1.0, -1.0), np.where(across, upper, 1.0))
        demand(inside(certificate, half, end), "halves{}: a half is not inside")


def follow(certificate: Certificate, first: int) -> float:
    """Pushes cells along some words, equal beginnings once; the least margin, if all is right."""
    words, place = certificate.words[first : first + AT_ONCE], "cell {}, word {:#b} to cell {}"
    cell, at = np.unique(words[:, 0], return_inverse=True)
    sets = sets_of(certificate, cell)  # words[i] is at sets[at[i]]
    length, least = (np.frexp(words[:, 1].astype(float))[1] - 1) // 2, np.inf  # inputs: half as many as binary digits
    for t in range(1, length.max() + 1):
        words, at, length = words[length >= t], at[length >= t], length[length >= t]
        steps, at = np.unique(4 * at + (words[:, 1] >> 2 * (length - t) & 3), return_inverse=True)
        x = np.column_stack([steps % 4 // 2, steps % 2]).astype(float)
        sets, bit = push(certificate.params, Sets(*(array[steps // 4] for array in sets)), x)
        margin, ended = margins(certificate.params, sets, bit), length == t
        demand(margin[at] > 0, f"{place}: bit {t} may be wrong", words)
        landed = inside(certificate, Sets(*(array[at[ended]] for array in sets)), words[ended, 2])
        demand(landed, f"{place}: may end elsewhere", words[ended])
        least = min(least, float(margin.min()))
    return least


def inside(certificate: Certificate, sets: Sets, cell: NDArray) -> NDArray[np.bool_]:
    """Whether every state of each set lies in a cell, one for each set, and the carry is that cell's."""
    _, centre, axes, radius, carry, _, _ = certificate
    away = sets.centre - centre[cell]
    y = affine(axes[cell].mT, Sets(away, sets.G, up(sets.error + 2 * ROUND * np.abs(away)), sets.carry))
    return (up(np.abs(y.centre) + y.reach()) <= radius[cell]).all(axis=1) & (sets.carry == carry[cell])


def sets_of(certificate: Certificate, cell: ArrayLike, low: ArrayLike = -1.0, high: ArrayLike = 1.0) -> Sets:
    """Cells as sets of the states centre + axes y, low <= y / radius <= high; low and high are -1, 0 or 1.

    If the axes were orthonormal, y would be axesᵀ (h - centre). With the axes as they are, y is longer, but by no more
    than twice LEAN times the largest radius: y - axesᵀ (h - centre) = (1 - axesᵀ axes) y.
    """
    _, centre, axes, radius, carry, _, _ = certificate
    radius = up(radius + up(2 * LEAN * radius.max(axis=1, keepdims=True)))[cell]
    G = (radius * (high - low) / 2)[:, None] * np.eye(radius.shape[1])
    return affine(axes[cell], Sets(radius * (low + high) / 2, G, np.zeros(radius.shape), carry[cell]), centre[cell])
