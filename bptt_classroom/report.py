"""What a class got: from one file for each student, and what was changed by hand in nbgrader's gradebook.

The file results/ASSIGNMENT/STUDENT.json has the fields of `Student`; its `results` are a list with those of `Result`.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bptt_classroom.files import Collected, write
from bptt_classroom.gradebook import by_hand
from bptt_classroom.grading import Result

SHORT = {  # so that students who fail alike are counted together
    "hang": "takes too long",
    "output": "prints without end",
    "memory": "needs too much memory",
    "died": "ends its process",
    "reference": "calls the answer",
    "visible only": "right on the problems shown only",
}
ALIKE = {"shape (": "another shape", "not right": "other numbers", "returned None": "returns nothing"}
SILENT = ("right", "not attempted", "not graded")


def named(result: Result) -> list[str]:
    return [name.replace("_", " ") for name in result.mistakes]


def causes(result: Result) -> list[str]:
    """The mistakes by name, or what is said where none has a name."""
    if result.kind in SILENT:
        return []
    said = re.sub(r"^not yet: (in problem \d+ of \d+, |for .*?: )?", "", result.where)
    said = next((words for part, words in ALIKE.items() if part in said), said)
    said = re.sub(r".*stopped with (\w+).*", r"stops with \1", said, flags=re.S)
    return named(result) or [f"{result.id}: {SHORT.get(result.kind, said)}"]


@dataclass
class Student:
    student: str
    name: str
    late: bool = False
    when: str = ""
    notes: list[str] = field(default_factory=list)
    reason: str = ""  # why there are no results
    results: list[Result] = field(default_factory=list)
    digest: str = ""  # of the file
    seed: int | None = None  # of the problems

    @property
    def points(self) -> float | None:
        return sum(one.points for one in self.results) if self.results else None

    @property
    def missing(self) -> str:
        """Why this student is not graded, or not wholly; "" if he is."""
        failed = "; ".join(f"{one.id}: {one.where}" for one in self.results if one.kind == "not graded")
        return failed if self.results else self.reason or "not graded yet"

    def advice(self) -> list[str]:
        """What to tell him; nothing is said twice."""
        said = {}
        for one in self.results:
            words = f"{' and '.join(named(one))}." if one.mistakes else one.where[:400]
            if one.hints and one.kind not in SILENT:
                words = f"{words.rstrip('.')}. Ask: “{one.hints[0]}”"
            words = [words] if one.kind != "right" else []
            for sentence in [*words, *one.notes, *([f"points {one.hand}"] if one.hand else [])]:
                said.setdefault(sentence, []).append(one.id)
        whole = len(self.results) if len(self.results) > 1 else None
        lines = [f"{'all' if len(ids) == whole else ', '.join(ids)}: {sentence}" for sentence, ids in said.items()]
        return [*self.notes, *(lines or [self.missing or "All right."])]


@dataclass
class Class:
    """One assignment of one class."""

    assignment: str
    students: list[Student]
    set_aside: list[tuple[str, str]]  # file and reason
    lost: list[str]  # those of the files for which somebody is not graded

    @property
    def exercises(self) -> list[Result]:
        return next((student.results for student in self.students if student.results), [])

    @property
    def not_graded(self) -> list[tuple[str, str]]:
        """Who, or which file, and why."""
        lost = [(file, why) for file, why in self.set_aside if file in self.lost]
        return [(one.name, one.missing) for one in self.students if one.missing] + lost

    @property
    def graded(self) -> int:
        return sum(not one.missing for one in self.students)

    @property
    def status(self) -> int:
        """The exit status: not 0 when anybody was not graded."""
        return int(bool(self.not_graded))

    def lines(self) -> Iterator[str]:
        """What the terminal says: everybody and every file that has no points."""
        yield f"{self.graded} of {self.graded + len(self.not_graded)} graded"
        yield from (f"not graded: {who}: {why}" for who, why in self.not_graded)
        yield from (f"set aside: {file}: {why}" for file, why in self.set_aside if file not in self.lost)

    def causes(self) -> list[tuple[str, list[Student], Result]]:
        """Each cause, who has it, and the answer that tells most of it; named and frequent ones first."""
        found, told = {}, {}
        for student in self.students:
            for one in student.results:
                for cause in causes(one):
                    found.setdefault(cause, {})[student.student] = student
                    told[cause] = min(told.get(cause, one), one, key=lambda each: len(each.mistakes) or 9)
        order = sorted(found, key=lambda cause: (not told[cause].mistakes, -len(found[cause]), cause))
        return [(cause, list(found[cause].values()), told[cause]) for cause in order]


def place(folder: Path, assignment: str, student: str) -> Path:
    """Where the results of a student are."""
    return folder / "results" / assignment / f"{student}.json"


def save(folder: Path, assignment: str, student: Student) -> None:
    """Keep what one student got, whole or not at all."""
    path = place(folder, assignment, student.student)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, json.dumps(asdict(student), ensure_ascii=False, indent=1))


def save_files(folder: Path, assignment: str, collected: Collected) -> None:
    """Keep who handed in and what was set aside, for when the report is made again."""
    path = folder / "results" / f"{assignment}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"set_aside": collected.set_aside, "lost": collected.lost}
    facts["students"] = [one.student for one in collected.submissions]
    write(path, json.dumps(facts, ensure_ascii=False))


def read(folder: Path, assignment: str) -> Class:
    """Everybody of whom a file was collected. Raises ValueError if nothing was."""
    path = folder / "results" / f"{assignment}.json"
    if not path.exists():
        raise ValueError(f"submissions of {assignment} are needed, got none in {folder}: grade first")
    kept, hand = json.loads(path.read_text(encoding="utf-8")), by_hand(folder, assignment)
    students = []
    for student in kept["students"]:
        path = place(folder, assignment, student)
        facts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"student": student, "name": student}
        one = Student(**facts)
        one.results = [Result(**result) for result in one.results]
        for result in one.results:
            result.points, result.hand = hand.get((student, result.id), (result.points, ""))
        students.append(one)
    names = [one.name for one in students]
    for one in students:
        one.name += f" ({one.student})" * (names.count(one.name) > 1)
    students.sort(key=lambda one: (one.name.casefold(), one.student))
    return Class(assignment, students, [tuple(pair) for pair in kept["set_aside"]], kept["lost"])


def table(results: Class) -> str:
    """One line for each student, as Canvas and Moodle import it; nothing is in it that they would take for a student.

    Canvas needs Student, ID and Section in this order, and takes each other column for an assignment, unless it is
    called a "Current Score" or alike. Moodle gives a line without an ID to the student of the line above it.
    """
    title = results.assignment.replace("_", " ")
    parts = [f"{one.id} (Current Score)" for one in results.exercises]
    rows = [["Student", "ID", "Section", title, *parts, "remarks (Current Score)"]]
    for one in results.students:
        points = [answer.points for answer in one.results] or [""] * len(parts)
        late = [f"late, {one.when}"] if one.late else []
        remarks = [*late, *one.notes, *([f"not graded: {one.missing}"] if one.missing else [])]
        rows.append([one.name, one.student, "", "" if one.points is None else one.points, *points, "; ".join(remarks)])
    return _csv(rows)


def long_table(results: Class) -> str:
    """A line for each answer, and for each file that was set aside."""
    rows = [["student", "name", "when", "late", "exercise", "points", "most", "kind", "mistakes", "what", "hint"]]
    for one in results.students:
        who = [one.student, one.name, one.when, "late" if one.late else ""]
        for each in one.results:
            words = "; ".join(filter(None, [each.where, *each.notes, each.hand and f"points {each.hand}"]))
            facts = [each.id, each.points, each.most, each.kind, " ".join(each.mistakes)]
            rows.append([*who, *facts, words, "".join(each.hints[:1])])
        rows += [] if one.results else [[*who, "", "", "", "not graded", "", one.missing, ""]]
    for file, why in results.set_aside:
        kind = "not graded" if file in results.lost else "set aside"
        rows.append(["", file, "", "", "", "", "", kind, "", why, ""])
    return _csv(rows)


def _csv(rows: list[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def _harmless(cell: object) -> object:
    """Spreadsheets run what begins like a formula."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip().startswith(("=", "+", "-", "@")) else cell
