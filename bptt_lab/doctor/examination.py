"""Ask a student's function, compare, and put the finding into words."""

import contextlib
from collections.abc import Callable, Sequence

import numpy as np

from bptt_lab import validate
from bptt_lab.doctor.compare import difference, in_short
from bptt_lab.doctor.exercise import Case, Exercise, errors, scales
from bptt_lab.doctor.findings import Findings
from bptt_lab.doctor.localise import ZERO, listed, localise
from bptt_lab.doctor.passes import Mistake
from bptt_lab.doctor.reading import as_floats, read
from bptt_lab.doctor.suspects import suspects
from bptt_lab.doctor.trial import Outcome, Trial, Trouble
from bptt_lab.doctor.verdict import Verdict, how_many
from bptt_lab.model import Array

Ask = Callable[[list[Case]], list[Outcome | Trouble]]  # what came of each case, up to the first trouble


def examine(
    exercise: Exercise, yours: Callable, seed: int = 0, seconds: float | None = None, **fixed: int | None
) -> Verdict:
    """Run the function on all problems, compare, and put the finding into words.

    Parameters
    ----------
    seed
        seed of the random problems
    seconds
        time limit for all calls together; that of the exercise if not given
    **fixed
        sizes that are the same in all problems, for a function that is not general yet

    Raises
    ------
    TypeError
        if it is not a function
    """
    fixed = {name: validate.size(name, size) for name, size in fixed.items() if size is not None}
    cases = exercise.cases(validate.size("seed", seed, least=0), **fixed)
    limit = exercise.seconds if seconds is None else validate.positive("seconds", seconds)
    trial = Trial(yours, limit, (exercise.reference, exercise.combine(), *exercise.forbidden))

    def ask(asked: list[Case]) -> list[Outcome | Trouble]:
        return trial([exercise.arguments(case) for case in asked], quiet=asked[0].step is not None)

    return judge(exercise, cases, ask)


def questions(exercise: Exercise, cases: list[Case]) -> list[Case]:
    """All that `judge` may ask, in its order: the first problem twice, the others, then the first step by step."""
    return _main(exercise, cases) + (_steps(cases[0]) if exercise.names else [])


def judge(exercise: Exercise, cases: list[Case], ask: Ask) -> Verdict:
    """The verdict on whoever answers through `ask`; it is asked for nothing but `questions`."""
    asked = _main(exercise, cases)
    outcomes = ask(asked)
    trouble = outcomes[-1] if isinstance(outcomes[-1], Trouble) else None
    if trouble and len(outcomes) == 1:
        hints = exercise.hints if trouble.kind == "not attempted" and exercise.hints else _ladder(exercise, trouble)
        return Verdict(trouble.kind, str(trouble), tuple(hints))
    if exercise.names:
        return _on_gradients(exercise, cases, asked, outcomes, ask)
    return _on_the_whole(exercise, asked, outcomes)


def _main(exercise: Exercise, cases: list[Case]) -> list[Case]:
    """The main problems. The first is asked twice in a row, since what survives a call spoils all later calls."""
    return [cases[0], *cases] if exercise.parameters else cases


def _ladder(exercise: Exercise, trouble: Trouble) -> tuple[str, ...]:
    return _different(*trouble.hints, *exercise.hints)


def _steps(case: Case) -> list[Case]:
    return [case._replace(step=t) for t in range(case.sizes.get("T", 0))]


# an answer that is compared as a whole


