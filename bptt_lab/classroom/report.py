"""What a class got: read from the notebooks that nbgrader has graded, and from its gradebook."""

import csv
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from bptt_lab.classroom import course

VERDICT = "application/vnd.bptt-lab.verdict+json"  # the kind of output in which a graded cell keeps its verdict
QUIET = ("right", "mistake", "wrong", "not attempted")  # verdicts that a teacher need not look at one by one
SHORT = {  # the others, so that students who fail alike are counted together
    "crash": "stops with an error",
    "hang": "takes too long",
    "output": "prints without end",
    "memory": "needs too much memory",
    "died": "ends its process",
    "reference": "calls the answer",
    "grader": "replaces what belongs to the grader",
    "visible only": "right on the problems shown only",
    "not graded": "could not be graded",
}
ALIKE = {"not right": "other numbers", "shape (": "another shape"}  # the same for whatever else a check says


@dataclass
class Answer:
    """What one student got for one exercise. The fields are the columns of the CSV file, after the student."""

    exercise: str
    points: float
    most: float
    kind: str
    mistakes: list[str]
    where: str
    hint: str
    slip: str = ""
    equation: int | None = None

    @property
    def causes(self) -> list[str]:
        """The mistakes by name, or what is said where none has a name."""
        if self.kind in ("right", "not attempted", "unreadable"):
            return []
        said = re.sub(r"^not yet: in case \d+ of \d+, ", "", self.where)
        said = next((words for part, words in ALIKE.items() if part in said), said)
        sentence = SHORT.get(self.kind, said)
        return [name.replace("_", " ") for name in self.mistakes] or [f"{self.exercise}: {sentence}"]


@dataclass
class Class:
    """One assignment of one class."""

    assignment: str
    exercises: list[str]
    students: dict[str, list[Answer]] = field(default_factory=dict)

    @property
    def to_look_at(self) -> Iterator[tuple[str, Answer]]:
        """Answers that need a teacher's eyes, with their students."""
        for student, answers in self.students.items():
            yield from ((student, answer) for answer in answers if answer.kind not in QUIET)

    def counts(self, exercise: str | None = None) -> Counter:
        """How many students have each cause, in one exercise or in any."""
        found = Counter()
        for answers in self.students.values():
            asked = [answer for answer in answers if exercise in (None, answer.exercise)]
            found.update({cause for answer in asked for cause in answer.causes})
        return found

    def monday(self, number: int = 5) -> list[tuple[str, int, Answer]]:
        """The causes that most students share, each with a verdict that tells of it; named mistakes first."""
        named, examples = set(), {}
        for answers in self.students.values():
            for answer in sorted(answers, key=lambda answer: len(answer.mistakes)):
                for cause in answer.causes:
                    if cause not in examples or len(answer.mistakes) < len(examples[cause].mistakes):
                        examples[cause] = answer
                    if answer.mistakes:
                        named.add(cause)
        ranked = sorted(self.counts().items(), key=lambda item: (item[0] not in named, -item[1], item[0]))
        return [(cause, count, examples[cause]) for cause, count in ranked[:number]]


def read(folder: Path, assignment: str) -> Class:
    """All students who handed something in.

    raises   FileNotFoundError if nothing was graded
    """
    source = nbformat.read(folder / "source" / assignment / f"{assignment}.ipynb", as_version=4)
    checks = {check.id: course.function_name(cell.source) for cell, check in course.exercises(source)}
    points = _points(folder, assignment)
    result = Class(assignment, list(checks.values()))
    for submitted in sorted((folder / "submitted").glob(f"*/{assignment}")):
        student = submitted.parent.name
        graded = folder / "autograded" / student / assignment / f"{assignment}.ipynb"
        facts = verdicts(graded)
        result.students[student] = [
            _answer(name, facts.get(check), points.get((student, check))) for check, name in checks.items()
        ]
    if not result.students:
        raise FileNotFoundError(f"submissions of {assignment} are needed, got none in {folder}: collect them first")
    return result


def digest(folder: Path, assignment: str, student: str) -> str:
    """Of the file that was handed in: it says whether a verdict is about this file or an older one."""
    path = folder / "submitted" / student / assignment / f"{assignment}.ipynb"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "nothing was handed in"


def verdicts(path: Path) -> dict[str, dict]:
    """The verdict of each graded cell, by the name of the cell; empty if there is no such notebook."""
    if not path.exists():
        return {}
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if VERDICT in output.get("data", {}):
                found[cell.metadata["nbgrader"]["grade_id"]] = output["data"][VERDICT]
    return found


def write_csv(results: Class, path: Path) -> None:
    """A line for each student and exercise."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["student", "exercise", "points", "most", "kind", "mistakes", "where", "hint"])
        for student, answers in results.students.items():
            for one in answers:
                row = (one.exercise, one.points, one.most, one.kind, " ".join(one.mistakes), one.where, one.hint)
                table.writerow([_harmless(cell) for cell in (student, *row)])


def without_names(results: Class) -> Class:
    """The same class with numbers for names, in the order of points, so that a number says nothing."""
    ranked = sorted(results.students.values(), key=lambda answers: -sum(answer.points for answer in answers))
    numbered = {f"student {number}": answers for number, answers in enumerate(ranked, start=1)}
    return Class(results.assignment, results.exercises, numbered)


def _answer(exercise: str, facts: dict | None, points: float | None) -> Answer:
    if facts is None:
        where = "the file that was handed in could not be graded"
        return Answer(exercise, points or 0.0, course.POINTS, "unreadable", [], where, "Does it open in Jupyter?")
    known = {name: facts[name] for name in ("kind", "mistakes", "where", "hint", "slip", "equation")}
    return Answer(exercise, facts["share"] * facts["most"] if points is None else points, facts["most"], **known)


def _points(folder: Path, assignment: str) -> dict[tuple[str, str], float]:
    """Points by student and graded cell, as the gradebook has them: a teacher may have changed some."""
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        try:
            submissions: Iterable = book.find_assignment(assignment).submissions
        except MissingEntry:
            return {}
        return {
            (submission.student.id, grade.name): float(grade.score)
            for submission in submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
        }


def _harmless(cell: object) -> object:
    """Spreadsheets run what begins like a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell
