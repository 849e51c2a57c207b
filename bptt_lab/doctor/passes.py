"""The backward pass cut into small steps, and what it is to make a mistake in one of them.

`bptt` has three stages. Here they are cut finer, into named quantities that each follow from earlier ones, so that two
mistakes can meet in one stage. A mistake puts its own function instead of one of them, or changes its value after it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from bptt_lab import validate
from bptt_lab.model import Array, Params, Trace

STAGES = {  # which quantities each stage of `bptt` computes
    "output_grads": {"dL_do"},
    "state_grads": {"slope", "slope_next", "W_back", "direct", "dL_dh"},
    "param_grads": {"slope", "dL_da", "dL_dU", "dL_dW", "dL_dV", "dL_db", "dL_dc"},
}


class Pass:
    """One backward pass. A quantity is computed when it is first asked for, from those it needs."""

    def __init__(self, steps: Mapping[str, Callable[["Pass"], Array]], **known: Array):
        self.__dict__.update(known, steps=steps)

    def __getattr__(self, name: str) -> Array:  # Python calls this only for what is not known yet
        if name not in self.steps:
            raise AttributeError(f"{name} must be given or have a step, got neither: see `RIGHT`")
        self.__dict__[name] = value = self.steps[name](self)
        return value


class Mistake(NamedTuple):
    """A wrong gradient. `instead` and `after` map a quantity to f(k) and f(k, value); k is the `Pass` so far."""

    name: str
    equation: int  # the one to read again
    formula: str  # with the slip
    hint: str  # a question
    instead: Mapping[str, Callable[[Pass], Array]] = {}
    after: Mapping[str, Callable[[Pass, Array], Array]] = {}

    def backward(self, params: Params, trace: Trace, y: Array) -> Params:
        """The wrong gradient, in the shapes of `bptt.backward`."""
        return combine(self)(params, trace, y)

    @property
    def touches(self) -> set[str]:
        """Names of the quantities that are not as they should be."""
        return {*self.instead, *self.after}


def combine(*mistakes: Mistake) -> Callable[[Params, Trace, Array], Params]:
    """The backward pass that makes all these mistakes at once.

    raises   ValueError if two of them replace the same quantity: they cannot both be made
    """
    steps = steps_with(mistakes)

    def backward(params: Params, trace: Trace, y: Array) -> Params:
        validate.targets(trace.y_hat, y)
        k = Pass(steps, **params._asdict(), **trace._asdict(), y=y)
        return Params(k.dL_dU, k.dL_dW, k.dL_dV, k.dL_db, k.dL_dc)

    return backward


def steps_with(mistakes: Iterable[Mistake]) -> dict[str, Callable[[Pass], Array]]:
    """The steps of the right pass, with those of the mistakes in their places."""
    steps, replaced = dict(RIGHT), {}
    for mistake in mistakes:
        if both := replaced.keys() & mistake.instead.keys():
            raise ValueError(f"mistakes must differ in what they replace, got {min(both)} twice: choose another pair")
        replaced.update(mistake.instead)
    steps.update(replaced)
    for mistake in mistakes:
        steps.update({name: _then(steps[name], change) for name, change in mistake.after.items()})
    return steps


def _then(step: Callable, change: Callable) -> Callable:
    return lambda k: change(k, step(k))


def walk_back(direct: Array, slope_next: Array, W: Array) -> Array:
    """Eq. (7): direct (T, B, n_h), slope_next (T - 1, B, n_h) holds H^(t+1) at t."""
    dL_dh = direct.copy()
    for t in reversed(range(len(slope_next))):
        dL_dh[t] += (dL_dh[t + 1] * slope_next[t]) @ W
    return dL_dh


def summed(left: str, right: str | None = None, steps: slice = slice(None)) -> Callable[[Pass], Array]:
    """Σ_t over these steps and Σ over the batch of left rightᵀ, or of left alone."""

    def total(k: Pass) -> Array:
        if right is None:
            return getattr(k, left)[steps].sum(axis=(0, 1))
        return np.tensordot(getattr(k, left)[steps], getattr(k, right)[steps], axes=((0, 1), (0, 1)))

    return total


RIGHT: dict[str, Callable[[Pass], Array]] = {
    "dL_do": lambda k: (k.y_hat - k.y) / k.y.shape[1],  # (T, B, n_y)
    "slope": lambda k: 1 - k.h**2,  # (T, B, n_h), the diagonals of H
    "slope_next": lambda k: k.slope[1:],  # (T - 1, B, n_h), as the recursion uses them
    "W_back": lambda k: k.W,  # as the recursion uses it
    "direct": lambda k: k.dL_do @ k.V,  # (T, B, n_h), through the output of the same step
    "dL_dh": lambda k: walk_back(k.direct, k.slope_next, k.W_back),  # (T, B, n_h)
    "dL_da": lambda k: k.dL_dh * k.slope,  # (T, B, n_h)
    "direct_da": lambda k: k.direct * k.slope,  # the right pass has no use for it, one mistake has
    "dL_dU": summed("dL_da", "x"),
    "dL_dW": summed("dL_da", "h_prev"),
    "dL_dV": summed("dL_do", "h"),
    "dL_db": summed("dL_da"),
    "dL_dc": summed("dL_do"),
}


def possible_together(*mistakes: Mistake) -> bool:
    """Whether no two of them replace the same quantity."""
    names = [name for mistake in mistakes for name in mistake.instead]
    return len(names) == len(set(names))
