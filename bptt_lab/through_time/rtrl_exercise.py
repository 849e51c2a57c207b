"""What the doctor must know to say what is wrong with a student's `rtrl`."""

import numpy as np

from bptt_lab import model
from bptt_lab.doctor import BACKWARD, Exercise, Mistake
from bptt_lab.model import Array
from bptt_lab.through_time.influence import rtrl
from bptt_lab.through_time.truncated import truncated_backward


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
    alone=_loss_alone,
)
