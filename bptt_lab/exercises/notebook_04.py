"""Exercises of notebook 04: training."""

import numpy as np

from bptt_lab import bptt, engine, model, training
from bptt_lab.doctor import BACKWARD, Exercise, slip
from bptt_lab.model import Array, Params


def my_step(params: Params, x: Array, y: Array, learning_rate: float) -> Params:
    return training.sgd_step(params, _gradient(params, x, y), learning_rate)


def solved_from(correct_digits: Array, n_bits: int = 8) -> int:
    n = len(correct_digits)
    while n and correct_digits[n - 1] == n_bits:
        n -= 1
    return n + 1


def right_per_step(params: Params, x: Array, y: Array) -> Array:
    return _right(params, x, y).mean(axis=(1, 2))


def _gradient(params: Params, x: Array, y: Array) -> Params:
    return bptt.backward(params, model.forward(params, x), y)


def _right(params: Params, x: Array, y: Array) -> Array:
    return model.right_bits(model.forward(params, x).o, y)


def _draw_batch(rng: np.random.Generator, **sizes: int) -> dict[str, object]:
    return BACKWARD.draw(rng, **sizes) | {"learning_rate": float(rng.uniform(0.1, 0.5))}


def _draw_run(rng: np.random.Generator, before: int, tail: int, n_bits: int) -> dict[str, object]:
    """`before` iterations that end with a wrong one, then `tail` right ones. With n_bits 0 it is left out, and 8."""
    bits, given = n_bits or 8, {"n_bits": n_bits} if n_bits else {}
    near = bits - 0.25 if n_bits else bits - 1.0  # the mean of a batch of four, or one sum
    any_digits = [near, bits - 2, bits, *rng.integers(0, bits + 1, before)]  # also right ones, if there are enough
    last_wrong = [near] * (before > 0)
    return {"correct_digits": np.array([*any_digits[: max(before - 1, 0)], *last_wrong, *[bits] * tail])} | given


def _draw_outputs(rng: np.random.Generator, **sizes: int) -> dict[str, object]:
    """Without biases, so that about as many outputs are nearer to 1 as are nearer to 0."""
    drawn = BACKWARD.draw(rng, n_y=1, **sizes)
    return drawn | {"params": drawn["params"]._replace(b=np.zeros(sizes["n_h"]), c=np.zeros(1))}


