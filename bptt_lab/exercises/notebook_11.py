"""Exercises of notebook 11: the price of time."""

import numpy as np

from bptt_lab import model
from bptt_lab.doctor import BACKWARD, Exercise, slip
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


def largest_size(T: int, n_x: int) -> int:
    """The largest n_h with n_h² (n_x + n_h + 1) < T n_h; 0 if there is none."""
    return sum(n_h * (n_x + n_h + 1) < T for n_h in range(1, T))


def _draw_length(rng: np.random.Generator, n_h: int, n_x: int, more: int) -> dict[str, object]:
    """With n_h units both hold the same number of numbers if `more` is 1."""
    return dict(T=n_h * (n_x + n_h + 1) + more - 1, n_x=n_x)


EXERCISES = [
    RTRL.but(
        id="11.1",
        function="my_rtrl",
        title="Real-time recurrent learning",
        hints=(
            "What does the influence hold after step t, and which line of yours brings it there?",
            "In each step, in this order: z from the old state, the new state, the influence, the error of this step.",
            "The error of step t gives ∂L^(t)/∂h^(t) alone; the influence knows all that was before. "
            "Add up over steps and sequences, divide by B once, and cut M into U, W and b at the end.",
        ),
    ),
    Exercise(
        id="11.2",
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
    Exercise(
        id="11.3",
        function="largest_size",
        title="Where RTRL holds less",
        reference=largest_size,
        draw=_draw_length,
        sizes=[
            dict(n_h=30, n_x=2, more=11),
            dict(n_h=30, n_x=2, more=1),
            dict(n_h=4, n_x=3, more=0),
            dict(n_h=1, n_x=1, more=1),
            dict(n_h=1, n_x=2, more=3),
        ],
        mistakes=[
            slip(
                *("root_of_T", "the largest n_h with n_h³ < T n_h"),
                "How many columns does M have, besides the n_h of W?",
                lambda T, n_x: sum(n_h**2 < T for n_h in range(1, T + 1)),
            ),
            slip(
                *("as_many_counts_as_less", "the largest n_h with n_h² (n_x + n_h + 1) ≤ T n_h"),
                "If both hold as many numbers, does one of them hold less?",
                lambda T, n_x: sum(n_h * (n_x + n_h + 1) <= T for n_h in range(1, T + 1)),
            ),
            slip(
                *("bias_forgotten", "the largest n_h with n_h² (n_x + n_h) < T n_h"),
                "M holds U, W, and what else?",
                lambda T, n_x: sum(n_h * (n_x + n_h) < T for n_h in range(1, T + 1)),
            ),
            slip(
                *("first_that_holds_more", "the smallest n_h for which RTRL does not hold less"),
                "Is your number the last one that is good, or the first that is not?",
                lambda T, n_x: 1 + largest_size(T, n_x),
            ),
        ],
        hints=(
            "How many entries has the influence? How many numbers are T states?",
            "The influence has an entry for each state and each entry of M, which has n_x + n_h + 1 columns.",
            "Divide both counts by n_h, and go up from n_h = 1 as long as the first is less than the second.",
        ),
    ),
]
