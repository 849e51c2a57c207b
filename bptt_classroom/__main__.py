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
from dataclasses import replace
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

import nbformat
from tqdm import tqdm

from bptt_classroom import files, gradebook, grading, handout, notebooks, page, report, sandbox
from bptt_classroom.driver import Limits
from bptt_classroom.files import Submission
from bptt_lab import exercises


class Desk:
    """One assignment of a class: what is known of it, and what is done."""

    def __init__(self, folder: Path, assignment: str):
        self.folder, self.assignment = folder, assignment
        released = folder / "release" / assignment / f"{assignment}.ipynb"
        if not released.exists():
            raise ValueError(f"{assignment} must be handed out first, got no {released}: see hand-out")
        self.released = nbformat.read(released, as_version=4)
        self.number, self.seed = assignment[:2], handout.seeds(folder)[assignment]

    def place(self, kind: str, student: str) -> Path:
        return self.folder / kind / student / self.assignment

    def record(self, one: Submission) -> report.Student:
        """What is known before grading. If the digest or the seed is another than before, it is graded again."""
        digest = hashlib.sha256(one.path.read_bytes()).hexdigest()
        facts = dict(late=one.late, when=one.when, notes=one.notes, digest=digest, seed=self.seed)
        return report.Student(one.student, one.name, **facts)

    def is_done(self, submission: Submission) -> bool:
        path = report.place(self.folder, self.assignment, submission.student)
        ran = self.place("autograded", submission.student) / f"{self.assignment}.ipynb"  # nbgrader may remove it
        if not (ran.exists() and path.exists()):
            return False
        known, new = json.loads(path.read_text("utf-8")), self.record(submission)
        return bool(known["results"]) and (known["digest"], known["seed"]) == (new.digest, new.seed)

    def prepare(self, submission: Submission) -> str:
        """The notebook to run; the file itself goes to nbgrader's place."""
        place = self.place("submitted", submission.student)
        place.mkdir(parents=True, exist_ok=True)
        data, notebook = submission.path.read_bytes(), notebooks.load(submission.path)
        notebooks.mend(notebook, exercises.graded(self.number), self.released)
        (place / f"{self.assignment}.ipynb").write_bytes(data)
        files.write(place / "timestamp.txt", moment(submission).strftime("%Y-%m-%d %H:%M:%S %Z"))
        return nbformat.writes(notebook)

    def keep(self, submission: Submission, ran: str, results: list[grading.Result]) -> None:
        """The notebook as it ran, the points, and last the verdicts: with them it is done."""
        place = self.place("autograded", submission.student)
        place.mkdir(parents=True, exist_ok=True)
        gradebook.record(self.folder, self.assignment, submission.student, moment(submission), results)
        files.write(place / f"{self.assignment}.ipynb", ran)
        shutil.rmtree(self.place("feedback", submission.student), ignore_errors=True)  # it told of an older file
        report.save(self.folder, self.assignment, replace(self.record(submission), results=results))


def moment(submission: Submission) -> datetime:
    return datetime.fromisoformat(submission.when).astimezone()


def hand_out(folder: Path, notebook: str, seed: int | None) -> None:
    """Make the teacher's notebook, then the students' of it, and put that where they can fetch it."""
    path = handout.make(folder, handout.find(notebook), seed)
    nbgrader(folder, "generate_assignment", path.stem, "--force")
    if os.name == "posix":  # nbgrader has no exchange on Windows
        nbgrader(folder, "release_assignment", path.stem, "--force")
    print(f"To hand out: {folder / 'release' / path.stem / path.name}")


def grade(folder: Path, notebook: str, given: Path | None, asked: argparse.Namespace) -> int:
    """Collect, grade what is not graded yet, and report. The exit status: not 0 if anybody was not graded."""
    desk = Desk(folder, handout.find(notebook).stem)
    if given is None and list((folder / "exchange").glob(f"*/inbound/*+{desk.assignment}+*")):
        nbgrader(folder, "collect", desk.assignment, "--update", "--ExchangeCollect.check_owner=False")
    collected = files.collect(given or folder / "submitted", desk.assignment, asked.roster)
    report.save_files(folder, desk.assignment, collected)
    left = [one for one in collected.submissions if not desk.is_done(one)]
    if left:
        exam = grading.Exam(desk.number, desk.seed, Limits(cell=asked.seconds))
        room = exam, [folder, *filter(None, [given])], not asked.unprotected
        with tqdm(total=len(left), unit="student") as bar:
            again = []
            for submission, error in graded(desk, left, room, asked.workers):
                again += [submission] if error else []
                bar.update(not error)
            for one in again:  # alone, so that nothing that another does can be the reason
                for submission, error in graded(desk, [one], room, 1):
                    if error:
                        report.save(folder, desk.assignment, replace(desk.record(submission), reason=error))
                    bar.update()
    return write(folder, desk.assignment)


def write(folder: Path, assignment: str) -> int:
    """The page and the tables of a class; what the terminal says. The exit status."""
    results = report.read(folder, assignment)
    print(*page.write_all(folder, results), *results.lines(), sep="\n")
    return results.status


def graded(desk: Desk, left: list[Submission], room: tuple, workers: int) -> Iterator[tuple[Submission, str]]:
    """Each submission when it is done, with the reason if it could not be graded."""
    running: dict[Future, Submission] = {}
    alike = get_context("fork")  # the exam is made once, and each worker begins with it
    with ProcessPoolExecutor(workers, alike, initializer=enter, initargs=room) as pool:
        for submission in left:
            try:
                running[pool.submit(work, desk.prepare(submission))] = submission
            except Exception as error:
                yield submission, in_one_line(error)
        for future in as_completed(running):
            submission = running.pop(future)
            try:
                desk.keep(submission, *future.result())
                yield submission, ""
            except Exception as error:
                yield submission, in_one_line(error)


def enter(*room: object) -> None:
    global ROOM
    ROOM = room


def work(text: str) -> tuple[str, list[grading.Result]]:
    ran, results = grading.grade_one(nbformat.reads(text, as_version=4), *ROOM)
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
        if name == "grade":
            one.add_argument("--files", type=Path, help="a folder or a .zip of what came back")
            one.add_argument("--roster", type=lambda path: Path(path).resolve(), help="a CSV file of id and name")
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
            sys.exit(write(folder, handout.find(asked.notebook).stem))
        else:
            if os.name != "posix":
                sys.exit("Windows cannot grade: run this in WSL, where it is as safe as on Linux")
            if (reason := sandbox.why_not()) and not asked.unprotected:
                sys.exit(f"{reason}. To let submissions do whatever you can do here, add --unprotected")
            sys.exit(grade(folder, asked.notebook, asked.files and asked.files.resolve(), asked))
    except (ValueError, LookupError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
