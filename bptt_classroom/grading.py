"""What a submission gets. Its answers come from the sandbox as data; everything that knows the right ones is here."""

import base64
import copy
import functools
import inspect
import json
import pickle
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output

from bptt_classroom import sandbox
from bptt_classroom.asking import Question, unpack
from bptt_classroom.driver import Job, Limits
from bptt_classroom.notebooks import asks, defines
from bptt_lab import doctor, exercises
from bptt_lab.doctor import Exercise, Outcome, Trouble, Verdict
from bptt_lab.doctor.exercise import Case

POINTS = 5  # for each exercise
SLOWER = 2  # than the student's machine, so much may this one be
JUDGED = 60  # seconds, for one exercise and one round
COMBINED = ("bptt_lab.doctor.passes", "Pass.__init__")  # a right answer can be put together from the doctor's steps
KINDS = ("crash", "hang", "not attempted", "reference", "wrong")  # what a sandbox may say of itself
WHY_NO_ANSWER = {
    "died": ("died", "ended the process that ran it", "Which line leaves Python?"),
    "hang": ("hang", "took too long and was stopped", "Is there a loop that does not end?"),
    "output": ("output", "printed without end and was stopped", "Which line prints inside a loop?"),
}


@dataclass
class Result:
    """What one student got for one exercise."""

    id: str
    function: str
    title: str
    points: float
    most: float
    kind: str  # that of the verdict; or visible only, died, output, not graded
    where: str
    mistakes: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    table: str = ""
    notes: list[str] = field(default_factory=list)
    hand: str = ""  # how a teacher gave the points, if one did


class Exam:
    """The exercises of one notebook, and all that is asked: the problems that students see, and those of the seed."""

    def __init__(self, notebook: str, seed: int, limits: Limits | None = None):
        self.limits, self.files = limits or Limits(), sandbox.files()
        self.exercises = {name: remembering(one) for name, one in exercises.graded(notebook).items()}
        self.rounds = {name: (one.cases(0), one.cases(seed, hidden=True)) for name, one in self.exercises.items()}
        for name, one in self.exercises.items():  # some answers take long: once for all workers, and before any limit
            for case in [case for cases in self.rounds[name] for case in doctor.questions(one, cases)]:
                one.reference(**one.arguments(case))
        questions = {name: self._question(one) for name, one in self.exercises.items()}
        self.closed = sorted({name for question in questions.values() for name in question.closed})
        self.asked = {name: base64.b64encode(pickle.dumps(one)).decode() for name, one in questions.items()}

    def _question(self, exercise: Exercise) -> Question:
        rounds = []
        for cases in self.rounds[exercise.id]:
            asked = doctor.questions(exercise, cases)
            main, steps = ([one for one in asked if (one.step is None) == whole] for whole in (True, False))
            rounds.append(([exercise.arguments(case) for case in main], [exercise.arguments(case) for case in steps]))
        patience, is_value = SLOWER * exercise.seconds, not exercise.parameters
        return Question(exercise.id, exercise.function, is_value, patience, closed(exercise), tuple(rounds))


def closed(exercise: Exercise) -> tuple[tuple[str, str], ...]:
    """Module and name of what gives the answer away, as far as a submission can see it."""
    functions = [inspect.unwrap(function) for function in (exercise.reference, *exercise.forbidden)]
    names = [(function.__module__, function.__qualname__) for function in functions]
    return (*(name for name in names if not name[0].startswith("bptt_lab.exercises")), COMBINED)


def remembering(exercise: Exercise) -> Exercise:
    """The same exercise; problems and right answers are computed once for a class, since some train networks."""
    known = {}

    def once(function: Callable) -> Callable:
        @functools.wraps(function)
        def remembered(*arguments: object, **named: object) -> object:
            states = [one.bit_generator.state if isinstance(one, np.random.Generator) else one for one in arguments]
            key = function, pickle.dumps((states, named))
            if key not in known:
                known[key] = function(*arguments, **named)
            return copy.deepcopy(known[key])

        return remembered

    return exercise.but(reference=once(exercise.reference), draw=once(exercise.draw))


# one submission


def grade_one(
    notebook: NotebookNode, exam: Exam, hidden: list[Path], protected: bool = True
) -> tuple[NotebookNode, list[Result]]:
    """The notebook as it ran, and what it gets. Nothing that a submission does makes this fail.

    hidden   folders that it must not see
    """
    job = Job(nbformat.writes(notebook), exam.asked, exam.closed, exam.limits)
    came = read(sandbox.run(exam.files, job, hidden, protected))
    ran = copy.deepcopy(notebook)
    cells = [cell for cell in ran.cells if cell.cell_type == "code"]
    for cell, facts in zip(cells, came["cells"] or [{}] * len(cells)):
        cell.outputs, cell.metadata["trouble"] = outputs(facts), str(facts.get("trouble", ""))
    results = [_result(exercise, exam, cells, came) for exercise in exam.exercises.values()]
    for result in results:
        result.notes += _notes(result, results, cells)
        for cell in [cell for cell in cells if asks(cell.source, result.id)][-1:]:
            cell.outputs = [new_output("stream", name="stdout", text=_said(result))]
    for cell in cells:
        cell.metadata.pop("trouble")
    return ran, results


