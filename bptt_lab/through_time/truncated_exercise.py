"""The exercise on truncated back propagation: its steps, what goes wrong in them, and where to look."""

from collections.abc import Callable

import numpy as np

from bptt_lab import bptt, model
from bptt_lab.doctor import BACKWARD, Mistake
from bptt_lab.model import Array
from bptt_lab.through_time.answers import GIVE_IT_AWAY
from bptt_lab.through_time.truncated import truncated_backward


def _near_part(k, window: int, added: bool = True) -> Array:
    """Σ over the errors that are fewer than `window` steps later, all of them going back side by side.

    Parameters
    ----------
    added
        if False, only the last term of each sum counts
    """
    carried, total = k.direct, np.zeros_like(k.direct)
    for _ in range(min(window, len(k.direct))):
        total[: len(carried)] = carried + added * total[: len(carried)]
        carried = (carried[1:] * k.slope_next[: len(carried) - 1]) @ k.W_back
    return total


def _in_chunks(k, first: int, length: int) -> Array:
    """No error leaves its chunk of `length` steps; `first` is the first step of some chunk, counted from 0."""
    total = k.direct.copy()
    for t in reversed(range(len(total) - 1)):
        if (t + 1 - first) % length:
            total[t] += (total[t + 1] * k.slope_next[t]) @ k.W_back
    return total


def _last_window(k, earlier: Array) -> Array:
    """The whole gradient in the last `window` states, and something else in the earlier ones."""
    before = max(len(k.direct) - k.window, 0)
    return np.concatenate([earlier[:before], k.dL_dh_whole[before:]])


def _last_error_only(k) -> Array:
    total, carried = k.direct.copy(), k.direct[-1]
    for t in range(len(total) - 2, max(len(total) - 1 - k.window, -1), -1):
        carried = (carried * k.slope_next[t]) @ k.W_back
        total[t] += carried
    return total


def _counted_again(k) -> Array:
    """Each error's walk carries all that has arrived, where it should carry that error alone."""
    total = k.direct.copy()
    for s in range(len(total)):
        for t in range(s - 1, max(s - k.window, -1), -1):
            total[t] += (total[t + 1] * k.slope_next[t]) @ k.W_back
    return total


def _over_states(k) -> Array:
    """The sum of each row of the credit table, where the sum of each column is asked for."""
    carried, total = k.direct, np.zeros_like(k.direct)
    for steps in range(min(k.window, len(k.direct))):
        total[steps:] += carried
        carried = (carried[1:] * k.slope_next[: len(carried) - 1]) @ k.W_back
    return total


def _forgotten(name: str) -> Callable:
    """A gradient of chunks that begin with the state 0, not with the state that the chunk before left."""

    def gradient(k) -> Array:
        parts = [slice(start, start + k.window) for start in range(0, len(k.x), k.window)]
        chunks = [bptt.backward(k.params, model.forward(k.params, k.x[part]), k.y[part]) for part in parts]
        return sum(getattr(one, name) for one in chunks)

    return gradient


_STEPS = dict(BACKWARD.steps) | {
    "dL_dh_whole": BACKWARD.steps["dL_dh"],
    "dL_dh": lambda k: _near_part(k, k.window),
}
# three lines an entry: name and formula with the slip; a question; the code
# fmt: off
_MISTAKES = [
    Mistake("window_one_too_long", None, "the sum over s = t … t + window of ∂L^(s)/∂h^(t)",
            "With window 1, does an error reach the state of the step before?",
            instead={"dL_dh": lambda k: _near_part(k, k.window + 1)}),
    Mistake("window_one_too_short", None, "the sum over s = t … t + window - 2 of ∂L^(s)/∂h^(t)",
            "With window 1, does an error reach the state of its own step?",
            instead={"dL_dh": lambda k: _near_part(k, k.window - 1)}),
    Mistake("window_not_used", None, "the sum over all s ≥ t of ∂L^(s)/∂h^(t)",
            "Which line of yours is different for another window?",
            instead={"dL_dh": lambda k: k.dL_dh_whole}),
    Mistake("chunks_instead_of_a_window_for_each_error", None, "the sum over those s ≥ t that lie in the chunk of t",
            "How far back does the first error of your second chunk go?",
            instead={"dL_dh": lambda k: _in_chunks(k, 0, k.window)}),
    Mistake("chunks_counted_from_the_end", None, "the sum over those s ≥ t in the chunk of t, chunks counted from T",
            "Does each error go back through `window` states in your code, or only the last one of a chunk?",
            instead={"dL_dh": lambda k: _in_chunks(k, len(k.x), k.window)}),
    Mistake("chunks_with_borders_one_step_early", None, "as chunks, the first of window - 1 steps",
            "Does each error go back through `window` states in your code, or only the last one of a chunk?",
            instead={"dL_dh": lambda k: _in_chunks(k, -1, k.window)}),
    Mistake("chunks_with_borders_one_step_late", None, "as chunks, the first of one step",
            "Does each error go back through `window` states in your code, or only the last one of a chunk?",
            instead={"dL_dh": lambda k: _in_chunks(k, 1, k.window)}),
    Mistake("chunks_one_step_too_long", None, "as chunks of window + 1 steps",
            "Does each error go back through `window` states in your code, or only the last one of a chunk?",
            instead={"dL_dh": lambda k: _in_chunks(k, 0, k.window + 1)}),
    Mistake("state_reset_at_each_window", None, "h = 0 at the beginning of each chunk of `window` steps",
            "Truncation forgets errors. Does it forget the state as well?",
            instead={f"dL_d{name}": _forgotten(name) for name in "UWVbc"}),
    Mistake("only_the_last_window_of_the_sequence", None, "∂L/∂h^(t) = 0 for all but the last `window` steps",
            "What does the error of the first step say about the state of the first step?",
            instead={"dL_dh": lambda k: _last_window(k, 0 * k.direct)}),
    Mistake("all_sums_over_the_last_window_only", None, "all sums over t = T - window + 1 … T, those for V and c too",
            "Are there errors before the last `window` steps, and who learns from them?",
            instead={"dL_dh": lambda k: _last_window(k, 0 * k.direct)},
            after={f"dL_d{name}": lambda k, right, name=name: _sum_of_last(k, name) for name in "Vc"}),
    Mistake("walk_from_the_last_step_only", None, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) for all but the last `window` steps",
            "One walk over the last `window` states: how far does the error of an earlier step go?",
            instead={"dL_dh": lambda k: _last_window(k, k.direct)}),
    Mistake("only_the_last_error_travels", None, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t), and a part of the last error near T",
            "Which errors go back in your code: all, or the last one alone?",
            instead={"dL_dh": _last_error_only}),
    Mistake("errors_written_over_each_other", None, "∂L^(s)/∂h^(t) of the last s = t + window - 1 alone",
            "What does your code do where two errors meet in one state?",
            instead={"dL_dh": lambda k: _near_part(k, k.window, added=False)}),
    Mistake("errors_counted_again", None, "each walk begins with all that has arrived, not with its own error",
            "What does the walk of one error carry: that error alone, or all that earlier walks have left there?",
            instead={"dL_dh": _counted_again}),
    Mistake("summed_over_states", None, "for ∂L/∂h^(t) the sum over the states that the error of step t reaches",
            "The gradient of one state: does it sum over errors, or over states?",
            instead={"dL_dh": _over_states}),
]
# fmt: on


