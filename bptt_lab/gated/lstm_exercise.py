"""The exercise on the LSTM's backward pass: its steps, and what goes wrong in them."""

import numpy as np

from bptt_lab.doctor import Exercise, Mistake
from bptt_lab.gated import lstm
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


def _gates(k: object, dL_dh: Array, dL_ds: Array, t: int | slice) -> Array:
    """∂L/∂a^(t): what arrives at each gate, times its factor."""
    return np.concatenate([dL_dh if name == "q" else dL_ds for name in k.order], axis=-1) * k.factor[t]


def _by_the_state(k: object, dL_dh: Array, t: int) -> Array:
    return dL_dh * k.dh_ds[t]


def _along_the_cell(k: object, by_state: Array, by_cell: Array, t: int) -> Array:
    return (by_state + by_cell) * k.keep[t]


def _walk(k: object, reads: str = "h", arrays: str = "hs", by_state=_by_the_state, along=_along_the_cell) -> Array:
    """∂L/∂h and ∂L/∂s, (2, T, B, n_h).

    Parameters
    ----------
    reads
        what the gates are thought to read: "h" or "s"
    arrays
        "hh" if both gradients are one array
    """
    both = dict(h=k.direct.copy(), s=np.zeros_like(k.direct))
    h, s = (both[name] for name in arrays)
    for t in reversed(range(len(k.direct))):
        from_cell, from_state = s[t].copy(), by_state(k, h[t], t)
        s[t] += from_state
        if t > 0:
            s[t - 1] += along(k, from_state, from_cell, t)
            both[reads][t - 1] += _gates(k, h[t], s[t], t) @ k.W_back
    return np.stack([h, s])


def _two_loops(k: object, first: str) -> Array:
    """One loop for ∂L/∂s and one for ∂L/∂h, each from the last step to the first."""
    h, s = k.direct.copy(), np.zeros_like(k.direct)
    for loop in ("sh", "hs")[first == "h"]:
        for t in reversed(range(len(h))):
            if loop == "s":
                s[t] += h[t] * k.dh_ds[t]
            if t > 0 and loop == "s":
                s[t - 1] += s[t] * k.keep[t]
            elif t > 0:
                h[t - 1] += _gates(k, h[t], s[t], t) @ k.W_back
    return np.stack([h, s])


def _added_up(k: object, which: str) -> Array:
    """∂L/∂h and ∂L/∂s if what is handed on to the step before adds to what was handed on earlier: "h", "s" or both."""
    h, s = k.direct.copy(), np.zeros_like(k.direct)
    next_h = next_s = 0.0
    for t in reversed(range(len(h))):
        h[t] += next_h
        s[t] = h[t] * k.dh_ds[t] + next_s
        next_h = next_h * ("h" in which) + _gates(k, h[t], s[t], t) @ k.W_back
        next_s = next_s * ("s" in which) + s[t] * k.keep[t]
    return np.stack([h, s])


_STEPS = STEPS | slopes("ifq") | {
    "slope_s": lambda k: 1 - np.tanh(k.s) ** 2,
    "dh_ds": lambda k: k.q * k.slope_s,
    "keep": lambda k: k.f,  # ∂s^(t)/∂s^(t-1) at t, as the recursion uses it
    "order": lambda k: "ifgq",
    "with_i": lambda k: k.g,  # what each gate is multiplied with
    "with_f": lambda k: k.s_prev,
    "with_g": lambda k: k.i,
    "with_q": lambda k: np.tanh(k.s),
    "factor": lambda k: np.concatenate([getattr(k, f"with_{n}") * getattr(k, f"slope_{n}") for n in k.order], axis=-1),
    "walk": _walk,
    "dL_da": lambda k: _gates(k, *k.walk, slice(None)),  # (T, B, 4 n_h)
}  # fmt: skip

