"""Named wrong gradients of the plain network: the right backward pass with one or a few of its steps changed."""

from collections.abc import Callable

import numpy as np

from bptt_lab.doctor.passes import Mistake, Pass
from bptt_lab.doctor.steps import only, summed, walk_back
from bptt_lab.model import Array, sigmoid

LEARNING_RATE = 0.1  # of the one mistake that updates W inside the loop


def _walk_with_updates(k: Pass) -> Array:
    dL_dh, W = k.direct.copy(), k.W_back.copy()
    for t in reversed(range(len(dL_dh) - 1)):
        dL_da = dL_dh[t + 1] * k.slope_next[t]
        W -= LEARNING_RATE * dL_da.T @ k.h_prev[t + 1]
        dL_dh[t] += dL_da @ W
    return dL_dh


def _walk_with_a_growing_carry(k: Pass) -> Array:
    dL_dh, carry = k.direct.copy(), np.zeros_like(k.h[0])
    for t in reversed(range(len(dL_dh) - 1)):
        carry += (dL_dh[t + 1] * k.slope_next[t]) @ k.W_back
        dL_dh[t] += carry
    return dL_dh


def _walk_forwards(k: Pass) -> Array:
    dL_dh = k.direct.copy()
    for t in range(len(dL_dh) - 1):
        dL_dh[t + 1] += (dL_dh[t] * k.slope[t]) @ k.W_back
    return dL_dh


def _batch_means(left: str, right: str) -> Callable[[Pass], Array]:
    return lambda k: getattr(k, left).sum(axis=1).T @ getattr(k, right).mean(axis=1)


def _square_in_place(k: Pass) -> Array:
    np.square(k.h, out=k.h)  # h *= h: the trace itself changes, and h_prev with it
    return 1 - k.h


def _bump(p: Array) -> Array:
    """The slope of the sigmoid where its value is p."""
    return p * (1 - p)


FIRST, LAST, REST = slice(0, 1), slice(-1, None), slice(1, None)
_FACTORS = {  # the gradient that each sum takes, what it is multiplied with, its equation, and its term in print
    "U": ("dL_da", "x", 11, "H^(t) ∂L/∂h^(t) x^(t)ᵀ"),
    "W": ("dL_da", "h_prev", 10, "H^(t) ∂L/∂h^(t) h^(t-1)ᵀ"),
    "V": ("dL_do", "h", 6, "∂L/∂o^(t) h^(t)ᵀ"),
    "b": ("dL_da", None, 9, "H^(t) ∂L/∂h^(t)"),
    "c": ("dL_do", None, 5, "∂L/∂o^(t)"),
}

