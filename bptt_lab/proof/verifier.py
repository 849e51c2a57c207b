"""A second look at a proof, by other code: one cell, one word, one step at a time, in Python's own numbers.

Nothing is shared with `cells` but the form of the proof. What it shows, and why the slack is enough, stands there.
"""

import math

from bptt_lab.model import Params
from bptt_lab.proof.cells import Cells, Verdict

SLACK = 1e-9
FOLD = 1e-2
MAX_STEPS, MAX_PIECE = 14, 2**11


def verify(params: Params, cells: Cells | Verdict) -> bool:
    """Whether the cells prove that the network adds numbers of every length: start, bits, carries and inclusions.

    cells    of a proof, or the verdict that holds them; a verdict without a proof is no proof: False
    """
    if isinstance(cells, Verdict):
        cells = cells.proof
    if cells is None:
        return False
    U, W, V, b, c = (array.tolist() for array in params)
    n_h, count = len(b), len(cells.carry)
    centres, axes, radii, carries = (a.tolist() for a in (cells.centre, cells.axes, cells.radius, cells.carry))
    units = range(n_h)
    slack = [SLACK * (1 + abs(b[i]) + sum(map(abs, U[i])) + sum(map(abs, W[i]))) for i in units]
    slack_o = SLACK * (1 + abs(c[0]) + sum(map(abs, V[0])))

    def step(centre, columns, x1, x2):
        """The columns of G are lists; each holds one entry for each unit."""
        a = [b[i] + U[i][0] * x1 + U[i][1] * x2 + dot(W[i], centre) for i in units]
        columns = [[dot(W[i], column) for i in units] for column in columns]
        moved = [[0.0] * n_h for _ in columns]
        middle, band = [], []
        for i in units:
            reach = sum(abs(column[i]) for column in columns) + slack[i]
            left, right = a[i] - reach, a[i] + reach
            slope = min(1.0, max(0.0, (math.tanh(right) - math.tanh(left)) / (right - left)))
            turn = math.atanh(math.sqrt(1 - slope)) if slope > 1e-15 else math.inf  # where tanh' is the slope
            ends = [math.tanh(p) - slope * p for p in (left, right, clip(turn, left, right), clip(-turn, left, right))]
            bottom, top = min(ends), max(ends)
            middle.append(slope * a[i] + (bottom + top) / 2)
            for new, column in zip(moved, columns):
                new[i] = slope * column[i]
            band.append((top - bottom) / 2 + slack[i])
        # short columns that came on the way join the box of the new ones
        size = max(new + sum(abs(column[i]) for column in moved) for i, new in enumerate(band))
        short = [k >= n_h and sum(map(abs, column)) < FOLD * size for k, column in enumerate(moved)]
        box = [new + sum(abs(column[i]) for column, out in zip(moved, short) if out) for i, new in enumerate(band)]
        moved = [column for column, out in zip(moved, short) if not out]
        return middle, moved + [[0.0] * i + [box[i]] + [0.0] * (n_h - 1 - i) for i in units]

    def right_bit(centre, columns, bit):
        margin = (2 * bit - 1) * (dot(V[0], centre) + c[0])
        return margin - sum(abs(dot(V[0], column)) for column in columns) > slack_o

    def inside(centre, columns, cell):
        for k in units:
            axis = [axes[cell][i][k] for i in units]
            off = abs(dot(axis, [p - q for p, q in zip(centre, centres[cell])]))
            if not off + sum(abs(dot(axis, column)) for column in columns) + SLACK <= radii[cell][k]:
                return False
        return True

    def closed(ends, left, settled, centre, columns, carry, word=1, n_steps=0):
        """Every word is right and ends where `ends` says; but for those settled by larger pieces, or left to halves."""
        if n_steps == MAX_STEPS:
            return False
        if not all(sum(abs(column[i]) for column in columns) <= 8 and abs(centre[i]) <= 2 for i in units):
            return False
        for x1, x2 in (0, 0), (0, 1), (1, 0), (1, 1):
            longer, total = 4 * word + 2 * x1 + x2, carry + x1 + x2
            if longer in settled or (left is not None and longer not in left):
                continue
            after, moved = step(centre, columns, x1, x2)
            if not right_bit(after, moved, total % 2):
                return False
            target = ends.get(longer)
            if target is None:
                if not closed(ends, left, settled, after, moved, total // 2, longer, n_steps + 1):
                    return False
            elif not (0 < target < count and total // 2 == carries[target] and inside(after, moved, target)):
                return False
        return True

    def safe(cell, piece, centre, columns, settled=frozenset()):
        """Every word from a piece is right and ends in a cell, from all of it or from both of its halves."""
        ends = {word: target for (p, word), target in cells.next[cell].items() if p == piece}
        axis = cells.halved[cell].get(piece)
        left = None if axis is None else {word >> 2 * k for word in ends for k in range(MAX_STEPS)}
        if not closed(ends, left, settled, centre, columns, carries[cell]):
            return False
        if axis is None:
            return True
        half, settled = [p / 2 for p in columns[axis]], settled | ends.keys()
        columns = [half if k == axis else column for k, column in enumerate(columns)]
        below, above = [p - q for p, q in zip(centre, half)], [p + q for p, q in zip(centre, half)]
        return (
            piece < MAX_PIECE
            and safe(cell, 2 * piece, below, columns, settled)
            and safe(cell, 2 * piece + 1, above, columns, settled)
        )

    def orthonormal(cell):
        rows = axes[cell]
        return all(sum(abs(dot(p, q) - (p is q)) for q in rows) <= 1e-12 for p in rows)

    start = [abs(sum(axes[0][i][k] * -centres[0][i] for i in units)) <= radii[0][k] for k in units]
    if carries[0] != 0 or not all(start) or any(carry not in (0, 1) for carry in carries):
        return False
    return all(
        orthonormal(i)
        and min(radii[i]) >= 0
        and safe(i, 1, centres[i], [[axes[i][j][k] * radii[i][k] for j in units] for k in units])
        for i in range(count)
    )


def clip(p: float, low: float, high: float) -> float:
    return min(max(p, low), high)


def dot(p: list[float], q: list[float]) -> float:
    """Σ p_i q_i"""
    return sum(map(float.__mul__, p, q))
