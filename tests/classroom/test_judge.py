import copy
import os
import pickle
import shutil
import signal
from pathlib import Path

import nbformat
import pytest
import synthetic_class
from test_course import as_handed_out

pytest.importorskip("resource", reason="submissions are graded on Linux and macOS")

from bptt_lab import checks, doctor
from bptt_lab.classroom import course
from bptt_lab.classroom.judge import Judge
from bptt_lab.classroom.remote import Limits, request

STUDENTS = {student.name: student for student in synthetic_class.students() if student.kind != "unreadable"}


def released(source):
    notebook = copy.deepcopy(source)
    for cell, text in zip(notebook.cells, as_handed_out(source)):
        cell.source = text
    return notebook


@pytest.fixture(scope="module")
def assignment():
    source = course.source(course.find("07"), seed=20)
    judge = Judge(source, released(source), Limits(seconds=3, output=10**5))
    yield judge, released(source)
    judge.close()


def grade(assignment, student):
    judge, notebook = assignment
    outcomes = judge.grade(synthetic_class.hand_in(notebook, student).cells)
    return {question.answer.__name__: outcomes[question.check] for question in judge.questions}


def cheat(assignment, source):
    student = synthetic_class.Student("cheat", {synthetic_class.LAST: source})
    return grade(assignment, student)[synthetic_class.LAST].verdict


@pytest.mark.parametrize("name", STUDENTS)
def test_each_student_gets_what_was_planted(assignment, name):
    student = STUDENTS[name]
    found = grade(assignment, student)
    verdict = found.pop(student.exercise).verdict
    assert (verdict.kind, set(verdict.mistakes)) == (student.kind, set(student.mistakes)), verdict.where
    assert all(one.verdict.kind == "not attempted" for one in found.values())
    assert verdict.share == synthetic_class.right_share(student)


def test_what_a_student_reads_names_his_own_line(assignment):
    crashes = {name: student for name, student in STUDENTS.items() if name.startswith("crash")}
    first, second = (grade(assignment, student)[synthetic_class.LAST].verdict for student in crashes.values())
    assert first.where.endswith("line 2: return trace.h[99])") and "IndexError" in first.where
    assert "SyntaxError" in second.where and "inside.py" not in second.where and "run_cell" not in second.where


def test_the_grader_s_own_functions_are_out_of_reach(assignment):
    before = checks.check, doctor.examine
    student = next(student for student in STUDENTS.values() if student.kind == "grader")
    outcome = grade(assignment, student)[synthetic_class.LAST]
    assert (checks.check, doctor.examine) == before
    assert "examine in bptt_lab.doctor" in outcome.replaced and outcome.verdict.where.startswith("it replaces")
    lazy = (
        student.cells[synthetic_class.LAST].partition("def ")[0] + synthetic_class.BACKWARD_HEAD + "    return params"
    )
    assert cheat(assignment, lazy).share == 0


def test_a_loop_in_one_exercise_does_not_cost_the_others(assignment):
    cells = {
        "my_output_grads": "def my_output_grads(trace, y):\n    while True: pass",
        "my_state_grads": "import time\ntime.sleep(100)",
        synthetic_class.LAST: synthetic_class.BACKWARD_HEAD + synthetic_class.RIGHT,
    }
    found = grade(assignment, synthetic_class.Student("loops", cells))
    kinds = {name: outcome.verdict.kind for name, outcome in found.items()}
    assert kinds["my_output_grads"] == kinds["my_state_grads"] == "hang"
    assert kinds[synthetic_class.LAST] == "right" and kinds["my_backward"] == "not attempted"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("import os; os.fork() or os._exit(0); 1 / 0", "crash"),
        ("return np.zeros(10**7)", "memory"),
        ("return print", "wrong"),
        ("raise SystemExit", "crash"),
        ("import os; [os.write(fd, b'right ' * 99) for fd in range(3, 30) if _is_open(fd)]", "died"),
        ("open('big', 'wb').write(bytes(10**6)); return params", "crash"),
        ("return input()", "crash"),
    ],
)
def test_other_ways_to_misbehave(assignment, body, kind):
    is_open = "import os\ndef _is_open(fd):\n    return os.path.exists(f'/dev/fd/{fd}')\n"
    assert cheat(assignment, f"{is_open}{synthetic_class.BACKWARD_HEAD}    {body}").kind == kind


