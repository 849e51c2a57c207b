"""Sums that a network gets wrong: the shortest one, and a search where one is likely."""

import numpy as np
from numpy.typing import NDArray

from bptt_lab import data, model, validate
from bptt_lab.model import Array, Params
from bptt_lab.proof.addition import INPUTS, adder, step

BLOCK_DEPTH = 7  # 4^7 = 16,384 states are carried from one level of the tree to the next at once


def shortest_counterexample(params: Params, max_bits: int = 12) -> tuple[int, int] | None:
    """The first wrong sum in the order: steps until the wrong bit, then `first`, then `second`; None if there is none.

    Every pair of numbers below 2^max_bits is tried, and max_bits bits of each sum; nothing is skipped or merged.
    Level k of the tree of inputs has 4^k states. They are walked in blocks of at most 4^7 (for max_bits up to 14), so
    memory is no limit, and a wrong bit found at level k spares the levels below it. Time is the limit: each further
    bit takes four times as long.
    To see the network fail, run it with n_bits = max_bits + 1: the wrong bit may lie above the leading 1 of the sum.
    """
    n_h, max_bits = adder(params), validate.size("max_bits", max_bits)
    start = np.zeros((1, n_h)), np.zeros(1, dtype=np.int64), np.zeros((1, 2), dtype=np.int64)
    found, level, top = _walk(params, *start, 0, min(BLOCK_DEPTH, max_bits))
    if found or max_bits <= BLOCK_DEPTH:
        return found[1] if found else None
    deepest, best = max_bits, None
    size = max(1, 4 ** (2 * BLOCK_DEPTH - max_bits))  # states of a block grow to at most 4^7 at the last level
    for i in range(0, len(top[0]), size):
        found, _, _ = _walk(params, *(array[i : i + size] for array in top), level, deepest)
        if found and (best is None or found < best):
            best, deepest = found, found[0]
    return best[1] if best else None


def likely_counterexample(
    params: Params, n_bits: int = 64, n_random: int = 2_000, seed: int = 0
) -> tuple[int, int] | None:
    """A wrong sum among those that are hard: short patterns repeated for ever, and random runs; None if none is wrong.

    It tries every beginning of up to two inputs followed by every repeated pattern of up to three, such as
    111…1 + 1 or a carry and then 0 + 0 for ever; n_random sums that mostly hold the carry; and n_random of long runs.
    """
    adder(params)
    words = [w for n in range(3) for w in np.ndindex(*[4] * n)]
    patterns = [w for n in range(1, 4) for w in np.ndindex(*[4] * n)]
    repeated = [(start + pattern * n_bits)[:n_bits] for start in words for pattern in patterns]
    rng = np.random.default_rng(seed)
    shape = (n_random, n_bits)
    often = rng.random(shape) < rng.random((n_random, 1))  # how often the rule holds differs from sum to sum
    holds = np.where(often, rng.integers(1, 3, shape), rng.integers(0, 4, shape))  # 0 + 1 and 1 + 0 hold the carry
    runs = rng.integers(0, 4, shape)
    for t in range(1, n_bits):
        runs[:, t] = np.where(often[:, t], runs[:, t - 1], runs[:, t])
    x = INPUTS[np.concatenate([np.array(repeated), holds, runs]).T]  # (n_bits, B, 2)
    wrong = wrong_bits(params, x)
    if not wrong.any():
        return None
    step_of = np.where(wrong.any(axis=0), wrong.argmax(axis=0), n_bits)
    column = int(step_of.argmin())
    return _numbers(x[: step_of[column] + 1, column])


def extremes(params: Params, n_bits: int = 64, n_directions: int = 200, seed: int = 0) -> tuple[int, int] | None:
    """A wrong sum among those that lead to the rim of what can be reached; None if none is wrong.

    At each step, go on only from the states that lie farthest out in some direction, for each carry, and from those
    whose bit was the most doubtful; so errors that add up slowly are followed to their end.
    """
    n_h = adder(params)
    directions = np.random.default_rng(seed).standard_normal((n_directions, n_h))
    directions = np.concatenate([directions, params.W, -params.W, params.V, -params.V, np.eye(n_h), -np.eye(n_h)])
    h, carry, words = np.zeros((1, n_h)), np.zeros(1, dtype=np.int64), np.zeros((1, 0), dtype=np.int64)
    for _ in range(n_bits):
        h, o, true_bit, carry = step(params, h, carry)
        words = np.column_stack([np.repeat(words, 4, axis=0), np.tile(np.arange(4), len(words))])
        for word in words[(o > 0) != true_bit]:
            if found := confirm(params, tuple(word)):  # alone it may be rounded otherwise, and right
                return found
        groups = [np.flatnonzero(carry == value) for value in (0, 1)]
        rim = [group[(h[group] @ directions.T).argmax(axis=0)] for group in groups]
        rim = np.unique(np.concatenate([*rim, np.argsort(np.abs(o))[:100]]))
        h, carry, words = h[rim], carry[rim], words[rim]
    return None


def wrong_bits(params: Params, x: Array) -> NDArray[np.bool_]:
    """Which bits of each sum the network gets wrong; x (T, B, 2) gives (T, B)."""
    carry = data.carries(x)
    before = np.concatenate([np.zeros_like(carry[:1]), carry[:-1]])
    y = (x.sum(axis=2) + before) % 2
    return ~model.right_bits(model.forward(params, x).o[:, :, 0], y)


def confirm(params: Params, word: tuple[int, ...]) -> tuple[int, int] | None:
    """The sum that a word of inputs spells, if the network gets a bit of it wrong within the word; else None."""
    x = INPUTS[list(word)]
    return _numbers(x) if wrong_bits(params, x[:, None]).any() else None


def fails(params: Params, first: int, second: int, n_bits: int) -> bool:
    """Whether a bit of first + second comes out wrong when the network runs for n_bits steps."""
    x, y = data.encode_sums([first], [second], n_bits)
    return not model.right_bits(model.forward(params, x).o, y).all()


def bits_until_wrong(params: Params, first: int, second: int) -> int:
    """How many bits the network must run for, to get first + second wrong and to write all of it."""
    n_bits = (first + second).bit_length()
    x, _ = data.encode_sums([first], [second], max(64, n_bits))
    return max(n_bits, 1 + int(wrong_bits(params, x)[:, 0].argmax()))


def _walk(params: Params, h: Array, carry: NDArray, numbers: NDArray, level: int, last: int) -> tuple:
    """Walk level by level to `last` or a wrong bit: (its level, its smallest pair) or None; the level; the states."""
    while level < last:
        h, o, true_bit, carry = step(params, h, carry)
        numbers = np.repeat(numbers, 4, axis=0) + (np.tile(INPUTS, (len(numbers), 1)).astype(np.int64) << level)
        level += 1
        wrong = numbers[(o > 0) != true_bit]
        if len(wrong):
            first, second = wrong[np.lexsort((wrong[:, 1], wrong[:, 0]))[0]]
            return (level, (int(first), int(second))), level, None
    return None, level, (h, carry, numbers)


def _numbers(x: Array) -> tuple[int, int]:
    first, second = data.from_bits(x)
    return int(first), int(second)
