"""Exercises of notebook 05: the playground."""

from functools import cache
from numbers import Real

import numpy as np

from bptt_lab import data, engine, model, training
from bptt_lab.doctor import Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array, Params

N_SEEDS, ENOUGH = 12, 11
BITS = range(2, 9)


def a_fast_learning_rate() -> float:
    return 0.02


def wrong_by_bits() -> list[int]:
    return [_wrong_additions(n) for n in BITS]


@cache
def _seeds_that_succeed(learning_rate: float) -> int:
    rngs = [np.random.default_rng(seed) for seed in range(N_SEEDS)]
    starts = [model.init_params(8, rng) for rng in rngs]
    runs = engine.train_many(starts, rngs=rngs, learning_rates=learning_rate, n_steps=5_000)
    finite = [run for run in runs if not isinstance(run, FloatingPointError)]
    return sum(int(history.correct_digits[-1_000:].min() == 8) for _, history in finite)


@cache
def _trained(n_bits: int, seed: int = 0) -> Params:
    rng = np.random.default_rng(seed)
    return training.train(model.init_params(16, rng), rng=rng, n_bits=n_bits, high=2 ** (n_bits - 1))[0]


@cache
def _wrong_additions(n: int, seed: int = 0, n_bits: int = 8, high: int = 127) -> int:
    """How many additions of `n_bits` bits a network gets wrong that was trained on n bits."""
    x, y = data.all_sums(n_bits, high)
    return int(np.sum(model.digit_accuracy(model.forward(_trained(n, seed), x), y) < n_bits))


def _too_few_seeds(learning_rate: object) -> str:
    if not isinstance(learning_rate, Real | np.ndarray) or np.ndim(learning_rate) or not 0 < learning_rate < np.inf:
        return "a positive number was expected"
    succeeded = _seeds_that_succeed(float(learning_rate))
    return "" if succeeded >= ENOUGH else f"{succeeded} of {N_SEEDS} seeds succeed, and {ENOUGH} are needed"


def _counts() -> Array:
    return np.array(wrong_by_bits())


EXERCISES = [
    question(
        id="05.a",
        name="guessing",
        title="Recall: the loss of guessing",
        answer=2.77,
        tolerance=0.01,
        wrong={
            5.545: "That is for 8 bits. How many are there here?",
            0.693: "That is for one bit. How many are there here?",
            4: "Is log the logarithm to base 2, or the natural one?",
            1.204: "Which logarithm do you take: the one to base 10, or the natural one?",
            2.8: "That is close. What is it to two decimal places?",
            0.0625: "That is the probability of four right guesses. What does the loss make of a probability?",
        },
        hints=(
            "What does one bit cost if its probability is said to be 0.5?",
            "Each bit costs -log 0.5 = log 2, with the natural logarithm; the bits of an addition are added.",
        ),
    ),
    question(
        id="05.b",
        name="first_bits",
        title="Recall: the first bit of a sum",
        answer=(0, 1, 1, 0),
        wrong={
            (0, 1, 1, 1): "1 + 1 = 2, which is 10 in binary. Which of its bits stays in the first step?",
            (0, 0, 0, 1): "That is the carry which is handed on. And the bit that stays?",
            (0, 1, 1, 10): "The total 10 has two bits. Which of them stays in the first step?",
            (0, 1, 1, 2): "A bit is 0 or 1. What is 2 in binary, and which of its bits comes first?",
        },
        hints=(
            "Which carry arrives in the first step?",
            "The total of the two bits is 0, 1, 1 or 2. Write it in binary, and take the lowest bit.",
        ),
    ),
    question(
        id="05.c",
        name="corners",
        title="One line, four corners",
        answer=3,
        wrong={
            4: "Draw the square with 0 and 1 at its corners. Where does your line go?",
            2: "A line can cut off a single corner. How many are right then?",
        },
        hints=(
            "Draw a square; write 0, 1, 1, 0 at its corners so that equal numbers stand across. Where can a line go?",
            "Look for the line with the fewest corners on its wrong side.",
        ),
    ),
    question(
        id="05.d",
        name="too_large",
        title="A rate that is too large",
        answer="b",
        wrong={
            "a": "The loss of (a) still falls. Would larger updates bring it down sooner or later?",
            "both": "The loss of (a) falls steadily. Are its updates too large, or too few?",
        },
        hints=(
            "Which of the two goes too far in each update?",
            "At which losses did the rates 0.001 and 0.1 end?",
        ),
    ),
    Exercise(
        id="05.1",
        function="a_fast_learning_rate",
        title="A learning rate that is fast enough",
        reference=a_fast_learning_rate,
        judge=_too_few_seeds,
        seconds=60,
        mistakes=[
            slip(
                *("too_small", "a rate at which the loss still falls at the end", "What would more iterations do?"),
                lambda: 0.001,
            ),
            slip(
                *("too_large", "a rate at which the loss never settles", "Does the loss become quiet at the end?"),
                lambda: 0.1,
            ),
        ],
        hints=(
            "Is your learning rate too small, or too large? The curve of the loss tells which.",
            "If the loss still falls at the end, the rate is too small; if it still jumps there, it is too large.",
            "Set the sliders to 8 units and 5,000 iterations. Between 0.001 and 0.1, try a value and then twice that.",
        ),
    ),
    Exercise(
        id="05.2",
        function="wrong_by_bits",
        title="Trained on few bits, asked for eight",
        reference=wrong_by_bits,
        seconds=120,
        mistakes=[
            slip(
                *(
                    "own_additions",
                    "the wrong additions of n bits",
                    "How many bits do your additions have?",
                ),
                lambda: [_wrong_additions(n, n_bits=n, high=2 ** (n - 1)) for n in BITS],
            ),
            slip(
                *(
                    "the_right_ones",
                    "how many additions are right",
                    "Which of your counts is that of a perfect network?",
                ),
                lambda: 127**2 - _counts(),
            ),
            slip(
                *("shares", "the share of wrong additions", "How large can your numbers be?"),
                lambda: _counts() / 127**2,
            ),
            slip(
                *("without_the_last", "the counts for n = 2 to 7", "Does `range(2, 8)` hold the 8?"),
                lambda: wrong_by_bits()[:-1],
            ),
            slip(
                *("seed_1", "the counts for seed 1", "Which seed does your run begin from?"),
                lambda: [_wrong_additions(n, seed=1) for n in BITS],
            ),
        ],
        hints=(
            "What would you count for one number of bits, after one training?",
            "Train anew for each number of bits, always with seed 0, which draws the start too.",
            "`data.all_sums` gives all additions of 8 bits; one is wrong if fewer than 8 of its bits are right.",
        ),
    ),
    question(
        id="05.e",
        name="reason",
        title="Why seven bits did worse than six",
        answer="b",
        wrong={
            "a": "If so, how can other seeds that trained on 7 bits get every addition right?",
            "c": "The network with 6 bits has seen shorter rows of carries still. Why is it better then?",
        },
        hints=(
            "Look at the row of this seed, then at those of the others.",
            "What do the additions of 7 bits themselves say about this run?",
        ),
    ),
    question(
        id="05.f",
        name="handed_on",
        title="A long row of carries",
        answer=6,
        wrong={
            7: "Write down both numbers in binary. What are the bits of step 1?",
            1: "In step 3 the bits are 1 and 0, and a carry arrives. What is handed on?",
            8: "What would the step after the last do with a carry?",
            5: "Does the step in which the carry begins hand one on?",
        },
        hints=(
            "Where do both numbers have a 1? There the carry begins.",
            "126 has a 1 in steps 2 to 7. A carry that arrives there meets this 1.",
        ),
    ),
]