def _on_the_whole(exercise: Exercise, asked: list[Case], outcomes: list[Outcome | Trouble]) -> Verdict:
    for number, (case, outcome) in enumerate(zip(asked, outcomes)):
        if isinstance(outcome, Trouble):
            return Verdict(outcome.kind, f"{_of(number, asked, exercise, case)}{outcome}", _ladder(exercise, outcome))
        if text := _falls_short(exercise, case, outcome.answer):
            break
    else:
        changed = sorted({name for outcome in outcomes for name in outcome.changed})
        if changed:
            return _damaged(changed)
        problems = f", on {len(asked) - 1} of {len(asked) - 1} problems" if len(asked) > 2 else ""
        return Verdict("right", f"right{problems}")
    answered = [pair for pair in zip(asked, outcomes) if isinstance(pair[1], Outcome)]
    where, known = f"not yet: {_of(number, asked, exercise, case)}{text}", _known(exercise, answered)
    if number == 1 or not _repeated(outcomes):
        trouble = _memory("your function gives two answers to the same question")
        return Verdict("wrong", str(trouble), trouble.hints)
    if not exercise.parameters and exercise.judge is None:  # a value: nothing can be looked at but the question itself
        ladder = _different(*(mistake.hint for mistake in known), *exercise.hints)
        names = tuple(mistake.name for mistake in known)
        return Verdict("mistake" if known else "wrong", f"{where}. {ladder[0]}", ladder, mistakes=names)
    if known:
        return Verdict("mistake", where, _hints([known]), mistakes=(known[0].name,))
    return Verdict("wrong", where, tuple(exercise.hints))


def _repeated(outcomes: list[Outcome | Trouble]) -> bool:
    """Whether the first problem, which is asked twice, got one answer; True if that cannot be told."""
    with contextlib.suppress(Exception):  # no numbers, or no second answer
        first, second = (as_floats("", outcome.answer) for outcome in outcomes[:2])
        return first.shape == second.shape and np.allclose(first, second, equal_nan=True)
    return True


def _falls_short(exercise: Exercise, case: Case, answer: object) -> str:
    if exercise.judge is None:
        return difference(answer, exercise.expected(case), exercise.tolerance)
    if answer is None:
        return "your function returned None: is a `return` missing?"
    return exercise.judge(answer, **exercise.arguments(case))


def _of(number: int, asked: list[Case], exercise: Exercise, case: Case) -> str:
    """Which problem it is: "for n = 3, " or "in problem 2 of 5, "."""
    arguments = exercise.arguments(case)
    if not arguments:
        return ""
    short = in_short(arguments)
    return f"for {short}: " if short else f"in problem {max(number, 1)} of {len(asked) - 1}, "


def _known(exercise: Exercise, answered: list[tuple[Case, Outcome]]) -> tuple[Mistake, ...]:
    """The slip that gives all these answers."""

    def explains(mistake: Mistake, case: Case, answer: object) -> bool:
        try:
            with np.errstate(all="ignore"):
                theirs = mistake.whole(**exercise.arguments(case))
            return not difference(answer, theirs, exercise.tolerance)
        except Exception:  # a slip may be impossible at some sizes
            return False

    for mistake in exercise.catalogue.values():
        if all(explains(mistake, case, outcome.answer) for case, outcome in answered):
            return (mistake,)
    return ()


# an answer that is made of gradients


def _on_gradients(exercise: Exercise, cases: list[Case], asked: list[Case], outcomes: list, ask: Ask) -> Verdict:
    theirs = [exercise.right(case) for case in cases]
    try:
        answers, changed = _answers(exercise, asked, outcomes, theirs)
    except Trouble as trouble:
        return Verdict("wrong" if trouble.kind == "memory" else trouble.kind, str(trouble), trouble.hints)
    found = Findings(exercise, cases, answers, theirs, [errors(*pair) for pair in zip(answers, theirs)])
    digits = {name: _digits(max(error[name] for error in found.errors)) for name in exercise.names}
    if not found.wrong():
        no_error = np.zeros((len(digits), cases[0].sizes["T"])) if "T" in cases[0].sizes else None
        if changed:
            return _damaged(changed, digits=digits, error=no_error)
        return Verdict("right", f"right, to {how_many(min(digits.values()))}", digits=digits, error=no_error)
    alone = _alone(exercise, cases[0], ask)
    found = found._replace(alone=alone, heat=alone and _heat_map(exercise, *alone))
    explanations = suspects(exercise, cases).explain(answers)
    where, *hints = localise(found)
    if changed:
        where = f"{where}; your function also changes {listed(changed)}"
    if not explanations or (ZERO in where and len(explanations[0]) > 1):  # which two make it zero, nothing shows
        more = exercise.hints or hints[2:]
        return Verdict("wrong", where, _different(*hints[:2], *more), digits, error=found.heat)
    first, *others = [tuple(mistake.name for mistake in mistakes) for mistakes in explanations]
    where = f"{where}. The doctor knows this mistake: .hints(1) asks a question, .hints(2) names it"
    return Verdict("mistake", where, _hints(explanations), digits, first, tuple(others), found.heat)


