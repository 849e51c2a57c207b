"""A function for students to write, and what the doctor must know to say what is wrong with theirs."""

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bptt_lab.doctor.passes import Mistake, Pass, steps_with
from bptt_lab.model import Array

TOLERANCE = 1e-5  # relative: float32 and finite differences pass, and no two of a catalogue should be nearer than 1e-3


class Case(NamedTuple):
    """One random problem. Whoever draws it again gets the same numbers in new arrays."""

    sizes: dict[str, int]
    seed: list[int]
    step: int | None = None  # the only one that counts, if given


@dataclass(frozen=True, eq=False, repr=False)
class Exercise:
    """A function with a right answer, and a catalogue of wrong ones.

    If an answer is made of gradients, the doctor can speak of each array: `answer`, `steps`, `fixed`, `alone` and
    `place` are for that. An exercise of a course has names: `id`, `function` and `title`.

    Parameters
    ----------
    reference
        the right function; its parameters name the arguments
    answer
        what the reference returns, with the name of a step in the place of each array: "dL_do", or
        Params("dL_dU", …)
    steps
        quantity: f(k); k has the arguments, the fields of those that are NamedTuples, and the other quantities
    draw
        draw(rng, **sizes) -> at least the arguments, by name; they are random, and no mistake hides on them
    sizes
        one entry for each problem: the sizes of the first differ from each other; in other problems, a size that can
        hide a mistake is 1; the sizes of the last differ from all others; T is the number of steps
    mistakes
        the known wrong answers; they become the `catalogue`, by name
    forbidden
        functions that give the answer away, besides the reference; no step may call one of these either
    alone
        alone(what `draw` gave, t) -> the same with step t alone counting, for the errors by step
    place
        place(findings) -> where to look, a question, an equation or None; it is used when no known mistake fits
    hints
        hints for an answer that no mistake explains: two or three, each says more than the one before
    judge
        judge(answer, **arguments) -> how the answer falls short, or "" if it does not: for an exercise with many right
        answers, of which the reference gives one
    tolerance
        largest difference that counts as right, for an answer whose arrays have no names
    seconds
        time limit for all calls together
    fixed
        sizes that are the same in all problems, for a function that need not be general yet
    id
        such as "03.1": the first exercise of notebook 03
    function
        the name under which students write it
    title
        a few words

    Raises
    ------
    ValueError
        if a mistake touches a quantity that has no step
    """

    reference: Callable
    answer: str | tuple | None = None
    steps: Mapping[str, Callable[[Pass], Array]] = field(default_factory=dict)
    draw: Callable[..., dict[str, object]] = lambda rng: {}
    sizes: Sequence[dict[str, int]] = ({},)
    mistakes: InitVar[Iterable[Mistake]] = ()
    forbidden: Iterable[Callable] = ()
    alone: Callable[[dict, int], dict] | None = None
    place: Callable[..., tuple[str, str, int | None]] | None = None
    hints: Sequence[str] = ()
    judge: Callable[..., str] | None = None
    tolerance: float = 1e-9
    seconds: float = 5.0
    fixed: Mapping[str, int] = field(default_factory=dict)
    id: str = ""
    function: str = ""
    title: str = ""
    catalogue: dict[str, Mistake] = field(init=False, default_factory=dict)

    def __post_init__(self, mistakes: Iterable[Mistake]):
        for mistake in mistakes:
            if unknown := mistake.touches - self.steps.keys():
                raise ValueError(f"{mistake.name} must touch steps of the exercise, got {min(unknown)}: add that step")
            self.catalogue[mistake.name] = mistake._replace(exercise=self)

    def but(self, **changes: object) -> "Exercise":
        """The same exercise with some fields changed; its mistakes stay unless others are given."""
        return replace(self, **{"mistakes": self.catalogue.values()} | changes)

    @cached_property
    def _once(self) -> dict[tuple[str, str], object]:
        """Arguments and right answer of each problem: a search for mistakes asks for them thousands of times."""
        return {}

    @cached_property
    def parameters(self) -> list[str]:
        """Names of the arguments."""
        return list(inspect.signature(self.reference).parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays in the answer; none if the answer is judged as a whole."""
        if self.answer is None:
            return ()
        return (self.answer,) if isinstance(self.answer, str) else self.answer._fields

    @property
    def telling(self) -> list[str]:
        """Names of the sizes that are 1 in some problem."""
        return [name for name in self.sizes[0] if any(sizes[name] == 1 for sizes in self.sizes)]

    def cases(self, seed: int, hidden: bool = False, **fixed: int) -> list[Case]:
        """The random problems, with some sizes fixed.

        Parameters
        ----------
        hidden
            draw them at other sizes; a size of 1 stays 1, because those problems are there to tell mistakes apart
        """
        rng, fixed = np.random.default_rng([seed, 1]), dict(self.fixed) | fixed
        sizes = [(_resized(one, rng) if hidden else one) | fixed for one in self.sizes]
        if fixed:
            sizes = [one for place, one in enumerate(sizes) if one not in sizes[:place]]
        return [Case(one, [seed, number]) for number, one in enumerate(sizes)]

    def arguments(self, case: Case) -> dict[str, object]:
        """Fresh arguments of the function, by name; what is done to them has no effect here."""
        if (key := ("arguments", str(case))) not in self._once:
            drawn = self.draw(np.random.default_rng(case.seed), **case.sizes)
            if self.alone and case.step is not None:
                drawn = self.alone(drawn, case.step)
            self._once[key] = {name: drawn[name] for name in self.parameters if name in drawn}
        return fresh(self._once[key], {})

    def expected(self, case: Case) -> object:
        """The right answer, as a copy that nobody else has."""
        if (key := ("answer", str(case))) not in self._once:
            self._once[key] = self.reference(**self.arguments(case))
        return fresh(self._once[key], {})

    def right(self, case: Case) -> dict[str, Array]:
        """The right arrays by name."""
        return self.by_name(self.expected(case))

    def wrong(self, case: Case, mistakes: Iterable[Mistake]) -> dict[str, Array]:
        """The arrays with these mistakes, under the same names."""
        with np.errstate(all="ignore"):  # two mistakes together may overflow
            return self.by_name(self.combine(*mistakes)(*self.arguments(case).values()))

    def by_name(self, answer: object) -> dict[str, Array]:
        """The arrays of an answer of the right type."""
        return dict(zip(self.names, [answer] if isinstance(self.answer, str) else answer))

    def combine(self, *mistakes: Mistake) -> Callable:
        """The function that makes all these mistakes at once; with none, a right one, which `examine` recognises.

        Raises
        ------
        ValueError
            if two of them replace the same quantity: they cannot both be made
        """
        steps = steps_with(self.steps, mistakes)
        whole = next((mistake.whole for mistake in mistakes if mistake.whole), None)

        def wrong(*arguments: object) -> object:
            if whole or not self.steps:
                return (whole or self.reference)(*arguments)
            k = Pass(steps, dict(zip(self.parameters, arguments)))
            if isinstance(self.answer, str):
                return getattr(k, self.answer)
            return self.answer._make(getattr(k, step) for step in self.answer)

        def combine(*arguments: object) -> object:
            return wrong(*arguments)

        return wrong if mistakes else combine


def fresh(value: object, roots: dict[int, Array]) -> object:
    """A copy in which views of one array are again views of one array; `copy.deepcopy` would separate them.

    Parameters
    ----------
    roots
        the copies made so far, by the id of the original
    """
    if isinstance(value, np.ndarray) and value.dtype != object:
        root = value
        while isinstance(root.base, np.ndarray):
            root = root.base
        if not root.flags.c_contiguous:
            return value.copy()
        if id(root) not in roots:
            roots[id(root)] = root.copy()
        if root is value:
            return roots[id(root)]
        offset = value.__array_interface__["data"][0] - root.__array_interface__["data"][0]
        return np.ndarray(value.shape, value.dtype, roots[id(root)], offset, value.strides)
    if isinstance(value, dict):
        return {name: fresh(part, roots) for name, part in value.items()}
    if isinstance(value, tuple | list):
        parts = [fresh(part, roots) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return copy.deepcopy(value)


def _resized(sizes: dict[str, int], rng: np.random.Generator) -> dict[str, int]:
    """Each size above 1 grows by 0 to 3; sizes that differed still differ."""
    larger = {name: size for name, size in sizes.items() if size > 1}
    drawn = {name: int(size + rng.integers(4)) for name, size in larger.items()}
    if any(larger[one] != larger[other] and drawn[one] == drawn[other] for one in larger for other in larger):
        return _resized(sizes, rng)
    return sizes | drawn


def scales(arrays: Mapping[str, Array]) -> dict[str, float]:
    """The largest entry of each array, but at least a tenth of the largest entry of all.

    So an array that is zero, or nearly cancels, need not be right in more digits than rounding leaves.
    """
    largest = {name: float(np.abs(array).max()) for name, array in arrays.items()}
    return {name: max(value, 0.1 * max(largest.values())) or 1.0 for name, value in largest.items()}


def errors(yours: Mapping[str, Array], theirs: Mapping[str, Array]) -> dict[str, float]:
    """max |difference| / scale, for each name."""
    scale = scales(theirs)
    return {name: float(np.abs(yours[name] - theirs[name]).max()) / scale[name] for name in theirs}
