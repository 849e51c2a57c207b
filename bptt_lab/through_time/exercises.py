"""What the doctor must know to say what is wrong with a student's `truncated_backward` or `rtrl`."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bptt_lab import bptt, doctor, model
from bptt_lab.doctor import BACKWARD, Diagnosis, Exercise, Mistake
from bptt_lab.model import Array
from bptt_lab.through_time.influence import rtrl
from bptt_lab.through_time.truncated import chunked_backward, truncated_backward, truncated_state_grads


def diagnose_truncated(yours: Callable, *, B: int | None = None, seed: int = 0) -> Diagnosis:
    """What is right and wrong in yours(params, trace, y, window) -> ∂L/∂U … ∂L/∂c, in words.

    B        fix the batch size, for a function that is not general yet
    seed     of the random problems
    """
    return doctor.examine(TRUNCATED, yours, seed, B=B)


def diagnose_rtrl(yours: Callable, *, B: int | None = None, seed: int = 0) -> Diagnosis:
    """The same for yours(params, x, y) -> ∂L/∂U … ∂L/∂c, computed forwards."""
    return doctor.examine(RTRL, yours, seed, B=B)


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
_OF_THE_NETWORK = [mistake for mistake in BACKWARD.catalogue.values() if "dL_dh" not in mistake.touches]
TRUNCATED = replace(
    BACKWARD,
    reference=truncated_backward,
    steps=_TRUNCATED_STEPS,
    draw=_draw,
    sizes=[one | {"window": window} for one, window in zip(BACKWARD.sizes, (3, 3, 3, 3, 4))]
    + [BACKWARD.sizes[0] | {"window": window} for window in (1, 20)],
    mistakes=[*_TRUNCATED_MISTAKES, *_OF_THE_NETWORK],
    forbidden=(truncated_backward, truncated_state_grads, chunked_backward),
    place=None,
)


def _influence(k) -> Array:
    """(T, B, n_h, n_h, n_z), the total derivatives of all states."""
    J, all_steps = np.zeros_like(k.direct[0]), []
    for slope, direct in zip(k.slope, k.direct):
        J = slope[:, :, None, None] * _through(k.W_forward, J) + k.slope_of_direct(slope) * direct
        all_steps.append(J)
    return np.array(all_steps)


def _through(W: Array, J: Array) -> Array:
    return np.einsum("im,bmjk->bijk", W, J)


def _without_slope(k) -> Array:
    J, all_steps = np.zeros_like(k.direct[0]), []
    for slope, direct in zip(k.slope, k.direct):
        J = _through(k.W_forward, J) + slope[:, :, None, None] * direct
        all_steps.append(J)
    return np.array(all_steps)


def _with_later_errors(k, right: Array) -> Array:
    """∂L/∂h^(t) as back propagation has it, of which `right` is the part of the step's own error."""
    total = right.copy()
    for t in reversed(range(len(total) - 1)):
        total[t] += (total[t + 1] * k.slope[t + 1]) @ k.W
    return total


def _shifted(array: Array) -> Array:
    """One step later, with 0 at the first."""
    return np.concatenate([np.zeros_like(array[:1]), array[:-1]])


def _rtrl_sum(k) -> Array:
    return np.einsum("tbi,tbijk->jk", k.dL_dh, k.influence)


def _loss_alone(arguments: dict, t: int) -> dict:
    """Where y^(t) is put equal to ŷ^(t), that step has no loss."""
    y = model.forward(arguments["params"], arguments["x"]).y_hat
    y[t] = arguments["y"][t]
    return arguments | {"y": y}


