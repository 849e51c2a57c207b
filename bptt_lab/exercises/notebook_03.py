"""Exercises of notebook 03: back propagation through time."""

import numpy as np

from bptt_lab import bptt
from bptt_lab.doctor import BACKWARD, STATE_GRADS, Exercise, Mistake, slip
from bptt_lab.model import Array, Params, Trace


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
    STATE_GRADS.but(
        id="03.1",
        function="my_state_grads",
        title="The second stage, without looking",
        hints=(
            "Which two quantities are computed from h^(t)?",
            "Begin at the last step, where only one of the two exists; then go from T - 1 down to 1.",
            "What comes from step t + 1 passes its tanh first (times 1 - h², of which step?) and then W. "
            "States are rows here.",
        ),
    ),
    Exercise(
        id="03.2",
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
        id="03.3",
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
