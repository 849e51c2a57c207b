"""A function for students to write, and what the doctor must know to say what is wrong with theirs."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bptt_lab.doctor.passes import Mistake, Pass, steps_with
from bptt_lab.model import Array

TOLERANCE = 1e-5  # relative: float32 and finite differences pass, and no two of a catalogue should be nearer than 1e-3


class Case(NamedTuple):
    """One random problem. Whoever draws it again gets the same numbers in arrays of his own."""

    sizes: dict[str, int]
    seed: list[int]
    step: int | None = None  # the only one that counts, if given


@dataclass(frozen=True, eq=False, repr=False)
class Exercise:
    """A function with a right answer, and a catalogue of wrong ones.

    reference  the right function; its parameters name the arguments
    answer     what it returns, with the name of a step in the place of each array: "dL_do", or Params("dL_dU", …)
    steps      quantity: f(k); k has the arguments, the fields of those that are NamedTuples, and the other quantities
    draw       draw(rng, **sizes) -> at least the arguments, by name: random ones, on which no mistake hides
    sizes      of the problems: those of the first differ from each other; in others, one that can hide a mistake is 1;
               the last differ from all; T counts steps
    mistakes   they become the `catalogue`, by name
    forbidden  functions that give the answer away, besides the reference; no step may call one of these either
    alone      alone(what `draw` gave, t) -> the same with step t alone counting, for the errors by step
    place      place(findings) -> where to look, a question, an equation or None; for when no known mistake fits
    raises     ValueError if a mistake touches a quantity that has no step
    """

    reference: Callable
    answer: str | tuple
    steps: Mapping[str, Callable[[Pass], Array]]
    draw: Callable[..., dict[str, object]]
    sizes: Sequence[dict[str, int]]
    mistakes: InitVar[Iterable[Mistake]] = ()
    forbidden: Iterable[Callable] = ()
    alone: Callable[[dict, int], dict] | None = None
    place: Callable[..., tuple[str, str, int | None]] | None = None
    catalogue: dict[str, Mistake] = field(init=False, default_factory=dict)

    def __post_init__(self, mistakes: Iterable[Mistake]):
        for mistake in mistakes:
            if unknown := mistake.touches - self.steps.keys():
                raise ValueError(f"{mistake.name} must touch steps of the exercise, got {min(unknown)}: add that step")
            self.catalogue[mistake.name] = mistake._replace(exercise=self)

    @cached_property
    def parameters(self) -> list[str]:
        """Names of the arguments."""
        return list(inspect.signature(self.reference).parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the arrays in the answer."""
        return (self.answer,) if isinstance(self.answer, str) else self.answer._fields

    @property
    def telling(self) -> list[str]:
        """Names of the sizes that are 1 in some problem."""
        return [name for name in self.sizes[0] if any(sizes[name] == 1 for sizes in self.sizes)]

    def cases(self, seed: int, **fixed: int) -> list[Case]:
        """The random problems, with some sizes fixed."""
        sizes = [one | fixed for one in self.sizes]
        distinct = [one for place, one in enumerate(sizes) if one not in sizes[:place]]
        return [Case(one, [seed, number]) for number, one in enumerate(distinct)]

    def arguments(self, case: Case) -> dict[str, object]:
        """Fresh arguments of the function, by name; nothing done to them comes back here."""
        drawn = self.draw(np.random.default_rng(case.seed), **case.sizes)
        if self.alone and case.step is not None:
            drawn = self.alone(drawn, case.step)
        return {name: drawn[name] for name in self.parameters if name in drawn}

    def right(self, case: Case) -> dict[str, Array]:
        """The right arrays by name."""
        return self.by_name(self.reference(**self.arguments(case)))

    def wrong(self, case: Case, mistakes: Iterable[Mistake]) -> dict[str, Array]:
        """The arrays with these mistakes, under the same names."""
        with np.errstate(all="ignore"):  # two mistakes together may overflow
            return self.by_name(self.combine(*mistakes)(*self.arguments(case).values()))

    def by_name(self, answer: object) -> dict[str, Array]:
        """The arrays of an answer of the right type."""
        return dict(zip(self.names, [answer] if isinstance(self.answer, str) else answer))

    def combine(self, *mistakes: Mistake) -> Callable:
        """The function that makes all these mistakes at once.

        raises   ValueError if two of them replace the same quantity: they cannot both be made
        """
        steps = steps_with(self.steps, mistakes)

        def wrong(*arguments: object) -> object:
            k = Pass(steps, dict(zip(self.parameters, arguments)))
            if isinstance(self.answer, str):
                return getattr(k, self.answer)
            return self.answer._make(getattr(k, step) for step in self.answer)

        return wrong


def scales(arrays: Mapping[str, Array]) -> dict[str, float]:
    """The largest entry of each, and at least a tenth of the largest of all.

    So one that is zero, or nearly cancels, is not held to more digits than rounding leaves.
    """
    largest = {name: float(np.abs(array).max()) for name, array in arrays.items()}
    return {name: max(value, 0.1 * max(largest.values())) or 1.0 for name, value in largest.items()}


def errors(yours: Mapping[str, Array], theirs: Mapping[str, Array]) -> dict[str, float]:
    """max |difference| / scale, for each name."""
    scale = scales(theirs)
    return {name: float(np.abs(yours[name] - theirs[name]).max()) / scale[name] for name in theirs}
