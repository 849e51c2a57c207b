"""What goes wrong in an LSTM's backward pass, by name, and the doctor who knows it."""

from collections.abc import Callable

import numpy as np

from bptt_lab import gradcheck
from bptt_lab.doctor import Exercise, Mistake
from bptt_lab.gated import lstm
from bptt_lab.model import Array


def _gates(k: object, dL_dh: Array, dL_ds: Array, t: int | slice) -> Array:
    """∂L/∂a^(t): what arrives, times what each gate was multiplied with, times the slope of its nonlinearity."""
    parts = {
        "i": dL_ds * k.with_i[t] * k.slope_i[t],
        "f": dL_ds * k.with_f[t] * k.slope_f[t],
        "g": dL_ds * k.with_g[t] * k.slope_g[t],
        "q": dL_dh * k.with_q[t] * k.slope_q[t],
    }
    return np.concatenate([parts[name] for name in k.order], axis=-1)


def _walk(k: object, gates_to: str = "h") -> Array:
    """∂L/∂h and ∂L/∂s, (2, T, B, n_h); `gates_to` says which of the two the gates are thought to read."""
    grads = dict(h=k.direct.copy(), s=np.zeros_like(k.direct))
    for t in reversed(range(len(k.direct))):
        grads["s"][t] += grads["h"][t] * k.dh_ds[t]
        if t > 0:
            grads["s"][t - 1] += grads["s"][t] * k.keep[t]
            grads[gates_to][t - 1] += _gates(k, grads["h"][t], grads["s"][t], t) @ k.W_back
    return np.stack([grads["h"], grads["s"]])


def _summed(left: str, right: str) -> Callable:
    return lambda k: np.tensordot(getattr(k, left), getattr(k, right), axes=((0, 1), (0, 1)))


STEPS = {
    "dL_do": lambda k: (k.y_hat - k.y) / k.y.shape[1],  # (T, B, n_y)
    "direct": lambda k: k.dL_do @ k.V,  # (T, B, n_h), through the output of the same step
    "slope_s": lambda k: 1 - np.tanh(k.s) ** 2,
    "dh_ds": lambda k: k.q * k.slope_s,
    "keep": lambda k: k.f,  # ∂s^(t)/∂s^(t-1) at t, as the recursion uses it
    "W_back": lambda k: k.W,  # as the recursion uses it
    "order": lambda k: "ifgq",
    **{f"slope_{n}": lambda k, n=n: getattr(k, n) * (1 - getattr(k, n)) for n in "ifq"},
    "slope_g": lambda k: 1 - k.g**2,
    "with_i": lambda k: k.g,  # what each gate is multiplied with
    "with_f": lambda k: k.s_prev,
    "with_g": lambda k: k.i,
    "with_q": lambda k: np.tanh(k.s),
    "walk": _walk,
    "dL_da": lambda k: _gates(k, *k.walk, slice(None)),  # (T, B, 4 n_h)
    "dL_dU": _summed("dL_da", "x"),
    "dL_dW": _summed("dL_da", "h_prev"),
    "dL_dV": _summed("dL_do", "h"),
    "dL_db": lambda k: k.dL_da.sum(axis=(0, 1)),
    "dL_dc": lambda k: k.dL_do.sum(axis=(0, 1)),
}

