"""Where to look in the plain network's backward pass, when no known mistake fits.

Each function returns a place, a question, an equation, and something to try. A place says only what the right
gradients prove, or what fits the wrong ones.
"""

import numpy as np

from bptt_lab.doctor.exercise import TOLERANCE, errors
from bptt_lab.doctor.findings import Findings
from bptt_lab.doctor.localise import factor, listed, symbol
from bptt_lab.doctor.passes import Mistake, Pass
from bptt_lab.doctor.steps import RIGHT
from bptt_lab.model import Array

_EQUATIONS = {"U": 11, "W": 10, "V": 6, "b": 9, "c": 5}  # of the sums
_FITS = 1e-4
_TRY_O = (
    "Take one step, one sequence, one output with y = 1. Let o grow by 0.001: by how much does the loss change? "
    "Put your number beside it; then take o with y = 0, and then two sequences."
)
_TRY_A = (
    "Take one unit. Where h = 0.9, does a small change of a move h by much or by little, and where h = 0? "
    "Put the factors of your line for both beside that."
)
_TRY_H = (
    "Take two steps. Let h^(1) grow by 0.001: which outputs change, and through which matrices and which tanh? "
    "Each of these ways is one term for t = 1. Put your line beside them; then take three steps."
)
_TRY_SUM = (
    "Take one step and one sequence, and compare; then two steps, then two sequences. Where it first goes wrong, print "
    "the indices and the shapes of what is added."
)


def wrong_output_grads(found: Findings) -> tuple:
    place = "look at what compares ŷ^(t) with y^(t), and at what divides it"
    return place, "What does the loss average over?", 4, _TRY_O


def wrong_state_grads(found: Findings) -> tuple:
    if found.heat is None or found.heat[0, -1] > TOLERANCE:
        ask = "Which quantities are computed from the last state?"
        return "look at the last step first, since no later step reaches it", ask, 7, _TRY_H
    ask = "Which two quantities are computed from h^(t)?"
    return "the last step is right: look at what comes back to h^(t) from h^(t+1)", ask, 7, _TRY_H


def wrong_param_grads(found: Findings) -> tuple:
    wrong, good = found.wrong(), [name for name in "UWb" if name not in found.wrong()]
    if good and set(wrong) <= set("UWb"):
        ask = "What multiplies ∂L/∂a^(t) in each step, and which steps are added?"
        return _proved(good, wrong), ask, _EQUATIONS[wrong[0]], _TRY_SUM
    if outer := [name for name in "cV" if name in wrong]:
        first = " first" if len(wrong) > len(outer) else ""
        ask = "What does each step contribute to it?"
        return f"{_look_at_sums(sorted(outer))}{first}", ask, _EQUATIONS[outer[0]], _TRY_SUM
    return "look at ∂L/∂a^(t), which all three need", "How do you go from h^(t) back to a^(t)?", 8, _TRY_A


def wrong_backward(found: Findings) -> tuple:
    """The first stage that is seen to be wrong, and what the right gradients prove."""
    wrong, good = found.wrong(), [name for name in "UWb" if name not in found.wrong()]
    if good and set(wrong) & set("Vc"):  # what follows from ∂L/∂o is right
        ask = "Which steps and which sequences does each sum add, and does anything divide it once more?"
        return _proved(good, wrong), ask, _EQUATIONS[wrong[-1]], _TRY_SUM
    if not set(wrong) & set("UWb") or good:
        return wrong_param_grads(found)
    if set(wrong) & set("Vc"):
        return _all_wrong(found)
    given = "V" not in found.right[0]  # some passes are asked for less
    known = "∂L/∂o^(t) is given" if given else "∂L/∂V and ∂L/∂c show that ∂L/∂o^(t) is right"
    if found.right_at_one("B"):
        ask = "Does anything go from one sequence to the next: a carry, a sum, an index?"
        return f"{known}, and a single sequence is right: look at how ∂L/∂h^(t) treats a batch", ask, 7, _TRY_SUM
    if _one_step_is_right(found):
        ask = "What does the gradient of a state take from the step after it?"
        return f"{known}, and so is a single step: look at what ∂L/∂h^(t) takes from later steps", ask, 7, _TRY_H
    ask = "Write down the path from o^(t) back to a^(t): which two factors stand on it?"
    return f"{known}: look at ∂L/∂h^(t) and ∂L/∂a^(t), already for a single step", ask, 8, _TRY_A


