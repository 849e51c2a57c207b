"""A notebook as a student hands it in: read it, whatever it went through, and give it the marks that nbgrader wants."""

import json
import re
import zipfile
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bptt_classroom.gradebook import POINTS, grade_id
from bptt_lab.doctor import Exercise

LARGEST = 50_000_000  # bytes; no notebook of this course comes near
STARTS = {
    rb"%PDF": "is a PDF",
    rb"PK|\x1f\x8b|7z|Rar!": "is an archive or an office document: unpack it",
    rb"<!|<html": "is a web page: the notebook itself is needed",
    rb"$": "is empty",
}


def load(path: Path | zipfile.Path) -> NotebookNode:
    """A notebook in today's format: the text of its cells and no more, for marks, ids and outputs may be anything.

    Raises
    ------
    ValueError
        if it is no notebook; the message gives the true reason
    OSError
        if it cannot be read
    """
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(f"is larger than {LARGEST // 10**6} MB")
    for start, reason in STARTS.items():
        if re.match(start, data.strip(), re.I):
            raise ValueError(reason)
    try:
        found = json.loads(data.decode("utf-8-sig"))
        sheets = found.get("worksheets", [found])  # until 2015
        cells = [_cell(*pair) for pair in enumerate(cell for one in sheets for cell in one["cells"])]
    except UnicodeError:
        raise ValueError("is no text in UTF-8") from None
    except (AttributeError, KeyError, TypeError):
        raise ValueError("is JSON, but no notebook: it has no cells") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}"[:200]) from None
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


def _cell(number: int, found: dict) -> NotebookNode:
    source = found.get("source", found.get("input")) or ""
    source = source if isinstance(source, str) else "".join(map(str, source))
    make = new_code_cell if found["cell_type"] == "code" else new_markdown_cell
    return make(source.encode("utf-8", "replace").decode(), id=f"cell-{number}")  # no halves of characters


def defines(source: str, name: str) -> bool:
    """Whether a cell makes this function, or this value."""
    return bool(re.search(rf"^[ \t]*(?:(?:async\s+)?def\s+{name}\s*\(|{name}\s*(?::[^=\n]+)?=(?!=))", source, re.M))


def asks(source: str, exercise: str) -> bool:
    """Whether a cell checks this exercise."""
    return bool(re.search(rf"checks\.check\(\s*[\"']{re.escape(exercise)}[\"']", source))


def mark(notebook: NotebookNode, exercises: dict[str, Exercise]) -> list[str]:
    """Give marks for nbgrader to the last cell that makes a function, and to a check of it.

    If there is no check, one is added. Marks that came with the notebook are ignored: a copied cell has them twice,
    and a converter loses them.

    Returns
    -------
    the exercises that lack a cell or a check
    """
    lacking, code = [], [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    for name, exercise in exercises.items():
        answers = [cell for cell in code if defines(cell.source, exercise.function)]
        if answers and "nbgrader" not in answers[-1].metadata:  # two answers may stand in one cell
            answers[-1].metadata["nbgrader"] = _marks(f"{grade_id(name)}-answer", solution=True)
        checks = [cell for cell in code if asks(cell.source, name) and "nbgrader" not in cell.metadata]
        if not (answers and checks):
            lacking.append(name)
        if not checks:
            line = f'checks.check("{name}", {exercise.function})'
            checks = [new_code_cell(line, id=f"put-back-{len(notebook.cells)}")]
            notebook.cells += checks
        checks[0].metadata["nbgrader"] = _marks(grade_id(name), grade=True, locked=True, points=POINTS)
    return lacking


def _marks(name: str, **marks: object) -> dict:
    plain = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return plain | {"grade_id": name, "cell_type": "code"} | marks
