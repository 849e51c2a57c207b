"""What the doctor must know to say what is wrong with a student's `truncated_backward`."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bptt_lab import bptt, model
from bptt_lab.doctor import BACKWARD, Mistake
from bptt_lab.model import Array
from bptt_lab.through_time.truncated import chunked_backward, truncated_backward, truncated_state_grads


def _near_part(k, window: int) -> Array:
    """Σ over the errors that are fewer than `window` steps later, all of them going back side by side."""
    carried, total = k.direct, np.zeros_like(k.direct)
    for _ in range(min(window, len(k.direct))):
        total[: len(carried)] += carried
        carried = (carried[1:] * k.slope_next[: len(carried) - 1]) @ k.W_back
    return total


def _in_chunks(k, from_the_end: bool = False) -> Array:
    """No error leaves its chunk of `window` steps."""
    T, first = len(k.direct), len(k.direct) % k.window if from_the_end else 0
    total = k.direct.copy()
    for t in reversed(range(T - 1)):
        if (t + 1 - first) % k.window:
            total[t] += (total[t + 1] * k.slope_next[t]) @ k.W_back
    return total


def _last_window_only(k) -> Array:
    total = k.dL_dh_whole.copy()
    total[: max(len(total) - k.window, 0)] = 0
    return total


def _forgotten(name: str) -> Callable:
    """A gradient of chunks that begin with the state 0, not with the state that the chunk before left."""

    def gradient(k) -> Array:
        parts = [slice(start, start + k.window) for start in range(0, len(k.x), k.window)]
        chunks = [bptt.backward(k.params, model.forward(k.params, k.x[part]), k.y[part]) for part in parts]
        return sum(getattr(one, name) for one in chunks)

    return gradient


def _draw(rng: np.random.Generator, window: int, **sizes: int) -> dict[str, object]:
    return BACKWARD.draw(rng, **sizes) | {"window": window}


_TRUNCATED_STEPS = dict(BACKWARD.steps) | {
    "dL_dh_whole": BACKWARD.steps["dL_dh"],
    "dL_dh": lambda k: _near_part(k, k.window),
}
# fmt: off
_TRUNCATED_MISTAKES = [
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
            instead={"dL_dh": _in_chunks}),
    Mistake("chunks_counted_from_the_end", None, "the sum over those s ≥ t in the chunk of t, chunks counted from T",
            "Does each error go back through `window` states in your code, or only the last one of a chunk?",
            instead={"dL_dh": lambda k: _in_chunks(k, from_the_end=True)}),
    Mistake("state_reset_at_each_window", None, "h = 0 at the beginning of each chunk of `window` steps",
            "Truncation forgets errors. Does it forget the state as well?",
            instead={f"dL_d{name}": _forgotten(name) for name in "UWVbc"}),
    Mistake("only_the_last_window_of_the_sequence", None, "∂L/∂h^(t) = 0 for all but the last `window` steps",
            "What does the error of the first step say about the state of the first step?",
            instead={"dL_dh": _last_window_only}),
]
# fmt: on
_FIRST, *_OTHERS, _LAST = BACKWARD.sizes  # of the problems: the first differ from each other, and the last from all
_WINDOWS = [one | {"window": 3} for one in (_FIRST, *_OTHERS)]
_WINDOWS += [_FIRST | {"window": 1}, _FIRST | {"window": 20}, _LAST | {"window": 4}]
_OF_THE_NETWORK = [mistake for mistake in BACKWARD.catalogue.values() if "dL_dh" not in mistake.touches]
TRUNCATED = replace(
    BACKWARD,
    reference=truncated_backward,
    steps=_TRUNCATED_STEPS,
    draw=_draw,
    sizes=_WINDOWS,
    mistakes=[*_TRUNCATED_MISTAKES, *_OF_THE_NETWORK],
    forbidden=(truncated_backward, truncated_state_grads, chunked_backward),
    place=None,
)
