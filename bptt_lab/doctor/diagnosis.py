"""What is wrong with a gradient, in words: the mistake by its name, or else the place to look. Never a right value."""

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from bptt_lab import validate
from bptt_lab.doctor.exercise import TOLERANCE, Case, Exercise, errors, scales
from bptt_lab.doctor.localise import Findings, listed, localise, symbol
from bptt_lab.doctor.passes import Mistake
from bptt_lab.doctor.reading import read
from bptt_lab.doctor.suspects import suspects
from bptt_lab.doctor.trial import Trial, Trouble
from bptt_lab.model import Array

LEAST = round(-np.log10(TOLERANCE))  # digits that a right gradient has
ENOUGH = 12  # digits; how many more there are differs from machine to machine, and would change stored outputs


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """The verdict on a student's function: one sentence, and a table. Print it, or let a notebook show it."""

    correct: bool
    digits: dict[str, int] = field(default_factory=dict)  # right digits of each gradient; empty if there was none
    mistakes: tuple[str, ...] = ()  # names in the catalogue; empty if none fits
    where: str = ""  # one sentence
    hint: str = ""  # one question
    equation: int | None = None  # to read again
    slip: str = ""  # the formula as it was computed, with the mistake in it
    error: Array | None = None  # (gradients, T), relative, for a heat map; the gradients are the keys of `digits`
    alternatives: tuple[tuple[str, ...], ...] = ()  # other mistakes that give the same gradient

    def hints(self, number: int = 1) -> str:
        """One hint at a time: 1 asks a question, 2 names the equation to read again, 3 says what was computed."""
        if self.correct:
            return "Nothing to repair."
        equation = f"Read equation ({self.equation}) again." if self.equation else ""
        hints = [hint for hint in (self.hint, equation, self.slip) if hint]
        return hints[min(max(number, 1), len(hints)) - 1]

    @property
    def table(self) -> str:
        """A line for each gradient, and nothing about the cause."""
        return "\n".join(f"{name:6} {mark} {words}" for name, mark, words in self._rows())

    def __repr__(self) -> str:
        return f"{self.where}\n{self.table}".strip()

    def _repr_html_(self) -> str:
        head = '<thead><tr><th scope="col">gradient</th><th scope="col">verdict</th></tr></thead>'
        rows = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th><td><span aria-hidden="true">{mark}</span> {words}</td></tr>'
            for name, mark, words in self._rows()
        )
        table = f"<table>{head}<tbody>{rows}</tbody></table>" if rows else ""
        return f"<p>{html.escape(self.where)}</p>{table}"  # no colour: it reads alike in dark and light

    def _rows(self) -> list[tuple[str, str, str]]:
        good = {name: f"right to {_how_many(digits)}" for name, digits in self.digits.items() if digits >= LEAST}
        return [(symbol(name), "✓" if name in good else "✗", good.get(name, "wrong")) for name in self.digits]


def _how_many(digits: int) -> str:
    return f"{digits} digits" if digits < ENOUGH else f"{ENOUGH} digits or more"


def examine(exercise: Exercise, yours: Callable, seed: int = 0, seconds: float = 5.0, **sizes: int | None) -> Diagnosis:
    """Run the function on all problems, compare, and put the finding into words.

    seed     of the random problems
    seconds  time limit for all calls together
    sizes    fixed in all problems, for a function that is not general yet
    raises   TypeError if it is not a function
    """
    sizes = {name: validate.size(name, size) for name, size in sizes.items() if size is not None}
    search = suspects(exercise, validate.size("seed", seed, least=0), **sizes)
    trial = Trial(yours, validate.positive("seconds", seconds), (exercise.reference, *exercise.forbidden))
    cases, theirs = search.cases, [exercise.right(case) for case in search.cases]
    try:
        answers, changed = _answers(exercise, trial, cases, theirs)
    except Trouble as trouble:
        return Diagnosis(False, where=str(trouble), hint=trouble.hint)
    found = Findings(exercise, cases, answers, theirs, [errors(*pair) for pair in zip(answers, theirs)])
    digits = {name: _digits(max(error[name] for error in found.errors)) for name in exercise.names}
    if not found.wrong():
        where, hint = f"right, to {_how_many(min(digits.values()))}", ""
        if changed:
            where = f"the numbers are right, but your function changes {changed}"
            hint = "Which line writes into an array that it was given?"
        no_error = np.zeros((len(digits), cases[0].sizes["T"])) if "T" in cases[0].sizes else None
        return Diagnosis(not changed, digits, where=where, hint=hint, error=no_error)
    error = _heat_map(exercise, trial, cases[0])
    explanations = search.explain(answers)
    if explanations:
        where, hint, equation, slip = _in_words(explanations)
    else:
        (where, hint, equation), slip = localise(found, error), ""
    if changed:
        where = f"{where}; your function also changes {changed}"
    first, *others = [tuple(mistake.name for mistake in mistakes) for mistakes in explanations] or [()]
    return Diagnosis(False, digits, first, where, hint, equation, slip, error, tuple(others))


