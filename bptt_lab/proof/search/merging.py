"""Few states for many: walk through all inputs, and go on only from states that differ from those already seen.

The four inputs of a step are numbered 0 to 3 in the order of `addition.INPUTS`; a word is a tuple of such
numbers, first step first.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab.model import Array, Params
from bptt_lab.proof import addition


class Merged(NamedTuple):
    """Reached hidden states, one for all that lie within a tolerance of it."""

    h: Array  # (N, n_h)  entry [0] is h^(0) = 0; each was really reached
    carry: NDArray[np.int64]  # (N,)  the carry of the true sum there
    next: NDArray[np.int64]  # (N, 4^n_steps)  index of the state that stands for the one reached by each word
    bit: NDArray[np.int64]  # (N, 4^n_steps)  the last bit written on the way
    words: list[tuple[int, ...]]  # N words; each leads from 0 to its state
    wrong: tuple[int, ...] | None  # a word whose last bit is wrong; the search stopped there


def merge(
    params: Params, tolerance: float, n_steps: int = 1, max_states: int = 2_000, use_carry: bool = True
) -> Merged | None:
    """Walk from h = 0 through all words of n_steps inputs; states that agree to the tolerance are walked from once.

    Two states agree if the vectors (h, and the states after every one and every two inputs) are no farther apart than
    `tolerance`. Looking ahead keeps apart what a ridge between two attractors will separate. With use_carry only states
    with the same carry are merged, and the walk stops at the first wrong bit.
    returns  None if more than max_states are needed
    """
    n_h = addition.adder(params)
    h, carry, words = np.zeros((1, n_h)), np.zeros(1, dtype=np.int64), [()]
    ahead = _look_ahead(params, h)
    next_, bit, done = [], [], 0
    while done < len(h):
        block = slice(done, done + max(1, 1024 // 4**n_steps))
        done = min(block.stop, len(h))
        h_t, carry_t, n_before = h[block], carry[block], done - block.start
        for k in range(1, n_steps + 1):
            h_t, o, true_bit, carry_t = addition.step(params, h_t, carry_t)
            wrong = np.flatnonzero((o > 0) != true_bit) if use_carry else []
            if len(wrong):
                parent, digits = divmod(int(wrong[0]), 4**k)
                word = words[block.start + parent] + _digits(digits, k)
                return Merged(h, carry, np.empty((0, 4**n_steps), int), np.empty((0, 4**n_steps), int), words, word)
        bit.append((o > 0).astype(np.int64).reshape(n_before, -1))
        label = carry_t if use_carry else np.zeros_like(carry_t)
        old = carry if use_carry else np.zeros_like(carry)
        points = _look_ahead(params, h_t)
        row, new = _assign(points, label, ahead, old, tolerance)
        next_.append(row.reshape(n_before, -1))
        h, carry = np.concatenate([h, h_t[new]]), np.concatenate([carry, carry_t[new]])
        ahead = np.concatenate([ahead, points[new]])
        words += [words[block.start + i // 4**n_steps] + _digits(i % 4**n_steps, n_steps) for i in map(int, new)]
        if len(h) > max_states:
            return None
    return Merged(h, carry, np.concatenate(next_), np.concatenate(bit), words, None)


def _assign(points: Array, label: Array, old: Array, old_label: Array, tolerance: float) -> tuple[NDArray, NDArray]:
    """For each point the index of the nearest old one in reach, or of a new one; and which points became new ones."""
    row, new = np.full(len(points), -1), []
    for value in np.unique(label):
        rest = np.flatnonzero(label == value)
        known = np.flatnonzero(old_label == value)
        known = known[known > 0]  # nothing returns to the start
        if len(known):
            distance = (points[rest] ** 2).sum(1)[:, None] + (old[known] ** 2).sum(1) - 2 * points[rest] @ old[known].T
            nearest = distance.argmin(axis=1)
            near = distance[np.arange(len(rest)), nearest] <= tolerance**2
            row[rest[near]] = known[nearest[near]]
            rest = rest[~near]
        while len(rest):
            near = ((points[rest] - points[rest[0]]) ** 2).sum(axis=1) <= tolerance**2
            row[rest[near]] = len(old) + len(new)
            new.append(rest[0])
            rest = rest[~near]
    return row, np.array(new, dtype=np.int64)


def _look_ahead(params: Params, h: Array) -> Array:
    """h and the states after each one and each two inputs, side by side; (N, 21 n_h)."""
    zero = np.zeros(len(h), dtype=np.int64)
    one = addition.step(params, h, zero)[0]
    two = addition.step(params, one, np.repeat(zero, 4))[0]
    return np.concatenate([h, one.reshape(len(h), -1), two.reshape(len(h), -1)], axis=1)


def _digits(code: int, n: int) -> tuple[int, ...]:
    """The n digits of a code in base 4, the first step first."""
    return tuple(code >> 2 * i & 3 for i in reversed(range(n)))
