"""Exercises of notebook 11: the price of time."""

import numpy as np

from bptt_lab import model
from bptt_lab.doctor import BACKWARD, Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array, Params
from bptt_lab.through_time import RTRL


def states_again(params: Params, x: Array, length: int) -> tuple[Array, ...]:
    """From all states at once."""
    h = model.forward(params, x).h
    return tuple(h[start : start + length] for start in reversed(range(0, len(x), length)))


def _draw(rng: np.random.Generator, length: int, **sizes: int) -> dict[str, object]:
    drawn = BACKWARD.draw(rng, n_y=1, **sizes)
    return dict(params=drawn["params"], x=drawn["x"], length=length)


def _first_states_kept(params: Params, x: Array, length: int) -> tuple[Array, ...]:
    """Each part but the first begins from its own first state, and so is a step ahead."""
    h, starts = model.forward(params, x).h, reversed(range(0, len(x), length))
    return tuple(model.forward(params, x[t : t + length], h_0=h[t] if t else 0.0).h for t in starts)


EXERCISES = [
    question(
        "11.a",
        "states_kept",
        "How many states the walk back needs",
        1000,
        {
            1: "The gradient of W is a sum over all steps. What does the term of step 7 need?",
            2: "Two states suffice for one step of the walk. And for the next one?",
            8: "How many steps has this sequence?",
            999: "Those are the states that W multiplies. Which slopes does the error of the last step pass?",
            1001: "Is h^(0) one of the states with t ≥ 1?",
        },
        (
            "Which states stand in equations (7) and (10), and for which t?",
            "Each step's slope is 1 - h^(t)², so each step's state is needed once.",
        ),
    ),
    question(
        "11.b",
        "crosses",
        "What crosses the border of two chunks",
        "a",
        {
            "b": "Which of the two was cut off in notebook 10?",
            "c": "In the picture of notebook 10, what was the black line, and where did the blocks end?",
            "d": "If nothing crossed, could a network in chunks of 2 add?",
        },
        (
            "Going forward, in which state does the second chunk begin?",
            "The state goes on, as if there were no chunks. The walk back ends at the border.",
        ),
    ),
    Exercise(
        id="11.1",
        function="states_again",
        title="Checkpoints by hand",
        reference=states_again,
        draw=_draw,
        sizes=[
            dict(T=10, B=3, n_x=2, n_h=4, length=5),
            dict(T=11, B=3, n_x=2, n_h=4, length=6),
            dict(T=7, B=2, n_x=3, n_h=5, length=1),
            dict(T=6, B=2, n_x=3, n_h=5, length=10),
            dict(T=1, B=1, n_x=1, n_h=1, length=1),
        ],
        mistakes=[
            slip(
                *("first_part_first", "the parts in the order of time"),
                "Which part does a walk back need first?",
                lambda params, x, length: states_again(params, x, length)[::-1],
            ),
            slip(
                *("steps_backwards", "the states of each part from its last step to its first"),
                "In which order does model.forward compute the states of a part?",
                lambda params, x, length: tuple(h[::-1] for h in states_again(params, x, length)),
            ),
            slip(
                *("parts_that_begin_at_zero", "each part run from h = 0"),
                "Which state comes before the first step of the second part?",
                lambda params, x, length: tuple(
                    model.forward(params, x[t : t + length]).h for t in reversed(range(0, len(x), length))
                ),
            ),
            slip(
                *("first_states_kept", "each part run from its own first state, which is a step too late"),
                "h_0 is the state before a part's first step. Which one did you keep?",
                _first_states_kept,
            ),
        ],
        hints=(
            "What is the least that you must know to run a part again?",
            "Keep one state for each part: that before its first step. For the first part it is 0.",
            "Two loops: one forward, over the starts of the parts, that keeps the last state of each run; "
            "one backward, that runs each part from what was kept for it.",
        ),
    ),
    question(
        "11.c",
        "passes",
        "What a gradient costs in forward mode",
        321,
        {
            1: "One pass of forward mode knows how everything changes with one number. How many numbers are there?",
            16: "Those are the units. How many entries have U, W, V, b and c?",
            256: "Those of W alone. Which arrays are there besides?",
            304: "U, W and b. Does the loss depend on nothing else?",
            305: "Four of the five arrays have that many. Which one did you leave out?",
            320: "Is there one more, at the output?",
        },
        (
            "One pass for each parameter. How many entries have the five arrays, with 2 inputs and 1 output?",
            "U has 16 · 2 entries, W 16 · 16, V and b 16 each, and c has 1.",
        ),
    ),
    RTRL.but(
        id="11.2",
        function="my_rtrl",
        title="Real-time recurrent learning",
        hints=(
            "What does the influence hold after step t, and which line of yours brings it there?",
            "In each step, in this order: z from the old state, the new state, the influence, the error of this step.",
            "The error of step t gives ∂L^(t)/∂h^(t) alone; the influence knows all that was before. "
            "Add up over steps and sequences, divide by B once, and cut M into U, W and b at the end.",
        ),
    ),
    question(
        "11.d",
        "largest_size",
        "Where the influence is smaller than the states",
        30,
        {
            31: "Is it the last size that is good? And how many columns has M besides those of W?",
            10: "Divide both counts by n_h first. What is left of n_h · n_h (n_h + 3) < 1000 n_h?",
            9: "Divide both counts by n_h first. What is left of n_h · n_h (n_h + 3) < 1000 n_h?",
            32: "How many columns has M = [U W b], besides the n_h of W?",
        },
        (
            "The influence has n_h · n_h (n_x + n_h + 1) entries. How many numbers are 1,000 states?",
            "Divide both by n_h: n_h (n_h + 3) must be less than 1,000.",
        ),
    ),
]
