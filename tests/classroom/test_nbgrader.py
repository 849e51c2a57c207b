"""A class of 60, from hand-out to report, with the commands of nbgrader. It takes minutes; `.ci/run` runs it."""

import csv
import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
import synthetic_class

pytest.importorskip("nbgrader", reason="needs the extra: pip install -e '.[teaching]'")

from bptt_lab.classroom import course
from bptt_lab.classroom.judge import Judge

NAME = "07_write_it_yourself"
STUDENTS = {student.name: student for student in synthetic_class.students()}
SUBMITTED = list(STUDENTS)[:3]  # through the exchange; the files of the others are downloaded
COMMAND = [sys.executable, "-m", "bptt_lab.classroom"]


def nbgrader(folder, *command):
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    done = subprocess.run([sys.executable, "-m", "nbgrader", *command], cwd=folder, env=os.environ | {"PATH": path})
    assert done.returncode == 0


def graded(folder):
    paths = folder.glob(f"autograded/*/{NAME}/{NAME}.ipynb")
    return {
        path.parts[-3]: path.stat().st_mtime for path in paths if "bptt-lab.verdict" in path.read_text(encoding="utf-8")
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Handed out, handed in, graded with an interruption, and reported."""
    folder, files, desk = (tmp_path_factory.mktemp(name) for name in ("course", "files", "desk"))
    subprocess.run([*COMMAND, "hand-out", str(folder), "07", "--seed", "77"], check=True)
    released = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    exchange = ("--course=bptt", f"--Exchange.root={folder / 'exchange'}", f"--Exchange.cache={desk / 'cache'}")
    nbgrader(desk, "fetch_assignment", NAME, *exchange)
    for student in STUDENTS.values():
        path = files / f"{student.name}_{NAME}.ipynb"
        if student.name in SUBMITTED:
            nbformat.write(synthetic_class.hand_in(released, student), desk / NAME / f"{NAME}.ipynb")
            nbgrader(desk, "submit", NAME, *exchange, f"--student={student.name}")
        elif student.kind == "unreadable":
            path.write_text("{ this is no notebook", encoding="utf-8")
        else:
            nbformat.write(synthetic_class.hand_in(released, student), path)
    first = subprocess.Popen([*COMMAND, "grade", str(folder), "07", "--files", str(files)], start_new_session=True)
    while len(graded(folder)) < 10:
        assert first.poll() is None
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGKILL)  # with both of its processes
    first.wait()
    before = graded(folder)
    subprocess.run([*COMMAND, "grade", str(folder), "07"], check=True)
    after = graded(folder)
    assert 10 <= len(before) < 40 and before.items() <= after.items()  # what was graded was not graded again
    return folder


@pytest.fixture(scope="module")
def table(folder):
    with (folder / f"{NAME}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everybody_is_in_the_table(table):
    assert {row["student"] for row in table} == set(STUDENTS) and len(table) == 60 * 6


def test_points_and_mistakes_are_those_that_were_planted(table):
    for row in table:
        student = STUDENTS[row["student"]]
        if student.kind == "unreadable":
            assert row["kind"] == "unreadable" and float(row["points"]) == 0
        elif row["exercise"] == student.exercise:
            found = (row["kind"], set(row["mistakes"].split()))
            assert found == (student.kind, set(student.mistakes)), (student.name, row["where"])
            assert float(row["points"]) == pytest.approx(course.POINTS * synthetic_class.right_share(student))
            assert bool(row["hint"]) == (student.kind not in ("right", "grader"))
        else:
            assert row["kind"] == "not attempted" and float(row["points"]) == 0


def test_the_page_names_what_to_talk_about_and_what_to_look_at(folder):
    page = (folder / f"{NAME}.html").read_text(encoding="utf-8")
    monday = page[page.index("on Monday") : page.index("To look at yourself")]
    planted = [name for student in STUDENTS.values() for name in student.mistakes]
    most = max(planted.count(name) for name in planted)
    assert f"<li><strong>W not transposed</strong>: {most} of 60." in monday and monday.count("<li>") == 5
    odd = page[page.index("To look at yourself") : page.index("Each exercise")]
    for student in STUDENTS.values():
        assert (f">{student.name}<" in odd) == (student.kind not in ("right", "mistake", "wrong", "not attempted"))


def test_a_page_without_names(folder):
    subprocess.run([*COMMAND, "report", str(folder), "07", "--no-names"], check=True)
    page = (folder / f"{NAME}.html").read_text(encoding="utf-8")
    assert not any(name in page for name in STUDENTS) and "student 60" in page


def test_points_that_a_teacher_gives_are_kept(folder):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        grade = book.find_grade("07-016", NAME, NAME, "empty0")
        grade.manual_score = 3.5
        book.db.commit()
    subprocess.run([*COMMAND, "report", str(folder), "07"], check=True)
    with (folder / f"{NAME}.csv").open(encoding="utf-8", newline="") as file:
        points = {row["exercise"]: row["points"] for row in csv.DictReader(file) if row["student"] == "empty0"}
    assert points["my_output_grads"] == "3.5"


def test_the_feedback_of_nbgrader_shows_the_verdict_and_not_the_seed(folder):
    nbgrader(folder, "generate_feedback", NAME, "--student=empty0")
    feedback = (folder / "feedback" / "empty0" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "not attempted yet" in feedback and "seed=77" not in feedback


@pytest.mark.parametrize("name", [path.stem for path in sorted(course.NOTEBOOKS.glob("*.ipynb"))])
def test_every_solution_gets_all_points_on_its_twin(name):
    from test_judge import released

    source = course.source(course.find(name), seed=5)
    Judge(source, released(source)).close()  # which would raise
