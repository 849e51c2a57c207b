"""Exercises of notebook 03: back propagation through time."""

from collections.abc import Callable, Container

import numpy as np

from bptt_lab import bptt
from bptt_lab.doctor import BACKWARD, OUTPUT_GRADS, STATE_GRADS, Exercise, Mistake, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array, Params, Trace

# One sequence alone: its arrays have no axis for the batch, so a gradient is a vector, as in the formulas.
_SIZES = [{name: size for name, size in one.items() if name != "B"} for one in BACKWARD.sizes if one["B"] > 1]


def gradient_of_o(y_hat: Array, y: Array) -> Array:
    return y_hat - y


def gradient_of_V(dL_do: Array, h: Array) -> Array:
    return dL_do.T @ h


def walk_back(V: Array, W: Array, dL_do: Array, h: Array) -> Array:
    dL_dh, slope = dL_do @ V, 1 - h**2
    for t in reversed(range(len(h) - 1)):
        dL_dh[t] += W.T @ (slope[t + 1] * dL_dh[t + 1])
    return dL_dh


def _bracket_missing(V: Array, W: Array, dL_do: Array, h: Array) -> Array:
    dL_dh, slope = dL_do @ V, 1 - h**2
    for t in reversed(range(len(h) - 1)):
        dL_dh[t] += W.T @ slope[t + 1] * dL_dh[t + 1]
    return dL_dh


def gradient_of_W(dL_da: Array, h: Array) -> Array:
    return dL_da[1:].T @ h[:-1]


def _draw_one(rng: np.random.Generator, **sizes: int) -> dict[str, object]:
    drawn = BACKWARD.draw(rng, B=1, **sizes)
    params, trace = drawn["params"], drawn["trace"]
    dL_da = (1 - trace.h**2) * drawn["dL_dh"]
    arrays = dict(y_hat=trace.y_hat, y=drawn["y"], h=trace.h, dL_do=drawn["dL_do"], dL_da=dL_da)
    return {"V": params.V, "W": params.W} | {name: array[:, 0] for name, array in arrays.items()}


def _one_sequence(reference: Callable, answer: str, steps: dict, mistakes: list[Mistake], **more: object) -> Exercise:
    """An exercise on one sequence, named after its function."""
    given = dict(function=reference.__name__, draw=_draw_one, sizes=_SIZES, forbidden=BACKWARD.forbidden)
    return Exercise(reference, answer, steps, mistakes=mistakes, **given | more)


def _known(exercise: Exercise, *names: str, **questions: str) -> list[Mistake]:
    """Mistakes of a catalogue that a single sequence can show too; some with a question of their own.

    They name no equation to read again, because it comes after the exercise.
    """
    known = [exercise.catalogue[name]._replace(equation=None) for name in (*names, *questions)]
    return [mistake._replace(hint=questions.get(mistake.name, mistake.hint)) for mistake in known]


def _with(name: str, **instead: Callable) -> Mistake:
    """A mistake of the catalogue, computed for a single sequence."""
    return BACKWARD.catalogue[name]._replace(equation=None, instead=instead, after={})


def _before(h: Array) -> Array:
    """The state before each step; there is none before the first."""
    return np.concatenate([0 * h[:1], h[:-1]])


def _only(array: Array, steps: Container[int]) -> Array:
    """The array at these steps, and 0 elsewhere."""
    return np.array([row if t in steps else 0 * row for t, row in enumerate(array)])


# the whole batch


def input_grads(params: Params, dL_da: Array) -> Array:
    return dL_da @ params.U


def truncated_state_grads(params: Params, trace: Trace, dL_do: Array, k: int) -> Array:
    """One error at a time."""
    dL_dh = np.zeros_like(trace.h)
    for t in range(len(dL_do)):
        reached, alone = slice(max(0, t - k), t + 1), np.zeros_like(dL_do)
        alone[t] = dL_do[t]
        dL_dh[reached] += bptt.state_grads(params, trace, alone)[reached]
    return dL_dh


def _draw_inputs(rng: np.random.Generator, **sizes: int) -> dict[str, object]:
    drawn = BACKWARD.draw(rng, **sizes)
    return drawn | {"dL_da": (1 - drawn["trace"].h ** 2) * drawn["dL_dh"]}


def _in_chunks(params: Params, trace: Trace, dL_do: Array, k: int) -> Array:
    parts = [slice(start, start + k + 1) for start in range(0, len(dL_do), k + 1)]
    pieces = [bptt.state_grads(params, Trace(*(z[part] for z in trace)), dL_do[part]) for part in parts]
    return np.concatenate(pieces)


def _last_steps_alone(params: Params, trace: Trace, dL_do: Array, k: int) -> Array:
    """The whole recursion, stopped after k steps."""
    dL_dh, whole = dL_do @ params.V, bptt.state_grads(params, trace, dL_do)
    dL_dh[max(0, len(dL_dh) - 1 - k) :] = whole[max(0, len(dL_dh) - 1 - k) :]
    return dL_dh


