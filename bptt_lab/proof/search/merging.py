"""Few states for many: walk through all inputs, and go on only from states that differ from those already seen."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab.model import Array, Params
from bptt_lab.proof import addition


class Merged(NamedTuple):
    """Reached hidden states, one for all that lie within a tolerance of it."""

    h: Array  # (N, n_h)  entry [0] is h^(0) = 0; each was really reached
    next: NDArray[np.int64]  # (N, 4)  index of the state that stands for the one reached by each input
    bit: NDArray[np.int64]  # (N, 4)  the bit written on the way


def merge(params: Params, tolerance: float, max_states: int = 2_000) -> Merged | None:
    """Walk from h = 0 through all inputs; states that agree to the tolerance are walked from once.

    Two states agree if the vectors (h, and the states after every one and every two inputs) are no farther apart than
    `tolerance`. Looking ahead keeps apart what a ridge between two attractors will separate.

    Returns
    -------
    None if more than max_states are needed
    """
    h = np.zeros((1, addition.adder(params)))
    ahead, next_, bit, done = _look_ahead(params, h), [], [], 0
    while done < len(h):
        block = h[done : done + 256]
        done += len(block)
        reached, o, _, _ = addition.step(params, block, np.zeros(len(block), dtype=np.int64))
        points = _look_ahead(params, reached)
        row, new = _assign(points, ahead, tolerance)
        next_.append(row.reshape(-1, 4))
        bit.append((o > 0).astype(np.int64).reshape(-1, 4))
        h, ahead = np.concatenate([h, reached[new]]), np.concatenate([ahead, points[new]])
        if len(h) > max_states:
            return None
    return Merged(h, np.concatenate(next_), np.concatenate(bit))


def _assign(points: Array, old: Array, tolerance: float) -> tuple[NDArray, NDArray]:
    """For each point the index of the nearest old one in reach, or of a new one; and which points became new ones."""
    row, new, rest = np.full(len(points), -1), [], np.arange(len(points))
    if len(old) > 1:  # nothing returns to the start
        distance = (points**2).sum(1)[:, None] + (old[1:] ** 2).sum(1) - 2 * points @ old[1:].T
        nearest = distance.argmin(axis=1)
        near = distance[rest, nearest] <= tolerance**2
        row[near], rest = nearest[near] + 1, rest[~near]
    while len(rest):
        near = ((points[rest] - points[rest[0]]) ** 2).sum(axis=1) <= tolerance**2
        row[rest[near]] = len(old) + len(new)
        new.append(rest[0])
        rest = rest[~near]
    return row, np.array(new, dtype=np.int64)


def _look_ahead(params: Params, h: Array) -> Array:
    """h and the states after each one and each two inputs, side by side; (N, 21 n_h)."""
    one = addition.step(params, h, np.zeros(len(h), dtype=np.int64))[0]
    two = addition.step(params, one, np.zeros(len(one), dtype=np.int64))[0]
    return np.concatenate([h, one.reshape(len(h), -1), two.reshape(len(h), -1)], axis=1)