def _all_wrong(found: Findings) -> tuple:
    """Where to look if nothing proves ∂L/∂o right: a single step tells which ∂L/∂o would give what was handed in."""
    ask = "Which two numbers does ∂L/∂o^(t) compare, and what divides their difference?"
    sums = "Which steps and which sequences are added, which axis is which, and what divides the sum?"
    if factor(found, found.wrong()):
        return "all have it: look at what multiplies or divides ∂L/∂o^(t), or all that you hand back", ask, 4, _TRY_O
    if _one_step_is_right(found):
        place = "a single step is right: look at what changes with more steps, in ∂L/∂o^(t) or in all sums"
        return place, sums, 4, _TRY_SUM
    at_one = [i for i, case in enumerate(found.cases) if case.sizes["T"] == 1]
    if not at_one or not (used := _used_output_gradient(found, at_one[0])):
        return "look first at ∂L/∂o^(t), which all need, and then at what the sums have in common", ask, 4, _TRY_O
    dL_do, fits, follows = used
    if not dL_do.any():
        return "a single step adds nothing to ∂L/∂V: look at which steps and sequences are visited", sums, 5, _TRY_SUM
    if not fits:
        return "∂L/∂V and ∂L/∂c do not fit to one ∂L/∂o^(t): look at these two sums first", sums, 6, _TRY_SUM
    right = Pass(RIGHT, found.exercise.arguments(found.cases[at_one[0]])).dL_do[0]  # (B, n_y)
    if np.allclose(dL_do, right, rtol=_FITS, atol=_FITS):
        outer = _look_at_sums([name for name in found.wrong() if name in "Vc"])
        return f"for a single step ∂L/∂o^(t) is right: {outer}, and then at ∂L/∂a^(t)", sums, 6, _TRY_SUM
    weight = (dL_do * right).sum(axis=1, keepdims=True) / (right**2).sum(axis=1, keepdims=True)  # (B, 1)
    if right.shape[1] > 1 and np.ptp(weight) > _FITS and np.allclose(dL_do, weight * right, atol=_FITS):
        return "not all sequences count alike: look at which sequences are added, and how often", sums, 5, _TRY_SUM
    behind = "" if follows else "; ∂L/∂U and ∂L/∂b do not follow from it, so something behind it is wrong as well"
    return f"∂L/∂V and ∂L/∂c fit to one ∂L/∂o^(t), which is wrong: repair it first{behind}", ask, 4, _TRY_O


def _used_output_gradient(found: Findings, place: int) -> tuple[Array, bool, bool] | None:
    """From a problem with T = 1: the ∂L/∂o that gives ∂L/∂V; whether ∂L/∂c fits it, and whether U and b follow.

    None if more than one ∂L/∂o gives it, because h^(1) has fewer units than there are sequences.
    """
    case, yours = found.cases[place], found.yours[place]
    h = found.exercise.arguments(case)["trace"].h[0]  # (B, n_h)
    if len(h) > h.shape[1]:
        return None
    dL_do = np.linalg.lstsq(h.T, yours["V"].T, rcond=None)[0]  # (B, n_y)
    as_used = Mistake("", None, "", "", instead={"dL_do": lambda k: dL_do[None]})
    error = errors(yours, found.exercise.wrong(case, [as_used]))
    return dL_do, max(error["V"], error["c"]) < _FITS, max(error["U"], error["b"]) < _FITS


def _one_step_is_right(found: Findings) -> bool:
    at_one = [place for place, case in enumerate(found.cases) if case.sizes["T"] == 1]
    return bool(at_one) and not any(map(found.wrong, at_one))


def _proved(good: list[str], wrong: list[str]) -> str:
    proof = f"{listed(map(symbol, good))} {'shows' if len(good) == 1 else 'show'} that"
    if good == ["W"]:  # its first term is always zero
        return f"{proof} ∂L/∂a^(t) is right after the first step: look at that step, and at what each sum does with it"
    return f"{proof} {'the sum of all ' * (good == ['b'])}∂L/∂a^(t) is right, so {_look_at_sums(wrong)}"


def _look_at_sums(wrong: list[str]) -> str:
    return f"look at the sum{'s' * (len(wrong) > 1)} for {listed(map(symbol, wrong))}"
