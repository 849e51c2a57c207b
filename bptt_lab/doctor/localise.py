"""Where a gradient goes wrong when no known mistake explains it: which sizes, factor, stage and time step."""

from collections.abc import Iterable
from itertools import product
from typing import NamedTuple

import numpy as np

from bptt_lab.doctor.suspects import TOLERANCE, Case, scales
from bptt_lab.model import Array

_SUMS = {"U": 11, "W": 10, "V": 6, "b": 9, "c": 5}  # equations
_SIZES = {"T": "T > 1", "B": "B > 1 (more than one sequence)", "n_y": "n_y > 1 (more than one output)"}


class Findings(NamedTuple):
    """What the comparison on all problems gave; each list has one entry for each problem."""

    exercise: str
    cases: list[Case]
    yours: list[dict[str, Array]]
    right: list[dict[str, Array]]
    errors: list[dict[str, float]]
    heat: Array | None  # (gradients, T)

    def wrong(self, case: int | None = None) -> list[str]:
        """Names of the gradients that are wrong in this problem, or in any."""
        chosen = self.errors if case is None else [self.errors[case]]
        return [name for name in self.errors[0] if max(error[name] for error in chosen) > TOLERANCE]


def localise(found: Findings) -> tuple[str, str, int]:
    """One sentence that says where, one question, and the equation to read again."""
    wrong = found.wrong()
    place, hint, equation = _place(found, wrong)
    factor = _factor(found, wrong)
    facts = [factor] if factor else [_only_when(found, wrong), _steps(found, wrong)]
    facts = "".join(f", {fact}" for fact in facts if fact)
    verb = "is" if len(wrong) == 1 else "are"
    return f"{listed(map(symbol, wrong))} {verb} wrong{facts}: {place}", hint, equation


def symbol(name: str) -> str:
    """∂L/∂U for U, ∂L/∂o for dL_do."""
    return f"∂L/∂{name.removeprefix('dL_d')}"


def listed(words: Iterable[str]) -> str:
    """a, b and c."""
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _place(found: Findings, wrong: list[str]) -> tuple[str, str, int]:
    """The first stage that is wrong: everything it needs is right."""
    if found.exercise == "output_grads":
        return "look at what compares ŷ^(t) with y^(t), and at what divides it", "What does the loss average over?", 4
    if found.exercise == "state_grads":
        return "look at the two ways in which h^(t) matters", "Which two quantities are computed from h^(t)?", 7
    inner = [name for name in "UWb" if name in wrong]
    if {"V", "c"} <= set(wrong) and found.exercise == "backward":
        after = " first, the others follow from it" if inner else ""
        hint = "Which two variables does the output gradient compare, and what divides their difference?"
        return f"repair ∂L/∂o^(t){after}", hint, 4
    for name in [name for name in "cV" if name in wrong]:
        first = " first" if len(wrong) > 1 else ""
        return f"look at the sum for {symbol(name)}{first}", "What does each step contribute to it?", _SUMS[name]
    good = [name for name in "UWb" if name not in inner]
    if good:
        proof = f"{listed(map(symbol, good))} {'shows' if len(good) == 1 else 'show'} that ∂L/∂a^(t) is right"
        if good == ["W"]:  # its first term is always zero
            proof += " after the first step"
        hint = "What multiplies ∂L/∂a^(t) in each step, and which steps are added?"
        return f"{proof}, so look at the sum for {listed(map(symbol, inner))}", hint, _SUMS[inner[0]]
    if found.exercise == "param_grads":
        return "look at ∂L/∂a^(t), which all three need", "How do you go from h^(t) back to a^(t)?", 8
    if _right_at_one(found, "T"):
        hint = "What does the gradient of a state take from the step after it?"
        return "∂L/∂o^(t) is right, and so is a single step: look at what ∂L/∂h^(t) takes from later steps", hint, 7
    hint = "Write down the path from o^(t) back to a^(t): which two factors stand on it?"
    return "∂L/∂o^(t) is right: look at ∂L/∂h^(t) and ∂L/∂a^(t), already for a single step", hint, 8


