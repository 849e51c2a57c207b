"""A notebook as a student hands it in: read it whatever it went through, and put right what only nbgrader minds."""

import copy
import json
import re
import zipfile
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bptt_lab.doctor import Exercise

STARTS = {
    rb"%PDF": "is a PDF",
    rb"PK|\x1f\x8b|7z|Rar!": "is an archive or an office document: unpack it",
    rb"<!|<html": "is a web page: the notebook itself is needed",
    rb"$": "is empty",
}


def load(path: Path | zipfile.Path) -> NotebookNode:
    """A notebook in today's format, without outputs.

    raises   ValueError with the true reason if it is none, OSError if it cannot be read
    """
    data = path.read_bytes()
    for start, reason in STARTS.items():
        if re.match(start, data.strip(), re.I):
            raise ValueError(reason)
    try:
        found = json.loads(data.decode("utf-8-sig"))
        sheets = found.get("worksheets", [found])  # until 2015
        return new_notebook(cells=[_cell(*pair) for pair in enumerate(cell for one in sheets for cell in one["cells"])])
    except UnicodeError:
        raise ValueError("is no text in UTF-8") from None
    except (AttributeError, KeyError, TypeError):
        raise ValueError("is JSON, but no notebook: it has no cells") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}"[:200]) from None


def _cell(number: int, found: dict) -> NotebookNode:
    """The text of a cell and no more: marks, ids and outputs may be anything."""
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


def mend(notebook: NotebookNode, exercises: dict[str, Exercise], released: NotebookNode) -> None:
    """Marks for nbgrader, as in the released notebook: for the last cell that makes a function, and for one check.

    The marks that came are not looked at: a copied cell has them twice, and a converter loses them.
    """
    ours = [cell for cell in released.cells if "nbgrader" in cell.metadata]
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    for name, exercise in exercises.items():
        stub = next(cell for cell in ours if defines(cell.source, exercise.function))
        check = copy.deepcopy(next(cell for cell in ours if asks(cell.source, name)))
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for cell in [cell for cell in code if defines(cell.source, exercise.function)][-1:]:
            cell.metadata.setdefault("nbgrader", copy.deepcopy(stub.metadata.nbgrader))
        free = [cell for cell in code if asks(cell.source, name) and "nbgrader" not in cell.metadata]
        if free:
            free[-1].metadata["nbgrader"] = check.metadata.nbgrader
        else:
            check.id = f"put-back-{len(notebook.cells)}"
            notebook.cells.append(check)
    notebook.metadata.kernelspec = copy.deepcopy(released.metadata.get("kernelspec", {}))  # theirs may have another
