"""What is wrong with a gradient, in words: the mistake by its name, or else the place to look. Never a right value."""

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from bptt_lab import model
from bptt_lab.doctor.catalogue import Mistake
from bptt_lab.doctor.localise import Findings, heat, listed, localise, symbol
from bptt_lab.doctor.suspects import TOLERANCE, Case, Suspects, errors, right
from bptt_lab.doctor.trial import Trial, Trouble, read
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


def examine(exercise: str, yours: Callable, suspects: Suspects, seconds: float) -> Diagnosis:
    """Run the function on all problems, compare, and put the finding into words."""
    trial, cases = Trial(yours, seconds), suspects.cases
    theirs = [right(exercise, case) for case in cases]
    try:
        answers, again, changed = _answers(exercise, trial, cases, theirs)
    except Trouble as trouble:
        return Diagnosis(False, where=str(trouble), hint=trouble.hint)
    found = [errors(*pair) for pair in zip(answers, theirs)]
    worst = {name: max(error[name] for error in found) for name in found[0]}
    digits = {name: _digits(error) for name, error in worst.items()}
    if max(errors(again, answers[0]).values()) > 1e-7:
        where = "your function gives two answers to the same question"
        return Diagnosis(False, digits, where=where, hint="What survives from one call to the next, or is drawn anew?")
    if max(worst.values()) <= TOLERANCE:
        where = f"right, to {_how_many(min(digits.values()))}"
        hint = ""
        if changed:
            where = f"the numbers are right, but your function changes {changed}"
            hint = "Which line writes into an array that it was given?"
        no_error = np.zeros((len(digits), cases[0].sizes["T"]))
        return Diagnosis(not changed, digits, where=where, hint=hint, error=no_error)
    error = _heat_map(exercise, trial, cases[0])
    if explanations := suspects.explain(answers):
        where, hint, equation, slip = _in_words(explanations)
    else:
        slip = ""
        where, hint, equation = localise(Findings(exercise, cases, answers, theirs, found, error))
    if changed:
        where = f"{where}; your function also changes {changed}"
    first, *others = [tuple(mistake.name for mistake in mistakes) for mistakes in explanations] or [()]
    return Diagnosis(False, digits, first, where, hint, equation, slip, error, tuple(others))


def _answers(exercise: str, trial: Trial, cases: list[Case], theirs: list[dict[str, Array]]) -> tuple:
    """The answers to all problems, a second answer to the first one, and what the function changed, in words."""
    cases, theirs = [*cases, cases[0]], [*theirs, theirs[0]]
    first, *others = [case.arguments(exercise) for case in cases]
    calls = chain(trial([first], quiet=False), trial(others))  # what the student prints is shown once
    answers, changed = [], set()
    for case, expected in zip(cases, theirs):
        try:
            answer, names = next(calls)
            answers.append(read(answer, {name: array.shape for name, array in expected.items()}))
        except Trouble as trouble:
            if not answers:
                raise
            sizes = ", ".join(f"{name} = {value}" for name, value in case.sizes.items())
            raise Trouble(f"with {sizes}: {trouble}", trouble.hint) from None
        changed |= set(names)
    return answers[:-1], answers[-1], listed(sorted(changed)) if changed else ""


def _heat_map(exercise: str, trial: Trial, case: Case) -> Array | None:
    """Error of what each step contributes, (gradients, T); None if the function cannot be asked for one step alone.

    Gradients are linear in ∂L/∂o: where y^(t) is put equal to ŷ^(t), that step has no loss.
    """
    steps = range(case.sizes["T"])

    def alone(array: Array, t: int, elsewhere: Array | float = 0.0) -> Array:
        kept = np.zeros_like(array) + elsewhere
        kept[t] = array[t]
        return kept

    if exercise == "backward":
        y_hat = model.forward(case.params, case.x).y_hat
        parts = [case._replace(y=alone(case.y, t, y_hat)) for t in steps]
    else:
        parts = [case._replace(dL_do=alone(case.dL_do, t), dL_dh=alone(case.dL_dh, t)) for t in steps]
    by_step = exercise in ("output_grads", "state_grads")  # their answers have a time axis already
    parts = [case] if by_step else parts
    theirs = [right(exercise, part) for part in parts]
    shapes = {name: array.shape for name, array in theirs[0].items()}
    try:
        yours = [read(answer, shapes) for answer, _ in trial([part.arguments(exercise) for part in parts])]
    except Trouble:
        return None
    if by_step:
        yours, theirs = [[{name: one[0][name][t] for name in shapes} for t in steps] for one in (yours, theirs)]
    return heat(yours, theirs)


def _in_words(explanations: list[tuple[Mistake, ...]]) -> tuple[str, str, int, str]:
    """The names of the mistakes; the question and the equation are those of the first; the formulas of all."""
    mistakes, *others = explanations
    known = {1: "a known mistake", 2: "two mistakes together"}.get(len(mistakes), "several mistakes together")
    where = f"your gradient is that of {known}: {listed(map(quoted, mistakes))}"
    if others:
        where += f" (or of: {'; or '.join(listed(map(quoted, other)) for other in others[:3])})"
    slip = f"What you computed is {'; and '.join(mistake.formula for mistake in mistakes)}."
    return where, mistakes[0].hint, mistakes[0].equation, slip


def quoted(mistake: Mistake) -> str:
    """The mistake's name for a reader."""
    return f"“{mistake.name.replace('_', ' ')}”"


def _digits(error: float) -> int:
    """How many digits are right, 0 to 15."""
    return int(np.clip(-np.log10(error), 0, 15)) if error else 15
