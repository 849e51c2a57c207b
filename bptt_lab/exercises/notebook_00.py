"""Exercises of notebook 00: start here."""

import numpy as np

from bptt_lab.doctor import Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array


def share_perfect(correct_digits: Array) -> float:
    return sum(digits == 8 for digits in correct_digits) / len(correct_digits)


def block_means(values: Array, n: int) -> Array:
    return np.array([np.mean(values[i : i + n]) for i in range(0, len(values), n)])


def _draw_digits(rng: np.random.Generator, perfect: int, others: int) -> dict[str, object]:
    digits = [8] * perfect + [7] * (others > 0) + list(rng.integers(0, 8, max(others - 1, 0)))  # 7 is the nearest miss
    return {"correct_digits": rng.permutation(digits)}


def _draw_blocks(rng: np.random.Generator, blocks: int, n: int) -> dict[str, object]:
    return {"values": rng.integers(0, 10, blocks * n).astype(float), "n": n}


EXERCISES = [
    question(
        id="00.a",
        name="shown",
        title="What a run without mistakes shows",
        answer="b",
        wrong={
            "a": "How many different additions are there, and of how many do you know the answer?",
            "c": "How many networks were trained here?",
            "d": "Which of the three did the cells above count, and of which do you only expect it?",
        },
        hints=(
            "What exactly was counted?",
            "It was counted over 1,000 additions, of one network, from one seed. Which sentence claims no more?",
        ),
    ),
    question(
        id="00.b",
        name="why_fair",
        title="Why training itself is a fair test here",
        answer="a",
        wrong={
            "b": "Who tells the network that the last 1,000 begin, and would that make its answers fair?",
            "c": "If it had seen every addition before, would that be a reason to trust the test, or to doubt it?",
        },
        hints=(
            "What would make such a test unfair?",
            "A test is unfair if the answers are known before. What comes first in an iteration: answer or correction?",
        ),
    ),
    Exercise(
        id="00.1",
        function="share_perfect",
        title="The share of additions with all bits right",
        reference=share_perfect,
        draw=_draw_digits,
        sizes=[
            dict(perfect=3, others=2),
            dict(perfect=0, others=3),
            dict(perfect=3, others=0),
            dict(perfect=1, others=0),
            dict(perfect=4, others=7),
        ],
        mistakes=[
            slip(
                *("a_count", "how many additions have 8 right bits", "How many are there in all?"),
                lambda correct_digits: np.sum(correct_digits == 8),
            ),
            slip(
                *("share_of_bits", "the share of all bits that are right", "Does one with 7 right bits count here?"),
                lambda correct_digits: np.mean(correct_digits) / 8,
            ),
            slip(
                *(
                    "share_of_the_others",
                    "the share of those with a wrong bit",
                    "Which additions does your condition pick?",
                ),
                lambda correct_digits: np.mean(correct_digits != 8),
            ),
            slip(
                *("percent", "a hundred times the share", "What is the share if all are right?"),
                lambda correct_digits: 100 * np.mean(correct_digits == 8),
            ),
        ],
        hints=(
            "How do you ask of each number whether it is 8?",
            "Comparing an array with a number gives an array of True and False, and True counts as 1.",
            "The share is how many are True, divided by how many there are: it is a mean.",
        ),
    ),
    Exercise(
        id="00.2",
        function="block_means",
        title="The mean of each block",
        reference=block_means,
        draw=_draw_blocks,
        sizes=[dict(blocks=3, n=2), dict(blocks=2, n=5), dict(blocks=1, n=4), dict(blocks=4, n=1)],
        mistakes=[
            slip(
                *(
                    "n_blocks",
                    "the means of n blocks",
                    "How many values has a block, and how many blocks are there?",
                ),
                lambda values, n: values.reshape(n, -1).mean(axis=1),
            ),
            slip(
                *("every_other_value", "means of values that are not neighbours", "Which values share a block?"),
                lambda values, n: values.reshape(n, -1).mean(axis=0),
            ),
            slip(
                *("mean_over_blocks", "a mean over all blocks, place by place", "Over which axis does one block lie?"),
                lambda values, n: values.reshape(-1, n).mean(axis=0),
            ),
            slip(
                *("moving_mean", "a mean that begins at each value", "How far does one block lie from the next?"),
                lambda values, n: np.convolve(values, np.full(n, 1 / n), mode="valid"),
            ),
            slip(
                *("sums", "the sum of each block", "What would the mean of 5 and 7 be?"),
                lambda values, n: values.reshape(-1, n).sum(axis=1),
            ),
        ],
        hints=(
            "Which values belong to the first block, which to the second?",
            "After a reshape each block can be a row: how long is a row then?",
            "A row has n values; -1 in a reshape means “as many as are needed”. Then take the mean along the rows.",
        ),
    ),
]
