"""The twin of a check: the same code asks again, about problems that nobody has seen, and counts what is right."""

import contextlib
import copy
import dis
import io
import pickle
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from unittest.mock import patch

import numpy as np

from bptt_lab import checks, doctor
from bptt_lab.classroom import problems

_EXPECTED: dict[tuple, object] = {}  # what references answer; a class of 300 is asked the same questions
_check, _examine = checks.check, doctor.examine


@dataclass
class Verdict:
    """What one check found. `share` of the points, 0 to 1; the rest as in `doctor.Diagnosis`."""

    share: float = 0.0
    kind: str = "wrong"  # right, mistake (it has names), wrong (it has none); the judge knows more kinds
    where: str = "nothing was checked"
    hint: str = ""
    mistakes: tuple[str, ...] = ()
    slip: str = ""
    equation: int | None = None
    forbidden: list[Callable] = field(default_factory=list)  # functions that give the answer away

    def points(self, most: float) -> float:
        """A grader reads the value of a cell as the points for it."""
        return most * self.share


@contextlib.contextmanager
def twin(function: Callable, seed: int | None) -> Iterator[Verdict]:
    """Inside this block the checks of the course ask `function` about fresh problems; the verdict is what they found.

    seed    the teacher's; None asks about the visible problems
    """
    secret, found, verdict = seed, [], Verdict()

    def check(yours: Callable, reference: Callable, *cases: tuple, tolerance: float = 1e-9) -> None:
        known = reference
        if secret is not None:
            cases = _fresh(yours, reference, function, cases, secret) if cases else ()
            known = _remembered(reference, (function.__name__, secret, len(found)))
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            _check(yours, known, *cases, tolerance=tolerance)
        line = printed.getvalue().strip()
        print(line)
        right = line.startswith("right")
        found.append(Verdict(float(right), "right" if right else "wrong", line, forbidden=[reference]))

    def examine(exercise: doctor.Exercise, yours: Callable, seed: int = 0, seconds: float = 5.0, **sizes) -> object:
        if secret is not None:
            exercise, seed = resized(exercise, secret), secret
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # two mistakes of a catalogue can grow without bound together
            diagnosis = _examine(exercise, yours, seed, getattr(yours, "patience", seconds), **sizes)
        found.append(_of(diagnosis, [exercise.reference, *exercise.forbidden]))
        return diagnosis

    with _instead(_check, check), _instead(_examine, examine):
        yield verdict
    if found:
        first = next((one for one in found if one.kind != "right"), found[0])
        share, forbidden = float(np.mean([one.share for one in found])), sum((one.forbidden for one in found), [])
        vars(verdict).update(vars(replace(first, share=share, forbidden=forbidden)))


@contextlib.contextmanager
def _instead(function: Callable, other: Callable) -> Iterator[None]:
    """Put `other` in the place of a function of the course, in every module that knows it by its name."""
    name, modules = function.__name__, [module for module in sys.modules.values() if _is_ours(module)]
    with contextlib.ExitStack() as stack:
        for module in modules:
            if vars(module).get(name) is function:
                stack.enter_context(patch.object(module, name, other))
        yield


def _is_ours(module: types.ModuleType) -> bool:
    return getattr(module, "__name__", "").startswith("bptt_lab.")


def _fresh(yours: Callable, reference: Callable, function: Callable, seen: tuple, seed: int) -> list[tuple]:
    """Arguments for `yours`; where the reference reads x or y from its notebook, they are those of the problem."""
    names = problems.parameters(yours, function, reference, len(seen[0]))
    drawn = problems.cases(function, names, seed, seen)
    if read := _globals(reference) & drawn[0].keys():
        drawn = drawn[:1]
        reference.__globals__.update({name: drawn[0][name] for name in read})
    return [tuple(problem[name] for name in names) for problem in drawn]


def _of(diagnosis: doctor.Diagnosis, forbidden: list[Callable]) -> Verdict:
    """Each right gradient earns its share; right numbers that came with damage to the arguments earn half."""
    right = [digits >= 5 for digits in diagnosis.digits.values()]
    share = 1.0 if diagnosis.correct else min(float(np.mean(right or [0])), 0.5 if all(right) else 1.0)
    kind = "right" if diagnosis.correct else "mistake" if diagnosis.mistakes else "wrong"
    found = {name: getattr(diagnosis, name) for name in ("where", "hint", "mistakes", "slip", "equation")}
    return Verdict(share, kind, forbidden=forbidden, **found)


@cache
def resized(exercise: doctor.Exercise, seed: int) -> doctor.Exercise:
    """The same exercise at other sizes. What is 1 stays 1, because those problems are there to tell mistakes apart."""
    rng, sizes = np.random.default_rng(seed), []
    for one in exercise.sizes:
        larger = {name: size for name, size in one.items() if size > 1}
        drawn = None
        while drawn is None or len(set(drawn.values())) < len(set(larger.values())):
            drawn = {name: int(size + rng.integers(4)) for name, size in larger.items()}
        sizes.append(one | drawn)
    return replace(exercise, sizes=sizes, mistakes=exercise.catalogue.values())


def _remembered(reference: Callable, asked: tuple) -> Callable:
    def answer(*arguments: object) -> object:
        key = (*asked, pickle.dumps(arguments))
        if key not in _EXPECTED:
            _EXPECTED[key] = reference(*arguments)
        return copy.deepcopy(_EXPECTED[key])

    return answer


def _globals(function: Callable) -> set[str]:
    """Names that a function of a notebook reads from it, also in the functions inside."""
    if getattr(function, "__module__", None) and function.__module__.startswith("bptt_lab"):
        return set()
    codes, names = [function.__code__], set()
    while codes:
        code = codes.pop()
        names |= {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
        codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return names
