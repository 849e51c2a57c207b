"""The exercise on the GRU's backward pass: its steps, and what goes wrong in them."""

import numpy as np

from bptt_lab.doctor import Exercise, Mistake
from bptt_lab.gated import gru
from bptt_lab.gated.mistakes import (
    GIVE_IT_AWAY,
    MISTAKES,
    SIZES,
    STEPS,
    draw_for,
    loss_alone,
    of_blocks,
    one_earlier,
    place_for,
    slopes,
    total,
)
from bptt_lab.model import Array


def _letters(k: object) -> str:
    """Which block the rows of W are taken for; where one array has all three names, each is taken for itself."""
    return k.order if len(set(k.order)) == 3 else "rzg"


def _blocks(k: object, W: Array) -> dict[str, Array]:
    """The blocks of W by letter."""
    return dict(zip(_letters(k), np.split(W, 3)))


def _gates(k: object, dL_dh: Array, t: int | slice) -> dict[str, Array]:
    """∂L/∂a^(t) of each block: what arrives, times what the gate was multiplied with, times its slope."""
    g = dL_dh * k.with_g[t] * k.slope_g[t]
    z = dL_dh * k.with_z[t] * k.slope_z[t]
    parts = dict(r=k.to_reset(g, t) * k.slope_r[t], z=z, g=g)
    return {name: parts[taken] for name, taken in zip(_letters(k), k.order)}


def _walk(k: object, added_up: bool = False) -> Array:
    """∂L/∂h, (T, B, n_h).

    Parameters
    ----------
    added_up
        add what is handed on to the step before to what was handed on earlier
    """
    dL_dh, W, handed_on = k.direct.copy(), _blocks(k, k.W_back), 0.0
    for t in reversed(range(1, len(dL_dh))):
        parts = _gates(k, dL_dh[t], t)
        by_gates = parts["r"] @ W["r"] + parts["z"] @ W["z"] + k.by_candidate(parts["g"], W["g"], t)
        handed_on = handed_on * added_up + dL_dh[t] * k.keep[t] + by_gates
        dL_dh[t - 1] += handed_on
    return dL_dh


def _in_order(k: object, parts: dict[str, Array]) -> Array:
    return np.concatenate([parts[name] for name in _letters(k)], axis=-1)


def _past(k: object) -> Array:
    """Gradient of W h^(t-1), where the reset comes after that product."""
    return _in_order(k, k.parts | {"g": k.parts["g"] * k.r})


_STEPS = {
    **STEPS | slopes("rz"),
    "order": lambda k: "rzg",
    "keep": lambda k: k.z,  # what is left of h^(t-1) at t
    "with_g": lambda k: 1 - k.z,
    "with_z": lambda k: k.h_prev - k.g,
    "W_g": lambda k: _blocks(k, k.W)["g"],
    "h_reset": lambda k: k.h_prev,  # what r was multiplied with
    "to_reset": lambda k: lambda g, t: (g @ k.W_g) * k.h_reset[t],  # from ∂L/∂a_g to ∂L/∂r
    "r_back": lambda k: k.r,  # as the recursion uses it
    "by_candidate": lambda k: lambda g, W_g, t: (g @ W_g) * k.r_back[t],  # from ∂L/∂a_g to ∂L/∂h of the step before
    "h_read": lambda k: k.r * k.h_prev,  # what W_g was multiplied with
    "dL_dh": _walk,
    "parts": lambda k: _gates(k, k.dL_dh, slice(None)),
    "dL_da": lambda k: _in_order(k, k.parts),  # (T, B, 3 n_h)
    "dL_dW": lambda k: np.concatenate([total(k.parts[n], k.h_read if n == "g" else k.h_prev) for n in _letters(k)]),
}