EXERCISES = [
    Exercise(
        id="04.1",
        function="my_step",
        title="One step of SGD",
        reference=my_step,
        draw=_draw_batch,
        sizes=[size for size in BACKWARD.sizes if size["T"] > 1],
        forbidden=(training.sgd_step, training.sgd, engine.sgd),
        mistakes=[
            slip(
                *("uphill", "θ + η ∂L/∂θ", "Does the loss rise or fall where a gradient points?"),
                lambda params, x, y, learning_rate: training.sgd_step(params, _gradient(params, x, y), -learning_rate),
            ),
            slip(
                *("learning_rate_missing", "θ - ∂L/∂θ", "How far does a step go if the learning rate is 0?"),
                lambda params, x, y, learning_rate: training.sgd_step(params, _gradient(params, x, y), 1),
            ),
            slip(
                *("divided_by_B_again", "θ - η/B ∂L/∂θ", "Is the gradient a sum over the batch, or a mean already?"),
                lambda params, x, y, learning_rate: training.sgd_step(
                    params, _gradient(params, x, y), learning_rate / y.shape[1]
                ),
            ),
            slip(
                *(
                    "the_gradient_itself",
                    "∂L/∂θ",
                    "What should be known after the step: the slope, or where you stand?",
                ),
                lambda params, x, y, learning_rate: _gradient(params, x, y),
            ),
            slip(
                *("the_change_alone", "-η ∂L/∂θ", "From where does the step start?"),
                lambda params, x, y, learning_rate: training.sgd_step(
                    Params(*(0 * theta for theta in params)), _gradient(params, x, y), learning_rate
                ),
            ),
        ],
        hints=(
            "Two passes come before the step: in which order?",
            "A Params is a tuple of five arrays, and so is a gradient: `-` and `*` are for each array, not the tuple.",
            "`zip(params, grads)` gives each array with its gradient; `Params(*arrays)` makes a Params of five arrays.",
        ),
    ),
    Exercise(
        id="04.2",
        function="solved_from",
        title="When did it get it?",
        reference=solved_from,
        draw=_draw_run,
        sizes=[
            dict(before=4, tail=2, n_bits=0),
            dict(before=0, tail=2, n_bits=0),
            dict(before=2, tail=0, n_bits=0),
            dict(before=1, tail=0, n_bits=0),
            dict(before=0, tail=1, n_bits=0),
            dict(before=6, tail=3, n_bits=4),
        ],
        mistakes=[
            slip(
                *("one_too_early", "the last wrong iteration, or 0", "Is there an iteration 0?"),
                lambda correct_digits, n_bits=8: solved_from(correct_digits, n_bits) - 1,
            ),
            slip(
                *("the_last_wrong_one", "the last wrong iteration, or 1", "Are all bits of your iteration right?"),
                lambda correct_digits, n_bits=8: max(solved_from(correct_digits, n_bits) - 1, 1),
            ),
            slip(
                *("the_first_time", "the first right iteration", "May a wrong iteration come after yours?"),
                lambda correct_digits, n_bits=8: np.append(correct_digits == n_bits, True).argmax() + 1,
            ),
            slip(
                *("the_last_at_most", "the last iteration, if it is wrong", "Is yours right if the last is wrong?"),
                lambda correct_digits, n_bits=8: min(solved_from(correct_digits, n_bits), len(correct_digits)),
            ),
            slip(
                *("counted_from_the_end", "how many iterations at the end are right", "Where is iteration 1?"),
                lambda correct_digits, n_bits=8: len(correct_digits) + 1 - solved_from(correct_digits, n_bits),
            ),
            slip(
                *("always_8_bits", "from where on 8 bits are right", "Which line of yours changes with n_bits?"),
                lambda correct_digits, n_bits=8: solved_from(correct_digits),
            ),
        ],
        hints=(
            "Which iteration decides: the first right one, or the last wrong one?",
            "Where is the last wrong one? Python counts from 0, the exercise from 1, and yours is the one after it.",
            "`np.flatnonzero` gives the indices at which a condition holds. What if it finds none?",
        ),
    ),
    Exercise(
        id="04.3",
        function="right_per_step",
        title="Which bit is hardest?",
        reference=right_per_step,
        draw=_draw_outputs,
        sizes=[
            dict(T=7, B=5, n_x=3, n_h=4),
            dict(T=5, B=1, n_x=3, n_h=4),
            dict(T=1, B=5, n_x=3, n_h=4),
            dict(T=4, B=8, n_x=2, n_h=6),
        ],
        mistakes=[
            slip(
                *("counts", "how many sums are right in each step", "How large can your numbers be?"),
                lambda params, x, y: _right(params, x, y).sum(axis=(1, 2)),
            ),
            slip(
                *("share_of_the_wrong", "the share of wrong bits", "What is your number where all bits are right?"),
                lambda params, x, y: 1 - right_per_step(params, x, y),
            ),
            slip(
                *("right_so_far", "the share with all bits right up to t", "Does bit 1 matter to the share for bit 2?"),
                lambda params, x, y: np.logical_and.accumulate(_right(params, x, y)).mean(axis=(1, 2)),
            ),
            slip(
                *("share_of_each_sum", "the share of right bits, for each sum", "Which axis is time, and which sums?"),
                lambda params, x, y: _right(params, x, y).mean(axis=(0, 2)),
            ),
            slip(
                *("probability", "the mean probability of the right bit", "Is a bit half right if ŷ is 0.5?"),
                lambda params, x, y: (1 - np.abs(model.forward(params, x).y_hat - y)).mean(axis=(1, 2)),
            ),
        ],
        hints=(
            "When is a bit right? The network gives a probability.",
            "Round the outputs, compare them with y: an array of True and False, of shape (T, B, 1).",
            "Time is the first axis, and is to stay; the mean goes over the two others, as in `mean(axis=(…, …))`.",
        ),
    ),
]
