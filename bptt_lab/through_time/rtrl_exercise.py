"""The exercise on RTRL: its steps, what goes wrong in them, and where to look."""

from collections.abc import Callable

import numpy as np

from bptt_lab import model
from bptt_lab.doctor import BACKWARD, Exercise, Mistake
from bptt_lab.model import Array
from bptt_lab.through_time.answers import GIVE_IT_AWAY
from bptt_lab.through_time.influence import rtrl


def _through(W: Array, J: Array) -> Array:
    return np.einsum("im,bmjk->bijk", W, J)


def _step(k, J: Array, slope: Array, direct: Array) -> Array:
    return slope * (_through(k.W_forward, J) + direct)


def _influence(k, step: Callable = _step) -> Array:
    """(T, B, n_h, n_h, n_z), the total derivatives ∂h_i^(t)/∂M_jk of all states."""
    J, all_steps = np.zeros_like(k.direct[0]), []
    for slope, direct in zip(k.slope[:, :, :, None, None], k.direct):
        J = step(k, J, slope, direct)
        all_steps.append(J)
    return np.array(all_steps)


def _with(step: Callable) -> dict[str, Callable]:
    """The step for the influence, made with another step(k, J, slope, direct)."""
    return {"influence": lambda k: _influence(k, step)}


def _with_later_errors(k, right: Array) -> Array:
    """∂L/∂h^(t) as back propagation has it, of which `right` is the part of the step's own error."""
    total = right.copy()
    for t in reversed(range(len(total) - 1)):
        total[t] += (total[t + 1] * k.slope[t + 1]) @ k.W
    return total


def _one_step_before(array: Array) -> Array:
    """The array one step later: at t what stood at t - 1, and 0 at the first step."""
    return np.concatenate([np.zeros_like(array[:1]), array[:-1]])


def _side_by_side(x: Array, h: Array) -> Array:
    return np.concatenate([x, h, np.ones((*x.shape[:2], 1))], axis=2)


def _loss_alone(arguments: dict, t: int) -> dict:
    """The arguments with the loss of step t alone: elsewhere y is set to ŷ, so that there is no loss."""
    y = model.forward(arguments["params"], arguments["x"]).y_hat
    y[t] = arguments["y"][t]
    return arguments | {"y": y}


