"""A notebook as a student hands it in: read it whatever it went through, and put right what only nbgrader minds."""

import copy
import hashlib
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bptt_lab.doctor import Exercise

STARTS = {
    rb"%PDF": "is a PDF",
    rb"PK|\x1f\x8b|7z|Rar!": "is an archive or an office document: unpack it",
    rb"\x89PNG|\xff\xd8\xff": "is a picture",
    rb"\{\\rtf": "is a text document (RTF)",
    rb"<!|<html": "is a web page: the notebook itself is needed",
    rb"$": "is empty",
}


def contents(data: bytes) -> dict:
    """The notebook in a file, as it is there. Raises ValueError with the true reason if it is none."""
    for start, reason in STARTS.items():
        if re.match(start, data.strip(), re.I):
            raise ValueError(reason)
    try:
        found = json.loads(data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"))
        json.dumps(found)  # which minds what is nested too deep
    except UnicodeError:
        raise ValueError("is no text in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}"[:200]) from None
    try:
        whole = all("cell_type" in cell and isinstance(cell, dict) for cell in _cells(found))
    except (AttributeError, KeyError, TypeError):
        whole = False
    if not whole:
        raise ValueError("is JSON, but no notebook: it has no cells")
    return found


def _cells(found: dict) -> list[dict]:
    return [cell for sheet in found.get("worksheets", [found]) for cell in sheet["cells"]]  # sheets: before 2015


def _source(cell: dict) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(map(str, source)) if isinstance(source, list) else str(source or "")


def sources(found: dict) -> list[str]:
    """The code of each cell."""
    return [_source(cell) for cell in _cells(found) if cell["cell_type"] == "code"]


def load(path: Path | zipfile.Path) -> NotebookNode:
    """A notebook in today's format, without outputs.

    raises   ValueError with the true reason if it is none, OSError if it cannot be read
    """
    found = contents(path.read_bytes())
    found["metadata"] = found["metadata"] if isinstance(found.get("metadata"), dict) else {}
    if "worksheets" in found:
        return nbformat.reads(json.dumps(found | {"nbformat": 3, "nbformat_minor": 0}), as_version=4)
    known = set()
    for number, cell in enumerate(found["cells"]):
        cell["source"] = _source(cell)
        cell["metadata"] = cell["metadata"] if isinstance(cell.get("metadata"), dict) else {}
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
        if not re.fullmatch(r"[\w-]{1,64}", str(cell.get("id")), re.A) or "id" not in cell or cell["id"] in known:
            cell["id"] = f"{number:03}-{hashlib.sha256(repr(cell['source']).encode()).hexdigest()[:8]}"
        known.add(cell["id"])
    found |= {"nbformat": 4, "nbformat_minor": 5}
    text = json.dumps(found, ensure_ascii=False).encode("utf-8", "replace").decode()  # no halves of characters
    return nbformat.reads(text, as_version=4)


def defines(source: str, name: str) -> bool:
    """Whether a cell makes this function, or this value."""
    return bool(re.search(rf"^[ \t]*(?:(?:async\s+)?def\s+{name}\s*\(|{name}\s*(?::[^=\n]+)?=(?!=))", source, re.M))


def asks(source: str, exercise: str) -> bool:
    """Whether a cell checks this exercise."""
    return bool(re.search(rf"checks\.check\(\s*[\"']{re.escape(exercise)}[\"']", source))


def mend(notebook: NotebookNode, exercises: dict[str, Exercise], released: NotebookNode) -> list[str]:
    """Give each exercise one cell and one check with the marks of the released notebook; returns what was not so.

    The last cell that makes a function counts, as in Jupyter; only an untouched copy below an answer goes.
    """
    marked = [cell for cell in released.cells if "nbgrader" in cell.metadata]
    functions = [exercise.function for exercise in exercises.values()]
    left, said = {id(cell): _mark(cell) for cell in notebook.cells}, {}  # the marks that came; sentence: exercises
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    for name, exercise in exercises.items():
        stub = next(cell for cell in marked if defines(cell.source, exercise.function))
        check = next(cell for cell in marked if asks(cell.source, name))
        answer = _mend_answer(notebook, exercise.function, stub, left)
        for sentence in filter(None, [answer, _mend_check(notebook, exercise, check, left, functions)]):
            said.setdefault(sentence, []).append(name)
    notes = [f"{', '.join(names)}: {sentence}" for sentence, names in said.items()]
    if not {cell.metadata.nbgrader["grade_id"] for cell in marked} & set(left.values()):
        notes.insert(0, "the marks of all cells were lost; the exercises were found by the names of their functions")
    notebook.metadata.kernelspec = copy.deepcopy(released.metadata.get("kernelspec", {}))  # theirs may have another
    return notes


def _mark(cell: NotebookNode) -> str | None:
    mark = cell.metadata.get("nbgrader")
    return mark.get("grade_id") if isinstance(mark, dict) else None


def _code(notebook: NotebookNode) -> Iterator[NotebookNode]:
    return (cell for cell in notebook.cells if cell.cell_type == "code")


def _put_back(notebook: NotebookNode, place: int, cell: NotebookNode) -> NotebookNode:
    back = copy.deepcopy(cell)
    if back.id in [cell.id for cell in notebook.cells]:
        back.id += "-again"
    notebook.cells.insert(place, back)
    return back


def _mend_answer(notebook: NotebookNode, name: str, stub: NotebookNode, left: dict) -> str:
    mark = stub.metadata.nbgrader["grade_id"]
    copies = sum(left.get(id(cell)) == mark for cell in notebook.cells)
    made = [cell for cell in _code(notebook) if defines(cell.source, name)]
    worked = [cell for cell in made if cell.source.strip() != stub.source.strip()]
    note = f"its cell is there {copies} times; the last that makes the function counts" if copies > 1 else ""
    if worked and len(worked) < len(made):
        notebook.cells = [cell for cell in notebook.cells if cell in worked or cell not in made]
        note = "an empty copy of its cell was left out"
    theirs = [cell for cell in _code(notebook) if left.get(id(cell)) == mark]
    free = [cell for cell in worked or made or theirs if "nbgrader" not in cell.metadata]
    if free:
        free[-1].metadata["nbgrader"] = copy.deepcopy(stub.metadata.nbgrader)
        return note
    places = [place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code" and name in cell.source]
    back = _put_back(notebook, places[0] if places else len(notebook.cells), stub)
    if made:
        back.source = f"# {name} stands in the cell of another exercise"
    return note if made else "its cell was not there; the empty one was put back"


def _mend_check(
    notebook: NotebookNode, exercise: Exercise, check: NotebookNode, left: dict, functions: list[str]
) -> str:
    mark = check.metadata.nbgrader["grade_id"]
    theirs = [cell for cell in _code(notebook) if left.get(id(cell)) == mark or asks(cell.source, exercise.id)]
    theirs = [cell for cell in theirs if not any(defines(cell.source, name) for name in functions)]  # nor an answer
    theirs = [cell for cell in theirs if "nbgrader" not in cell.metadata]
    places = [place for place, cell in enumerate(notebook.cells) if defines(cell.source, exercise.function)]
    cell = theirs[-1] if theirs else _put_back(notebook, places[-1] + 1 if places else len(notebook.cells), check)
    cell.metadata["nbgrader"], cell.source = copy.deepcopy(check.metadata.nbgrader), check.source
    return "" if theirs else "its check was not there; it was put back"