def _added_again(params: Params, trace: Trace, dL_do: Array, k: int) -> Array:
    dL_dh, dh_da = dL_do @ params.V, 1 - trace.h**2
    for _ in range(k):
        dL_dh[:-1] += (dL_dh[1:] * dh_da[1:]) @ params.W
    return dL_dh


EXERCISES = [
    question(
        id="03.a",
        name="multiplied",
        title="From memory: what W multiplies",
        answer="b",
        wrong={
            "a": "Is h^(t) known before the tanh of step t is taken?",
            "c": "Which matrix reads the bits of step t?",
        },
        hints=(
            "What does the network carry from one step to the next?",
            "Step t computes a^(t) = b + W · … + U x^(t). Which state exists already at that moment?",
        ),
    ),
    question(
        id="03.b",
        name="averaged",
        title="From memory: where the loss is an average",
        answer="c",
        wrong={
            "a": "Would the loss of a network then grow with the size of the batch?",
            "b": "Always saying 0.5 cost 5.5 nats for 8 bits, and 0.69 for one. Sum, or average?",
        },
        hints=(
            "In the loss (2), which of the two sums has 1/B in front?",
            "The loss of one addition is the surprise about all its bits together. What is that of a batch?",
        ),
    ),
    _one_sequence(
        gradient_of_o,
        "dL_do",
        {"dL_do": lambda k: k.y_hat - k.y},
        _known(
            OUTPUT_GRADS,
            *("sign_flipped", "averaged_over_time", "sigmoid_slope_twice", "sigmoid_slope_missing"),
            "sigmoid_slope_at_y_hat",
        ),
        place=lambda found: (*OUTPUT_GRADS.place(found)[:2], None),
        id="03.1",
        title="From the loss to the outputs, for one addition",
        hints=(
            "Multiply (3) by the slope of the sigmoid. Which factors stand above and below the line?",
            "With B = 1 the denominator of (3) is ŷ (1 - ŷ), and the slope of the sigmoid is the same.",
            "What is left is one subtraction, for all steps at once.",
        ),
    ),
    _one_sequence(
        gradient_of_V,
        "dL_dV",
        {"dL_dV": lambda k: k.dL_do.T @ k.h},
        [
            _with("dV_with_previous_h", dL_dV=lambda k: k.dL_do.T @ _before(k.h)),
            _with("dV_from_last_step_only", dL_dV=lambda k: np.outer(k.dL_do[-1], k.h[-1])),
            _with("dV_from_first_step_only", dL_dV=lambda k: np.outer(k.dL_do[0], k.h[0])),
            Mistake(
                *("dV_averaged_over_time", None, "∂L/∂V = Σ_t ∂L/∂o^(t) h^(t)ᵀ / T"),
                "If each step had a V of its own, and all were moved together: would their effects add up, or average?",
                after={"dL_dV": lambda k, right: right / len(k.h)},
            ),
            Mistake(
                *("dV_summed_before_product", None, "∂L/∂V = (Σ_t ∂L/∂o^(t)) (Σ_t h^(t))ᵀ"),
                "Does the output of step 2 read the state of step 5?",
                instead={"dL_dV": lambda k: np.outer(k.dL_do.sum(axis=0), k.h.sum(axis=0))},
            ),
        ],
        alone=lambda drawn, t: drawn | {"dL_do": _only(drawn["dL_do"], [t])},
        place=lambda found: ("look at what a single step adds", "Which state makes the output of step t?", None),
        id="03.2",
        title="The output weights, for one addition",
        hints=(
            "What is entry (i, j) of one step? Which two vectors make a matrix of all these entries?",
            "np.outer(g, h) has the entry g[i] * h[j] at [i, j]. Each step gives one such matrix.",
            "Begin with zeros of the shape of V, and add one np.outer for each step: a gradient first, then a state.",
        ),
    ),
    question(
        id="03.c",
        name="readers",
        title="How many lines read a state",
        answer=2,
        wrong={
            1: "One is in the same step. What does the next step take over?",
            3: "Line a^(4) reads h^(3). Does line h^(4) read h^(3) itself, or a^(4)?",
            6: "Does the output of step 5 read h^(3) itself, or a state that was made from it?",
            11: "Are all of them computed from h^(3) itself, or most of them from what was made of it?",
            0: "Which lines of (1) have an h on the right?",
        },
        hints=(
            "Which lines of (1) have an h on the right? Which step is written at each?",
            "They are a^(t) = b + W h^(t-1) + U x^(t) and o^(t) = c + V h^(t). For which t is each of these an h^(3)?",
        ),
    ),
    _one_sequence(
        walk_back,
        "dL_dh",
        {name: STATE_GRADS.steps[name] for name in ("slope", "slope_next", "W_back", "direct", "dL_dh")},
        [
            *_known(
                STATE_GRADS,
                *("tanh_slope_of_wrong_step_in_recursion", "tanh_slope_missing_in_recursion"),
                *("recursion_cut_after_one_step", "output_path_missing", "last_state_left_out"),
                *("tanh_slope_squared_in_recursion", "tanh_slope_after_W_in_recursion", "error_one_step_early"),
                *("recursion_skips_first_step", "recursion_skips_last_step", "walked_forwards", "carry_added_up"),
                *("states_not_reversed", "tanh_slope_inverted", "tanh_of_tanh", "recursion_counted_twice"),
                recurrent_term_missing="Who reads h^(t), besides the output of step t? If your line has that term: "
                "is ∂L/∂h^(t+1) there already when it is used?",
                W_not_transposed="A nudge δ becomes W δ on its way forward. What takes a gradient back: W, or Wᵀ?",
            ),
            Mistake(
                *("first_state_left_out", None, "∂L/∂h^(1) = 0"),
                "Which is the last value of t in your loop, and which index does the first state have?",
                after={"dL_dh": lambda k, right: _only(right, range(int(len(right) > 1), len(right)))},
            ),
            Mistake(
                *("bracket_missing", None, "A @ b * c, where A @ (b * c) is meant: Python multiplies from the left"),
                "In Python, is A @ b * c the same as A @ (b * c)?",
                instead={"dL_dh": lambda k: _bracket_missing(k.V, k.W, k.dL_do, k.h)},
            ),
        ],
        place=lambda found: (*STATE_GRADS.place(found)[:2], None),
        id="03.3",
        title="The walk back, for one addition",
        hints=(
            "The last state has one reader, all others have two. What does each reader send back?",
            "Go from the last index down to 0. When you come to t, the gradient of t + 1 must be complete.",
            "The second reader sends back what the nudge met on its way there, in the opposite order: "
            "first slope[t + 1], entry by entry, and then the transpose of W.",
        ),
    ),
    question(
        id="03.d",
        name="made_of",
        title="What the orange number is made of",
        answer="b",
        wrong={
            "a": "That product is -0.088. Which other units of h^(4) read unit 4 of h^(3)?",
            "c": "Which matrix lies between two states?",
        },
        hints=(
            "Entry 4 of a product Wᵀ g: how many terms does it have?",
            "Unit 4 of h^(3) is read by every unit of h^(4), each with a weight of its own.",
        ),
    ),
    _one_sequence(
        gradient_of_W,
        "dL_dW",
        {"dL_dW": lambda k: k.dL_da.T @ _before(k.h)},
        [
            _with("dW_with_same_h", dL_dW=lambda k: k.dL_da.T @ k.h),
            _with("last_state_before_the_first_step", dL_dW=lambda k: k.dL_da.T @ np.roll(k.h, 1, axis=0)),
            _with("dW_transposed", dL_dW=lambda k: _before(k.h).T @ k.dL_da),
            _with("dW_from_last_step_only", dL_dW=lambda k: np.outer(k.dL_da[-1], _before(k.h)[-1])),
            Mistake(
                *("dW_with_next_h", None, "∂L/∂W = Σ_t H^(t) ∂L/∂h^(t) h^(t+1)ᵀ"),
                "Does a^(t) read a state that comes later?",
                instead={"dL_dW": lambda k: k.dL_da[:-1].T @ k.h[1:]},
            ),
            Mistake(
                *("dW_averaged_over_time", None, "∂L/∂W = Σ_t H^(t) ∂L/∂h^(t) h^(t-1)ᵀ / T"),
                "If each step had a W of its own, and all were moved together: would their effects add up, or average?",
                after={"dL_dW": lambda k, right: right / len(k.h)},
            ),
            Mistake(
                *("dW_with_slope_squared", None, "∂L/∂W = Σ_t (H^(t))² ∂L/∂h^(t) h^(t-1)ᵀ"),
                "By (8), is the slope of the tanh in ∂L/∂a^(t) already?",
                instead={"dL_dW": lambda k: ((1 - k.h**2) * k.dL_da).T @ _before(k.h)},
            ),
        ],
        alone=lambda drawn, t: drawn | {"dL_da": _only(drawn["dL_da"], [t])},
        place=lambda found: ("look at which steps are added", "Which steps have a state before them, and which?", None),
        sizes=[one for one in _SIZES if one["T"] > 1],  # Python's sum of no arrays is the number 0
        id="03.4",
        title="The recurrent weights, for one addition",
        hints=(
            "Compare a^(t) = b + W h^(t-1) + U x^(t) with o^(t) = c + V h^(t). What stands now where h^(t) stood?",
            "What does h[t - 1] give for the first index, t = 0? And which state comes before the first step?",
            "One np.outer for each step but the first: the gradient of a^(t), then the state before it.",
        ),
    ),
    question(
        id="03.e",
        name="why_sums",
        title="Why parameters have a sum over the steps, and states have none",
        answer="a",
        wrong={
            "b": "By which road does h^(3) reach the loss of step 8?",
            "c": "What does ∂L/∂h^(t+1) on the right of (7) hold: step t + 1 alone, or all that come after it too?",
        },
        hints=(
            "How many V are there in 8 steps, and how many states?",
            "Pretend that each step had its own V. What must be done when they are one again? Would that help h^(3)?",
        ),
    ),
    Exercise(
        id="03.5",
        function="input_grads",
        title="The gradient of the inputs",
        reference=input_grads,
        draw=_draw_inputs,
        sizes=[size for size in BACKWARD.sizes if size["T"] > 1],
        answer="dL_dx",
        steps={"U_back": lambda k: k.U, "dL_da_used": lambda k: k.dL_da, "dL_dx": lambda k: k.dL_da_used @ k.U_back},
        mistakes=[
            Mistake(
                *("one_step_early", None, "∂L/∂x^(t) = Uᵀ ∂L/∂a^(t+1)"),
                "In which step does x^(t) enter a?",
                after={"dL_da_used": lambda k, right: np.concatenate([right[1:], 0 * right[:1]])},
            ),
            Mistake(
                *("one_step_late", None, "∂L/∂x^(t) = Uᵀ ∂L/∂a^(t-1)"),
                "Can x^(1) matter, if nothing reaches it?",
                after={"dL_da_used": lambda k, right: np.concatenate([0 * right[:1], right[:-1]])},
            ),
            Mistake(
                *("divided_by_B", None, "∂L/∂x^(t) = Uᵀ ∂L/∂a^(t) / B"),
                "Where does ∂L/∂a^(t) already hold the mean over the batch?",
                after={"dL_dx": lambda k, right: right / right.shape[1]},
            ),
        ],
        hints=(
            "In a^(t) = b + W h^(t-1) + U x^(t), what stands before x^(t)?",
            "A gradient goes back through a matrix by its transpose: ∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) is the same for V.",
            "For rows, (Uᵀ g)ᵀ = gᵀ U. No loop is needed.",
        ),
    ),
    Exercise(
        id="03.6",
        function="truncated_state_grads",
        title="Truncated: an error reaches k steps back and no farther",
        reference=truncated_state_grads,
        draw=lambda rng, k, **sizes: BACKWARD.draw(rng, **sizes) | {"k": k},
        sizes=[size | {"k": 2} for size in BACKWARD.sizes] + [BACKWARD.sizes[0] | {"k": k} for k in (0, 12)],
        answer="dL_dh",
        steps={"dL_dh": lambda k: truncated_state_grads(k.params, k.trace, k.dL_do, k.k)},
        forbidden=(bptt.state_grads, bptt.backward),
        mistakes=[
            slip(
                *("one_step_too_far", "errors that reach t, t-1, … , t-k-1", "With k = 0, does any error travel?"),
                lambda params, trace, dL_do, k: truncated_state_grads(params, trace, dL_do, k + 1),
            ),
            slip(
                *("one_step_too_near", "errors that reach t, … , t-k+1", "With k = 1, does an error reach step t-1?"),
                lambda params, trace, dL_do, k: (
                    truncated_state_grads(params, trace, dL_do, k - 1) if k else 0 * trace.h
                ),
            ),
            slip(
                *("one_pass_missing", "one pass less than k", "With k = 1, does an error reach step t-1?"),
                lambda params, trace, dL_do, k: truncated_state_grads(params, trace, dL_do, max(k - 1, 0)),
            ),
            slip(
                *("k_not_used", "errors that reach every earlier step", "Which line of yours changes with k?"),
                lambda params, trace, dL_do, k: bptt.state_grads(params, trace, dL_do),
            ),
            slip(
                *(
                    "last_steps_alone",
                    "a walk that ends after k steps",
                    "Does the error of step 2 reach step 1 if k is 1?",
                ),
                _last_steps_alone,
            ),
            slip(
                *(
                    "added_again",
                    "errors that are added anew in each pass",
                    "After two passes, how often was each added?",
                ),
                _added_again,
            ),
            slip(
                *(
                    "chunks",
                    "errors that stay in their chunk of k + 1 steps",
                    "How far does the first error of the second chunk go?",
                ),
                _in_chunks,
            ),
        ],
        hints=(
            "How far back has an error of step t come after one pass of your loop? After k?",
            "All errors can walk side by side: one line moves them all a step back.",
            "Keep two arrays: what is travelling now, and the sum of what has arrived. "
            "After each of the k moves, add the first to the second.",
        ),
    ),
]
