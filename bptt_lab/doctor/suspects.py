"""Which known mistakes, alone or together, give the gradient at hand."""

from collections.abc import Iterable
from functools import cached_property, lru_cache
from itertools import combinations, islice, product
from typing import NamedTuple

import numpy as np

from bptt_lab import bptt, model
from bptt_lab.doctor.catalogue import CATALOGUE, Mistake
from bptt_lab.doctor.passes import STAGES, Pass, possible_together, steps_with
from bptt_lab.model import Array, Params

TOLERANCE = 1e-5  # relative: float32 and finite differences pass, and no two of the catalogue are nearer than 1e-3
SIZES = [  # T, B, n_x, n_h, n_y: all different, then each of T, B and n_y equal to 1, then all different again
    (7, 4, 3, 5, 2),
    (1, 4, 3, 5, 2),
    (7, 1, 3, 5, 2),
    (7, 4, 3, 5, 1),
    (9, 3, 2, 6, 4),
]
ARGUMENTS = {  # of each function of `bptt`, by name
    "backward": ("params", "trace", "y"),
    "output_grads": ("trace", "y"),
    "state_grads": ("params", "trace", "dL_do"),
    "param_grads": ("trace", "dL_do", "dL_dh"),
}
_FIVE = {name: f"dL_d{name}" for name in Params._fields}
NAMES = {  # of each function's gradients, and what a `Pass` calls them
    "backward": _FIVE,
    "output_grads": {"dL_do": "dL_do"},
    "state_grads": {"dL_dh": "dL_dh"},
    "param_grads": _FIVE,
}


class Case(NamedTuple):
    """One random problem. A stage is given random gradients of its own, so that it depends on no other stage."""

    params: Params
    x: Array  # (T, B, n_x)
    y: Array  # (T, B, n_y)
    dL_do: Array  # (T, B, n_y)
    dL_dh: Array  # (T, B, n_h)

    def arguments(self, exercise: str) -> dict[str, Params | Array]:
        """Fresh arguments of this function of `bptt`, by name; nothing done to them comes back here."""
        params = Params(*(array.copy() for array in self.params))
        fresh = dict(params=params, trace=model.forward(params, self.x.copy()))
        fresh |= dict(y=self.y.copy(), dL_do=self.dL_do.copy(), dL_dh=self.dL_dh.copy())
        return {name: fresh[name] for name in ARGUMENTS[exercise]}

    @property
    def sizes(self) -> dict[str, int]:
        T, B, n_y = self.y.shape
        return {"T": T, "B": B, "n_y": n_y}


def make_cases(rng: np.random.Generator, B: int | None = None, n_y: int | None = None) -> list[Case]:
    """Problems on which no known mistake hides: asymmetric W, biases, sizes that differ. B and n_y can be fixed."""

    def make_case(T: int, B: int, n_x: int, n_h: int, n_y: int) -> Case:
        shapes = [(n_h, n_x), (n_h, n_h), (n_y, n_h), (n_h,), (n_y,)]
        return Case(
            params=Params(*(rng.uniform(-0.7, 0.7, shape) for shape in shapes)),  # small enough that no tanh is flat
            x=rng.normal(size=(T, B, n_x)),
            y=rng.integers(0, 2, (T, B, n_y)).astype(float),
            dL_do=rng.normal(size=(T, B, n_y)),
            dL_dh=rng.normal(size=(T, B, n_h)),
        )

    sizes = [(T, B or its_B, n_x, n_h, n_y or its_n_y) for T, its_B, n_x, n_h, its_n_y in SIZES]
    return [make_case(*five) for five in dict.fromkeys(sizes)]


def right(exercise: str, case: Case) -> dict[str, Array]:
    """The right gradients by name: U, W, V, b, c, or the one that the stage computes."""
    result = getattr(bptt, exercise)(**case.arguments(exercise))
    return result._asdict() if isinstance(result, Params) else dict.fromkeys(NAMES[exercise], result)


def wrong(exercise: str, case: Case, mistakes: Iterable[Mistake]) -> dict[str, Array]:
    """The gradients with these mistakes, under the same names."""
    known = {}
    for name, value in case.arguments(exercise).items():
        known |= value._asdict() if isinstance(value, tuple) else {name: value}
    k = Pass(steps_with(mistakes), **known)
    return {name: getattr(k, quantity) for name, quantity in NAMES[exercise].items()}


def scales(arrays: dict[str, Array]) -> dict[str, float]:
    """The largest entry of each, and at least a tenth of the largest among those made of the same gradients.

    So one that is zero, or nearly cancels, is not held to more digits than rounding leaves.
    """
    largest = {name: float(np.abs(array).max()) for name, array in arrays.items()}
    group = {name: "Vc" if name in "Vc" else "UWb" if name in "UWb" else name for name in arrays}
    return {
        name: max(value, *(0.1 * largest[other] for other in arrays if group[other] == group[name])) or 1.0
        for name, value in largest.items()
    }


