"""What the comparison of an answer with the right one gave, on all problems."""

from typing import NamedTuple

import numpy as np

from bptt_lab.doctor.exercise import TOLERANCE, Case, Exercise, errors
from bptt_lab.model import Array


class Findings(NamedTuple):
    """Each list has one entry for each problem."""

    exercise: Exercise
    cases: list[Case]
    yours: list[dict[str, Array]]
    right: list[dict[str, Array]]
    errors: list[dict[str, float]]
    alone: tuple[list, list] | None = None  # (yours, right) where one step of the first problem counts; None if unknown
    heat: Array | None = None  # (gradients, T), the error of what each step contributes; None if that is unknown

    def wrong(self, case: int | None = None) -> list[str]:
        """Names of the gradients that are wrong in this problem, or in any."""
        chosen = self.errors if case is None else [self.errors[case]]
        return [name for name in self.errors[0] if max(error[name] for error in chosen) > TOLERANCE]

    def right_at_one(self, size: str) -> bool:
        """Whether all is right where this size is 1, although it is not elsewhere."""
        at_one = [i for i, case in enumerate(self.cases) if case.sizes[size] == 1]
        others = [i for i in range(len(self.cases)) if i not in at_one]
        return bool(at_one) and not any(map(self.wrong, at_one)) and all(map(self.wrong, others[:1]))

    @property
    def adds_up(self) -> bool:
        """False if the answers for single steps are seen not to add up to the answer for all steps."""
        if self.alone is None or self.exercise.alone is None:
            return True

        def sums(steps: list, whole: dict) -> bool:
            total = {name: sum(one[name] for one in steps) for name in whole}
            return max(errors(total, whole).values()) <= TOLERANCE

        return sums(self.alone[0], self.yours[0]) or not sums(self.alone[1], self.right[0])


def equal(a: Array, b: Array) -> bool:
    """Whether both have one shape, and are as near to each other as a right answer must be."""
    scale = max(np.abs(b).max(), np.abs(a).max())
    return a.shape == b.shape and bool(np.abs(a - b).max() <= TOLERANCE * scale)
