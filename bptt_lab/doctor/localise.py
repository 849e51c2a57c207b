"""Where an answer goes wrong when no known mistake explains it: which gradients, sizes, factor and time step.

It says only what the comparison shows, so that this holds on any other problem of the same sizes.
"""

from collections.abc import Iterable
from itertools import product

import numpy as np

from bptt_lab.doctor.distortion import distortion
from bptt_lab.doctor.exercise import TOLERANCE
from bptt_lab.doctor.findings import Findings, equal

ZERO = "zero everywhere"
_MORE = {"B": " (more than one sequence)", "n_y": " (more than one output)"}


def localise(found: Findings) -> tuple[str, ...]:
    """What is wrong, in one sentence of facts; then a question, where to look, and perhaps more."""
    wrong = found.wrong()
    shown = distortion(found)
    facts = [shown.fact] if shown else [factor(found, wrong)]
    if not facts[0] and not found.adds_up:
        facts = ["and what you give for single steps does not add up to what you give for all"]
    if not facts[0]:
        facts = [_only_when(found, wrong), _steps(found)]
    facts = "".join(f", {fact}" for fact in facts if fact)
    sentence = f"{listed(map(symbol, wrong))} {'is' if len(wrong) == 1 else 'are'} wrong{facts}"
    if shown and len(shown.hints) > 2:
        return sentence, *shown.hints
    if found.exercise.place is None:
        return sentence, "What is the first line of yours that touches what is wrong?"
    place, question, equation, *more = found.exercise.place(found)
    read = f" Read equation ({equation}) again." if equation else ""
    where = f"{place[0].upper()}{place[1:]}.{read}"
    if shown:
        return sentence, *shown.hints, where
    if facts.startswith(f", {ZERO}"):
        question = "Is what you return ever written to, and can it hold a fraction: of which type is the array?"
    elif not found.adds_up:
        more = [question, *more]
        question = "Is anything cut off, rounded, or added that does not come from the error of a step?"
    return sentence, question, where, *more


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
    if sizes:
        return f"only when {' and '.join(f'{size} > 1{_MORE.get(size, str())}' for size in sizes)}"
    steps = [case.sizes.get("T", 0) for case in found.cases]
    if {step for place, step in enumerate(steps) if found.wrong(place)} == {max(steps)} != {*steps}:
        return f"here only where T = {max(steps)}, which is the longest"
    return ""


def factor(found: Findings, wrong: list[str]) -> str:
    """One factor for all that is wrong, as a number or as a product of sizes; or a transpose."""
    places = [(i, name) for i in range(len(found.cases)) for name in wrong if found.right[i][name].any()]
    pairs = [(found.yours[i][name], found.right[i][name]) for i, name in places]
    if not any(one[name].any() for one in found.yours for name in wrong):
        return ZERO
    if all(equal(yours.T, right) for yours, right in pairs):
        return "transposed"
    ratios = np.array([np.vdot(right, yours) / (np.vdot(right, right) or 1.0) for yours, right in pairs])
    if not all(equal(yours, ratio * right) for ratio, (yours, right) in zip(ratios, pairs)):
        return ""
    names = found.exercise.telling
    sizes = np.array([[found.cases[i].sizes[name] for name in names] for i, _ in places], dtype=float)
    for powers in sorted(product((0, 1, -1, 2, -2), repeat=len(names)), key=lambda p: sum(map(abs, p))):
        rest = ratios / (sizes ** np.array(powers)).prod(axis=1)
        if np.ptp(rest) <= 10 * TOLERANCE * abs(rest[0]):
            return _factor_in_words(rest[0], dict(zip(names, powers)))
    sometimes = bool((np.abs(ratios - 1) <= TOLERANCE).any())  # right in some problems: that says more
    return "" if sometimes else "by a factor that is not the same in all problems"


def _factor_in_words(number: float, powers: dict[str, int]) -> str:
    if abs(number + 1) < 1e-4 and not any(powers.values()):
        return "with the wrong sign"
    up, down = ([f"{name}{'²' * (abs(p) > 1)}" for name, p in powers.items() if p * s > 0] for s in (1, -1))
    if abs(number - 1) > 1e-4 or not up:
        up = [f"{number:.4g}", *up]
    over = f" / ({' · '.join(down)})" if len(down) > 1 else "".join(f" / {name}" for name in down)
    return f"{' · '.join(up)}{over} times what it should be"


def _steps(found: Findings) -> str:
    """Which time steps contribute wrongly."""
    if found.heat is None:
        return ""
    worst, T = found.heat.max(axis=0), found.heat.shape[1]
    bad, doubtful = np.flatnonzero(worst > TOLERANCE) + 1, (worst > 0.1 * TOLERANCE) & (worst < 10 * TOLERANCE)
    if len(bad) in (0, T) or np.any(np.diff(bad) != 1) or doubtful.any():  # steps of the report count from 1
        return ""
    first, last = int(bad[0]), int(bad[-1])
    if found.exercise.alone and (first, last) == (2, T) and found.right_at_one("T"):
        return ""  # it says no more than T > 1
    which = {1: " (the first)", T: " (the last)"}.get(first, "")
    steps = f"step {first}{which}" if first == last else f"steps {first} to {last}"
    of_loss = "in what comes from the loss " if found.exercise.alone and "y" in found.exercise.parameters else ""
    return f"but only {of_loss}at {steps} of {T}"