def _sum_of_last(k, name: str) -> Array:
    dL_do, h = k.dL_do[-k.window :], k.h[-k.window :]
    return dL_do.sum(axis=(0, 1)) if name == "c" else np.tensordot(dL_do, h, axes=((0, 1), (0, 1)))


def _draw(rng: np.random.Generator, window: int, **sizes: int) -> dict[str, object]:
    return BACKWARD.draw(rng, **sizes) | {"window": window}


def _sizes(T: int, B: int, n_y: int, window: int, n_x: int = 3, n_h: int = 5) -> dict[str, int]:
    return dict(T=T, B=B, n_x=n_x, n_h=n_h, n_y=n_y, window=window)


def _place(found) -> tuple[str, str, int | None]:
    """Compare the problems in which no error travels, and those in which each goes as far as it can."""

    def right_where(holds: Callable[[int, int], bool]) -> bool:
        chosen = [i for i, case in enumerate(found.cases) if holds(case.sizes["window"], case.sizes["T"])]
        return bool(chosen) and not any(map(found.wrong, chosen))

    wrong, one = found.wrong(), right_where(lambda window, T: window == 1 < T)
    if wrong == ["U", "b"]:
        question = "Does a walk reach the first state where its window allows it, and do your sums begin at step 1?"
        look = "look at the first step, and at the sums for ∂L/∂U and ∂L/∂b"
        return f"∂L/∂W is right, to which the first step adds nothing: {look}", question, None
    if one and wrong == ["U", "W", "b"] and not found.right_at_one("T"):
        question = "With one step alone, what may a larger window change?"
        return (
            "window = 1 is right, a larger one with T = 1 is not: look at each use of it",
            question,
            None,
        )
    if wrong != ["U", "W", "b"] or not found.right_at_one("T"):
        return BACKWARD.place(found)
    whole = right_where(lambda window, T: window >= T > 1)
    if not one and whole:
        question = "With window 1, which errors walk, and how many states does each of them reach?"
        return "the walk as such is right: look at which errors walk and how far, first with window = 1", question, None
    if not one:
        question = "With window 1, which errors are in ∂L/∂h^(t)?"
        return "a single step is right, but window = 1 with more steps is not: begin with these", question, None
    if whole:
        question = "With window 3, which is the last state that the error of step 5 reaches, and which that of step 6?"
        return "window = 1 is right, and so is a window of T or more: look at where each walk ends", question, None
    question = "What does an error pass between two states, and what does your code do where two errors meet?"
    return "window = 1 is right: look at how an error goes from one state to the state before", question, None


TRUNCATED = BACKWARD.but(
    reference=truncated_backward,
    steps=_STEPS,
    draw=_draw,
    sizes=[  # T mod window is neither 0 nor 1 nor window - 1, so that chunks with other borders are other chunks
        *(_sizes(10, 6, 2, window=4), _sizes(1, 6, 2, window=4), _sizes(10, 1, 2, window=4)),
        *(_sizes(10, 6, 1, window=4), _sizes(10, 6, 2, window=1), _sizes(10, 6, 2, window=20)),
        _sizes(13, 3, 4, window=5, n_x=2, n_h=6),
    ],
    mistakes=[*_MISTAKES, *(mistake for mistake in BACKWARD.catalogue.values() if "dL_dh" not in mistake.touches)],
    forbidden=GIVE_IT_AWAY,  # the stages of `bptt` may be used: the exercise is about what lies between them
    place=_place,
    hints=(
        "In which state does the error of step s begin, and how many states has it reached after one step back?",
        "Each error walks for itself: `window` counts the states that it reaches, that of its own step included. "
        "∂L/∂V and ∂L/∂c need no walk; the sums for U, W and b are those of full back propagation.",
        "Two loops: over the errors, and for each over the states that it reaches. Keep what walks apart from the sum "
        "of what has arrived; between two states it passes a slope (of which of the two?) and W.",
    ),
)
