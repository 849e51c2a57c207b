"""Which known mistakes, alone or together, give the answer at hand."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import chain, combinations, islice, product

import numpy as np

from bptt_lab.doctor.exercise import TOLERANCE, Case, Exercise, errors, scales
from bptt_lab.doctor.passes import Mistake, possible_together
from bptt_lab.model import Array


class Table:
    """The answers that some sets of mistakes give on one problem, to be compared with an answer all at once."""

    def __init__(self, exercise: Exercise, case: Case, sets: list[tuple[Mistake, ...]]):
        answers = [exercise.wrong(case, mistakes) for mistakes in sets]
        scale = [scales(answer) for answer in answers]
        self.sets = sets
        self.values = {name: np.array([answer[name] for answer in answers]) for name in exercise.names}
        self.scales = {name: np.array([one[name] for one in scale]) for name in exercise.names}

    def fitting(self, answer: dict[str, Array]) -> list[tuple[Mistake, ...]]:
        """The sets that give all of these arrays, which may be a part of an answer."""
        fits = np.ones(len(self.sets), dtype=bool)
        for name, array in answer.items():
            difference = np.abs(self.values[name].reshape(len(self.sets), array.size) - array.ravel()).max(axis=1)
            fits &= difference <= TOLERANCE * self.scales[name]
        return [self.sets[i] for i in np.flatnonzero(fits)]


class Suspects:
    """All mistakes of an exercise, alone and in pairs."""

    def __init__(self, exercise: Exercise, cases: list[Case]):
        self.exercise, self.cases = exercise, cases
        self.candidates = list(exercise.catalogue.values())

    @cached_property
    def singles(self) -> Table:
        return Table(self.exercise, self.cases[0], [(mistake,) for mistake in self.candidates])

    @cached_property
    def pairs(self) -> Table:
        """The table of all pairs, made only when no single mistake fits, in under a second."""
        sets = [pair for pair in combinations(self.candidates, 2) if possible_together(*pair)]
        return Table(self.exercise, self.cases[0], sets)

    def explain(self, answers: list[dict[str, Array]]) -> list[tuple[Mistake, ...]]:
        """The sets of mistakes that give these answers on all problems: single ones, or pairs, or one larger set."""
        return (
            list(self._confirmed(self.singles.fitting(answers[0]), answers))
            or list(self._confirmed(self.pairs.fitting(answers[0]), answers))
            or list(islice(self._confirmed(self._larger(answers[0]), answers), 1))
        )

    def _confirmed(self, sets: Iterable[tuple[Mistake, ...]], answers: list[dict[str, Array]]) -> Iterator:
        def confirms(mistakes: tuple[Mistake, ...], case: Case, answer: dict[str, Array]) -> bool:
            return max(errors(answer, self.exercise.wrong(case, mistakes)).values()) <= TOLERANCE

        return (one for one in sets if all(confirms(one, *pair) for pair in zip(self.cases, answers)))

    def _larger(self, answer: dict[str, Array]) -> Iterator[tuple[Mistake, ...]]:
        """Sets of three or more: each array shows at most two of them; or one array shows some, and hides the rest."""
        right = self.exercise.right(self.cases[0])
        error = errors(answer, right)
        wrong = [name for name in answer if error[name] > TOLERANCE]
        options = [self._fitting({name: answer[name]}) for name in wrong]
        tried = set()
        for choice in chain(islice(product(*options), 200), self._extended(wrong, options, right)):
            names = frozenset(mistake.name for mistakes in choice for mistake in mistakes)
            union = tuple(mistake for mistake in self.candidates if mistake.name in names)
            if len(union) > 2 and names not in tried and possible_together(*union):
                tried.add(names)
                yield union

    def _extended(self, wrong: list[str], options: list, right: dict[str, Array]) -> Iterator[tuple]:
        """Sets of three: what fits one array, filled up with mistakes that leave this array right."""
        for name, fitting in zip(wrong, options):
            hidden = [mistake for (mistake,) in self.singles.fitting({name: right[name]})]
            for shown in fitting[:3]:
                yield from ((shown, more) for more in combinations(hidden, max(3 - len(shown), 0)))

    def _fitting(self, part: dict[str, Array]) -> list[tuple[Mistake, ...]]:
        return self.singles.fitting(part) or self.pairs.fitting(part)


def suspects(exercise: Exercise, cases: list[Case]) -> Suspects:
    """The `Suspects` of an exercise, computed once for its problems: the second answer comes at once."""
    key = (exercise, str(cases))
    if key not in _KNOWN:
        if len(_KNOWN) >= 32:
            _KNOWN.pop(next(iter(_KNOWN)))
        _KNOWN[key] = Suspects(exercise, cases)
    return _KNOWN[key]


_KNOWN: dict[tuple[Exercise, str], Suspects] = {}