# three lines an entry: name and formula with the slip; a question; the code
# fmt: off
MISTAKES = [
    Mistake("sign_flipped", None, "∂L/∂o^(t) = (y^(t) - ŷ^(t)) / B",
            "If an output is too large, should its gradient be positive or negative?",
            after={"dL_do": lambda k, right: -right}),
    Mistake("not_divided_by_B", None, "∂L/∂o^(t) = ŷ^(t) - y^(t)",
            "The loss is an average over the batch. Where does that average appear in your gradient?",
            after={"dL_do": lambda k, right: right * k.y.shape[1]}),
    Mistake("output_path_missing", None, "∂L/∂h^(t) without Vᵀ ∂L/∂o^(t) for t < T",
            "Who reads h^(t), besides the gates of the next step?",
            after={"direct": lambda k, right: right * (np.arange(len(right)) == len(right) - 1)[:, None, None]}),
    Mistake("gates_do_not_read_the_state", None, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t)",
            "Who reads h^(t), besides the output of step t?",
            after={"W_back": lambda k, right: 0 * right}),
    Mistake("peephole_confusion", None, "Wᵀ ∂L/∂a^(t+1) added to ∂L/∂s^(t), not to ∂L/∂h^(t)",
            "Do the gates of this LSTM look at the cell, or at the state?",
            instead={"walk": lambda k: _walk(k, gates_to="s")}),
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
    Mistake("gate_slopes_missing", None, "∂L/∂a^(t) of the three gates without the slope of the sigmoid",
            "What lies between a_i^(t) and i^(t)?",
            instead={f"slope_{n}": lambda k: np.ones_like(k.i) for n in "ifq"}),
    Mistake("tanh_slope_for_gates", None, "∂L/∂a_i^(t) = … (1 - i^(t)²), and so for f and q",
            "Which function makes a gate, and what is its slope?",
            instead={f"slope_{n}": lambda k, n=n: 1 - getattr(k, n) ** 2 for n in "ifq"}),
    Mistake("candidate_slope_missing", None, "∂L/∂a_g^(t) = ∂L/∂s^(t) i^(t)",
            "What lies between a_g^(t) and g^(t)?",
            instead={"slope_g": lambda k: np.ones_like(k.g)}),
    Mistake("sigmoid_slope_for_candidate", None, "∂L/∂a_g^(t) = ∂L/∂s^(t) i^(t) g^(t) (1 - g^(t))",
            "Which function makes the candidate?",
            instead={"slope_g": lambda k: k.g * (1 - k.g)}),
    Mistake("order_f_i_g_q", None, "blocks in the order f, i, g, q",
            "In which order do the rows of U, W and b hold the blocks?",
            instead={"order": lambda k: "figq"}),
    Mistake("order_i_f_q_g", None, "blocks in the order i, f, q, g",
            "In which order do the rows of U, W and b hold the blocks?",
            instead={"order": lambda k: "ifqg"}),
    Mistake("dW_with_same_h", None, "∂L/∂W = Σ_t ∂L/∂a^(t) h^(t)ᵀ",
            "Which state does W multiply in step t?",
            instead={"dL_dW": _summed("dL_da", "h")}),
    Mistake("dW_with_cell", None, "∂L/∂W = Σ_t ∂L/∂a^(t) s^(t-1)ᵀ",
            "Does W multiply a state, or a cell?",
            instead={"dL_dW": _summed("dL_da", "s_prev")}),
    Mistake("dV_with_cell", None, "∂L/∂V = Σ_t ∂L/∂o^(t) s^(t)ᵀ",
            "What does V read?",
            instead={"dL_dV": _summed("dL_do", "s")}),
    Mistake("db_from_last_step_only", None, "∂L/∂b = ∂L/∂a^(T)",
            "Does each step add to what is there, or write over it?",
            instead={"dL_db": lambda k: k.dL_da[-1].sum(axis=0)}),
]
# fmt: on


def _draw(rng: np.random.Generator, T: int, B: int, n_x: int, n_h: int, n_y: int) -> dict[str, object]:
    start = lstm.init_params(n_h, rng, n_x, n_y)
    params = lstm.Params(*(rng.uniform(-0.9, 0.9, array.shape) for array in start))
    x, y = rng.normal(size=(T, B, n_x)), rng.integers(0, 2, (T, B, n_y)).astype(float)
    return dict(params=params, trace=lstm.forward(params, x), y=y)


def _alone(arguments: dict, t: int) -> dict:
    """Where y^(t) is put equal to ŷ^(t), a step has no loss: so all but step t."""
    y = arguments["trace"].y_hat.copy()
    y[t] = arguments["y"][t]
    return arguments | {"y": y}


def _place(found: object) -> tuple[str, str, None]:
    wrong = set(found.wrong())
    if wrong & {"V", "c"}:
        return "look at ∂L/∂o^(t) and at the sums that use it, first", "What do V and c multiply, or add to?", None
    if wrong == set("UWb"):
        return (
            "∂L/∂o^(t) is right: look at ∂L/∂a^(t), which all three need",
            "Who reads s^(t), and who reads h^(t)?",
            None,
        )
    return f"∂L/∂a^(t) is right: look at the sum for {', '.join(sorted(wrong))}", "What multiplies ∂L/∂a^(t)?", None


BACKWARD = Exercise(
    reference=lstm.backward,
    answer=lstm.Params("dL_dU", "dL_dW", "dL_dV", "dL_db", "dL_dc"),
    steps=STEPS,
    draw=_draw,
    sizes=[
        dict(T=T, B=B, n_x=n_x, n_h=n_h, n_y=n_y)
        for T, B, n_x, n_h, n_y in [(7, 4, 3, 5, 2), (1, 4, 3, 5, 2), (7, 1, 3, 5, 2), (7, 4, 3, 5, 1), (9, 3, 2, 6, 4)]
    ],
    mistakes=MISTAKES,
    forbidden=(lstm.backward, lstm.state_grads, lstm.gate_grads, lstm.param_grads, gradcheck.complex_step,
               gradcheck.central_differences, gradcheck.derivative, gradcheck.central_difference),
    alone=_alone,
    place=_place,
)  # fmt: skip
