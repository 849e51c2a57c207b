"""The teacher's commands: python -m bptt_classroom hand-out | grade | write-page."""

import bptt_classroom.light  # noqa: F401  it comes first

# isort: split
import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime, timezone
from pathlib import Path

import nbformat
from tqdm import tqdm

from bptt_classroom import files, gradebook, grading, handout, notebooks, page, records, sandbox
from bptt_classroom.driver import LIMITS
from bptt_classroom.records import Class, Student


def hand_out(folder: Path, assignment: str, asked: argparse.Namespace) -> None:
    """Make the teacher's notebook, then the students' notebook from it, and put that where they can fetch it."""
    path = handout.make(folder, handout.find(assignment), asked.seed)
    nbgrader(folder, "generate_assignment", assignment, "--force")
    if os.name == "posix":  # nbgrader has no exchange on Windows
        nbgrader(folder, "release_assignment", assignment, "--force")
    print(f"To hand out: {folder / 'release' / assignment / path.name}")


def grade(folder: Path, assignment: str, asked: argparse.Namespace) -> int:
    """Collect, grade what is not graded yet, and write the page. Return the status: 0 only if everybody was graded."""
    if os.name != "posix":
        sys.exit("Windows cannot grade: run this in WSL, where it is as safe as on Linux")
    if (reason := sandbox.why_not()) and not asked.unprotected:
        sys.exit(f"{reason}. To let submissions do whatever you can do here, add --unprotected")
    if assignment not in handout.seeds(folder):
        raise ValueError(f"{assignment} must be handed out first, got {folder} without it: see hand-out")
    seed, given = handout.seeds(folder)[assignment], (asked.files or folder / "submitted").resolve()
    if not asked.files and list((folder / "exchange").glob(f"*/inbound/*+{assignment}+*")):
        nbgrader(folder, "collect", assignment, "--update", "--ExchangeCollect.check_owner=False")
    found = files.collect(given, assignment, asked.roster)
    resume(folder, found, seed)
    records.save(folder, found)
    if left := [one for one in found.students if not one.results]:
        exam = grading.Exam(assignment[:2], seed, {"cell": asked.seconds})

        def run(one: Student) -> tuple:
            notebook = notebooks.load(one.path)
            notebooks.mark(notebook, exam.exercises)
            return notebook, exam, *grading.run(notebook, exam, [folder, given], not asked.unprotected)

        with tqdm(total=len(left), unit="student") as bar:
            for workers in (asked.workers, 1):  # again alone, so that nothing that another does can be the reason
                left = failed(folder, found, left, workers, run, bar)
            bar.update(len(left))
    return write_page(folder, assignment)


def resume(folder: Path, found: Class, seed: int) -> None:
    """Take over the earlier results of files that are still the same, if the problems are the same too."""
    old = records.load(folder, found.assignment)
    known = {one.student: one for one in old.before + old.students}
    for one in found.students:
        one.digest = hashlib.sha256(b"%d " % seed + one.path.read_bytes()).hexdigest()
        ran = folder / "autograded" / one.student / found.assignment / f"{found.assignment}.ipynb"
        before = known.pop(one.student, one)
        if ran.exists() and before.digest == one.digest:  # nbgrader may have removed it
            one.results = before.results
    found.before = list(known.values())


def failed(folder: Path, found: Class, left: list[Student], workers: int, run: Callable, bar: tqdm) -> list[Student]:
    """Grade these students; return those for whom it failed, with the reason. One is judged while others run."""
    again, pool = [], ThreadPoolExecutor(workers)
    try:
        running = {pool.submit(run, one): one for one in left}
        for future in as_completed(running):
            one = running.pop(future)
            try:
                ran, *came = future.result()
                keep(folder, found.assignment, one, ran, grading.judge(ran, *came))
                bar.update()
            except Exception as error:
                one.reason = f"{type(error).__name__}: {error}".splitlines()[0][:300]
                again.append(one)
            records.save(folder, found)
    finally:
        pool.shutdown(cancel_futures=True)
    return again


def keep(folder: Path, assignment: str, one: Student, ran: nbformat.NotebookNode, results: list) -> None:
    """Put what came and the notebook as it ran where nbgrader looks for them; then the points, last the verdicts."""
    name, when = f"{one.student}/{assignment}/{assignment}.ipynb", datetime.fromisoformat(one.when)
    stamp = when.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    records.write(folder / "submitted" / name, one.path.read_bytes())
    records.write(folder / "submitted" / one.student / assignment / "timestamp.txt", stamp)
    gradebook.record(folder, assignment, one.student, stamp, {result.id: result.points for result in results})
    records.write(folder / "autograded" / name, nbformat.writes(ran))
    shutil.rmtree(folder / "feedback" / one.student / assignment, ignore_errors=True)  # it told of an older file
    one.results, one.reason = results, ""  # of a first try that failed


def write_page(folder: Path, assignment: str, _: object = None) -> int:
    """Write the page and the tables of a class, and print what the terminal says. Return the exit status."""
    results = records.told(folder, assignment)
    print(*page.write_all(folder, results), *results.lines(), sep="\n")
    return int(bool(results.not_graded))


def nbgrader(folder: Path, *command: str) -> None:
    """Run one command of nbgrader, in the folder of the course. If it fails, show what it says, and exit."""
    ran = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=folder, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"nbgrader {' '.join(command)} failed:\n{ran.stderr}")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bptt_classroom", description=__doc__)
    commands, made = parser.add_subparsers(dest="command", required=True), {}
    for run in (hand_out, grade, write_page):
        name, told = run.__name__.replace("_", "-"), run.__doc__.partition(".")[0]
        made[name] = commands.add_parser(name, help=told, description=told)
        made[name].set_defaults(run=run)
        made[name].add_argument("folder", type=Path, help="of the class; hand-out makes it")
        made[name].add_argument("notebook", help="its number, such as 07")
    option = made["grade"].add_argument
    made["hand-out"].add_argument("--seed", type=int, help="of the hidden problems; drawn if not given")
    option("--files", type=Path, help="a folder or a .zip of what came back")
    option("--roster", type=Path, help="a CSV file of id and name")
    option("--workers", type=int, default=2, help="submissions at a time; 2 if not given")
    option("--seconds", type=int, default=LIMITS["cell"], help=f"for a cell; {LIMITS['cell']} if not given")
    option("--unprotected", action="store_true", help="run submissions as you, with all you can do")
    asked, rest = parser.parse_known_args(arguments)
    if rest:
        sys.exit(f"{asked.command} does not take {' '.join(rest)}: see {parser.prog} {asked.command} --help")
    return asked


def main(arguments: list[str] | None = None) -> None:
    asked = parse(arguments)
    beside = os.path.dirname(sys.executable)  # nbgrader calls alembic, which an environment need not have on the path
    os.environ["PATH"] = beside + os.pathsep + os.environ.get("PATH", "")
    try:
        sys.exit(asked.run(asked.folder.resolve(), handout.find(asked.notebook).stem, asked))
    except (ValueError, LookupError, OSError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
