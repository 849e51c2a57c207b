"""The teacher's notebooks, made from those of the course and their solutions; nothing in them is written twice."""

import ast
import re
import secrets
import textwrap
from collections.abc import Iterator
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
STUB = "raise NotImplementedError"
BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
POINTS = 5  # for each exercise: one for each gradient of the network

CONFIG = '''"""Settings of nbgrader for this course; `nbgrader --help-all` lists the others."""

from pathlib import Path

from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.preprocessors import ClearHiddenTests, Execute

from bptt_lab.classroom.plugin import Judged

here = Path(__file__).resolve().parent
c = get_config()  # noqa: F821
c.CourseDirectory.root = str(here)
c.CourseDirectory.course_id = "bptt"
c.Exchange.root = str(here / "exchange")  # a folder that all students can reach, if there is one
c.ClearSolutions.code_stub = {"python": "raise NotImplementedError"}
c.FileNameCollectorPlugin.named_regexp = r".*/(?P<student_id>[^/_]+)_(?:[^/]*_)?(?P<file_id>\\d\\d_[a-z_]+)"

# submissions run in processes of their own instead of nbgrader's kernel
steps = Autograde.class_traits()["autograde_preprocessors"].default()
c.Autograde.autograde_preprocessors = [Judged if step is Execute else step for step in steps]
c.GenerateFeedback.preprocessors = [ClearHiddenTests, *GenerateFeedback.class_traits()["preprocessors"].default()]
c.Judged.seconds = 10  # for a cell, and for all calls of one check
c.Judged.memory = 2**30  # bytes
c.Judged.output = 2**20  # characters
'''


def find(name: str) -> Path:
    """The notebook whose name starts so, as in "07"."""
    found = sorted(NOTEBOOKS.glob(f"{name}*.ipynb"))
    if len(found) != 1:
        numbers = ", ".join(path.name[:2] for path in sorted(NOTEBOOKS.glob("*.ipynb")))
        raise ValueError(f"one notebook must start with {name!r}, got {len(found)} of them: choose from {numbers}")
    return found[0]


def exercises(notebook: nbformat.NotebookNode) -> Iterator[tuple[nbformat.NotebookNode, nbformat.NotebookNode]]:
    """Each exercise cell and the check that follows it."""
    for cell, after in zip(notebook.cells, notebook.cells[1:]):
        if "exercise" in cell.metadata.get("tags", []):
            yield cell, after


def source(path: Path, seed: int) -> nbformat.NotebookNode:
    """The notebook with its solutions in regions that nbgrader takes out, and a hidden twin below each check."""
    notebook = nbformat.read(path, as_version=4)
    solution = nbformat.read(path.parent / "solutions" / path.name, as_version=4)
    solved = {cell.id: cell.source for cell in solution.cells}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    for cell, check in exercises(notebook):
        name = function_name(cell.source)
        cell.source = with_solution(cell.source, solved[cell.id])
        check.source = f"{check.source}\n{hidden(name, check.source, seed)}"
        cell.metadata.nbgrader = _marks(cell.id, solution=True, locked=False)
        check.metadata.nbgrader = _marks(check.id, grade=True, locked=True, points=POINTS)
    return notebook


def function_name(stub: str) -> str:
    """The name of the function that an exercise asks for."""
    return next(node.name for node in ast.parse(stub).body if isinstance(node, ast.FunctionDef))


def with_solution(stub: str, solved: str) -> str:
    """The solved cell, marked so that nbgrader makes the stub of it. What stood above the function moves into it."""
    head, found, tail = stub.partition(f"    {STUB}")
    above, split, body = solved.partition(head)
    if not found or not split or tail.strip():
        raise ValueError(f"a solution must contain the first lines of its exercise, got another start than {head!r}")
    inside = textwrap.indent(above.strip(), "    ")
    lines = [inside, body.rstrip()] if inside else [body.rstrip()]
    return "\n".join([head + "    ### BEGIN SOLUTION", *lines, "    ### END SOLUTION"])


def hidden(name: str, check: str, seed: int) -> str:
    """The same check once more, about other problems; its value is the points."""
    again = textwrap.indent(check, "    ")
    return "\n".join(
        [
            *(BEGIN, "from bptt_lab import classroom", ""),
            *(f"with classroom.twin({name}, seed={seed}) as hidden_verdict:", again),
            *(f"hidden_verdict.points({POINTS})", END),
        ]
    )


def split(check: str) -> tuple[str, str]:
    """The part of a graded cell that students see, and the hidden one."""
    seen, _, rest = check.partition(BEGIN)
    return seen, rest.partition(END)[0]


def make(folder: Path, path: Path, seed: int | None = None) -> Path:
    """Write the teacher's notebook of one assignment, named like the notebook; and the settings, unless they are there.

    seed     of the hidden problems; if not given, that of the notebook which is there, or else a new one
    """
    target = folder / "source" / path.stem / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    if seed is None:
        kept = (
            re.search(r"seed=(\d+)\) as hidden_verdict", target.read_text(encoding="utf-8"))
            if target.exists()
            else None
        )
        seed = int(kept[1]) if kept else secrets.randbelow(10**9)
    nbformat.write(source(path, seed), target)
    if not (folder / "nbgrader_config.py").exists():
        (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    (folder / "exchange").mkdir(exist_ok=True)
    return target


def _marks(name: str, **marks: object) -> dict:
    return {
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
        "schema_version": 3,
        "grade_id": name,
    } | marks
