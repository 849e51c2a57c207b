"""Small notebooks as students hand them in, and what they get."""

from pathlib import Path

from nbformat.v4 import new_code_cell, new_notebook

from bptt_classroom import grading
from bptt_lab.exercises import solutions

SOLUTIONS = Path(__file__).resolve().parents[2] / "notebooks" / "solutions"
LIMITS = {"cell": 20, "total": 240, "AS": 3 * 2**30, "output": 10**5}


def solved(number):
    """Cells by exercise, each as a student may have written it."""
    cells = solutions.cells(SOLUTIONS / f"{number}.py")
    return {name: f"{cells['']}\n\n\n{code}" for name, code in cells.items() if name}


def notebook(*cells):
    return new_notebook(cells=[new_code_cell(cell) for cell in cells])


def grade(exam, *cells, hidden=(), protected=True):
    """The notebook as it ran, and the result of each exercise by its id."""
    given = notebook(*cells)
    results = grading.judge(given, exam, *grading.run(given, exam, list(hidden), protected))
    return given, {result.id: result for result in results}


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)
