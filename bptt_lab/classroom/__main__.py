"""The teacher's commands: python -m bptt_lab.classroom hand-out | grade | report."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tqdm import tqdm

from bptt_lab.classroom import course, page, report


def hand_out(folder: Path, notebook: str, seed: int | None) -> None:
    """Make the teacher's notebook, then the students' of it, and put that where they can fetch it."""
    path = course.make(folder, course.find(notebook), seed)
    nbgrader(folder, "generate_assignment", path.stem, "--force")
    if os.name == "posix":  # nbgrader has no exchange on Windows
        nbgrader(folder, "release_assignment", path.stem, "--force")
    print(f"To hand out: {folder / 'release' / path.stem / path.name}")


def grade(folder: Path, notebook: str, files: Path | None, workers: int, names: bool) -> None:
    """Collect, grade what is not graded yet, and report."""
    assignment = course.find(notebook).stem
    if files:
        archive = folder / "downloaded" / assignment / "archive"
        shutil.copytree(files, archive, dirs_exist_ok=True)
        nbgrader(folder, "zip_collect", assignment, "--force")
        found = len(list(folder.glob(f"submitted/*/{assignment}/{assignment}.ipynb")))
        print(f"{len(list(archive.rglob('*.ipynb')))} files, {found} students (file names: STUDENT_{assignment}.ipynb)")
    elif list((folder / "exchange").glob(f"*/inbound/*+{assignment}+*")):
        nbgrader(folder, "collect", assignment, "--update", "--ExchangeCollect.check_owner=False")
    for number in (workers, 1):  # the second time for those that failed, perhaps because two wrote at once
        autograde(folder, assignment, number)
    write(folder, assignment, names)


def autograde(folder: Path, assignment: str, workers: int) -> None:
    """`nbgrader autograde` in some processes at a time; each is told which students to leave to the others."""
    students = sorted(path.parent.name for path in (folder / "submitted").glob(f"*/{assignment}"))
    left = [student for student in students if not is_done(folder, assignment, student)]
    for student in left:  # begun, perhaps, and interrupted
        shutil.rmtree(folder / "autograded" / student / assignment, ignore_errors=True)
    if any("," in student for student in students):  # nbgrader could not tell the names in the list apart
        workers = 1
    running = []
    with (folder / "autograde.log").open("a", encoding="utf-8") as log:
        for place in range(min(workers, len(left))):
            others = ",".join(sorted(set(students) - set(left[place::workers])))
            command = [*NBGRADER, "autograde", assignment, f"--CourseDirectory.student_id_exclude={others}"]
            running.append(subprocess.Popen(command, cwd=folder, stdout=log, stderr=log))
        try:
            wait(running, left, lambda student: is_done(folder, assignment, student))
        finally:
            for process in running:
                process.terminate()
                process.wait()


def is_done(folder: Path, assignment: str, student: str) -> bool:
    """Whether there is a verdict on what this student has handed in."""
    path = folder / "autograded" / student / assignment / f"{assignment}.ipynb"
    return path.exists() and report.digest(folder, assignment, student) in path.read_text(encoding="utf-8")


def wait(running: list[subprocess.Popen], left: list[str], is_done: Callable[[str], bool]) -> None:
    """Show how many students are done, until the processes end."""
    with tqdm(total=len(left), unit="student") as bar:
        ended = False
        while not ended:
            ended = all(process.poll() is not None for process in running)  # asked first, so that none is missed
            now = [student for student in left if is_done(student)]
            bar.update(len(now))
            left = [student for student in left if student not in now]
            time.sleep(0 if ended else 0.5)


def write(folder: Path, assignment: str, names: bool) -> None:
    """The page and the table of a class, beside its course."""
    results = report.read(folder, assignment)
    results = results if names else report.without_names(results)
    html, table = (folder / f"{assignment}.{kind}" for kind in ("html", "csv"))
    html.write_text(page.page(results, names), encoding="utf-8")
    report.write_csv(results, table)
    print(f"{len(results.students)} submissions: {html} and {table}")


NBGRADER = (sys.executable, "-m", "nbgrader")


def nbgrader(folder: Path, *command: str) -> None:
    """One command of nbgrader, in the folder of the course. What it says is shown if it fails."""
    ran = subprocess.run([*NBGRADER, *command], cwd=folder, capture_output=True, text=True)
    if ran.returncode:
        sys.exit(f"nbgrader {' '.join(command)} failed:\n{ran.stderr}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bptt_lab.classroom", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in [
        ("hand-out", "make an assignment of a notebook"),
        ("grade", "collect, grade and report; again after an interruption, it goes on"),
        ("report", "write the page and the table of a class again"),
    ]:
        one = commands.add_parser(name, help=words, description=words)
        one.add_argument("folder", type=Path, help="of the course; made if it is not there")
        one.add_argument("notebook", help="its number, such as 07")
        if name == "hand-out":
            one.add_argument("--seed", type=int, help="of the hidden problems; drawn if not given")
        else:
            one.add_argument("--no-names", action="store_true", help="numbers instead of names, and no single answers")
        if name == "grade":
            one.add_argument("--files", type=Path, help="a folder of downloaded files, each named STUDENT_….ipynb")
            one.add_argument("--workers", type=int, default=2, help="processes at a time")
    asked = parser.parse_args(arguments)
    beside = os.path.dirname(sys.executable)  # nbgrader calls alembic, which an environment need not have on the path
    os.environ["PATH"] = beside + os.pathsep + os.environ.get("PATH", "")
    folder = asked.folder.resolve()
    if asked.command == "hand-out":
        hand_out(folder, asked.notebook, asked.seed)
    elif asked.command == "grade":
        grade(folder, asked.notebook, asked.files, asked.workers, not asked.no_names)
    else:
        write(folder, course.find(asked.notebook).stem, not asked.no_names)


if __name__ == "__main__":
    main()
