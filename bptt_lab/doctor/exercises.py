"""The exercises of the plain network: its whole backward pass, and each of its three stages alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bptt_lab import bptt, gradcheck, model
from bptt_lab.doctor.catalogue import MISTAKES
from bptt_lab.doctor.exercise import Exercise
from bptt_lab.doctor.passes import Mistake
from bptt_lab.doctor.places import wrong_backward, wrong_output_grads, wrong_param_grads, wrong_state_grads
from bptt_lab.doctor.steps import RIGHT, only
from bptt_lab.model import Params

_SIZES = [  # all different, then each of T, B and n_y equal to 1, then all different again; n_y = 2 would hide 2 / n_y
    dict(T=T, B=B, n_x=n_x, n_h=n_h, n_y=n_y)
    for T, B, n_x, n_h, n_y in [(7, 4, 2, 5, 3), (1, 4, 2, 5, 3), (6, 1, 2, 5, 3), (7, 4, 2, 5, 1), (30, 8, 3, 6, 5)]
]
_LONG = 20  # steps; in longer problems an error that goes back so far must still count
_FORBIDDEN = (
    *(bptt.backward, bptt.output_grads, bptt.state_grads, bptt.param_grads),
    *(gradcheck.complex_step, gradcheck.central_differences, gradcheck.state_grads),
    *(gradcheck.derivative, gradcheck.central_difference),
)


def draw(rng: np.random.Generator, T: int, B: int, n_x: int, n_h: int, n_y: int) -> dict[str, object]:
    """A problem on which no known mistake hides: asymmetric W, biases, both bits; no gradient reaches 5.

    If the problem is long, small inputs leave tanh steep, and W turns a state without making it shorter.
    ∂L/∂o and ∂L/∂h are random, so that a stage which is given them depends on no other stage.
    """
    shapes, scale = [(n_h, n_x), (n_h, n_h), (n_y, n_h), (n_h,), (n_y,)], 0.5 if T <= _LONG else 0.2
    params = Params(*(rng.uniform(-scale, scale, shape) for shape in shapes))  # small enough that no tanh is flat
    if T > _LONG:
        params = params._replace(W=np.linalg.qr(params.W)[0])
    x = rng.normal(size=(T, B, n_x))
    y = rng.permutation(np.arange(T * B * n_y) % 2.0).reshape(T, B, n_y)  # half of them 1
    dL_do, dL_dh = rng.normal(size=(T, B, n_y)) / B, rng.normal(size=(T, B, n_h)) / B
    return dict(params=params, x=x, trace=model.forward(params, x), y=y, dL_do=dL_do, dL_dh=dL_dh)


def loss_alone(arguments: dict, t: int) -> dict:
    """The arguments with the loss of step t alone: elsewhere y is set to ŷ. (Gradients are linear in ∂L/∂o.)"""
    return arguments | {"y": only(arguments["y"], t, arguments["trace"].y_hat)}


def grads_alone(arguments: dict, t: int) -> dict:
    """The arguments with the given gradients set to zero at all steps but t."""
    return arguments | {name: only(arguments[name], t) for name in ("dL_do", "dL_dh")}


BACKWARD = Exercise(
    reference=bptt.backward,
    answer=Params("dL_dU", "dL_dW", "dL_dV", "dL_db", "dL_dc"),
    steps=RIGHT,
    draw=draw,
    sizes=_SIZES,
    mistakes=MISTAKES,
    forbidden=_FORBIDDEN,
    alone=loss_alone,
    place=wrong_backward,
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


OUTPUT_GRADS = _stage(bptt.output_grads, "dL_do", answer="dL_do", alone=None, place=wrong_output_grads)
STATE_GRADS = _stage(
    *(bptt.state_grads, "slope slope_next W_back direct dL_dh"), answer="dL_dh", alone=None, place=wrong_state_grads
)
PARAM_GRADS = _stage(
    *(bptt.param_grads, "slope dL_da dL_dU dL_dW dL_dV dL_db dL_dc"), alone=grads_alone, place=wrong_param_grads
)