def _right_at_one(found: Findings, size: str) -> bool:
    """Whether all is right where this size is 1, although it is not elsewhere."""
    at_one = [i for i, case in enumerate(found.cases) if case.sizes[size] == 1]
    others = [i for i in range(len(found.cases)) if i not in at_one]
    return bool(at_one) and not any(map(found.wrong, at_one)) and all(map(found.wrong, others[:1]))


def _only_when(found: Findings, wrong: list[str]) -> str:
    telling = {size: words for size, words in _SIZES.items() if size != "T" or wrong != ["W"]}  # W has no work at T = 1
    reasons = [words for size, words in telling.items() if _right_at_one(found, size)]
    return f"only when {' and '.join(reasons)}" if reasons else ""


def _factor(found: Findings, wrong: list[str]) -> str:
    """One factor for all that is wrong, as a number or as a product of sizes; or a transpose."""
    pairs = [(i, name) for i in range(len(found.cases)) for name in wrong if found.errors[i][name] > TOLERANCE]
    if not any(found.yours[i][name].any() for i, name in pairs):
        return "zero everywhere"
    if wrong == ["W"] and all(_equal(found.yours[i]["W"].T, found.right[i]["W"]) for i, _ in pairs):
        return "transposed"
    ratios = []
    for i, name in pairs:
        yours, right = found.yours[i][name], found.right[i][name]
        ratio = np.vdot(right, yours) / (np.vdot(right, right) or 1.0)
        if not _equal(yours, ratio * right):
            return ""
        ratios.append(ratio)
    sizes = np.array([list(found.cases[i].sizes.values()) for i, _ in pairs])  # T, B, n_y
    for powers in sorted(product((0, 1, -1, 2, -2), repeat=3), key=lambda p: sum(map(abs, p))):
        rest = np.array(ratios) / (sizes ** np.array(powers, dtype=float)).prod(axis=1)
        if np.ptp(rest) <= 10 * TOLERANCE * abs(rest[0]):
            return _factor_in_words(rest[0], powers)
    return "by a factor that changes with the sizes"


def _equal(a: Array, b: Array) -> bool:
    scale = max(np.abs(b).max(), np.abs(a).max())
    return bool(np.abs(a - b).max() <= TOLERANCE * scale)


def _factor_in_words(number: float, powers: tuple[int, ...]) -> str:
    if abs(number + 1) < 1e-4 and not any(powers):
        return "with the wrong sign"
    up = [f"{name}{'²' * (power > 1)}" for name, power in zip(_SIZES, powers) if power > 0]
    down = [f"{name}{'²' * (power < -1)}" for name, power in zip(_SIZES, powers) if power < 0]
    if abs(number - 1) > 1e-4 or not up:
        up = [f"{number:.4g}", *up]
    over = f" / ({' · '.join(down)})" if len(down) > 1 else "".join(f" / {name}" for name in down)
    return f"{' · '.join(up)}{over} times what it should be"


def _steps(found: Findings, wrong: list[str]) -> str:
    """Which time steps contribute wrongly."""
    if found.heat is None:
        return ""
    bad = np.flatnonzero(found.heat.max(axis=0) > TOLERANCE) + 1  # steps of the report count from 1
    T = found.heat.shape[1]
    if len(bad) in (0, T) or np.any(np.diff(bad) != 1):
        return ""
    if found.exercise == "backward" and bad[0] == 2 and bad[-1] == T and (wrong == ["W"] or _right_at_one(found, "T")):
        return ""  # it says no more than T > 1
    if len(bad) == 1:
        name = {1: " (the first)", T: " (the last)"}.get(int(bad[0]), "")
        steps = f"step {bad[0]}{name}"
    else:
        steps = f"steps {bad[0]} to {bad[-1]}"
    if found.exercise == "backward":
        return f"but only in what comes from the loss at {steps} of {T}"
    return f"but only at {steps} of {T}"


def heat(yours: list[dict[str, Array]], right: list[dict[str, Array]]) -> Array:
    """Relative error of each gradient's contribution from each step, (gradients, T)."""
    scale = {name: max(scales(one)[name] for one in right) for name in right[0]}
    return np.array([[np.abs(a[n] - b[n]).max() / scale[n] for a, b in zip(yours, right)] for n in right[0]])