_STEPS = {
    "trace": lambda k: model.forward(k.params, k.x),
    "h": lambda k: k.trace.h,
    "h_prev": lambda k: k.trace.h_prev,
    "y_hat": lambda k: k.trace.y_hat,
    "z": lambda k: _side_by_side(k.x, k.h_prev),  # (T, B, n_z)
    "slope": lambda k: 1 - k.h**2,  # (T, B, n_h)
    "W_forward": lambda k: k.W,
    "direct": lambda k: np.eye(len(k.b))[:, :, None] * k.z[:, :, None, None],  # (T, B, n_h, n_h, n_z)
    "influence": _influence,
    "dL_do": BACKWARD.steps["dL_do"],
    "dL_dh": lambda k: k.dL_do @ k.V,  # of each step's own error
    "dM": lambda k: np.einsum("tbi,tbijk->jk", k.dL_dh, k.influence),
    "dL_dU": lambda k: k.dM[:, : k.x.shape[2]],
    "dL_dW": lambda k: k.dM[:, k.x.shape[2] : -1],
    "dL_dV": lambda k: np.einsum("tbm,tbi->mi", k.dL_do, k.h),
    "dL_db": lambda k: k.dM[:, -1],
    "dL_dc": lambda k: k.dL_do.sum(axis=(0, 1)),
}
# three lines an entry: name and formula with the slip; a question; the code
# fmt: off
_MISTAKES = [
    Mistake("slope_missing", None, "∂h/∂M = W ∂h^(t-1)/∂M + direct term",
            "What stands between a^(t) and h^(t)?",
            instead={"slope": lambda k: np.ones_like(k.h)}),
    Mistake("slope_squared", None, "(1 - h^(t)²)² for the slope",
            "How often does the influence pass the tanh of one step in your code?",
            after={"slope": lambda k, right: right**2}),
    Mistake("tanh_of_tanh", None, "1 - tanh²(h^(t)) for the slope",
            "Your array already holds the output of tanh. How often have you applied tanh?",
            instead={"slope": lambda k: 1 - np.tanh(k.h) ** 2}),
    Mistake("slope_of_the_step_before", None, "H^(t-1) for H^(t)",
            "Of which state do you take 1 - h²: the new one, or the one it came from?",
            instead={"slope": lambda k: 1 - k.h_prev**2}),
    Mistake("influence_not_multiplied_by_the_slope", None, "∂h/∂M = W ∂h^(t-1)/∂M + H^(t) (direct term)",
            "Which of the two terms goes through the tanh of this step?",
            instead=_with(lambda k, J, slope, direct: _through(k.W, J) + slope * direct)),
    Mistake("direct_term_without_slope", None, "∂h/∂M = H^(t) W ∂h^(t-1)/∂M + direct term",
            "Which of the two terms goes through the tanh of this step?",
            instead=_with(lambda k, J, slope, direct: slope * _through(k.W_forward, J) + direct)),
    Mistake("slope_before_W", None, "∂h/∂M = W H^(t) ∂h^(t-1)/∂M + H^(t) (direct term)",
            "Going forward, what does the old influence meet first: W, or the tanh of this step?",
            instead=_with(lambda k, J, slope, direct: _through(k.W_forward, slope * J) + slope * direct)),
    Mistake("slope_of_unit_j", None, "∂h_i/∂M_jk = (1 - h_j²) (…)",
            "Whose tanh is it: that of unit i, which is influenced, or that of unit j, into which the weight leads?",
            instead=_with(lambda k, J, slope, direct: slope.swapaxes(1, 2) * (_through(k.W_forward, J) + direct))),
    Mistake("direct_term_missing", None, "∂h/∂M = H^(t) W ∂h^(t-1)/∂M",
            "The influence starts at 0. What makes it different from 0?",
            after={"direct": lambda k, right: 0 * right}),
    Mistake("direct_term_in_all_units", None, "∂h_i/∂M_jk = … + z_k^(t), for all i and j",
            "Into how many units does row j of M lead directly?",
            instead={"direct": lambda k: np.ones((len(k.b), len(k.b), 1)) * k.z[:, :, None, None]}),
    Mistake("past_influence_missing", None, "∂h/∂M = H^(t) (direct term)",
            "Is that the change of h^(t) if M changes in every step, or in step t only?",
            instead={"W_forward": lambda k: 0 * k.W}),
    Mistake("W_missing", None, "∂h/∂M = H^(t) (∂h^(t-1)/∂M + direct term)",
            "What stands between h^(t-1) and a^(t)?",
            instead={"W_forward": lambda k: np.eye(len(k.W))}),
    Mistake("W_transposed", None, "∂h/∂M = H^(t) (Wᵀ ∂h^(t-1)/∂M + direct term)",
            "Forwards, does a nudge of h^(t-1) become W δ or Wᵀ δ?",
            instead={"W_forward": lambda k: k.W.T}),
    Mistake("W_on_the_wrong_index", None, "∂h_i/∂M_jk = (1 - h_i²) (Σ_m W_jm ∂h_i^(t-1)/∂M_mk + …)",
            "Which index of the influence belongs to the state of the step before, and so to W?",
            instead=_with(lambda k, J, slope, direct: slope * (np.einsum("jm,bimk->bijk", k.W_forward, J) + direct))),
    Mistake("influence_added_to_the_old_one", None, "∂h/∂M = ∂h^(t-1)/∂M + H^(t) (W ∂h^(t-1)/∂M + direct term)",
            "Does the new influence replace the old one, or come on top of it?",
            instead=_with(lambda k, J, slope, direct: J + _step(k, J, slope, direct))),
    Mistake("one_influence_for_all_sequences", None, "∂h/∂M averaged over the batch after each step",
            "Do two sequences of a batch have the same states? And the same influence?",
            instead=_with(lambda k, J, slope, direct: 0 * J + _step(k, J, slope, direct).mean(axis=0))),
    Mistake("new_state_in_z", None, "z^(t) = [x^(t), h^(t), 1]",
            "Which state did W multiply in this step?",
            instead={"z": lambda k: _side_by_side(k.x, k.h)}),
    Mistake("input_of_the_step_before", None, "z^(t) = [x^(t-1), h^(t-1), 1]",
            "Which input did U multiply in this step?",
            instead={"z": lambda k: _side_by_side(_one_step_before(k.x), k.h_prev)}),
    Mistake("influence_of_the_step_before", None, "∂L^(t)/∂M = Σ_i ∂L^(t)/∂h_i^(t) ∂h_i^(t-1)/∂M",
            "Which do you do first in a step: bring the influence up to date, or use it?",
            after={"influence": lambda k, right: _one_step_before(right)}),
    Mistake("last_influence_for_all_errors", None, "∂L/∂M = Σ_t Σ_i ∂L^(t)/∂h_i^(t) ∂h_i^(T)/∂M",
            "When do you use the influence of step t: in step t, or after the loop?",
            after={"influence": lambda k, right: np.broadcast_to(right[-1], right.shape)}),
    Mistake("sum_over_the_wrong_index", None, "∂L/∂M_jk = Σ_t Σ_i ∂L^(t)/∂h_i^(t) ∂h_j^(t)/∂M_ik",
            "Which index of the influence belongs to the state, and so to ∂L^(t)/∂h^(t)?",
            instead={"dM": lambda k: np.einsum("tbi,tbjik->jk", k.dL_dh, k.influence)}),
    Mistake("later_errors_counted_too", None, "Σ_t ∂L/∂h^(t) ∂h^(t)/∂M, with all later errors inside ∂L/∂h^(t)",
            "The influence holds all that was before. Must the gradient of the state hold what comes after?",
            after={"dL_dh": _with_later_errors}),
    Mistake("last_error_only", None, "∂L/∂M = ∂L^(T)/∂h^(T) ∂h^(T)/∂M",
            "Which steps have a loss?",
            after={"dL_dh": lambda k, right: np.concatenate([0 * right[:-1], right[-1:]])}),
]
# fmt: on
_PART_OF_Z = {"U": "the input", "W": "the state", "b": "the 1"}


