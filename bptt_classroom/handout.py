"""The notebook that students receive: the course's, with marks for nbgrader; and the settings of a class."""

import json
import secrets
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bptt_classroom.grading import POINTS
from bptt_classroom.notebooks import asks, defines
from bptt_lab import exercises

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SEEDS = "seeds.json"  # in the class's folder: of the hidden problems of each assignment; students never get it
CONFIG = '''"""Settings of nbgrader for this course; `nbgrader --help-all` lists the others."""

from pathlib import Path

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor


class Refused(NbGraderPreprocessor):
    def preprocess(self, nb, resources):
        raise RuntimeError("a submission is foreign code: grade with `python -m bptt_classroom grade`")


here = Path(__file__).resolve().parent
c = get_config()  # noqa: F821
c.CourseDirectory.root = str(here)
c.CourseDirectory.course_id = "bptt"
c.Exchange.root = str(here / "exchange")  # a folder that all students can reach, if there is one
c.HTMLExporter.sanitize_html = True  # no script of a submission runs in the browser that shows it
c.Autograde.sanitize_preprocessors = [Refused]
c.Autograde.autograde_preprocessors = [Refused]
steps = GenerateAssignment.class_traits()["preprocessors"].default()
c.GenerateAssignment.preprocessors = [step for step in steps if step is not ClearSolutions]  # there are none in it
'''


def find(name: str) -> Path:
    """The notebook of this number, as in "07" or "7".

    raises   ValueError if there is none, or none with exercises
    """
    number = str(name)[:2].zfill(2)
    found = sorted(NOTEBOOKS.glob(f"{number}_*.ipynb"))
    if len(found) != 1 or number not in exercises.NOTEBOOKS:
        numbers = ", ".join(exercises.NOTEBOOKS)
        raise ValueError(f"the number of a notebook with exercises is needed, got {name!r}: choose from {numbers}")
    return found[0]


def marked(notebook: NotebookNode, number: str) -> NotebookNode:
    """The notebook without outputs; the cells of an exercise have marks for nbgrader, named after the exercise.

    raises   LookupError if it lacks a cell of an exercise
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    for exercise in exercises.graded(number).values():
        try:
            answer = next(cell for cell in notebook.cells if defines(cell.source, exercise.function))
            check = next(cell for cell in notebook.cells if asks(cell.source, exercise.id))
        except StopIteration:
            raise LookupError(f"notebook {number} must have a cell and a check for {exercise.id}") from None
        answer.metadata.nbgrader = _marks(f"{grade_id(exercise.id)}-answer", solution=True, locked=False)
        check.metadata.nbgrader = _marks(grade_id(exercise.id), grade=True, locked=True, points=POINTS)
    return notebook


def grade_id(exercise: str) -> str:
    """The name of an exercise in nbgrader, which wants no dot."""
    return exercise.replace(".", "-")


def _marks(name: str, **marks: object) -> dict:
    plain = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return plain | {"grade_id": name, "cell_type": "code"} | marks


def make(folder: Path, path: Path, seed: int | None = None) -> Path:
    """Write the teacher's notebook of one assignment; the seed; and the settings, unless they are there.

    seed     of the hidden problems; if not given, that of before, or else a new one
    """
    target = folder / "source" / path.stem / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    (folder / "exchange").mkdir(exist_ok=True)
    known = seeds(folder)
    known[path.stem] = known.get(path.stem, secrets.randbelow(10**9)) if seed is None else seed
    (folder / SEEDS).write_text(json.dumps(known), encoding="utf-8")
    nbformat.write(marked(nbformat.read(path, as_version=4), path.name[:2]), target)
    if not (folder / "nbgrader_config.py").exists():
        (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    return target


def seeds(folder: Path) -> dict[str, int]:
    """Of the assignments of a class."""
    path = folder / SEEDS
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
