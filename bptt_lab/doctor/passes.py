"""A right answer cut into named steps that each follow from earlier ones, and what a mistake in one of them is.

A mistake puts its own function in place of a step, or changes the step's value; so one answer can have two of them.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bptt_lab.model import Array


class Pass:
    """One way through the steps. A quantity is computed when it is first asked for, from those it needs."""

    def __init__(self, steps: Mapping[str, Callable[["Pass"], Array]], arguments: Mapping[str, object]):
        tuples = [argument for argument in arguments.values() if hasattr(argument, "_fields")]
        shared = Counter(name for one in tuples for name in one._fields)  # k.c would be doubtful: ask for k.params.c
        fields = {name: value for one in tuples for name, value in one._asdict().items() if shared[name] == 1}
        self.__dict__.update(fields | dict(arguments), steps=steps)

    def __getattr__(self, name: str) -> Array:  # Python calls this only for what is not known yet
        if name not in self.steps:
            raise AttributeError(f"{name} must be given or have a step, got neither: see the exercise's steps")
        self.__dict__[name] = value = self.steps[name](self)
        return value


class Mistake(NamedTuple):
    """A wrong answer, made from the right one by other functions in the place of some of its steps.

    `instead` maps the name of a step to f(k), its wrong value; `after` maps it to f(k, right), which changes the right
    one. k is the `Pass` so far: k.dL_do, k.h and so on.
    `whole` is a function of the arguments, for a wrong answer that is not a right one with some steps changed.
    """

    name: str
    equation: int | None  # the one to read again
    formula: str  # with the slip
    hint: str  # a question
    instead: Mapping[str, Callable[[Pass], Array]] = {}
    after: Mapping[str, Callable[[Pass, Array], Array]] = {}
    whole: Callable | None = None
    exercise: object = None  # the `Exercise` in whose catalogue it stands

    def backward(self, *arguments: object) -> object:
        """The wrong answer to the arguments of the exercise, in the type of the right one."""
        if self.exercise is None:
            raise ValueError(f"{self.name} must stand in a catalogue, got none: use combine, or make an Exercise of it")
        return self.exercise.combine(self)(*arguments)

    @property
    def touches(self) -> set[str]:
        """Names of the quantities that are not as they should be."""
        return {*self.instead, *self.after}


def slip(name: str, formula: str, hint: str, whole: Callable) -> Mistake:
    """A wrong function, what it computes in words, and a question."""
    return Mistake(name, None, formula, hint, whole=whole)


def steps_with(steps: Mapping[str, Callable], mistakes: Sequence[Mistake]) -> dict[str, Callable]:
    """The right steps, with those of the mistakes in their places.

    Raises
    ------
    ValueError
        if two mistakes replace the same quantity
    """
    if not possible_together(*mistakes):
        names = " and ".join(mistake.name for mistake in mistakes)
        raise ValueError(f"mistakes must differ in what they replace, got {names}: choose another pair")
    steps = dict(steps)
    for mistake in mistakes:
        steps.update(mistake.instead)
    for mistake in mistakes:
        steps.update({name: _then(steps[name], change) for name, change in mistake.after.items()})
    return steps


def possible_together(*mistakes: Mistake) -> bool:
    """Whether no two of them replace the same quantity."""
    if any(mistake.whole for mistake in mistakes):
        return len(mistakes) == 1
    names = [name for mistake in mistakes for name in mistake.instead]
    return len(names) == len(set(names))


def _then(step: Callable, change: Callable) -> Callable:
    return lambda k: change(k, step(k))