# fmt: off
_MISTAKES = [
    Mistake("peephole_confusion", None, "Wᵀ ∂L/∂a^(t+1) added to ∂L/∂s^(t), not to ∂L/∂h^(t)",
            "Do the gates of this LSTM look at the cell, or at the state?",
            instead={"walk": lambda k: _walk(k, reads="s")}),
    Mistake("cell_recursion_missing", None, "∂L/∂s^(t) = q^(t) (1 - tanh²(s^(t))) ∂L/∂h^(t)",
            "Who reads s^(t), besides h^(t)?",
            after={"keep": lambda k, right: 0 * right}),
    Mistake("forget_gate_of_the_wrong_step", None, "∂L/∂s^(t) = … + f^(t) ∂L/∂s^(t+1)",
            "Which forget gate stands between s^(t) and s^(t+1)?",
            after={"keep": lambda k, right: np.concatenate([right[:1], right[:-1]])}),
    Mistake("forget_gate_missing", None, "∂L/∂s^(t) = … + ∂L/∂s^(t+1)",
            "How much of s^(t) is left in s^(t+1)?",
            after={"keep": lambda k, right: np.ones_like(right)}),
    Mistake("input_gate_for_forget_gate", None, "∂L/∂s^(t) = … + i^(t+1) ∂L/∂s^(t+1)",
            "Which of the gates multiplies the old cell?",
            after={"keep": lambda k, right: k.i}),
    Mistake("one_minus_forget_gate", None, "∂L/∂s^(t) = … + (1 - f^(t+1)) ∂L/∂s^(t+1)",
            "What does a forget gate of 1 do with the old cell?",
            after={"keep": lambda k, right: 1 - right}),
    Mistake("tanh_slope_of_the_cell_missing", None, "∂L/∂s^(t) = q^(t) ∂L/∂h^(t) + …",
            "What lies between the cell and the state, besides the output gate?",
            instead={"slope_s": lambda k: np.ones_like(k.s)}),
    Mistake("tanh_slope_at_h", None, "∂L/∂s^(t) = q^(t) (1 - h^(t)²) ∂L/∂h^(t) + …",
            "Is h^(t) the tanh of the cell, or something times that?",
            instead={"slope_s": lambda k: 1 - k.h**2}),
    Mistake("tanh_slope_at_s", None, "∂L/∂s^(t) = q^(t) (1 - s^(t)²) ∂L/∂h^(t) + …",
            "Has s^(t) been through the tanh already?",
            instead={"slope_s": lambda k: 1 - k.s**2}),
    Mistake("output_gate_missing", None, "∂L/∂s^(t) = (1 - tanh²(s^(t))) ∂L/∂h^(t) + …",
            "What multiplies tanh(s^(t)) to make the state?",
            instead={"dh_ds": lambda k: k.slope_s}),
    Mistake("forget_gate_times_new_cell", None, "∂L/∂a_f^(t) = ∂L/∂s^(t) s^(t) f^(t) (1 - f^(t))",
            "Which cell does the forget gate multiply: the one before the step, or the one after it?",
            instead={"with_f": lambda k: k.s}),
    Mistake("forget_gate_times_state", None, "∂L/∂a_f^(t) = ∂L/∂s^(t) h^(t-1) f^(t) (1 - f^(t))",
            "Does the forget gate multiply a state, or a cell?",
            instead={"with_f": lambda k: k.h_prev}),
    Mistake("output_gate_times_s", None, "∂L/∂a_q^(t) = ∂L/∂h^(t) s^(t) q^(t) (1 - q^(t))",
            "What exactly does the output gate multiply?",
            instead={"with_q": lambda k: k.s}),
    Mistake("output_gate_times_h", None, "∂L/∂a_q^(t) = ∂L/∂h^(t) h^(t) q^(t) (1 - q^(t))",
            "The gate is inside h^(t) already. What was it multiplied with?",
            instead={"with_q": lambda k: k.h}),
    Mistake("input_gate_and_candidate_exchanged", None, "∂L/∂a_i = ∂L/∂s i …, ∂L/∂a_g = ∂L/∂s g …",
            "In the derivative of a product, which of the two factors stays?",
            instead={"with_i": lambda k: k.i, "with_g": lambda k: k.g}),
    Mistake("dW_with_cell", None, "∂L/∂W = Σ_t ∂L/∂a^(t) s^(t-1)ᵀ",
            "Does W multiply a state, or a cell?",
            instead={"dL_dW": lambda k: total(k.dL_da, k.s_prev)}),
    Mistake("dV_with_cell", None, "∂L/∂V = Σ_t ∂L/∂o^(t) s^(t)ᵀ",
            "What does V read?",
            instead={"dL_dV": lambda k: total(k.dL_do, k.s)}),
    Mistake("cell_walked_before_the_state", None, "∂L/∂s^(t) with Vᵀ ∂L/∂o^(t) for ∂L/∂h^(t)",
            "Is ∂L/∂h^(t) complete when ∂L/∂s^(t) takes from it? Can one loop be finished before the other begins?",
            instead={"walk": lambda k: _two_loops(k, first="s")}),
    Mistake("state_walked_before_the_cell", None, "∂L/∂h^(t) with ∂L/∂s^(t+1) = 0 in the gates' gradients",
            "Is ∂L/∂s^(t+1) complete when the gates take from it? Can one loop be finished before the other begins?",
            instead={"walk": lambda k: _two_loops(k, first="h")}),
    Mistake("one_array_for_state_and_cell", None, "∂L/∂h^(t) and ∂L/∂s^(t) added up in one array",
            "How many arrays did you make, and how many names do they have?",
            instead={"walk": lambda k: _walk(k, arrays="hh")}),
    Mistake("handed_on_and_kept_for_the_state", None, "Wᵀ ∂L/∂a^(t+1) added to that of all later steps",
            "What of step t + 1 is still in the variable that you hand to step t - 1?",
            instead={"walk": lambda k: _added_up(k, "h")}),
    Mistake("handed_on_and_kept_for_the_cell", None, "f^(t+1) ∂L/∂s^(t+1) added to that of all later steps",
            "What of step t + 1 is still in the variable that you hand to step t - 1?",
            instead={"walk": lambda k: _added_up(k, "s")}),
    Mistake("handed_on_and_kept_for_both", None, "what comes from step t + 1 added to what came from all later steps",
            "What of step t + 1 is still in the two variables that you hand to step t - 1?",
            instead={"walk": lambda k: _added_up(k, "hs")}),
    Mistake("brackets_missing_in_the_slope", None, "∂L/∂s^(t) = q^(t) ∂L/∂h^(t) 1 - tanh²(s^(t)) + …",
            "What does Python do first in your line for the cell: the product, or the difference?",
            instead={"walk": lambda k: _walk(k, by_state=lambda k, g, t: g * k.q[t] - np.tanh(k.s[t]) ** 2)}),
    Mistake("forget_gate_for_the_later_part_only", None, "∂L/∂s^(t) = … + (own part at t + 1) + f^(t+1) (later part)",
            "What does f^(t+1) multiply: all of ∂L/∂s^(t+1), or one of its two parts? Are there brackets missing?",
            instead={"walk": lambda k: _walk(k, along=lambda k, own, later, t: own + k.keep[t] * later)}),
    Mistake("forget_gate_for_the_own_part_only", None, "∂L/∂s^(t) = … + f^(t+1) (own part at t + 1) + (later part)",
            "What does f^(t+1) multiply: all of ∂L/∂s^(t+1), or one of its two parts? Are there brackets missing?",
            instead={"walk": lambda k: _walk(k, along=lambda k, own, later, t: k.keep[t] * own + later)}),
    Mistake("last_cell_before_the_first_step", None, "∂L/∂a_f^(t) with s^(t-1), where s^(0) is s^(T)",
            "At the first step, which entry of an array does the index t - 1 find?",
            instead={"with_f": lambda k: one_earlier(k.s)}),
    Mistake("last_state_before_the_first_step", None, "∂L/∂W = Σ_t ∂L/∂a^(t) h^(t-1)ᵀ, where h^(0) is h^(T)",
            "At the first step, which entry of an array does the index t - 1 find?",
            instead={"dL_dW": lambda k: total(k.dL_da, one_earlier(k.h))}),
]
# fmt: on


