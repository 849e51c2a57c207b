"""A class of 60 for notebook 07: what each student hands in, and what should be found."""

import copy
import inspect
import textwrap
from dataclasses import dataclass

import numpy as np
from right_styles import STYLES

from bptt_lab.classroom import course, problems
from bptt_lab.doctor import BACKWARD, STATE_GRADS

LAST = "my_general_backward"
STATES = "my_state_grads"
SINGLES = {  # how many students make each in the last exercise
    "W_not_transposed": 5,
    "recurrent_term_missing": 4,
    "not_divided_by_B": 3,
    "dW_with_same_h": 3,
    "tanh_slope_missing": 2,
    "sigmoid_slope_twice": 1,
    "dU_with_previous_x": 1,
    "db_from_last_step_only": 1,
    "tanh_of_tanh": 1,
    "dc_added_to_itself": 1,
}
PAIRS = [
    ("not_divided_by_B", "W_not_transposed"),
    ("dW_with_same_h", "dU_with_previous_x"),
    ("sigmoid_slope_twice", "dW_transposed"),
    ("recurrent_term_missing", "db_from_last_step_only"),
]
STATE_MISTAKES = [
    "W_not_transposed",
    "recurrent_term_missing",
    "output_path_missing",
    "tanh_slope_missing_in_recursion",
]
BACKWARD_HEAD = "def my_general_backward(params, trace, y):\n"
RIGHT = """
    do = (trace.y_hat - y) / y.shape[1]
    da, later = np.zeros_like(trace.h), 0
    for t in reversed(range(len(y))):
        da[t] = (do[t] @ params.V + later) * (1 - trace.h[t] ** 2)
        later = da[t] @ params.W
    flat = lambda a: a.reshape(-1, a.shape[-1])
    do, da, x, h_prev, h = map(flat, (do, da, trace.x, trace.h_prev, trace.h))
    return Params(da.T @ x, da.T @ h_prev, do.T @ h, da.sum(0), do.sum(0))
"""
ODD = {  # kind of verdict: what the cell of the last exercise holds
    "crash": BACKWARD_HEAD + "    return trace.h[99]",
    "crash 2": "def my_general_backward(params, trace, y)\n    return params",
    "hang": BACKWARD_HEAD + "    while True:\n        pass",
    "hang 2": "while True:\n    pass",
    "output": BACKWARD_HEAD + "    while True:\n        print('x' * 10_000)",
    "memory": BACKWARD_HEAD + "    return np.ones(10**10)",
    "died": "import os\n" + BACKWARD_HEAD + "    os._exit(0)",
    "died 2": "import os, signal\n" + BACKWARD_HEAD + "    os.kill(os.getppid(), signal.SIGKILL)\n    os._exit(1)",
    "reference": "from bptt_lab.bptt import backward as mine\n" + BACKWARD_HEAD + "    return mine(params, trace, y)",
    "reference 2": "import sys\nfrom bptt_lab import bptt\n"
    + BACKWARD_HEAD
    + "    sys.setprofile(None)\n    return bptt.backward(params, trace, y)",
    "grader": "from bptt_lab import doctor\nchecks.check = checks.diagnose = doctor.examine = print\n"
    + BACKWARD_HEAD
    + RIGHT,
    "visible only": "from bptt_lab.doctor import BACKWARD\n"
    + BACKWARD_HEAD
    + "    shapes = [(s['T'], s['B'], s['n_y']) for s in BACKWARD.sizes]\n    if y.shape not in shapes: return params"
    + RIGHT,
    "wrong": BACKWARD_HEAD + "    return params",
}


@dataclass
class Student:
    """Cells to put in, by the name of the exercise, and the finding for the last exercise or that of the states."""

    name: str
    cells: dict[str, str]
    exercise: str = LAST
    kind: str = "right"
    mistakes: tuple[str, ...] = ()


def students() -> list[Student]:
    found = []

    def add(name: str, source: str, **facts) -> None:
        exercise = facts.get("exercise", LAST)
        found.append(Student(f"{name.replace('_', '').replace(' ', '')}{len(found):02}", {exercise: source}, **facts))

    for name, style in STYLES.items():
        add(name, _as_cell(name, style))
    for name, number in SINGLES.items():
        for _ in range(number):
            body = f"    return CATALOGUE[{name!r}].backward(params, trace, y)"
            add("a", f"from bptt_lab.doctor import CATALOGUE\n{BACKWARD_HEAD}{body}", kind="mistake", mistakes=(name,))
    for pair in PAIRS:
        body = f"    return combine(*(CATALOGUE[name] for name in {pair!r}))(params, trace, y)"
        source = f"from bptt_lab.doctor import CATALOGUE, combine\n{BACKWARD_HEAD}{body}"
        add("pair", source, kind="mistake", mistakes=pair)
    for name in STATE_MISTAKES:
        source = "from bptt_lab.doctor import STATE_GRADS\ndef my_state_grads(params, trace, dL_do):\n"
        source += f"    return STATE_GRADS.catalogue[{name!r}].backward(params, trace, dL_do)"
        add("state", source, exercise=STATES, kind="mistake", mistakes=(name,))
    for kind, source in ODD.items():
        add(kind, source, kind=kind.rstrip(" 2"))
    found += [Student(f"empty{number}", {}, kind="not attempted") for number in range(3)]
    return found + [Student("unreadable", {}, kind="unreadable")]


def hand_in(released, student: Student):
    """The released notebook with this student's cells."""
    notebook = copy.deepcopy(released)
    for cell, _ in course.exercises(notebook):
        cell.source = student.cells.get(course.function_name(cell.source), cell.source)
    return notebook


def right_share(student: Student) -> float:
    """The share of the points that is due: that of the gradients which the planted mistakes leave right."""
    if student.kind != "mistake":
        return float(student.kind in ("right", "grader"))
    exercise = BACKWARD if student.exercise == LAST else STATE_GRADS
    problem = problems.draw(np.random.default_rng(0))
    arguments = [problem[name] for name in exercise.parameters]
    planted = [exercise.catalogue[name] for name in student.mistakes]
    wrong, right = exercise.combine(*planted)(*arguments), exercise.reference(*arguments)
    pairs = [(wrong, right)] if student.exercise == STATES else zip(wrong, right)
    same = [bool(abs(yours - theirs).max() < 1e-12) for yours, theirs in pairs]
    return sum(same) / len(same)


def _as_cell(name: str, style) -> str:
    """A style of the doctor's tests as a student would have typed it."""
    head = "from bptt_lab import model\n"
    if not inspect.isfunction(style):
        source = textwrap.dedent(inspect.getsource(type(style)))
        return f"{head}{source}\n{BACKWARD_HEAD}    return {type(style).__name__}()(params, trace, y)"
    source = inspect.getsource(style)
    if name == "buffers_used_again":
        head += "_BUFFERS = {}\n" + inspect.getsource(STYLES["einsum"])
    return f"{head}{source}\n{BACKWARD_HEAD}    return {name}(params, trace, y)"