# three lines an entry: name, equation, formula with the slip; a question; the code
# fmt: off
MISTAKES = [
    # ∂L/∂o: eqs. (3) and (4)
    Mistake("sign_flipped", 3, "∂L/∂o^(t) = (y^(t) - ŷ^(t)) / B",
            "If an output is too large, should its gradient be positive or negative?",
            after={"dL_do": lambda k, right: -right}),
    Mistake("not_divided_by_B", 3, "∂L/∂o^(t) = ŷ^(t) - y^(t)",
            "The loss is an average over the batch. Where does that average appear in your gradient?",
            after={"dL_do": lambda k, right: right * k.y.shape[1]}),
    Mistake("divided_by_B_twice", 3, "∂L/∂o^(t) = (ŷ^(t) - y^(t)) / B²",
            "How many times does the batch size divide your gradient on its way?",
            after={"dL_do": lambda k, right: right / k.y.shape[1]}),
    Mistake("averaged_over_time", 3, "∂L/∂o^(t) = (ŷ^(t) - y^(t)) / (B T)",
            "Is the loss a sum over time, or an average over time?",
            after={"dL_do": lambda k, right: right / len(k.y)}),
    Mistake("averaged_over_outputs", 3, "∂L/∂o^(t) = (ŷ^(t) - y^(t)) / (B n_y)",
            "What does the loss do with several outputs of one step?",
            after={"dL_do": lambda k, right: right / k.y.shape[2]}),
    Mistake("divided_by_outputs_not_batch", 3, "∂L/∂o^(t) = (ŷ^(t) - y^(t)) / n_y",
            "Which axis of your array is the batch?",
            after={"dL_do": lambda k, right: right * k.y.shape[1] / k.y.shape[2]}),
    Mistake("divided_by_steps_not_batch", 3, "∂L/∂o^(t) = (ŷ^(t) - y^(t)) / T",
            "By which of the sizes do you divide, and what does it count?",
            after={"dL_do": lambda k, right: right * k.y.shape[1] / len(k.y)}),
    Mistake("averaged_over_everything", 3, "∂L/∂o^(t) = (ŷ^(t) - y^(t)) / (T B n_y)",
            "Over which axes does the loss average, and over which does it only sum?",
            after={"dL_do": lambda k, right: right / k.y[:, 0].size}),
    Mistake("sigmoid_slope_twice", 4, "∂L/∂o^(t) = (ŷ^(t) - y^(t)) σ'(o^(t)) / B",
            "After cross-entropy and sigmoid have been differentiated together, what is left of the sigmoid's slope?",
            after={"dL_do": lambda k, right: right * _bump(k.y_hat)}),
    Mistake("sigmoid_slope_missing", 4, "∂L/∂o^(t) = (ŷ^(t) - y^(t)) / (B (ŷ^(t) - ŷ^(t)²))",
            "With respect to which variable is this gradient: before the sigmoid, or after it?",
            after={"dL_do": lambda k, right: right / _bump(k.y_hat)}),
    Mistake("sigmoid_slope_at_y_hat", 4, "∂L/∂o^(t) = ∂L/∂ŷ^(t) σ(ŷ^(t)) (1 - σ(ŷ^(t)))",
            "At which argument is the slope of the sigmoid taken?",
            after={"dL_do": lambda k, right: right / _bump(k.y_hat) * _bump(sigmoid(k.y_hat))}),
    # the slope of tanh, wherever it is used: eq. (8)
    Mistake("tanh_slope_missing", 8, "∂L/∂a^(t) = ∂L/∂h^(t)",
            "What lies between a^(t) and h^(t)?",
            instead={"slope": lambda k: np.ones_like(k.h)}),
    Mistake("tanh_of_tanh", 8, "H^(t) = diag(1 - tanh²(h^(t)))",
            "Your array already holds the output of tanh. How often have you applied tanh?",
            instead={"slope": lambda k: 1 - np.tanh(k.h) ** 2}),
    Mistake("tanh_slope_inverted", 8, "H^(t) = diag(1 / (1 - h^(t)²))",
            "Does a flat part of tanh make a gradient smaller or larger?",
            after={"slope": lambda k, right: 1 / right}),
    Mistake("sigmoid_slope_for_tanh", 8, "H^(t) = diag(h^(t) (1 - h^(t)))",
            "Of which function did you take the slope, and which one makes h?",
            instead={"slope": lambda k: k.h * (1 - k.h)}),
    Mistake("tanh_slope_averaged_over_batch", 8, "H^(t) = diag(1 - mean over the batch of h^(t)²)",
            "Do two sequences of one batch share their states?",
            after={"slope": lambda k, right: np.broadcast_to(right.mean(axis=1, keepdims=True), k.h.shape)}),
    Mistake("tanh_slope_of_previous_step", 8, "∂L/∂a^(t) = H^(t-1) ∂L/∂h^(t)",
            "Which state came out of the tanh that you are going through?",
            instead={"slope": lambda k: 1 - k.h_prev**2}),
    Mistake("tanh_slope_of_last_step_everywhere", 8, "∂L/∂a^(t) = H^(T) ∂L/∂h^(t)",
            "Which variable of an earlier loop does your line still read?",
            after={"slope": lambda k, right: np.broadcast_to(right[LAST], k.h.shape)}),
    Mistake("h_squared_in_place", 8, "h^(t) overwritten by h^(t)², then used in ∂L/∂V and ∂L/∂W",
            "After your line with the square, what does trace.h hold?",
            instead={"slope": _square_in_place}),
    # ∂L/∂h: eq. (7)
    Mistake("recurrent_term_missing", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t)",
            "Who reads h^(t), besides the output of step t?",
            after={"slope_next": lambda k, right: 0 * right}),
    Mistake("output_path_missing", 7, "∂L/∂h^(t) = Wᵀ H^(t+1) ∂L/∂h^(t+1) for t < T",
            "Who reads h^(t), besides the next state?",
            after={"direct": lambda k, right: only(right, LAST)}),
    Mistake("last_state_left_out", 7, "∂L/∂h^(T) = 0",
            "Where does the walk back start, and with what?",
            after={"direct": lambda k, right: only(right, slice(0, -1))}),
    Mistake("error_one_step_early", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t+1) + Wᵀ H^(t+1) ∂L/∂h^(t+1)",
            "Where in your loop is Vᵀ ∂L/∂o^(t) added: before you use the gradient of this state, or after it?",
            after={"direct": lambda k, right: np.concatenate([right[1:], 0 * right[:1]])}),
    Mistake("W_not_transposed", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + W H^(t+1) ∂L/∂h^(t+1)",
            "Which side of W does the gradient meet, and is that the way back?",
            after={"W_back": lambda k, right: right.T}),
    Mistake("tanh_slope_missing_in_recursion", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ ∂L/∂h^(t+1)",
            "On the way from h^(t+1) back to h^(t), what comes before W?",
            instead={"slope_next": lambda k: np.ones_like(k.h[1:])}),
    Mistake("tanh_slope_squared_in_recursion", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ H^(t+1)² ∂L/∂h^(t+1)",
            "Is what you carry from step to step a gradient for h or already for a?",
            after={"slope_next": lambda k, right: right**2}),
    Mistake("tanh_slope_of_wrong_step_in_recursion", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ H^(t) ∂L/∂h^(t+1)",
            "Which tanh lies between h^(t) and h^(t+1)?",
            instead={"slope_next": lambda k: k.slope[:-1]}),
    Mistake("tanh_slope_after_W_in_recursion", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + H^(t+1) Wᵀ ∂L/∂h^(t+1)",
            "Going back, what do you meet first: W, or the slope of tanh?",
            instead={"dL_dh": lambda k: walk_back(k.direct, k.slope_next, lambda g, H: (g @ k.W_back) * H)}),
    Mistake("recursion_cut_after_one_step", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ H^(t+1) Vᵀ ∂L/∂o^(t+1)",
            "Is ∂L/∂h^(t+1) complete at the moment when you use it? In which order does your loop visit the steps?",
            instead={"dL_dh": lambda k: walk_back(k.direct, k.slope_next, lambda g, H: (g * H) @ k.W_back, iter)}),
    Mistake("recursion_skips_first_step", 7, "∂L/∂h^(1) = Vᵀ ∂L/∂o^(1)",
            "Which is the last value of t in your loop?",
            after={"slope_next": lambda k, right: only(right, REST)}),
    Mistake("recursion_skips_last_step", 7, "∂L/∂h^(T-1) = Vᵀ ∂L/∂o^(T-1)",
            "Which is the first value of t in your loop?",
            after={"slope_next": lambda k, right: only(right, slice(0, -1))}),
    Mistake("recursion_counted_twice", 10, "∂L/∂h^(t) times total derivatives of h^(t), not immediate ones",
            "When ∂L/∂h^(t) already knows all that happens later, which derivative of h^(t) is left to multiply with?",
            after={"dL_dh": lambda k, right: walk_back(right, k.slope_next, lambda g, H: (g * H) @ k.W_back)}),
    Mistake("carry_added_up", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Σ_(s > t) Wᵀ H^(s) ∂L/∂h^(s)",
            "What you carry to the step before: is it new in each step, or does it grow?",
            instead={"dL_dh": _walk_with_a_growing_carry}),
    Mistake("walked_forwards", 7, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ H^(t-1) ∂L/∂h^(t-1)",
            "In which order does your loop visit the steps, and from which side does a gradient come?",
            instead={"dL_dh": _walk_forwards}),
    Mistake("states_not_reversed", 7, "∂L/∂h^(T+1-t) in the place of ∂L/∂h^(t)",
            "Your loop meets the last step first. In which order does it leave what you collect?",
            after={"dL_dh": lambda k, right: right[::-1]}),
    Mistake("one_array_for_all_states", 7, "Σ_s ∂L/∂h^(s) in the place of each ∂L/∂h^(t)",
            "How many arrays are there for the gradients of the states: does [array] * T copy it?",
            after={"dL_dh": lambda k, right: np.broadcast_to(right.sum(axis=0), right.shape)}),
    Mistake("last_written_state_everywhere", 7, "∂L/∂h^(1) in the place of each ∂L/∂h^(t)",
            "Does your list hold T arrays, or T names of one array that is written again in each step?",
            after={"dL_dh": lambda k, right: np.broadcast_to(right[FIRST], right.shape)}),
    Mistake("W_updated_inside_loop", 7, "Wᵀ replaced by (W - learning rate · gradient so far)ᵀ, during the walk back",
            "Is W the same at the end of your loop as at its start?",
            instead={"dL_dh": _walk_with_updates}),
    # ∂L/∂a, as the sums use it: eq. (8)
    Mistake("tanh_slope_missing_in_sums", 8, "Σ_t ∂L/∂h^(t) … in ∂L/∂U, ∂L/∂W and ∂L/∂b",
            "U, W and b act on a^(t). Have you gone back as far as that?",
            instead={"dL_da": lambda k: k.dL_dh}),
    Mistake("tanh_slope_squared_in_sums", 8, "Σ_t H^(t)² ∂L/∂h^(t) … in ∂L/∂U, ∂L/∂W and ∂L/∂b",
            "Had the gradient that you sum already passed the tanh?",
            after={"dL_da": lambda k, right: right * k.slope}),
    # the sums: eqs. (5), (6) and (9) to (11)
    Mistake("same_step_in_every_term", 10, "∂L/∂U = Σ_t H^(1) ∂L/∂h^(1) x^(1)ᵀ, and so for W and b",
            "Print t inside your sums. Does it move?",
            instead={f"dL_d{n}": lambda k, n=n: len(k.x) * summed(*_FACTORS[n][:2], FIRST)(k) for n in "UWb"}),
    Mistake("batch_averaged_before_product", 10, "Σ_t (gradients, summed over the batch) (inputs, averaged over it)ᵀ",
            "Is an average of products the product of two averages?",
            instead={f"dL_d{n}": _batch_means(*_FACTORS[n][:2]) for n in "UWV"}),
    Mistake("dU_without_first_step", 11, "∂L/∂U = Σ_(t = 2 … T) H^(t) ∂L/∂h^(t) x^(t)ᵀ",
            "The state before the first step is zero. Is the input of the first step zero too?",
            instead={"dL_dU": summed("dL_da", "x", REST)}),
    Mistake("dU_with_previous_x", 11, "∂L/∂U = Σ_t H^(t) ∂L/∂h^(t) x^(t-1)ᵀ",
            "Which input went into a^(t)?",
            instead={"dL_dU": lambda k: np.tensordot(k.dL_da[1:], k.x[:-1], axes=((0, 1), (0, 1)))}),
    Mistake("dU_without_tanh_slope", 11, "∂L/∂U = Σ_t ∂L/∂h^(t) x^(t)ᵀ",
            "Does U act on h^(t), or on a^(t)?",
            instead={"dL_dU": summed("dL_dh", "x")}),
    Mistake("dW_with_same_h", 10, "∂L/∂W = Σ_t H^(t) ∂L/∂h^(t) h^(t)ᵀ",
            "Which state does W multiply in step t?",
            instead={"dL_dW": summed("dL_da", "h")}),
    Mistake("last_state_before_the_first_step", 10, "∂L/∂W with h^(T) as the state before the first step",
            "At the first step, which index do you ask for, and what does Python give for it?",
            instead={"dL_dW": lambda k: np.tensordot(k.dL_da, np.roll(k.h, 1, axis=0), axes=((0, 1), (0, 1)))}),
    Mistake("dW_transposed", 10, "∂L/∂W = Σ_t h^(t-1) (H^(t) ∂L/∂h^(t))ᵀ",
            "Row i of W makes unit i. Which index of your product belongs to unit i?",
            after={"dL_dW": lambda k, right: right.T}),
    Mistake("dV_with_previous_h", 6, "∂L/∂V = Σ_t ∂L/∂o^(t) h^(t-1)ᵀ",
            "Which state makes the output of step t?",
            instead={"dL_dV": summed("dL_do", "h_prev")}),
    Mistake("db_without_recurrent_term", 9, "∂L/∂b = Σ_t H^(t) Vᵀ ∂L/∂o^(t)",
            "Does b change only the output of the same step?",
            instead={"dL_db": summed("direct_da")}),
    Mistake("dc_summed_over_outputs", 5, "every entry of ∂L/∂c = Σ_t and Σ over the outputs of ∂L/∂o^(t)",
            "How many numbers should be left, and over which axes did you sum?",
            after={"dL_dc": lambda k, right: np.full_like(right, right.sum())}),
    Mistake("dc_added_to_itself", 5, "∂L/∂c = 2 ∂L/∂o^(1)",
            "Do the total and the term of one step have two names in your loop?",
            instead={"dL_dc": lambda k: 2 * k.dL_do[0].sum(axis=0)}),
]
# fmt: on

# mistakes that can be made in each of the sums
MISTAKES += [
    Mistake(
        *(f"d{n}_from_{which}_step_only", equation, f"∂L/∂{n} = {term} at t = {t} alone"),
        "Does each step add to what is there, or write over it?",
        instead={f"dL_d{n}": summed(left, right, place)},
    )
    for n, (left, right, equation, term) in _FACTORS.items()
    for which, place, t in [("first", FIRST, "1"), ("last", LAST, "T")]
]