_RTRL_STEPS = {
    "trace": lambda k: model.forward(k.params, k.x),
    "z": lambda k: np.concatenate([k.x, k.trace.h_prev, np.ones((*k.x.shape[:2], 1))], axis=2),  # (T, B, n_z)
    "slope": lambda k: 1 - k.trace.h**2,  # (T, B, n_h)
    "slope_of_direct": lambda k: lambda slope: slope[:, :, None, None],
    "W_forward": lambda k: k.W,
    "direct": lambda k: np.eye(len(k.b))[:, :, None] * k.z[:, :, None, None],  # (T, B, n_h, n_h, n_z)
    "influence": _influence,
    "dL_do": lambda k: (k.trace.y_hat - k.y) / k.y.shape[1],
    "dL_dh": lambda k: k.dL_do @ k.V,  # of each step's own error
    "dM": _rtrl_sum,
    "dL_dU": lambda k: k.dM[:, : k.x.shape[2]],
    "dL_dW": lambda k: k.dM[:, k.x.shape[2] : -1],
    "dL_dV": lambda k: np.einsum("tbm,tbi->mi", k.dL_do, k.trace.h),
    "dL_db": lambda k: k.dM[:, -1],
    "dL_dc": lambda k: k.dL_do.sum(axis=(0, 1)),
}
# fmt: off
_RTRL_MISTAKES = [
    Mistake("slope_missing", None, "∂h/∂M = W ∂h^(t-1)/∂M + direct term",
            "What stands between a^(t) and h^(t)?",
            instead={"slope": lambda k: np.ones_like(k.trace.h)}),
    Mistake("influence_not_multiplied_by_the_slope", None, "∂h/∂M = W ∂h^(t-1)/∂M + H^(t) (direct term)",
            "Which of the two terms goes through the tanh of this step?",
            instead={"influence": _without_slope}),
    Mistake("direct_term_without_slope", None, "∂h/∂M = H^(t) W ∂h^(t-1)/∂M + direct term",
            "Which of the two terms goes through the tanh of this step?",
            instead={"slope_of_direct": lambda k: lambda slope: 1.0}),
    Mistake("slope_of_the_step_before", None, "H^(t-1) for H^(t)",
            "Of which state do you take 1 - h²: the new one, or the one it came from?",
            instead={"slope": lambda k: 1 - k.trace.h_prev**2}),
    Mistake("direct_term_missing", None, "∂h/∂M = H^(t) W ∂h^(t-1)/∂M",
            "The influence starts at 0. What makes it different from 0?",
            after={"direct": lambda k, right: 0 * right}),
    Mistake("past_influence_missing", None, "∂h/∂M = H^(t) (direct term)",
            "Is that the change of h^(t) if M changes in every step, or in step t only?",
            instead={"W_forward": lambda k: 0 * k.W}),
    Mistake("W_transposed", None, "∂h/∂M = H^(t) (Wᵀ ∂h^(t-1)/∂M + direct term)",
            "Forwards, does a nudge of h^(t-1) become W δ or Wᵀ δ?",
            instead={"W_forward": lambda k: k.W.T}),
    Mistake("new_state_in_z", None, "z^(t) = [x^(t), h^(t), 1]",
            "Which state did W multiply in this step?",
            instead={"z": lambda k: np.concatenate([k.x, k.trace.h, np.ones((*k.x.shape[:2], 1))], axis=2)}),
    Mistake("input_of_the_step_before", None, "z^(t) = [x^(t-1), h^(t-1), 1]",
            "Which input did U multiply in this step?",
            after={"z": lambda k, right: np.concatenate([_shifted(k.x), right[:, :, k.x.shape[2] :]], axis=2)}),
    Mistake("influence_of_the_step_before", None, "∂L^(t)/∂M = Σ_i ∂L^(t)/∂h_i^(t) ∂h_i^(t-1)/∂M",
            "Which do you do first in a step: bring the influence up to date, or use it?",
            after={"influence": lambda k, right: _shifted(right)}),
    Mistake("later_errors_counted_too", None, "Σ_t ∂L/∂h^(t) ∂h^(t)/∂M, with all later errors inside ∂L/∂h^(t)",
            "The influence holds all that was before. Must the gradient of the state hold what comes after?",
            after={"dL_dh": _with_later_errors}),
    Mistake("last_error_only", None, "∂L/∂M = ∂L^(T)/∂h^(T) ∂h^(T)/∂M",
            "Which steps have a loss?",
            after={"dL_dh": lambda k, right: np.concatenate([0 * right[:-1], right[-1:]])}),
    Mistake("not_divided_by_B", 3, "∂L/∂o^(t) = ŷ^(t) - y^(t)",
            "The loss is an average over the batch. Where does that average appear in your gradient?",
            after={"dL_do": lambda k, right: right * k.y.shape[1]}),
    Mistake("sign_flipped", 3, "∂L/∂o^(t) = (y^(t) - ŷ^(t)) / B",
            "If an output is too large, should its gradient be positive or negative?",
            after={"dL_do": lambda k, right: -right}),
]
# fmt: on
RTRL = Exercise(
    reference=rtrl,
    answer=BACKWARD.answer,
    steps=_RTRL_STEPS,
    draw=BACKWARD.draw,
    sizes=BACKWARD.sizes,
    mistakes=_RTRL_MISTAKES,
    forbidden=(*BACKWARD.forbidden, truncated_backward),
    groups=BACKWARD.groups,
    alone=_loss_alone,
)