def _place(found) -> tuple[str, str, int | None]:
    wrong = set(found.wrong())
    if not {"U", "b"} <= wrong or wrong & {"V", "c"}:
        return _in_a_sum(wrong)
    if found.right_at_one("B"):
        question = "What do the sequences of a batch share: M, the states, the influence?"
        return "one sequence alone is right: look at what the sequences share", question, None
    if not found.right_at_one("T"):
        question = "Without a past, for which i and j is ∂h_i/∂M_jk not 0, and what multiplies it in the last sum?"
        return "look at the slope, the direct term and the last sum, first with T = 1, without a past", question, None
    question = "Over which index does W sum, what is multiplied by the slope, and when is the error of each step used?"
    return "a single step is right: look at what the influence takes from the step before", question, None


def _in_a_sum(wrong: set[str]) -> tuple[str, str, int | None]:
    if wrong >= set("UVbc"):
        question = "Which two variables does the output gradient compare, and what divides their difference?"
        return "begin with ∂L/∂c: it needs nothing but ∂L/∂o^(t), and no influence", question, 4
    if outside := sorted(wrong & set("Vc")):
        sums = " and ".join(f"∂L/∂{name}" for name in outside)
        question = "What does each step contribute to it?"
        return f"∂L/∂o^(t) is right, as the others show: look at the sum for {sums}", question, None
    parts = " and ".join(_PART_OF_Z[name] for name in sorted(wrong))
    look = f"the other columns of M are right: look at {parts} in z^(t), and at where M is cut"
    return look, "What does each column of M multiply, and in which step?", None


RTRL = Exercise(
    reference=rtrl,
    answer=BACKWARD.answer,
    steps=_STEPS,
    draw=BACKWARD.draw,
    sizes=[
        dict(T=T, B=B, n_x=n_x, n_h=n_h, n_y=n_y)
        for T, B, n_x, n_h, n_y in [(7, 4, 2, 5, 3), (1, 4, 2, 5, 3), (7, 1, 2, 5, 3), (7, 4, 2, 5, 1), (9, 3, 4, 6, 2)]
    ],
    mistakes=[
        *(mistake for mistake in BACKWARD.catalogue.values() if mistake.touches <= {"dL_do", "dL_dV", "dL_dc"}),
        *_MISTAKES,
    ],
    forbidden=(*BACKWARD.forbidden, *GIVE_IT_AWAY),
    alone=_loss_alone,
    place=_place,
    hints=(
        "If M_jk changes a little in every step, in which two ways does that change h_i^(t)?",
        "Carry one array from step to step, of shape (B, n_h, n_h, n_x + n_h + 1), which starts at 0. In each step "
        "first bring it up to date, then use it with the error of this step alone.",
        "To bring it up to date: W acts on the index of the state, the direct term enters where i = j only, and both "
        "go through the tanh of this step. ∂L/∂V and ∂L/∂c are sums as before.",
    ),
)
