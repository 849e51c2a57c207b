"""A class with one student of each kind, from hand-out to feedback, with the real commands. It takes minutes."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import nbformat
import pytest
import synthetic_class

pytest.importorskip("nbgrader", reason="needs the extra: pip install -e '.[teaching]'")

pytestmark = [pytest.mark.ci, pytest.mark.sandbox]

NAME = "07_write_it_yourself"
STUDENTS = {student.name: student for student in synthetic_class.students()}
COMMAND = [sys.executable, "-m", "bptt_classroom"]


def classroom(*command, **options):
    return subprocess.run([*COMMAND, *map(str, command)], capture_output=True, text=True, **options)


def nbgrader(folder, *command):
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    options = dict(cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    return subprocess.run([sys.executable, "-m", "nbgrader", *command], **options)


def results(folder):
    path = folder / "results" / f"{NAME}.json"
    known = json.loads(path.read_text("utf-8"))["students"] if path.exists() else []
    return {one["student"]: one for one in known}


def times(folder):
    """When those were graded of whom it is known what they got."""
    done = [folder / "autograded" / name / NAME for name, one in results(folder).items() if one["results"]]
    return {place: (place / f"{NAME}.ipynb").stat().st_mtime_ns for place in done}


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    done = classroom("hand-out", folder, "7", "--seed", 77)
    assert done.returncode == 0 and done.stdout.startswith("To hand out: "), done.stderr
    released = Path(done.stdout.removeprefix("To hand out: ").strip())
    assert "77" not in [path.name for path in released.parent.iterdir()] and len(list(released.parent.iterdir())) == 1
    cells = nbformat.read(released, as_version=4).cells
    assert len(cells) > 20 and not any(cell.get("outputs") for cell in cells)
    return folder, released


@pytest.fixture(scope="module")
def folder(handed_out, tmp_path_factory):
    """Handed in, graded with an interruption, and reported."""
    (folder, path), given = handed_out, tmp_path_factory.mktemp("given")
    released = nbformat.read(path, as_version=4)
    for student in STUDENTS.values():
        file = given / f"{student.name}_{NAME}.ipynb"
        if student.cell is None:
            file.write_text("{ this is no notebook", encoding="utf-8")
        else:
            nbformat.write(synthetic_class.hand_in(released, student), file)
    command = [*COMMAND, "grade", str(folder), "07", "--files", str(given), "--seconds", "10"]
    first = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while len(times(folder)) < 5:
        assert first.poll() is None
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    before = times(folder)
    done = classroom("grade", folder, "07", "--files", given, "--seconds", 10)
    assert before.items() <= times(folder).items()  # what was graded was not graded again
    assert (
        done.returncode == 1
        and f"{len(STUDENTS) - 1} of {len(STUDENTS)} graded" in done.stdout
        and "is no JSON" in done.stdout
    ), done.stdout
    after = times(folder)
    again = classroom("grade", folder, "07", "--files", given)
    assert times(folder) == after and again.stdout == done.stdout
    return folder


def test_points_and_mistakes_are_those_that_were_planted(folder):
    found = results(folder)
    for name, student in STUDENTS.items():
        if student.cell is None:
            continue
        one = found[name]["results"][-1]
        assert (one["kind"], set(one["mistakes"])) == (student.kind, set(student.mistakes)), one
        assert student.points is None or one["points"] == student.points, one
        assert {other["kind"] for other in found[name]["results"][:-1]} == {"not attempted"}


def test_nbgrader_knows_the_points_and_makes_feedback(folder):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        scores = {one.student.id: one.score for one in book.find_assignment(NAME).submissions}
    assert scores == {name: sum(r["points"] for r in one["results"]) for name, one in results(folder).items()}
    assert nbgrader(folder, "generate_feedback", NAME, "--student=empty0", "--force").returncode == 0
    feedback = (folder / "feedback" / "empty0" / NAME / f"{NAME}.html").read_text(encoding="utf-8")
    assert "not attempted yet" in feedback


def test_points_given_by_hand_stay_and_are_marked_after_something_new(folder, tmp_path):
    from nbgrader.api import Gradebook

    url = f"sqlite:///{folder / 'gradebook.db'}"
    with Gradebook(url) as book:
        grade = book.find_grade("07-1", NAME, NAME, "empty1")
        grade.manual_score = 4
        book.db.commit()
    released = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    new = synthetic_class.hand_in(released, STUDENTS["einsum01"])
    nbformat.write(new, tmp_path / f"empty1_{NAME}.ipynb")
    feedback = folder / "feedback" / "empty1" / NAME / f"{NAME}.html"
    assert nbgrader(folder, "generate_feedback", NAME, "--student=empty1").returncode == 0
    assert "right, to" not in feedback.read_text(encoding="utf-8")
    assert classroom("grade", folder, "07", "--files", tmp_path).returncode == 0
    assert results(folder)["empty1"]["results"][-1]["points"] == 5
    with Gradebook(url) as book:
        grade = book.find_grade("07-1", NAME, NAME, "empty1")
        assert grade.score == 4 and grade.needs_manual_grade
    assert nbgrader(folder, "generate_feedback", NAME, "--student=empty1").returncode == 0
    assert "right, to" in feedback.read_text(encoding="utf-8")


def test_odd_files_are_graded_or_named(handed_out, tmp_path):
    folder, released = handed_out
    right = synthetic_class.Student("", synthetic_class.HEAD + synthetic_class.RIGHT)
    plain, archive = nbformat.read(released, as_version=4), tmp_path / "submissions.zip"
    solved, copied, bare = (synthetic_class.hand_in(plain, right) for _ in range(3))
    cell = next(cell for cell in copied.cells if cell.cell_type == "code" and synthetic_class.HEAD in cell.source)
    copied.cells.insert(copied.cells.index(cell), nbformat.from_dict({**cell, "id": "copied", "source": "x = 1 / 0"}))
    for cell in bare.cells:
        cell.metadata = {}
    texts = {
        f"leekim_1111_2222_{NAME}.ipynb": nbformat.writes(copied),
        f"leekim_3333_4444_{NAME}.ipynb": nbformat.writes(solved),
        f"Anna Müller_5_assignsubmission_file_/{NAME}.ipynb": "\ufeff" + nbformat.writes(bare),
        f"zoe_{NAME}.ipynb": nbformat.writes(plain),
        f"zoe_{NAME} (1).ipynb": nbformat.writes(solved),
        f"{NAME}.ipynb": nbformat.writes(solved),
        f"ben_{NAME}.pdf": "%PDF",
    }
    with zipfile.ZipFile(archive, "w") as file:
        for name, text in texts.items():
            file.writestr(name, text)
    done = classroom("grade", folder, "07", "--files", archive)
    assert done.returncode == 1 and "4 of 6 graded" in done.stdout, done.stdout + done.stderr
    assert f"not graded: {NAME}.ipynb: its name does not say whose it is" in done.stdout
    assert f"not graded: ben_{NAME}.pdf: of ben: is a PDF" in done.stdout
    assert f"set aside: zoe_{NAME}.ipynb: an older file of zoe" in done.stdout
    points = {name: results(folder)[name]["results"][-1]["points"] for name in ("1111", "3333", "5", "zoe")}
    assert points == dict.fromkeys(points, 5)
    table = (folder / f"{NAME}.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [line[: line.index(",,")] for line in table[1:]] == [
        *("Anna Müller,5", "leekim (1111),1111", "leekim (3333),3333", "zoe,zoe")
    ]


def test_what_students_submit_with_nbgrader_is_collected_with_its_time(handed_out):
    folder, released = handed_out
    inbound = folder / "exchange" / "bptt" / "inbound" / f"zed+{NAME}+2026-11-25 21:00:05.123456 UTC+x"
    inbound.mkdir(parents=True)
    (inbound / "timestamp.txt").write_text("2026-11-25 21:00:05.123456 UTC", encoding="utf-8")
    (inbound / released.name).write_bytes(released.read_bytes())
    done = classroom("grade", folder, "07")
    assert done.returncode == 0, done.stdout + done.stderr
    when = datetime.fromisoformat(results(folder)["zed"]["when"])
    assert when.astimezone(timezone.utc).replace(tzinfo=None) == datetime(2026, 11, 25, 21, 0, 5)
    stamp = folder / "submitted" / "zed" / NAME / "timestamp.txt"
    assert stamp.read_text(encoding="utf-8") == "2026-11-25 21:00:05 UTC"


def test_nbgrader_itself_does_not_run_submissions(folder):
    done = nbgrader(folder, "autograde", NAME, "--student=empty0", "--force")
    assert done.returncode != 0 and "python -m bptt_classroom grade" in done.stdout + done.stderr


def test_validate_says_what_is_not_done(handed_out):
    _, released = handed_out
    done = nbgrader(released.parent, "validate", released.name)
    assert "Success" not in done.stdout and "07.1: not attempted yet" in done.stdout


def test_a_wrong_call_is_answered_in_one_line(tmp_path, handed_out):
    for command in (
        ("hand-out", tmp_path, "99"),
        ("grade", tmp_path, "07"),
        ("grade", handed_out[0], "07", "--files", tmp_path / "nowhere"),
        ("write-page", tmp_path, "07"),
    ):
        done = classroom(*command)
        assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1, done.stderr
