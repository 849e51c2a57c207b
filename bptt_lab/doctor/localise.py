"""Where an answer goes wrong when no known mistake explains it: which gradients, sizes, factor and time step."""

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

import numpy as np

from bptt_lab.doctor.exercise import TOLERANCE, Case, Exercise
from bptt_lab.model import Array

_MORE = {"B": " (more than one sequence)", "n_y": " (more than one output)"}


class Findings(NamedTuple):
    """What the comparison on all problems gave; each list has one entry for each problem."""

    exercise: Exercise
    cases: list[Case]
    yours: list[dict[str, Array]]
    right: list[dict[str, Array]]
    errors: list[dict[str, float]]

    def wrong(self, case: int | None = None) -> list[str]:
        """Names of the gradients that are wrong in this problem, or in any."""
        chosen = self.errors if case is None else [self.errors[case]]
        return [name for name in self.errors[0] if max(error[name] for error in chosen) > TOLERANCE]

    def right_at_one(self, size: str) -> bool:
        """Whether all is right where this size is 1, although it is not elsewhere."""
        at_one = [i for i, case in enumerate(self.cases) if case.sizes[size] == 1]
        others = [i for i in range(len(self.cases)) if i not in at_one]
        return bool(at_one) and not any(map(self.wrong, at_one)) and all(map(self.wrong, others[:1]))


def localise(found: Findings, heat: Array | None) -> tuple[str, str, str]:
    """What is wrong, in one sentence of facts; a question; and where to look.

    heat     (gradients, T), the error of what each step contributes; None if that could not be asked
    """
    wrong = found.wrong()
    factor = _factor(found, wrong)
    facts = [factor] if factor else [_only_when(found, wrong), _steps(found, heat)]
    facts = "".join(f", {fact}" for fact in facts if fact)
    sentence = f"{listed(map(symbol, wrong))} {'is' if len(wrong) == 1 else 'are'} wrong{facts}"
    if found.exercise.place is None:
        return sentence, "What is the first line of yours that touches what is wrong?", ""
    place, question, equation = found.exercise.place(found)
    return (
        sentence,
        question,
        f"{place[0].upper()}{place[1:]}.{f' Read equation ({equation}) again.' if equation else ''}",
    )


def symbol(name: str) -> str:
    """∂L/∂U for U, ∂L/∂o for dL_do."""
    return f"∂L/∂{name.removeprefix('dL_d')}"


def listed(words: Iterable[str]) -> str:
    """a, b and c."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _only_when(found: Findings, wrong: list[str]) -> str:
    def works(size: str) -> bool:  # ∂L/∂W is zero where T = 1, so it says nothing that it is right
        at_one = [right for right, case in zip(found.right, found.cases) if case.sizes[size] == 1]
        return any(right[name].any() for right in at_one for name in wrong)

    sizes = [size for size in found.exercise.telling if found.right_at_one(size) and works(size)]
    reasons = [f"{size} > 1{_MORE.get(size, '')}" for size in sizes]
    return f"only when {' and '.join(reasons)}" if reasons else ""


def _factor(found: Findings, wrong: list[str]) -> str:
    """One factor for all that is wrong, as a number or as a product of sizes; or a transpose."""
    places = [(i, name) for i in range(len(found.cases)) for name in wrong if found.errors[i][name] > TOLERANCE]
    pairs = [(found.yours[i][name], found.right[i][name]) for i, name in places]
    if not any(yours.any() for yours, _ in pairs):
        return "zero everywhere"
    if all(_equal(yours.T, right) for yours, right in pairs):
        return "transposed"
    ratios = np.array([np.vdot(right, yours) / (np.vdot(right, right) or 1.0) for yours, right in pairs])
    if not all(_equal(yours, ratio * right) for ratio, (yours, right) in zip(ratios, pairs)):
        return ""
    names = found.exercise.telling
    sizes = np.array([[found.cases[i].sizes[name] for name in names] for i, _ in places], dtype=float)
    for powers in sorted(product((0, 1, -1, 2, -2), repeat=len(names)), key=lambda p: sum(map(abs, p))):
        rest = ratios / (sizes ** np.array(powers)).prod(axis=1)
        if np.ptp(rest) <= 10 * TOLERANCE * abs(rest[0]):
            return _factor_in_words(rest[0], dict(zip(names, powers)))
    return "by a factor that changes with the sizes"


def _equal(a: Array, b: Array) -> bool:
    scale = max(np.abs(b).max(), np.abs(a).max())
    return a.shape == b.shape and bool(np.abs(a - b).max() <= TOLERANCE * scale)


def _factor_in_words(number: float, powers: dict[str, int]) -> str:
    if abs(number + 1) < 1e-4 and not any(powers.values()):
        return "with the wrong sign"
    up, down = ([f"{name}{'²' * (abs(p) > 1)}" for name, p in powers.items() if p * s > 0] for s in (1, -1))
    if abs(number - 1) > 1e-4 or not up:
        up = [f"{number:.4g}", *up]
    over = f" / ({' · '.join(down)})" if len(down) > 1 else "".join(f" / {name}" for name in down)
    return f"{' · '.join(up)}{over} times what it should be"


def _steps(found: Findings, heat: Array | None) -> str:
    """Which time steps contribute wrongly."""
    if heat is None:
        return ""
    bad, T = np.flatnonzero(heat.max(axis=0) > TOLERANCE) + 1, heat.shape[1]  # steps of the report count from 1
    if len(bad) in (0, T) or np.any(np.diff(bad) != 1):
        return ""
    first, last = int(bad[0]), int(bad[-1])
    if found.exercise.alone and (first, last) == (2, T) and found.right_at_one("T"):
        return ""  # it says no more than T > 1
    which = {1: " (the first)", T: " (the last)"}.get(first, "")
    steps = f"step {first}{which}" if first == last else f"steps {first} to {last}"
    of_loss = "in what comes from the loss " if found.exercise.alone and "y" in found.exercise.parameters else ""
    return f"but only {of_loss}at {steps} of {T}"
