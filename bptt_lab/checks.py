"""What a notebook calls for its exercises: check an answer, ask for a hint, see the solution and what is done."""

import os
from typing import Any

from bptt_lab import doctor, exercises
from bptt_lab.doctor import Convention, Exercise, Verdict, Words

_ATTEMPTED: set[str] = set()  # in this session


def check(
    exercise: str | Exercise,
    yours: Any,
    *,
    seed: int = 0,
    seconds: float | None = None,
    convention: str | Convention | None = None,
    **sizes: int | None,
) -> Verdict:
    """Ask your function about fresh random problems; the verdict says what is right and wrong, its `hints(1)` asks on.

    Parameters
    ----------
    exercise
        its id, such as "03.1"; or an `Exercise` of your own
    yours
        the function; or a value, where one is asked for
    seed
        seed of the random problems
    seconds
        time limit for all calls together; that of the exercise if not given
    convention
        how code that comes from elsewhere lays out its arrays: a `Convention`, or a name such as "columns"
    **sizes
        sizes that are the same in all problems, such as B=1, for a function that is not general yet

    Raises
    ------
    AssertionError
        where nbgrader validates a notebook and the answer is not right
    ValueError
        for an exercise or a convention that does not exist
    TypeError
        if `yours` is no function where one is asked for
    """
    exercise = exercises.find(exercise) if isinstance(exercise, str) else exercise
    if not exercise.parameters:
        yours = doctor.giving(_choice(yours, exercise))
    verdict = doctor.recognise.examine(exercise, yours, seed, seconds, convention, **sizes)
    if "NBGRADER_VALIDATING" in os.environ and not verdict.correct:  # `nbgrader validate` looks for errors
        raise AssertionError(f"{exercise.id}: {verdict.where}")
    if exercise.id and verdict.kind != "not attempted":
        _ATTEMPTED.add(exercise.id)
        if verdict.correct and not sizes and convention is None:
            exercises.progress.record(exercise.id)
    return verdict


def _choice(value: object, exercise: Exercise) -> object:
    """The answer; "b" for "(b)", "b." or "B", where the course knows an answer "b" and none that is written so."""
    if not isinstance(value, str):
        return value
    known = {str(exercise.reference()), *(name.removeprefix("answer ") for name in exercise.catalogue)}
    bare = value.strip(" ().:")
    return next((letter for letter in (bare, bare.lower()) if letter in known and len(letter) == 1), value)


def solution(name: str) -> Words:
    """The code of a solution. Before your first attempt it asks whether you want to see it: call it again."""
    exercise = exercises.find(name)
    if exercise.id not in _ATTEMPTED and exercise.id not in exercises.progress.done():
        _ATTEMPTED.add(exercise.id)
        return Words(f"You have not tried {name} in this session. To see its solution all the same, call this again.")
    return Words(exercises.solutions.code(name))


def progress() -> Words:
    """What is done, over all notebooks and sessions, and what comes next."""
    done, ids = exercises.progress.done(), exercises.ids()
    lines = []
    for notebook in exercises.NOTEBOOKS:
        names = list(exercises.of(notebook))
        lines.append(f"{notebook}  {' '.join('✓' if name in done else '·' for name in names)}")
    left = [name for name in ids if name not in done]
    following = f". Next: {left[0]}, {exercises.find(left[0]).title}" if left else ""
    return Words("\n".join([*lines, f"{len(ids) - len(left)} of {len(ids)} are done{following}"]))


def forget() -> None:
    """Forget what is done."""
    exercises.progress.forget()
