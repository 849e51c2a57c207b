"""Examine a function that follows another convention, and find the convention in which it would be right."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from inspect import signature
from itertools import permutations, product

from bptt_lab.doctor import examination
from bptt_lab.doctor.adapter import put
from bptt_lab.doctor.conventions import LAYOUTS, LOSSES, Convention, name_of
from bptt_lab.doctor.exercise import TOLERANCE, Case, Exercise, errors
from bptt_lab.doctor.trial import Trial, Trouble
from bptt_lab.doctor.verdict import Verdict

_TOLD = ("weights", "gradients", "axes", "loss")  # what can be recognised
_COURSES = {("dh", "cache"): "cs231n", ("da", "caches"): "deeplearning_ai"}  # by what their rnn_backward takes


def examine(
    exercise: Exercise,
    yours: Callable,
    seed: int = 0,
    seconds: float | None = None,
    convention: str | Convention | None = None,
    **fixed: int | None,
) -> Verdict:
    """`examination.examine`, for a function in any convention; the verdict repeats what was understood.

    Parameters
    ----------
    convention
        a `Convention`, or the name of one that is ready; that of the course if not given

    Raises
    ------
    ValueError
        for a convention that does not exist, or does not go with the exercise
    """
    stated = convention or Convention()
    stated = stated if isinstance(stated, Convention) else Convention.named(stated)
    fixed = {name: size for name, size in fixed.items() if size is not None}
    asked = (exercise, yours) if convention is None else put(stated, exercise, yours)
    verdict, more, later = examination.examine(*asked, seed, seconds, **fixed), "", False
    if verdict.kind in ("wrong", "mistake", "crash"):
        with contextlib.suppress(ValueError):  # an exercise that knows no convention
            more, later = _better(stated, exercise, yours, verdict, seed, seconds, fixed)
    said = f". Your convention: {stated!r}" if convention is not None else ""
    if later:
        return replace(verdict, where=f"{verdict.where}{said}", ladder=(*verdict.ladder, more))
    return replace(verdict, where=f"{verdict.where}{said}{f'. {more}' if more else ''}")


def _better(stated, exercise: Exercise, yours: Callable, verdict: Verdict, seed, seconds, fixed) -> tuple[str, bool]:
    """Words for the convention in which all is right, or else a known mistake is left; and for the call to make.

    And whether they are to be the last hint: where they would give a mistake away, or where it is as likely that a
    product in the course's own convention does not fit.
    """
    put(stated, exercise, yours)  # else there is nothing to try
    with contextlib.suppress(TypeError, ValueError):
        course = _COURSES.get(tuple(signature(yours).parameters))
        if course and not stated.forward:
            call = f"checks.Convention.{course}(forward=rnn_forward)"
            return f"If it is that of a course: {_call(exercise, yours, call)}", verdict.kind == "mistake"
    limited = exercise if seconds is None else exercise.but(seconds=seconds)
    tried = list(_answers(stated, limited, yours, exercise.cases(seed, **fixed)[0], verdict.kind == "mistake"))
    for allowed in ("right", "mistake")[: 1 + (verdict.kind != "mistake")]:
        for candidate, right in tried:
            if right == (allowed == "right") and candidate != stated:
                found = examination.examine(*put(candidate, exercise, yours), seed, seconds, **fixed)
                if found.kind == allowed:
                    later = verdict.kind == "mistake" or (verdict.kind, allowed) == ("crash", "mistake")
                    return _told(stated, candidate, exercise, yours, found), later
    return "", False


def _answers(stated: Convention, exercise: Exercise, yours: Callable, case: Case, loss_alone: bool) -> Iterator:
    """The conventions in which the first problem has an answer, and whether it is right."""
    layouts = [dict(weights=LAYOUTS[w], gradients=LAYOUTS[g] if w != g else "") for w, g in product((0, 1), repeat=2)]
    axes = [dict(axes=", ".join(order)) for order in permutations("TBn")]
    others = [] if loss_alone else [stated.but(**one, **other) for one, other in product(layouts, axes)]
    candidates = [stated, *(other for other in others if other != stated)]
    puts = [put(candidate, exercise, yours) for candidate in candidates]

    def attempt(number: int, arguments: list[object]) -> object:
        with contextlib.suppress(Exception):  # it need not fit
            return puts[number][1](*arguments)

    problems = [dict(number=n, arguments=[*one.arguments(case).values()]) for n, (one, _) in enumerate(puts)]
    outcomes, expected = Trial(attempt, exercise.seconds)(problems, quiet=True), puts[0][0].right(case)
    for candidate, outcome in zip(candidates, outcomes):
        if isinstance(outcome, Trouble) or outcome.answer is None:
            continue
        answer = outcome.answer if isinstance(outcome.answer, dict) else {exercise.names[0]: outcome.answer}
        yield candidate, False
        for loss in LOSSES:
            other = candidate.but(loss=loss)
            factor = candidate.scale(case.sizes) / other.scale(case.sizes)
            if max(errors({name: factor * array for name, array in answer.items()}, expected).values()) < TOLERANCE:
                yield other, True


def _told(stated: Convention, found: Convention, exercise: Exercise, yours: Callable, verdict: Verdict) -> str:
    changes = [f'{name}="{getattr(found, name)}"' for name in _TOLD if getattr(found, name) != getattr(stated, name)]
    said = ", ".join(changes)
    call = f"checks.Convention({said})" if stated == Convention() else f"your_convention.but({said})"
    what = "your function is right" if verdict.correct else "your function makes a mistake that the doctor knows"
    return f"With {said} {what}. If that is your convention: {_call(exercise, yours, call)}"


def _call(exercise: Exercise, yours: Callable, convention: str) -> str:
    return f'checks.check("{exercise.id or "…"}", {name_of(yours)}, convention={convention})'
