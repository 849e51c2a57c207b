"""The teacher's commands: python -m bptt_classroom hand-out | grade | report."""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import nbformat
from tqdm import tqdm

from bptt_classroom import files, gradebook, grading, handout, page, report, sandbox
from bptt_classroom.driver import Limits
from bptt_classroom.files import Submission
from bptt_lab import exercises


class Desk:
    """One assignment of a class: what is known of it, and what is done."""

    def __init__(self, folder: Path, assignment: str, given: Path | None, limits: Limits):
        self.folder, self.assignment, self.limits = folder, assignment, limits
        self.hidden = [path for path in (folder, given) if path]
        released = folder / "release" / assignment / f"{assignment}.ipynb"
        if not released.exists():
            raise ValueError(f"{assignment} must be handed out first, got no {released}: see hand-out")
        self.released = nbformat.read(released, as_version=4)
        self.number, self.seed = assignment[:2], handout.seeds(folder)[assignment]

    def place(self, kind: str, student: str) -> Path:
        return self.folder / kind / student / self.assignment

    def facts(self, submission: Submission) -> dict:
        """What a verdict is about: if one of these is another, it is graded again."""
        digest = hashlib.sha256(submission.path.read_bytes()).hexdigest()
        who = {"student": submission.student, "name": submission.name, "late": submission.late}
        return who | {"digest": digest, "seed": self.seed}

    def is_done(self, submission: Submission) -> bool:
        path = report.place(self.folder, self.assignment, submission.student)
        ran = self.place("autograded", submission.student) / f"{self.assignment}.ipynb"  # nbgrader may remove it
        if not (ran.exists() and path.exists()):
            return False
        return self.facts(submission).items() <= json.loads(path.read_text("utf-8")).items()

    def prepare(self, submission: Submission) -> tuple[str, list[str]]:
        """The notebook to run, and what was not as it should be; the file itself goes to nbgrader's place."""
        place = self.place("submitted", submission.student)
        place.mkdir(parents=True, exist_ok=True)
        data = submission.path.read_bytes()
        notebook = files.load(submission.path)
        notes = files.mend(notebook, exercises.of(self.number), self.released)
        (place / f"{self.assignment}.ipynb").write_bytes(data)
        files.write(place / "timestamp.txt", moment(submission).strftime("%Y-%m-%d %H:%M:%S %Z"))
        return nbformat.writes(notebook), notes

    def keep(self, submission: Submission, notes: list[str], ran: str, results: list[grading.Result]) -> None:
        """The notebook as it ran, the points, and last the verdicts: with them it is done."""
        place = self.place("autograded", submission.student)
        place.mkdir(parents=True, exist_ok=True)
        gradebook.record(self.folder, self.assignment, submission.student, moment(submission), results)
        files.write(place / f"{self.assignment}.ipynb", ran)
        shutil.rmtree(self.place("feedback", submission.student), ignore_errors=True)  # it told of an older file
        self.save(submission, {"notes": [*submission.notes, *notes], "results": [asdict(one) for one in results]})

    def save(self, submission: Submission, found: dict) -> None:
        path = report.place(self.folder, self.assignment, submission.student)
        path.parent.mkdir(parents=True, exist_ok=True)
        facts = self.facts(submission) | {"when": submission.when} | found
        files.write(path, json.dumps(facts, ensure_ascii=False, indent=1))


def moment(submission: Submission) -> datetime:
    return datetime.fromisoformat(submission.when).astimezone()


def hand_out(folder: Path, notebook: str, seed: int | None) -> None:
    """Make the teacher's notebook, then the students' of it, and put that where they can fetch it."""
    path = handout.make(folder, handout.find(notebook), seed)
    nbgrader(folder, "generate_assignment", path.stem, "--force")
    if os.name == "posix":  # nbgrader has no exchange on Windows
        nbgrader(folder, "release_assignment", path.stem, "--force")
    print(f"To hand out: {folder / 'release' / path.stem / path.name}")


