"""A class for notebook 07, with one student of each kind: what each hands in, and what should be found."""

import copy
import inspect
import textwrap
from dataclasses import dataclass

from right_styles import STYLES

from bptt_classroom.notebooks import defines
from bptt_lab import exercises

LAST = "07.6"
HEAD = "def my_general_backward(params, trace, y):\n"
RIGHT = """    do = (trace.y_hat - y) / y.shape[1]
    slope, da, later = 1 - trace.h**2, np.zeros_like(trace.h), 0
    for t in reversed(range(len(y))):
        da[t] = (do[t] @ params.V + later) * slope[t]
        later = da[t] @ params.W
    flat = lambda a: a.reshape(-1, a.shape[-1])
    do, da, x, h_prev, h = map(flat, (do, da, trace.x, trace.h_prev, trace.h))
    return Params(da.T @ x, da.T @ h_prev, do.T @ h, da.sum(0), do.sum(0))
"""
SLIPS = {  # what a student writes instead, the name of the mistake, and the points
    "W_not_transposed": ("da[t] @ params.W", "da[t] @ params.W.T", 2),
    "recurrent_term_missing": (" + later", "", 2),
    "not_divided_by_B": (" / y.shape[1]", "", 0),
    "dW_with_same_h": ("da.T @ h_prev", "da.T @ h", 4),
    "tanh_slope_missing": (" * slope[t]", "", 2),
    "sign_flipped": ("(trace.y_hat - y)", "(y - trace.y_hat)", 0),
    "dW_transposed": ("da.T @ h_prev", "h_prev.T @ da", 4),
}
PAIRS = [("not_divided_by_B", "W_not_transposed", 0), ("dW_with_same_h", "recurrent_term_missing", 2)]
ODD = {  # kind of verdict: what the cell of the last exercise holds
    "crash": HEAD + "    return trace.h[99]",
    "crash 2": HEAD.replace(":", "") + "    return params",
    "hang": HEAD + "    while True:\n        pass",
    "hang 2": HEAD + "    while True:\n        print('x' * 10_000)",
    "crash 3": HEAD + "    return np.ones(10**11)",
    "died": HEAD + "    import os\n    os._exit(0)",
    "died 2": "import os\nos._exit(0)\n" + HEAD + RIGHT,
    "reference": "from bptt_lab.bptt import backward as mine\n" + HEAD + "    return mine(params, trace, y)",
    "reference 2": "import sys\nfrom bptt_lab import bptt\n"
    + HEAD
    + "    sys.setprofile(None)\n    return bptt.backward(params, trace, y)",
    "visible only": HEAD + "    if params.U.shape not in ((5, 2), (6, 3)): return params\n" + RIGHT,
    "wrong": HEAD + "    return params",
    "not attempted": HEAD + "    raise NotImplementedError",
    "right": "checks = doctor = print\n" + HEAD + RIGHT,
}


@dataclass
class Student:
    """The cell of the last exercise; all other exercises are not attempted."""

    name: str
    cell: str | None
    kind: str = "right"
    mistakes: tuple[str, ...] = ()
    points: float | None = 0


def students() -> list[Student]:
    found = []

    def add(name: str, *facts: object) -> None:
        found.append(Student(f"{name.replace('_', '').replace(' ', '')}{len(found):02}", *facts))

    for name, style in STYLES.items():
        add(name, _as_cell(name, style), "right", (), 5)
    for name, (right, wrong, points) in SLIPS.items():
        add("slip", HEAD + RIGHT.replace(right, wrong), "mistake", (name,), points)
    for first, second, points in PAIRS:
        body = RIGHT.replace(*SLIPS[first][:2]).replace(*SLIPS[second][:2])
        add("pair", HEAD + body, "mistake", (first, second), points)
    for kind, cell in ODD.items():
        kind = kind.rstrip(" 234")
        add(kind, cell, kind, (), {"right": 5, "visible only": None}.get(kind, 0))
    add("unreadable", None, "unreadable")
    found += [Student(f"empty{number}", "", "not attempted") for number in range(2)]
    return found


def hand_in(released, student: Student):
    """The released notebook with this student's cell."""
    notebook = copy.deepcopy(released)
    name = exercises.find(LAST).function
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code" and defines(cell.source, name))
    cell.source = student.cell or cell.source
    return notebook


def _as_cell(name: str, style: object) -> str:
    """A style of the doctor's tests as a student would have typed it."""
    head = "from bptt_lab import model\n"
    if not inspect.isfunction(style):
        source = textwrap.dedent(inspect.getsource(type(style)))
        return f"{head}{source}\n{HEAD}    return {type(style).__name__}()(params, trace, y)"
    source = inspect.getsource(style)
    if name == "buffers_used_again":
        head += "_BUFFERS = {}\n" + inspect.getsource(STYLES["einsum"])
    return f"{head}{source}\n{HEAD}    return {name}(params, trace, y)"