def errors(yours: dict[str, Array], theirs: dict[str, Array]) -> dict[str, float]:
    """max |difference| / scale, for each name."""
    scale = scales(theirs)
    return {name: float(np.abs(yours[name] - theirs[name]).max()) / scale[name] for name in theirs}


class Table:
    """The gradients that some sets of mistakes give on one problem, to be compared with an answer all at once."""

    def __init__(self, exercise: str, case: Case, sets: list[tuple[Mistake, ...]]):
        answers = [wrong(exercise, case, mistakes) for mistakes in sets]
        scale = [scales(answer) for answer in answers]
        self.sets = sets
        self.values = {name: np.array([answer[name] for answer in answers]) for name in NAMES[exercise]}
        self.scales = {name: np.array([one[name] for one in scale]) for name in NAMES[exercise]}

    def fits(self, name: str, array: Array) -> Array:
        """For each set, whether it gives this array."""
        difference = np.abs(self.values[name] - array).reshape(len(self.sets), -1).max(axis=1)
        return difference <= TOLERANCE * self.scales[name]

    def fitting(self, answer: dict[str, Array]) -> list[tuple[Mistake, ...]]:
        """The sets that give all of these arrays."""
        fits = np.logical_and.reduce([self.fits(name, array) for name, array in answer.items()])
        return [self.sets[i] for i in np.flatnonzero(fits)]


class Suspects:
    """All mistakes of an exercise, alone and in pairs."""

    def __init__(self, exercise: str, cases: list[Case]):
        self.exercise, self.cases = exercise, cases
        self.candidates = candidates(exercise)

    @cached_property
    def singles(self) -> Table:
        return Table(self.exercise, self.cases[0], [(mistake,) for mistake in self.candidates])

    @cached_property
    def pairs(self) -> Table:
        """Half a second, and only when no single mistake fits."""
        sets = [pair for pair in combinations(self.candidates, 2) if possible_together(*pair)]
        return Table(self.exercise, self.cases[0], sets)

    def explain(self, answers: list[dict[str, Array]]) -> list[tuple[Mistake, ...]]:
        """The sets of mistakes that give these answers on all problems: single ones, or else pairs, or else one."""
        return (
            self._confirmed(self.singles.fitting(answers[0]), answers)
            or self._confirmed(self.pairs.fitting(answers[0]), answers)
            or self._confirmed(self._from_parts(answers[0]), answers)[:1]
        )

    def _confirmed(self, sets: Iterable[tuple[Mistake, ...]], answers: list[dict[str, Array]]) -> list:
        def confirms(mistakes: tuple[Mistake, ...], case: Case, answer: dict[str, Array]) -> bool:
            return max(errors(answer, wrong(self.exercise, case, mistakes)).values()) <= TOLERANCE

        return [one for one in sets if all(confirms(one, *pair) for pair in zip(self.cases, answers))]

    def _from_parts(self, answer: dict[str, Array]) -> list[tuple[Mistake, ...]]:
        """Sets of three or more, where each of the five gradients shows at most two of them."""
        options = []
        for name, error in errors(answer, right(self.exercise, self.cases[0])).items():
            if error > TOLERANCE:
                fits = [[table.sets[i] for i in np.flatnonzero(table.fits(name, answer[name]))]
                        for table in (self.singles, self.pairs)]  # fmt: skip
                options.append(fits[0] or fits[1])
        unions = []
        for choice in islice(product(*options), 200):
            names = {mistake.name for mistakes in choice for mistake in mistakes}
            union = tuple(mistake for mistake in self.candidates if mistake.name in names)
            if len(union) > 2 and possible_together(*union):
                unions.append(union)
        return unions


@lru_cache(maxsize=16)
def suspects(exercise: str, seed: int, B: int | None, n_y: int | None) -> Suspects:
    """Computed once for each exercise and seed: the second answer comes at once."""
    return Suspects(exercise, make_cases(np.random.default_rng(seed), B, n_y))


def candidates(exercise: str) -> list[Mistake]:
    """The mistakes that can be made in this function; those that touch nothing else first."""
    if exercise == "backward":
        return list(CATALOGUE.values())
    inside = [m for m in CATALOGUE.values() if m.touches <= STAGES[exercise] and _possible(exercise, m)]
    return sorted(inside, key=lambda m: "slope" in m.touches)


def _possible(exercise: str, mistake: Mistake) -> bool:
    case = make_cases(np.random.default_rng(0))[0]
    try:
        wrong(exercise, case, (mistake,))
    except AttributeError:  # it needs a quantity that this stage is not given
        return False
    return True