# three lines an entry: name and formula with the slip; a question; the code
# fmt: off
_MISTAKES = [*MISTAKES, *of_blocks("rzg"),
    Mistake("kept_part_missing", None, "∂L/∂h^(t) without z^(t+1) ∂L/∂h^(t+1)",
            "Who reads h^(t), besides the output and the gates of the next step?",
            after={"keep": lambda k, right: 0 * right}),
    Mistake("handed_on_and_kept", None, "what comes from step t + 1 added to what came from all later steps",
            "What of step t + 1 is still in the variable that you hand to step t - 1?",
            instead={"dL_dh": lambda k: _walk(k, added_up=True)}),
    Mistake("update_gate_missing", None, "∂L/∂h^(t) = … + ∂L/∂h^(t+1)",
            "How much of h^(t) is left in h^(t+1)?",
            after={"keep": lambda k, right: np.ones_like(right)}),
    Mistake("update_gate_of_the_wrong_step", None, "∂L/∂h^(t) = … + z^(t) ∂L/∂h^(t+1)",
            "Which update gate stands between h^(t) and h^(t+1)?",
            after={"keep": lambda k, right: np.concatenate([right[:1], right[:-1]])}),
    Mistake("one_minus_update_gate", None, "∂L/∂h^(t) = … + (1 - z^(t+1)) ∂L/∂h^(t+1)",
            "What does an update gate of 1 do here: keep the old state, or replace it?",
            after={"keep": lambda k, right: 1 - right}),
    Mistake("update_gate_the_other_way_round", None, "all of it for h^(t) = (1 - z^(t)) h^(t-1) + z^(t) g^(t)",
            "What does an update gate of 1 do here: keep the old state, or replace it?",
            instead={"keep": lambda k: 1 - k.z, "with_g": lambda k: k.z, "with_z": lambda k: k.g - k.h_prev}),
    Mistake("update_gate_for_candidate", None, "∂L/∂a_g^(t) = ∂L/∂h^(t) z^(t) (1 - g^(t)²)",
            "How much of the candidate is in h^(t) if the update gate is 1?",
            instead={"with_g": lambda k: k.z}),
    Mistake("candidate_not_gated", None, "∂L/∂a_g^(t) = ∂L/∂h^(t) (1 - g^(t)²)",
            "What multiplies the candidate to make the state?",
            instead={"with_g": lambda k: np.ones_like(k.z)}),
    Mistake("update_gate_times_old_state_only", None, "∂L/∂a_z^(t) = ∂L/∂h^(t) h^(t-1) z^(t) (1 - z^(t))",
            "In how many places of h^(t) does z^(t) stand?",
            instead={"with_z": lambda k: k.h_prev}),
    Mistake("update_gate_times_candidate_only", None, "∂L/∂a_z^(t) = -∂L/∂h^(t) g^(t) z^(t) (1 - z^(t))",
            "In how many places of h^(t) does z^(t) stand?",
            instead={"with_z": lambda k: -k.g}),
    Mistake("update_gate_with_a_plus", None, "∂L/∂a_z^(t) = ∂L/∂h^(t) (h^(t-1) + g^(t)) z^(t) (1 - z^(t))",
            "If z^(t) grows, does the share of the candidate grow too?",
            instead={"with_z": lambda k: k.h_prev + k.g}),
    Mistake("update_gate_with_the_wrong_sign", None, "∂L/∂a_z^(t) = ∂L/∂h^(t) (g^(t) - h^(t-1)) z^(t) (1 - z^(t))",
            "If z^(t) grows, which of its two partners gets more?",
            instead={"with_z": lambda k: k.g - k.h_prev}),
    Mistake("update_gate_times_new_state", None, "∂L/∂a_z^(t) = ∂L/∂h^(t) (h^(t) - g^(t)) z^(t) (1 - z^(t))",
            "Which state does the update gate multiply: the one before the step, or the one after it?",
            instead={"with_z": lambda k: k.h - k.g}),
    Mistake("reset_gate_missing_in_the_recursion", None, "∂L/∂h^(t) = … + W_gᵀ ∂L/∂a_g^(t+1)",
            "What stands between h^(t) and the candidate of the next step, besides W_g?",
            after={"r_back": lambda k, right: np.ones_like(right)}),
    Mistake("reset_gate_of_the_wrong_step", None, "∂L/∂h^(t) = … + r^(t) in the place of r^(t+1)",
            "Which reset gate stands between h^(t) and the candidate of step t + 1?",
            after={"r_back": lambda k, right: np.concatenate([right[:1], right[:-1]])}),
    Mistake("reset_gate_missing_in_dW", None, "∂L/∂W_g = Σ_t ∂L/∂a_g^(t) h^(t-1)ᵀ",
            "What exactly does W_g multiply?",
            instead={"h_read": lambda k: k.h_prev}),
    Mistake("reset_gate_in_all_of_dW", None, "∂L/∂W = Σ_t ∂L/∂a^(t) (r^(t) h^(t-1))ᵀ",
            "Which of the three blocks of W multiply a state that was reset?",
            instead={"dL_dW": lambda k: total(k.dL_da, k.h_read)}),
    Mistake("reset_gate_times_new_state", None, "∂L/∂a_r^(t) = (W_gᵀ ∂L/∂a_g^(t)) h^(t) r^(t) (1 - r^(t))",
            "Which state does the reset gate multiply: the one before the step, or the one after it?",
            instead={"h_reset": lambda k: k.h}),
    Mistake("reset_gate_times_last_state_at_first", None, "∂L/∂a_r^(t) with h^(t-1), where h^(0) is h^(T)",
            "At the first step, which entry of an array does the index t - 1 find?",
            instead={"h_reset": lambda k: one_earlier(k.h)}),
    Mistake("reset_gate_without_a_state", None, "∂L/∂a_r^(t) = (W_gᵀ ∂L/∂a_g^(t)) r^(t) (1 - r^(t))",
            "What does the reset gate multiply?",
            instead={"h_reset": lambda k: np.ones_like(k.h)}),
    Mistake("W_g_missing_for_the_reset_gate", None, "∂L/∂a_r^(t) = ∂L/∂a_g^(t) h^(t-1) r^(t) (1 - r^(t))",
            "What lies between r^(t) h^(t-1) and a_g^(t)?",
            instead={"to_reset": lambda k: lambda g, t: g * k.h_reset[t]}),
    Mistake("W_g_not_transposed_for_the_reset_gate", None, "∂L/∂a_r = (W_g ∂L/∂a_g) h^(t-1) r (1 - r)",
            "Which side of W_g does the gradient meet, and is that the way back?",
            after={"W_g": lambda k, right: right.T}),
    Mistake("reset_after_the_product", None, "all of it for g^(t) = tanh(b_g + U_g x^(t) + r^(t) (W_g h^(t-1)))",
            "Cho and PyTorch differ: is the state of this GRU reset before W_g multiplies it, or after?",
            instead={"to_reset": lambda k: lambda g, t: g * (k.h_prev[t] @ k.W_g.T),
                     "by_candidate": lambda k: lambda g, W_g, t: (g * k.r_back[t]) @ W_g,
                     "dL_dW": lambda k: total(_past(k), k.h_prev)}),
]
# fmt: on