def read(text: bytes) -> dict:
    """What the driver said; nothing is taken for granted."""
    try:
        came = json.loads(text)
        cells, answers = came["cells"], came["answers"]
        if all(isinstance(one, dict) for one in [*cells, *answers.values()]):
            return {"cells": cells, "answers": answers, "whole": True}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return {"cells": [], "answers": {}, "whole": False}


def outputs(facts: dict) -> list[NotebookNode]:
    """The outputs of one cell, if they are what a notebook may hold."""
    try:
        found = [nbformat.from_dict(output) for output in facts.get("outputs", [])]
        nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=found)]))
        return found
    except Exception:
        return []


def _result(exercise: Exercise, exam: Exam, cells: list[NotebookNode], came: dict) -> Result:
    try:
        verdict = _why_no_answer(exercise, cells, came) or _judged(exercise, exam, came["answers"][exercise.id])
    except Exception as error:  # an answer that the exercise did not foresee
        where = f"the check itself stopped with {type(error).__name__}: {error}"[:500]
        verdict = Verdict("not graded", where, ("What does your function return?",))
    points = round(POINTS * verdict.share, 2)
    facts = (exercise.id, exercise.function, exercise.title, points, POINTS, verdict.kind, verdict.where)
    return Result(*facts, list(verdict.mistakes), list(verdict.ladder), verdict.table)


def _judged(exercise: Exercise, exam: Exam, answer: dict) -> Verdict:
    """The worse of the verdicts on the problems that students see and on the others."""
    verdicts = []
    for cases, (main, steps) in zip(exam.rounds[exercise.id], json.loads(answer["text"]), strict=True):
        with _alarm():
            verdicts.append(doctor.judge(exercise, cases, _recorded(main, steps)))
    visible, hidden = verdicts
    if visible.correct and not hidden.correct:
        where = f"right on the problems in the notebook, not on others: {hidden.where}"
        return _but(hidden, kind="visible only", where=where)
    return visible if visible.share <= hidden.share else _but(hidden, kind=visible.kind, where=visible.where)


def _but(verdict: Verdict, **changes: object) -> Verdict:
    return Verdict(**vars(verdict) | changes)


def _recorded(main: list, steps: list) -> Callable[[list[Case]], list]:
    """Looks up what was answered."""

    def ask(asked: list[Case]) -> list[Outcome | Trouble]:
        found = []
        for one in (main if asked[0].step is None else steps)[: len(asked)]:
            if "trouble" in one:
                sentence, hint, kind = map(str, one["trouble"])
                return [*found, Trouble(sentence[:500], hint[:500], kind if kind in KINDS else "crash")]
            found.append(Outcome(unpack(one["answer"]), [str(name)[:100] for name in one["changed"]]))
        if len(found) < len(asked):
            found.append(Trouble("your code ended before it had answered", "Which line leaves Python?"))
        return found

    return ask


def _why_no_answer(exercise: Exercise, cells: list[NotebookNode], came: dict) -> Verdict | None:
    if not came["whole"]:
        where = "your notebook was stopped: it took too long, or ended what ran it"
        return Verdict("hang", where, ("Which cell takes long, or leaves Python?",))
    answer = came["answers"].get(exercise.id, {})
    if answer.get("text") not in (None, "", "[]"):
        return None
    if answer.get("trouble") in WHY_NO_ANSWER:
        kind, words, hint = WHY_NO_ANSWER[answer["trouble"]]
        return Verdict(kind, f"your function {words}", (hint,))
    made = [cell for cell in cells if defines(cell.source, exercise.function)]
    if not made:
        return Verdict("not attempted", f"no cell makes {exercise.function}", ("Was it renamed, or deleted?",))
    return _about_cell(made[-1], exercise.function)


def _about_cell(cell: NotebookNode, function: str) -> Verdict:
    """Why this cell did not make its function."""
    if cell.metadata["trouble"] in WHY_NO_ANSWER:
        kind, words, hint = WHY_NO_ANSWER[cell.metadata["trouble"]]
        return Verdict(kind, f"your cell {words}", (hint,))
    for output in cell.outputs:
        if output.output_type == "error":
            said = re.sub(r"\([^()\s]+, line (\d+)\)", r"(line \1)", f"{output.ename}: {output.evalue}")
            return Verdict("crash", f"your cell stopped with {said[:300]}", ("What does that line say?",))
    return Verdict("crash", f"your notebook ran, and {function} was not there after it", ("Is it deleted again?",))


def _notes(result: Result, results: list[Result], cells: list[NotebookNode]) -> Iterator[str]:
    made = sum(defines(cell.source, result.function) for cell in cells)
    if made > 1:
        yield f"{made} cells make {result.function}: the last one counts"
    for other in results:
        broken = other.kind not in ("right", "wrong", "mistake", "visible only")
        if broken and other is not result and re.search(rf"\b{other.function}\b", result.where):
            yield f"it needs {other.function} of exercise {other.id}: {other.where}"


def _said(result: Result) -> str:
    parts = (result.table, result.where, *result.notes, *result.hints[:1])
    return "".join(f"{part}\n" for part in parts if part)


@contextmanager
def _alarm() -> Iterator[None]:
    """Stop a check that does not come to an end with a strange answer."""

    def stop(*_: object) -> None:
        raise TimeoutError("it took too long")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(JUDGED)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
