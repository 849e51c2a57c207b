"""Exercises of notebook 10: gradients through time."""

import numpy as np

from bptt_lab import through_time
from bptt_lab.doctor import Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Params
from bptt_lab.through_time import TRUNCATED, norm


def _draw(rng: np.random.Generator, n_x: int, n_h: int, n_y: int, longer: int) -> dict[str, object]:
    """Five arrays, 0.3 to 1.5 long. If `longer` is 1, the whole exceeds the limit, and so does the longest array."""
    shapes = [(n_h, n_x), (n_h, n_h), (n_y, n_h), (n_h,), (n_y,)]
    arrays = [rng.normal(size=shape) for shape in shapes]
    lengths = rng.permutation([0.3, 0.6, 0.9, 1.2, 1.5])
    grads = Params(*(array * (length / np.linalg.norm(array)) for array, length in zip(arrays, lengths)))
    return dict(grads=grads, max_norm=norm(grads) * (rng.uniform(0.4, 0.6) if longer else rng.uniform(1.5, 3)))


def _scaled(grads: Params, *factors: float) -> Params:
    return Params(*(array * factor for array, factor in zip(grads, factors)))


def _each(grads: Params, max_norm: float) -> Params:
    return _scaled(grads, *(min(1, max_norm / np.linalg.norm(array)) for array in grads))


def _by_sum_of_norms(grads: Params, max_norm: float) -> Params:
    return _scaled(grads, *[min(1, max_norm / sum(np.linalg.norm(array) for array in grads))] * 5)


EXERCISES = [
    question(
        "10.a",
        "on_the_way",
        "What multiplies an error that goes one step back",
        "b",
        {
            "a": "Equation (7) has H^(t+1) in it. Are these the slopes of the state that the error comes to?",
            "c": "Does U lie on the way from one state to the next?",
        },
        (
            "Follow the way forward: through which matrix, and then through which tanh, does h^(t) enter h^(t+1)?",
            "The way back passes the same two, last one first: the tanh of step t + 1, and then W.",
        ),
    ),
    question(
        "10.b",
        "kept",
        "How much an adder must remember",
        1,
        {
            8: "Which of the eight bits that were read decides what comes, once the carry is known?",
            0: "What do the bits of a step lack, that its output needs?",
            2: "Can a step hand on a carry of 2 or 3?",
        },
        (
            "With pencil and paper: what do you take from one column to the next?",
            "It is 0 or 1, whatever came before.",
        ),
    ),
    question(
        "10.c",
        "jacobian",
        "The Jacobian of one step",
        "b",
        {
            "a": "What does the nudge meet first on its way forward, W or the slopes?",
            "c": "Of which tanh are the slopes: the one before W, or the one after it?",
        },
        (
            "The nudge δ first becomes W δ. What happens to it then?",
            "The matrix that acts first stands on the right.",
        ),
    ),
    Exercise(
        id="10.1",
        function="my_clip",
        title="Clip a gradient",
        reference=through_time.clip,
        draw=_draw,
        sizes=[
            dict(n_x=3, n_h=5, n_y=2, longer=1),
            dict(n_x=3, n_h=5, n_y=2, longer=0),
            dict(n_x=2, n_h=4, n_y=1, longer=1),
            dict(n_x=1, n_h=1, n_y=1, longer=1),
        ],
        mistakes=[
            slip(
                *("always_scaled", "grads · max_norm / ‖grads‖, for short gradients too"),
                "What becomes of a gradient that is shorter than max_norm?",
                lambda grads, max_norm: _scaled(grads, *[max_norm / norm(grads)] * 5),
            ),
            slip(
                *("each_array_by_its_own_norm", "array · min(1, max_norm / ‖array‖), for each of the five"),
                "How many factors do you compute, one or five? What do five do to the direction of the whole?",
                _each,
            ),
            slip(
                *("each_entry_cut", "min(max_norm, max(-max_norm, entry)), for each entry"),
                "Does the gradient keep its direction if only its largest entries change?",
                lambda grads, max_norm: Params(*(np.clip(array, -max_norm, max_norm) for array in grads)),
            ),
            slip(
                *("norms_added", "grads · min(1, max_norm / (‖U‖ + ‖W‖ + ‖V‖ + ‖b‖ + ‖c‖))"),
                "How long is a vector of entries 3 and 4? And is that 3 + 4?",
                _by_sum_of_norms,
            ),
            slip(
                *("square_root_missing", "grads · min(1, max_norm / ‖grads‖²)"),
                "The sum of the squares is the square of something. Of what?",
                lambda grads, max_norm: _scaled(grads, *[min(1, max_norm / norm(grads) ** 2)] * 5),
            ),
        ],
        hints=(
            "There are two cases. What happens in each?",
            "One number is the norm of all five arrays together; one factor multiplies all five.",
            "Add up the squares of all entries of all five, take the root, and let the factor be at most 1.",
        ),
    ),
    TRUNCATED.but(
        id="10.2",
        function="my_truncated_backward",
        title="Truncated back propagation",
        hints=(
            "With window 1, which states does the error of step s reach? With window 2?",
            "Only ∂L/∂h^(t) is truncated. ∂L/∂o^(t) stays what it was, and so does what is made of ∂L/∂h^(t).",
            "Begin a walk of its own at each step s: add what it carries to ∂L/∂h^(t), go one state back through the "
            "slope of step t and W, and stop after `window` states, or at the first.",
        ),
    ),
    question(
        "10.d",
        "window",
        "The window that the echo needs",
        3,
        {
            2: "With window 1 an error reaches the state of its own step alone. Which states does window 2 reach?",
            1: "With window 1 no error goes back at all. Who would tell the earlier state to keep the bit?",
            10: "All ten steps suffice. How many are needed from the error to the state that read the bit?",
        },
        (
            "The error of step 7 must reach the state that read the bit which is asked for. Which step was that?",
            "Count the states from that one to step 7, both included.",
        ),
    ),
]