def _answers(exercise: Exercise, trial: Trial, cases: list[Case], theirs: list[dict[str, Array]]) -> tuple:
    """The answers to all problems, and what the function changed, in words. The first problem is given once more."""
    first, *others = [exercise.arguments(case) for case in [*cases, cases[0]]]
    calls = chain(trial([first], quiet=False), trial(others))  # what the student prints is shown once
    answers, changed = [], set()
    for case, expected in zip([*cases, cases[0]], [*theirs, theirs[0]]):
        try:
            answer, names = next(calls)
            answers.append(read(answer, expected))
        except Trouble as trouble:
            if not answers:
                raise
            sizes = ", ".join(f"{name} = {case.sizes[name]}" for name in exercise.telling)
            raise Trouble(f"with {sizes}: {trouble}", trouble.hint) from None
        changed |= set(names)
    *answers, again = answers
    if max(errors(again, answers[0]).values()) > 1e-7:
        hint = "What survives from one call to the next, or is drawn anew?"
        raise Trouble("your function gives two answers to the same question", hint)
    return answers, listed(sorted(changed)) if changed else ""


def _heat_map(exercise: Exercise, trial: Trial, case: Case) -> Array | None:
    """Error of what each step contributes, (gradients, T); None if the function cannot be asked for one step alone."""
    if "T" not in case.sizes:
        return None
    steps = [case._replace(step=t) for t in range(case.sizes["T"])]
    theirs = [exercise.right(step) for step in steps]
    try:
        answers = trial([exercise.arguments(step) for step in steps])
        yours = [read(answer, expected) for (answer, _), expected in zip(answers, theirs)]
    except Trouble:
        return None
    if exercise.alone is None:  # an answer that has a time axis is compared step by step
        if any(array.shape[:1] != (len(steps),) for one in theirs for array in one.values()):
            return None
        yours, theirs = ([{n: a[t] for n, a in one.items()} for t, one in enumerate(each)] for each in (yours, theirs))
    scale = {name: max(scales(one)[name] for one in theirs) for name in exercise.names}
    return np.array([[np.abs(a[n] - b[n]).max() / scale[n] for a, b in zip(yours, theirs)] for n in exercise.names])


def _in_words(explanations: list[tuple[Mistake, ...]]) -> tuple[str, str, int | None, str]:
    """The names of the mistakes; the question and the equation are those of the first; the formulas of all."""
    names = [listed(f"“{mistake.name.replace('_', ' ')}”" for mistake in mistakes) for mistakes in explanations]
    mistakes = explanations[0]
    known = {1: "a known mistake", 2: "two mistakes together"}.get(len(mistakes), "several mistakes together")
    where = f"your gradient is that of {known}: {names[0]}"
    if names[1:]:
        where += f" (or of: {'; or '.join(names[1:4])})"
    slip = f"What you computed is {'; and '.join(mistake.formula for mistake in mistakes)}."
    return where, mistakes[0].hint, mistakes[0].equation, slip


def _digits(error: float) -> int:
    """How many digits are right, 0 to 15."""
    return int(np.clip(-np.log10(error), 0, 15)) if error else 15