def _damaged(changed: Sequence[str], **more: object) -> Verdict:
    hint = "Which line writes into an array that it was given?"
    return Verdict("wrong", f"the numbers are right, but your function changes {listed(changed)}", (hint,), **more)


def _answers(exercise: Exercise, asked: list[Case], outcomes: list, theirs: list[dict[str, Array]]) -> tuple:
    """The answers to all problems, and what the function changed."""
    answers, changed = [], set()
    for case, outcome, expected in zip(asked, outcomes, [theirs[0], *theirs]):
        try:
            if isinstance(outcome, Trouble):
                raise outcome
            answers.append(read(outcome.answer, expected))
        except Trouble as trouble:
            if not answers:
                raise
            sizes = ", ".join(f"{name} = {case.sizes[name]}" for name in exercise.telling)
            raise Trouble(f"with {sizes}: {trouble}", trouble.hint, trouble.kind) from None
        if len(answers) == 2 and max(errors(answers[1], answers[0]).values()) > 1e-7:
            raise _memory("your function gives two answers to the same question")
        changed |= set(outcome.changed)
    if len(answers) > 2 and any(array.any() for array in answers[0].values()) and _same(*answers[1:3]):
        raise _memory("your function gives the same answer to two questions")
    return answers[1:], sorted(changed)


def _memory(sentence: str) -> Trouble:
    return Trouble(sentence, "What survives from one call to the next, or is drawn anew?", "memory")


def _same(a: dict[str, Array], b: dict[str, Array]) -> bool:
    return all(np.array_equal(a[name], b[name]) for name in a)


def _alone(exercise: Exercise, case: Case, ask: Ask) -> tuple[list, list] | None:
    """Your answers and the right ones where each step counts alone; None if the function cannot be asked for that."""
    if not (steps := _steps(case)):
        return None
    theirs = [exercise.right(step) for step in steps]
    try:
        yours = [read(outcome.answer, expected) for outcome, expected in zip(ask(steps), theirs, strict=True)]
    except (Trouble, ValueError, AttributeError):  # one that has no answer
        return None
    return yours, theirs


def _heat_map(exercise: Exercise, yours: list, theirs: list) -> Array | None:
    """Error of what each step contributes, (gradients, T); None if the answer cannot be split into steps."""
    if exercise.alone is None:  # an answer that has a time axis is compared step by step
        if any(array.shape[:1] != (len(theirs),) for one in theirs for array in one.values()):
            return None
        yours, theirs = ([{n: a[t] for n, a in one.items()} for t, one in enumerate(each)] for each in (yours, theirs))
    scale = {name: max(scales(one)[name] for one in theirs) for name in exercise.names}
    return np.array([[np.abs(a[n] - b[n]).max() / scale[n] for a, b in zip(yours, theirs)] for n in exercise.names])


def _hints(explanations: Sequence[Sequence[Mistake]]) -> tuple[str, ...]:
    """A question; the names of the mistakes, and where to read; what was computed."""
    mistakes = explanations[0]
    names = [listed(f"“{mistake.name.replace('_', ' ')}”" for mistake in one) for one in explanations]
    or_of = f" (or of {' or of '.join(names[1:4])})" if names[1:] else ""
    equations = sorted({mistake.equation for mistake in mistakes if mistake.equation})
    which = f"equation{'s' * (len(equations) > 1)} {' and '.join(f'({n})' for n in equations)}"
    read_again = f" Read {which} again." if equations else ""
    return (
        mistakes[0].hint,
        f"Your answer is that of {names[0]}{or_of}.{read_again}",
        f"What you computed is {'; and '.join(mistake.formula for mistake in mistakes)}.",
    )


def _different(*hints: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(hint for hint in hints if hint))


def _digits(error: float) -> int:
    """How many digits are right, 0 to 15."""
    return int(np.clip(-np.log10(error), 0, 15)) if error else 15