def grade(folder: Path, notebook: str, given: Path | None, roster: Path | None, asked: argparse.Namespace) -> int:
    """Collect, grade what is not graded yet, and report. The exit status: not 0 if anybody was not graded."""
    desk = Desk(folder, handout.find(notebook).stem, given, Limits(cell=asked.seconds))
    if given is None and list((folder / "exchange").glob(f"*/inbound/*+{desk.assignment}+*")):
        nbgrader(folder, "collect", desk.assignment, "--update", "--ExchangeCollect.check_owner=False")
    collected = files.collect(given or folder / "submitted", desk.assignment, roster)
    report.save_files(folder, desk.assignment, collected)
    left = [one for one in collected.submissions if not desk.is_done(one)]
    with tqdm(total=len(left), unit="student") as bar:
        for workers in (asked.workers, 1):  # once more, alone, where something failed
            failed = []
            for submission, error in graded(desk, left, workers, not asked.unprotected):
                bar.update()
                if error:
                    failed.append(submission)
                    desk.save(submission, {"digest": "", "notes": submission.notes, "reason": error})
                    bar.update(-1 if workers > 1 else 0)
            left = failed
    return write(folder, desk.assignment, not asked.no_names)


def write(folder: Path, assignment: str, names: bool) -> int:
    """The page and the tables of a class; what the terminal says. The exit status."""
    results = report.read(folder, assignment)
    print(*page.write_all(folder, results, names), sep="\n")
    print(*results.lines(), sep="\n")
    return results.status


def graded(desk: Desk, left: list[Submission], workers: int, protected: bool) -> Iterator[tuple[Submission, str]]:
    """Each submission when it is done, with the reason if it could not be graded."""
    running: dict[Future, tuple[Submission, list[str]]] = {}
    opened = (desk.number, desk.seed, desk.limits, desk.hidden, protected)
    with ProcessPoolExecutor(workers, initializer=open_exam, initargs=opened) as pool:
        for submission in left:
            try:
                text, notes = desk.prepare(submission)
                running[pool.submit(work, text)] = submission, notes
            except Exception as error:
                yield submission, in_one_line(error)
        for future in as_completed(running):
            submission, notes = running.pop(future)
            try:
                desk.keep(submission, notes, *future.result())
                yield submission, ""
            except Exception as error:
                yield submission, in_one_line(error)


def open_exam(number: str, seed: int, limits: Limits, *place: object) -> None:
    global EXAM, PLACE
    EXAM, PLACE = grading.Exam(number, seed, limits), place


def work(text: str) -> tuple[str, list[grading.Result]]:
    ran, results = grading.grade_one(nbformat.reads(text, as_version=4), EXAM, *PLACE)
    return nbformat.writes(ran), results


def in_one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:300]


def nbgrader(folder: Path, *command: str) -> None:
    """One command of nbgrader, in the folder of the course. What it says is shown if it fails."""
    ran = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=folder, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"nbgrader {' '.join(command)} failed:\n{ran.stderr}")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bptt_classroom", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in [
        ("hand-out", "make an assignment of a notebook"),
        ("grade", "collect, grade and report; again after an interruption, it goes on"),
        ("report", "write the page and the tables of a class again"),
    ]:
        one = commands.add_parser(name, help=words, description=words)
        one.add_argument("folder", type=Path, help="of the class; hand-out makes it")
        one.add_argument("notebook", help="its number, such as 07")
        if name == "hand-out":
            one.add_argument("--seed", type=int, help="of the hidden problems; drawn if not given")
        else:
            one.add_argument("--no-names", action="store_true", help="numbers instead of names, and no single answers")
        if name == "grade":
            one.add_argument("--files", type=Path, help="a folder or a .zip of what came back")
            one.add_argument("--roster", type=Path, help="a CSV file of id and name")
            one.add_argument("--workers", type=int, default=2, help="submissions at a time")
            one.add_argument("--seconds", type=float, default=Limits().cell, help="for a cell")
            one.add_argument("--unprotected", action="store_true", help="run submissions as you, with all you can do")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> None:
    asked = parse(arguments)
    folder = asked.folder.resolve()
    beside = os.path.dirname(sys.executable)  # nbgrader calls alembic, which an environment need not have on the path
    os.environ["PATH"] = beside + os.pathsep + os.environ.get("PATH", "")
    try:
        if asked.command == "hand-out":
            hand_out(folder, asked.notebook, asked.seed)
        elif asked.command == "report":
            sys.exit(write(folder, handout.find(asked.notebook).stem, not asked.no_names))
        else:
            if os.name != "posix":
                sys.exit("Windows cannot grade: run this in WSL, where it is as safe as on Linux")
            if (reason := sandbox.why_not()) and not asked.unprotected:
                sys.exit(f"{reason}. To let submissions do whatever you can do here, add --unprotected")
            given, roster = (path and path.resolve() for path in (asked.files, asked.roster))
            sys.exit(grade(folder, asked.notebook, given, roster, asked))
    except (ValueError, LookupError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