LSTM_BACKWARD = Exercise(
    reference=lstm.backward,
    answer=lstm.Params("dL_dU", "dL_dW", "dL_dV", "dL_db", "dL_dc"),
    steps=_STEPS,
    draw=draw_for(lstm),
    sizes=SIZES,
    mistakes=[*MISTAKES, *of_blocks("ifgq"), *_MISTAKES],
    forbidden=GIVE_IT_AWAY,
    alone=loss_alone,
    place=place_for(
        "ifgq",
        asleep="f",
        one={
            "ig": ("∂L/∂h^(t) is right, as the rows of q show, so look at ∂L/∂s^(t)",
                   "What stands between s^(t) and h^(t)?"),
            "igq": ("look at ∂L/∂h^(t), which all of them need, and at the order of the blocks",
                    "How does the error of a step come to its own state, and which block stands first in U?"),
        },
        two={
            "ig": ("∂L/∂h^(t) is right, as the rows of q show, so look at ∂L/∂s^(t)",
                   "Which two quantities are computed from s^(t), and are their gradients complete when you use them?"),
            "": ("look at what ∂L/∂h^(t) takes from the step after it",
                 "Who reads h^(t) in step t + 1, and are their gradients complete when you use them?"),
        },
    ),
    hints=(
        "Who reads s^(t), and who reads h^(t)? Each has two readers, and one of them is in the next step.",
        "Begin at the last step, where the next step says nothing. One loop walks back: in each step first complete "
        "∂L/∂h^(t), then ∂L/∂s^(t), then the four blocks of ∂L/∂a^(t), and only then go to step t - 1.",
        "To step t - 1 go two things: ∂L/∂s^(t), times one of the gates (of which step?), and ∂L/∂a^(t), by W. "
        "In each block of ∂L/∂a^(t) stand three factors: what arrives, the partner in the product, the slope.",
    ),
)  # fmt: skip
