"""What is known of a class: results/ASSIGNMENT.json, with the fields of `Class`."""

import json
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bptt_classroom import gradebook

ALIKE = {  # so that students who fail alike are counted together: kind and sentence, and what is said of both
    "^hang:": "takes too long",
    "^output:": "prints without end",
    "^died:": "ends its process",
    "^reference:": "calls the answer",
    "^visible only:": "right on the problems shown only",
    r"stopped with (\w+)": r"stops with \1",
    r"shape \(": "another shape",
    "not right": "other numbers",
    "returned None": "returns nothing",
    r": (?:not yet: (?:in problem \d+ of \d+, |for .*?: )?)?(.*)": r"\1",
}
SILENT = ("right", "not attempted", "not graded")
PLACE = "results"  # in the folder of a class
Pairs = list[tuple[str, str]]  # who or which file, and why


@dataclass
class Result:
    """What one student got for one exercise."""

    id: str
    title: str
    points: float
    kind: str  # that of the verdict; or visible only, died, output, not graded
    where: str
    mistakes: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hand: str = ""  # how a teacher gave the points, if one did

    @property
    def named(self) -> list[str]:
        return [name.replace("_", " ") for name in self.mistakes]

    @property
    def causes(self) -> list[str]:
        """The mistakes by name, or what is said where none has a name."""
        if self.kind in SILENT:
            return []
        tried = ((re.search(part, f"{self.kind}: {self.where}", re.S), words) for part, words in ALIKE.items())
        return self.named or [next(f"{self.id}: {found.expand(words)}" for found, words in tried if found)]


@dataclass
class Student:
    """Who handed in, with one file, and what it got."""

    student: str = ""  # the number of the LMS or the roster, or a name; fit for a folder
    name: str = ""
    late: bool = False
    when: str = ""  # "2026-11-25 21:00:05", local time
    notes: list[str] = field(default_factory=list)
    reason: str = ""  # why there are no results
    results: list[Result] = field(default_factory=list)
    digest: str = ""  # of the file, and of the seed of the problems
    path: Path | zipfile.Path | None = None  # of the file, which may lie in an archive; it is not kept
    file: str = ""  # its name, with its folders
    id: str = ""  # of the person in the LMS, if the name says it
    key: str = ""  # the same for the same person; empty if the name does not say whose the file is
    order: int = 0  # the later of two files of a person has the larger one

    @property
    def points(self) -> float | None:
        return sum(one.points for one in self.results) if self.results else None

    @property
    def missing(self) -> str:
        """Why this student is not graded, or not wholly; "" if they are."""
        failed = "; ".join(f"{one.id}: {one.where}" for one in self.results if one.kind == "not graded")
        return failed if self.results else self.reason or "not graded yet"

    def advice(self) -> list[str]:
        """What to tell the student; nothing is said twice."""
        said = {}
        for one in self.results:
            words = f"{' and '.join(one.named)}." if one.mistakes else one.where[:400]
            if one.hints and one.kind not in SILENT:
                words = f"{words.rstrip('.')}. Ask: “{one.hints[0]}”"
            for sentence in [words] * (one.kind != "right") + one.notes + [f"points {one.hand}"] * bool(one.hand):
                said.setdefault(sentence, []).append(one.id)
        whole = len(self.results) if len(self.results) > 1 else None
        lines = [f"{'all' if len(ids) == whole else ', '.join(ids)}: {sentence}" for sentence, ids in said.items()]
        return [*self.notes, *(lines or [self.missing or "All right."])]


@dataclass
class Class:
    """One assignment of one class."""

    assignment: str
    students: list[Student] = field(default_factory=list)
    aside: Pairs = field(default_factory=list)  # files that do not count
    lost: Pairs = field(default_factory=list)  # files for which somebody is not graded
    before: list[Student] = field(default_factory=list)  # who was graded, and is not among the files now

    @property
    def exercises(self) -> list[Result]:
        return next((student.results for student in self.students if student.results), [])

    @property
    def not_graded(self) -> Pairs:
        return [(one.name, one.missing) for one in self.students if one.missing] + self.lost

    @property
    def graded(self) -> str:
        whole = sum(not one.missing for one in self.students)
        return f"{whole} of {whole + len(self.not_graded)} graded"

    def lines(self) -> Iterator[str]:
        """What the terminal says: everybody and every file that has no points."""
        yield self.graded
        yield from (f"not graded: {who}: {why}" for who, why in self.not_graded)
        yield from (f"set aside: {file}: {why}" for file, why in self.aside)

    def causes(self) -> list[tuple[str, list[Student], Result]]:
        """Each cause, who has it, and the answer that tells most about it; named and frequent ones first."""
        found, told = {}, {}
        for student in self.students:
            for one in student.results:
                for cause in one.causes:
                    found.setdefault(cause, {})[student.student] = student
                    told[cause] = min(told.get(cause, one), one, key=lambda each: len(each.mistakes) or 9)
        order = sorted(found, key=lambda cause: (not told[cause].mistakes, -len(found[cause]), cause))
        return [(cause, list(found[cause].values()), told[cause]) for cause in order]


def save(folder: Path, known: Class) -> None:
    """Keep what is known, but not where files are: they may lie in an archive."""

    def plain(one: Class | Student | Result) -> dict:
        return {name: value for name, value in vars(one).items() if name != "path"}

    write(folder / PLACE / f"{known.assignment}.json", json.dumps(known, default=plain))


def load(folder: Path, assignment: str) -> Class:
    """What is known; a class of nobody if nothing was collected."""
    path, known = folder / PLACE / f"{assignment}.json", Class(assignment)
    if path.exists():
        known = Class(**json.loads(path.read_text("utf-8")))
        known.students, known.before = ([Student(**one) for one in some] for some in (known.students, known.before))
        for one in known.students + known.before:
            one.results = [Result(**result) for result in one.results]
    return known


def told(folder: Path, assignment: str) -> Class:
    """What `load` gives, as a teacher wants to see it: sorted by name, with the points that were given by hand.

    Raises
    ------
    ValueError
        if nothing was collected
    """
    known, hand = load(folder, assignment), gradebook.by_hand(folder, assignment)
    if not (known.students or known.aside or known.lost):
        raise ValueError(f"submissions of {assignment} are needed, got none in {folder}: grade first")
    names = [one.name for one in known.students]
    for one in known.students:
        one.name += f" ({one.student})" * (names.count(one.name) > 1)
        for result in one.results:
            key = one.student, gradebook.grade_id(result.id)
            result.points, result.hand = hand.get(key, (result.points, ""))
    known.students.sort(key=lambda one: (one.name.casefold(), one.student))
    return known


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> None:
    """Write all of a file, or nothing. Raises OSError, as when the disk is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    try:
        half.write_bytes(content.encode(encoding) if isinstance(content, str) else content)
        os.replace(half, path)
    finally:
        half.unlink(missing_ok=True)
