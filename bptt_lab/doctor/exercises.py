"""The exercises of the plain network: its whole backward pass, and each of its three stages alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bptt_lab import bptt, gradcheck, model
from bptt_lab.doctor.catalogue import MISTAKES
from bptt_lab.doctor.exercise import Exercise
from bptt_lab.doctor.localise import Findings, listed, symbol
from bptt_lab.doctor.passes import Mistake
from bptt_lab.doctor.steps import RIGHT, only
from bptt_lab.model import Params

_SIZES = [  # all different, then each of T, B and n_y equal to 1, then all different again; n_y = 2 would hide 2 / n_y
    dict(T=T, B=B, n_x=n_x, n_h=n_h, n_y=n_y)
    for T, B, n_x, n_h, n_y in [(7, 4, 2, 5, 3), (1, 4, 2, 5, 3), (7, 1, 2, 5, 3), (7, 4, 2, 5, 1), (30, 8, 3, 6, 5)]
]
_LONG = 20  # steps; in longer problems an error that goes back so far must still count
_FORBIDDEN = (
    *(bptt.backward, bptt.output_grads, bptt.state_grads, bptt.param_grads),
    *(gradcheck.complex_step, gradcheck.central_differences, gradcheck.state_grads),
    *(gradcheck.derivative, gradcheck.central_difference),
)
_EQUATIONS = {"U": 11, "W": 10, "V": 6, "b": 9, "c": 5}  # of the sums


def draw(rng: np.random.Generator, T: int, B: int, n_x: int, n_h: int, n_y: int) -> dict[str, object]:
    """A problem on which no known mistake hides: asymmetric W, biases, both bits; no gradient reaches 5.

    Where it is long, small inputs leave tanh steep, and W turns a state without making it shorter.
    ∂L/∂o and ∂L/∂h are random, so that a stage which is given them depends on no other stage.
    """
    shapes, scale = [(n_h, n_x), (n_h, n_h), (n_y, n_h), (n_h,), (n_y,)], 0.6 if T <= _LONG else 0.2
    params = Params(*(rng.uniform(-scale, scale, shape) for shape in shapes))  # small enough that no tanh is flat
    if T > _LONG:
        params = params._replace(W=np.linalg.qr(params.W)[0])
    x = rng.normal(size=(T, B, n_x))
    y = rng.permutation(np.arange(T * B * n_y) % 2.0).reshape(T, B, n_y)  # half of them 1
    dL_do, dL_dh = rng.normal(size=(T, B, n_y)), rng.normal(size=(T, B, n_h))
    return dict(params=params, x=x, trace=model.forward(params, x), y=y, dL_do=dL_do, dL_dh=dL_dh)


def loss_alone(arguments: dict, t: int) -> dict:
    """Gradients are linear in ∂L/∂o: where y^(t) is put equal to ŷ^(t), that step has no loss."""
    return arguments | {"y": only(arguments["y"], t, arguments["trace"].y_hat)}


def grads_alone(arguments: dict, t: int) -> dict:
    """The given gradients are zero but at step t."""
    return arguments | {name: only(arguments[name], t) for name in ("dL_do", "dL_dh")}


def _wrong_output_grads(found: Findings) -> tuple[str, str, int]:
    return "look at what compares ŷ^(t) with y^(t), and at what divides it", "What does the loss average over?", 4


def _wrong_state_grads(found: Findings) -> tuple[str, str, int]:
    return "look at the two ways in which h^(t) matters", "Which two quantities are computed from h^(t)?", 7


def _wrong_param_grads(found: Findings) -> tuple[str, str, int]:
    wrong, ask = found.wrong(), "What does each step contribute to it?"
    for name in [name for name in "cV" if name in wrong]:
        first = " first" if len(wrong) > 1 else ""
        return f"look at the sum for {symbol(name)}{first}", ask, _EQUATIONS[name]
    good = [name for name in "UWb" if name not in wrong]
    if not good:
        return "look at ∂L/∂a^(t), which all three need", "How do you go from h^(t) back to a^(t)?", 8
    proof = f"{listed(map(symbol, good))} {'shows' if len(good) == 1 else 'show'} that ∂L/∂a^(t) is right"
    if good == ["W"]:  # its first term is always zero
        proof += " after the first step"
    hint = "What multiplies ∂L/∂a^(t) in each step, and which steps are added?"
    return f"{proof}, so look at the sum for {listed(map(symbol, wrong))}", hint, _EQUATIONS[wrong[0]]


def _wrong_backward(found: Findings) -> tuple[str, str, int]:
    """The first stage that is wrong: everything it needs is right."""
    wrong = set(found.wrong())
    if wrong >= {"V", "c"}:
        after = " first, the others follow from it" if wrong & set("UWb") else ""
        hint = "Which two variables does the output gradient compare, and what divides their difference?"
        return f"repair ∂L/∂o^(t){after}", hint, 4
    if wrong != set("UWb"):
        return _wrong_param_grads(found)
    if found.right_at_one("T"):
        hint = "What does the gradient of a state take from the step after it?"
        return "∂L/∂o^(t) is right, and so is a single step: look at what ∂L/∂h^(t) takes from later steps", hint, 7
    hint = "Write down the path from o^(t) back to a^(t): which two factors stand on it?"
    return "∂L/∂o^(t) is right: look at ∂L/∂h^(t) and ∂L/∂a^(t), already for a single step", hint, 8


BACKWARD = Exercise(
    reference=bptt.backward,
    answer=Params("dL_dU", "dL_dW", "dL_dV", "dL_db", "dL_dc"),
    steps=RIGHT,
    draw=draw,
    sizes=_SIZES,
    mistakes=MISTAKES,
    forbidden=_FORBIDDEN,
    alone=loss_alone,
    place=_wrong_backward,
)


def _stage(reference: Callable, quantities: str, **changes: object) -> Exercise:
    """One stage alone: its steps, and those mistakes that can be made there."""
    steps = {name: RIGHT[name] for name in quantities.split()}
    stage = replace(BACKWARD, reference=reference, steps=steps, **changes)
    possible = [mistake for mistake in MISTAKES if mistake.touches <= steps.keys() and _computes(stage, mistake)]
    return replace(stage, mistakes=sorted(possible, key=lambda mistake: "slope" in mistake.touches))


def _computes(stage: Exercise, mistake: Mistake) -> bool:
    try:
        stage.wrong(stage.cases(seed=0)[0], [mistake])
    except AttributeError:  # it needs a quantity that this stage is not given
        return False
    return True


OUTPUT_GRADS = _stage(bptt.output_grads, "dL_do", answer="dL_do", alone=None, place=_wrong_output_grads)
STATE_GRADS = _stage(
    *(bptt.state_grads, "slope slope_next W_back direct dL_dh"), answer="dL_dh", alone=None, place=_wrong_state_grads
)
PARAM_GRADS = _stage(
    *(bptt.param_grads, "slope dL_da dL_dU dL_dW dL_dV dL_db dL_dc"), alone=grads_alone, place=_wrong_param_grads
)