def test_the_judge_does_not_wait_for_a_process_that_got_away(assignment):
    body = "import os, time\n    pid = os.fork()\n    os.setsid() if not pid else open('pid', 'w').write(str(pid))"
    assert cheat(assignment, f"{synthetic_class.BACKWARD_HEAD}    {body}\n    time.sleep(300)").kind == "hang"
    pid = int((Path(assignment[0].room.folder.name) / "pid").read_text())
    os.kill(pid, signal.SIGKILL)  # it was still there, with its copy of the connection


def test_the_helpers_of_a_check_may_not_be_called():
    source = course.source(course.find("01"), seed=3)
    judge = Judge(source, released(source))
    name = "right_with_one_step_of_memory"
    cell = f"def {name}(x, y):\n    return by_counting(x, y)"
    outcomes = judge.grade(synthetic_class.hand_in(released(source), synthetic_class.Student("s", {name: cell})).cells)
    assert [one.verdict.kind for one in outcomes.values()].count("reference") == 1
    judge.close()


def test_a_check_that_does_not_end_is_stopped(assignment, monkeypatch):
    judge, notebook = assignment
    monkeypatch.setattr(signal, "alarm", lambda seconds: signal.setitimer(signal.ITIMER_REAL, min(seconds, 0.5)))
    monkeypatch.setattr(judge.questions[0], "seen", "while True:\n    pass")
    first, *others = judge.grade(notebook.cells).values()
    assert first.verdict.kind == "not graded" and "TimeoutError" in first.verdict.where
    assert {one.verdict.kind for one in others} == {"not attempted"}


def test_modules_may_be_arguments():
    sent = pickle.loads(request("call", "f", (doctor, {"a": [checks]})))
    assert sent == ("call", "f", (doctor, {"a": [checks]}))


def test_code_is_found_under_any_name(assignment):
    start = "import bptt_lab.bptt\nmine = bptt_lab.bptt.param_grads\n"
    assert cheat(assignment, f"{start}{synthetic_class.BACKWARD_HEAD}    return mine(trace, y, y)").kind == "reference"


def test_helpers_and_changed_cells_of_a_student_are_run(assignment):
    judge, notebook = assignment
    notebook = copy.deepcopy(notebook)
    place = next(i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    helper = nbformat.v4.new_code_cell("%matplotlib inline\ndef halves(a):\n    return a / a.shape[1]")
    broken = nbformat.v4.new_code_cell("1 / 0")
    notebook.cells[place:place] = [helper, broken]
    body = synthetic_class.RIGHT.replace("(trace.y_hat - y) / y.shape[1]", "halves(trace.y_hat - y)")
    for cell, _ in course.exercises(notebook):
        if course.function_name(cell.source) == synthetic_class.LAST:
            cell.source = synthetic_class.BACKWARD_HEAD + body
    outcomes = judge.grade(notebook.cells)
    assert [one.verdict.kind for one in outcomes.values()].count("right") == 1


def test_a_wrong_solution_is_refused():
    source = course.source(course.find("07"), seed=20)
    cell = next(cell for cell, _ in course.exercises(source))
    cell.source = cell.source.replace("trace.y_hat - y", "y - trace.y_hat")
    with pytest.raises(ValueError, match="a solution must be right, got .*sign flipped"):
        Judge(source, released(source))


@pytest.mark.skipif(not shutil.which("ps"), reason="needs the program ps")
def test_nothing_is_left_running(assignment):
    judge, _ = assignment
    children = os.popen(f"ps -o stat= --ppid {judge.room.process.pid}").read().split()
    assert [stat for stat in children if not stat.startswith("Z")] == []
