"""The teacher's commands: python -m bptt_classroom hand-out | grade | report."""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from pathlib import Path

import nbformat
from tqdm import tqdm

from bptt_classroom import files, gradebook, grading, handout, notebooks, page, records, sandbox
from bptt_classroom.driver import LIMITS
from bptt_classroom.grading import Exam
from bptt_classroom.records import Student

COMMANDS = """hand-out  make an assignment of a notebook
grade     collect, grade and report; again after an interruption, it goes on
report    write the page and the tables of a class again"""


def hand_out(folder: Path, notebook: str, seed: int | None) -> None:
    """Make the teacher's notebook, then the students' of it, and put that where they can fetch it."""
    path = handout.make(folder, handout.find(notebook), seed)
    nbgrader(folder, "generate_assignment", path.stem, "--force")
    if os.name == "posix":  # nbgrader has no exchange on Windows
        nbgrader(folder, "release_assignment", path.stem, "--force")
    print(f"To hand out: {folder / 'release' / path.stem / path.name}")


def grade(folder: Path, notebook: str, given: Path | None, asked: argparse.Namespace) -> int:
    """Collect, grade what is not graded yet, and report. The exit status: not 0 if anybody was not graded."""
    assignment = handout.find(notebook).stem
    if assignment not in handout.seeds(folder):
        raise ValueError(f"{assignment} must be handed out first, got {folder} without it: see hand-out")
    if given is None and list((folder / "exchange").glob(f"*/inbound/*+{assignment}+*")):
        nbgrader(folder, "collect", assignment, "--update", "--ExchangeCollect.check_owner=False")
    found = files.collect(given or folder / "submitted", assignment, asked.roster)
    records.save_class(folder, found)
    for one in found.students:
        one.seed, one.digest = handout.seeds(folder)[assignment], hashlib.sha256(one.path.read_bytes()).hexdigest()
    if left := [one for one in found.students if not is_done(folder, assignment, one)]:
        exam = Exam(assignment[:2], left[0].seed, {"cell": asked.seconds})
        room = exam, [folder, *filter(None, [given])], not asked.unprotected
        with tqdm(total=len(left), unit="student") as bar:
            for workers in (asked.workers, 1):  # again alone, so that nothing that another does can be the reason
                left = failed(folder, assignment, left, workers, room, bar)
            for one in left:
                records.save(folder, assignment, one)
                bar.update()
    return write(folder, assignment)


def is_done(folder: Path, assignment: str, new: Student) -> bool:
    """Whether this very file was graded, with the same problems."""
    known = records.load(folder, assignment, new.student)
    ran = folder / "autograded" / new.student / assignment / f"{assignment}.ipynb"  # nbgrader may remove it
    return ran.exists() and bool(known.results) and (known.digest, known.seed) == (new.digest, new.seed)


def failed(folder: Path, assignment: str, left: list[Student], workers: int, room: tuple, bar: tqdm) -> list[Student]:
    """Grade these students; those of whom it could not be done, with the reason. One is judged while others run."""

    def run(one: Student) -> tuple:
        notebook = notebooks.load(one.path)
        notebooks.mark(notebook, room[0].exercises)
        return notebook, *grading.run(notebook, *room)

    again, pool = [], ThreadPoolExecutor(workers)
    running = {pool.submit(run, one): one for one in left}
    try:
        for future in as_completed(running):
            one = running.pop(future)
            try:
                notebook, *came = future.result()
                keep(folder, assignment, one, *grading.judge(notebook, room[0], *came))
                bar.update()
            except Exception as error:
                one.reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
                again.append(one)
    finally:
        pool.shutdown(cancel_futures=True)
    return again


def keep(folder: Path, assignment: str, one: Student, ran: nbformat.NotebookNode, results: list) -> None:
    """What came and the notebook as it ran where nbgrader looks for them, the points, and last the verdicts."""
    when = datetime.fromisoformat(one.when).astimezone()
    submitted = folder / "submitted" / one.student / assignment
    records.write(submitted / "timestamp.txt", when.strftime("%Y-%m-%d %H:%M:%S %Z"))
    (submitted / f"{assignment}.ipynb").write_bytes(one.path.read_bytes())
    gradebook.record(folder, assignment, one.student, when, {result.id: result.points for result in results})
    records.write(folder / "autograded" / one.student / assignment / f"{assignment}.ipynb", nbformat.writes(ran))
    shutil.rmtree(folder / "feedback" / one.student / assignment, ignore_errors=True)  # it told of an older file
    one.results, one.reason = results, ""
    records.save(folder, assignment, one)


def write(folder: Path, assignment: str) -> int:
    """The page and the tables of a class; what the terminal says. The exit status."""
    results = records.load_class(folder, assignment)
    print(*page.write_all(folder, results), *results.lines(), sep="\n")
    return int(bool(results.not_graded))


def nbgrader(folder: Path, *command: str) -> None:
    """One command of nbgrader, in the folder of the course. What it says is shown if it fails."""
    ran = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=folder, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"nbgrader {' '.join(command)} failed:\n{ran.stderr}")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bptt_classroom", description=COMMANDS)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("command", choices=["hand-out", "grade", "report"])
    parser.add_argument("folder", type=Path, help="of the class; hand-out makes it")
    parser.add_argument("notebook", help="its number, such as 07")
    parser.add_argument("--seed", type=int, help="hand-out: of the hidden problems; drawn if not given")
    parser.add_argument("--files", type=Path, help="grade: a folder or a .zip of what came back")
    parser.add_argument("--roster", type=lambda path: Path(path).resolve(), help="grade: a CSV file of id and name")
    parser.add_argument("--workers", type=int, default=2, help="grade: submissions at a time")
    parser.add_argument("--seconds", type=int, default=LIMITS["cell"], help="grade: for a cell")
    parser.add_argument("--unprotected", action="store_true", help="grade: run submissions as you, with all you can do")
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
        elif os.name != "posix":
            sys.exit("Windows cannot grade: run this in WSL, where it is as safe as on Linux")
        elif (reason := sandbox.why_not()) and not asked.unprotected:
            sys.exit(f"{reason}. To let submissions do whatever you can do here, add --unprotected")
        else:
            sys.exit(grade(folder, asked.notebook, asked.files and asked.files.resolve(), asked))
    except (ValueError, LookupError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
