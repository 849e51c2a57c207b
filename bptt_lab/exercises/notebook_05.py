"""Exercises of notebook 05: the playground."""

from functools import cache
from numbers import Integral, Real

import numpy as np

from bptt_lab import data, engine, model, training
from bptt_lab.doctor import Exercise, slip

N_SEEDS, ENOUGH = 12, 11


def a_fast_learning_rate() -> float:
    return 0.02


def fewest_bits() -> int:
    return next(n for n in range(2, 9) if _wrong_sums(n) == 0)


@cache
def _seeds_that_succeed(learning_rate: float) -> int:
    rngs = [np.random.default_rng(seed) for seed in range(N_SEEDS)]
    starts = [model.init_params(8, rng) for rng in rngs]
    runs = engine.train_many(starts, rngs=rngs, learning_rates=learning_rate, n_steps=10_000)
    finite = [run for run in runs if not isinstance(run, FloatingPointError)]
    return sum(int(history.correct_digits[-1_000:].min() == 8) for _, history in finite)


@cache
def _wrong_sums(n_bits: int) -> int:
    """Of all sums of 8 bits, after training on n_bits."""
    rng = np.random.default_rng(0)
    params, _ = training.train(model.init_params(16, rng), rng=rng, n_bits=n_bits, high=2 ** (n_bits - 1))
    x, y = data.all_sums()
    return int(np.sum(model.digit_accuracy(model.forward(params, x), y) < len(y)))


def _too_few_seeds(learning_rate: object) -> str:
    if not isinstance(learning_rate, Real) or not 0 < learning_rate < np.inf:
        return "a positive number was expected"
    succeeded = _seeds_that_succeed(float(learning_rate))
    return "" if succeeded >= ENOUGH else f"{succeeded} of {N_SEEDS} seeds succeed, and {ENOUGH} are needed"


def _not_the_fewest(n_bits: object) -> str:
    if not isinstance(n_bits, Integral) or n_bits < 1:
        return "a positive whole number was expected"
    if n_bits <= 8 and (wrong := _wrong_sums(int(n_bits))):
        return f"trained on {n_bits} bits, the network gets {wrong:,} of 16,129 sums wrong"
    return "" if n_bits == fewest_bits() else "a smaller number of bits is enough"


EXERCISES = [
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
            "If the loss still falls at the end, the steps are too small; if it still jumps there, they are too large.",
            "Set the sliders to 8 units and 10,000 iterations. Between 0.001 and 0.1, try a value and then twice that.",
        ),
    ),
    Exercise(
        id="05.2",
        function="fewest_bits",
        title="The fewest bits to train on",
        reference=fewest_bits,
        judge=_not_the_fewest,
        seconds=120,
        mistakes=[
            slip(
                *("half_of_the_bits", "4 bits", "How long is the longest row of carries that it has seen?"),
                lambda: 4,
            ),
            slip(
                *("the_bits_of_an_addend", "7 bits", "Did you count wrong sums, or suppose that there are none?"),
                lambda: 7,
            ),
        ],
        hints=(
            "What would you count for one number of bits, after one training?",
            "Train anew for each number of bits, always from seed 0, and count which of all sums of 8 bits are wrong.",
            "Begin with 2 bits and stop at the first number without a wrong sum. Print the counts: more bits are not "
            "always better.",
        ),
    ),
]