GRU_BACKWARD = Exercise(
    reference=gru.backward,
    answer=gru.Params("dL_dU", "dL_dW", "dL_dV", "dL_db", "dL_dc"),
    steps=_STEPS,
    draw=draw_for(gru),
    sizes=SIZES,
    mistakes=_MISTAKES,
    forbidden=GIVE_IT_AWAY,
    alone=loss_alone,
    place=place_for(
        "rzg",
        asleep="r",
        one={
            "zg": (
                "look at ∂L/∂h^(t), which both need, and at the order of the blocks",
                "How does the error of a step come to its own state, and which block stands first in U?",
            ),
        },
        two={
            "": (
                "look at what ∂L/∂h^(t) takes from the step after it",
                "In which four ways does h^(t) enter step t + 1?",
            ),
        },
    ),
    hints=(
        "Who reads h^(t) in step t + 1? There are four, besides the output of step t.",
        "Begin at the last step. In each step first complete ∂L/∂h^(t), then the blocks of ∂L/∂a^(t), g before r, "
        "because the reset gate lies behind the candidate; only then go to step t - 1.",
        "To ∂L/∂h^(t-1) go four things: a share of ∂L/∂h^(t) itself (which one?), and one by each block of W; that "
        "by W_g still has to pass the reset. In ∂L/∂W, ask of each block what it was multiplied with.",
    ),
)
