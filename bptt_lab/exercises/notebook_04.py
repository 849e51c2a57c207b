"""Exercises of notebook 04: training."""

import numpy as np

from bptt_lab import bptt, engine, model, training
from bptt_lab.doctor import BACKWARD, Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array, Params


def my_update(params: Params, x: Array, y: Array, learning_rate: float) -> Params:
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
    """`before` iterations that end with a wrong one, then `tail` right ones. n_bits 0 is left out, and means 8."""
    bits, given = n_bits or 8, {"n_bits": n_bits} if n_bits else {}
    near = bits - 0.25 if n_bits else bits - 1.0  # the mean of a batch of four, or one sum
    any_digits = [near, bits - 2, bits, *rng.integers(0, bits + 1, before)]  # also right ones, if there are enough
    last_wrong = [near] * (before > 0)
    return {"correct_digits": np.array([*any_digits[: max(before - 1, 0)], *last_wrong, *[bits] * tail])} | given


def _draw_outputs(rng: np.random.Generator, **sizes: int) -> dict[str, object]:
    """A problem without biases, so that about as many outputs are nearer to 1 as are nearer to 0."""
    drawn = BACKWARD.draw(rng, n_y=1, **sizes)
    return drawn | {"params": drawn["params"]._replace(b=np.zeros(sizes["n_h"]), c=np.zeros(1))}


EXERCISES = [
    question(
        id="04.a",
        name="no_memory",
        title="Recall: the best without memory",
        answer=5.04,
        tolerance=0.05,
        wrong={
            4: "So many are right by tossing a coin. What is gained by seeing the two bits of the step?",
            8: "The bits are 0 and 1: can the guesser know whether a carry arrives?",
            6.77: "That is with one step of memory. And with none?",
        },
        hints=(
            "Notebook 01 counts it: what does the guesser see in a step, and what not?",
            "It is more than half of 8, and fewer than 6. The first bit is sure, the last one is nearly so.",
        ),
    ),
    question(
        id="04.b",
        name="loss_change",
        title="Recall: what a gradient says",
        answer=0.03,
        wrong={
            -0.03: "Does the loss rise or fall where the gradient is positive and the entry grows?",
            3: "So much for a change of 1. And for a change of 0.01?",
            300: "Is the gradient multiplied by the change, or divided by it?",
        },
        hints=(
            "What does the first-order rule of notebook 03 multiply?",
            "Change of the loss ≈ gradient · change of the entry.",
        ),
    ),
    Exercise(
        id="04.1",
        function="my_update",
        title="One update of all five",
        reference=my_update,
        draw=_draw_batch,
        sizes=[size for size in BACKWARD.sizes if size["T"] > 1],
        forbidden=(training.sgd_step, training.sgd, engine.sgd),
        mistakes=[
            slip(
                *("uphill", "θ + η ∂L/∂θ", "Does the loss rise or fall where a gradient points?"),
                lambda params, x, y, learning_rate: training.sgd_step(params, _gradient(params, x, y), -learning_rate),
            ),
            slip(
                *("learning_rate_missing", "θ - ∂L/∂θ", "How far does an update go if the learning rate is 0?"),
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
                    "What should be known after the update: the gradient, or the parameters?",
                ),
                lambda params, x, y, learning_rate: _gradient(params, x, y),
            ),
            slip(
                *("no_change", "the parameters as they were", "Does what your lines compute get into what you return?"),
                lambda params, x, y, learning_rate: params,
            ),
            slip(
                *("the_change_alone", "-η ∂L/∂θ", "From where does the update start?"),
                lambda params, x, y, learning_rate: training.sgd_step(
                    Params(*(0 * theta for theta in params)), _gradient(params, x, y), learning_rate
                ),
            ),
        ],
        hints=(
            "An entry of the gradient is positive. Must its parameter grow, or shrink?",
            "A Params is a tuple of five arrays, and so is a gradient: `-` and `*` are for each array, not the tuple.",
            "`zip(params, grads)` gives each array with its gradient; `Params(*arrays)` makes a Params of five arrays.",
        ),
    ),
    question(
        id="04.c",
        name="faulty",
        title="A loop that learns nothing",
        answer=4,
        wrong={
            1: "Does it learn anything in its first iteration?",
            2: "A fresh addition in each iteration is as it should be. What changes the parameters?",
            3: "That is the gradient for these parameters and this addition. Where does it go?",
        },
        hints=(
            "Which name must hold something else after an iteration?",
            "`sgd_step` leaves what it is given as it is, and returns the new parameters.",
        ),
    ),
    Exercise(
        id="04.2",
        function="solved_from",
        title="From which iteration on all is right",
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
    question(
        id="04.d",
        name="needed",
        title="One good run",
        answer="b",
        wrong={
            "a": "What does a longer run say about another start?",
            "c": "Does a finer number say anything about another start?",
        },
        hints=("What is left to chance in a run?", "The start is drawn at random, and so are the additions."),
    ),
    question(
        id="04.e",
        name="missed",
        title="How often a sample misses one wrong addition",
        answer=0.94,
        tolerance=0.005,
        wrong={
            0.06: "Is this the chance to meet the wrong addition, or to miss it?",
            1: "So it is for one addition. And for 1,000, which all have to miss it?",
            0.5: "There are far fewer draws than additions. Is it as probable to meet the wrong one as to miss it?",
        },
        hints=(
            "How probable is it that a single random addition is not the wrong one?",
            "1 - 1/16129 is the chance of one draw to miss it; the draws are independent of each other.",
            "Independent chances are multiplied: 1,000 times the same factor.",
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
                *("counts", "how many additions are right in each step", "How large can your numbers be?"),
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
                *(
                    "share_of_each_addition",
                    "the share of right bits, for each addition",
                    "Which axis is time, and which additions?",
                ),
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
