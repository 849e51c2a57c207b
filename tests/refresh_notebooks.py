"""Run notebooks and store their outputs; bring each solution up to date with its notebook.

    python tests/refresh_notebooks.py [notebooks/03_….ipynb …]

Edit a notebook, or the exercise cells of its solution, and then run this. Without arguments it does all of them.
"""

import sys
from pathlib import Path

import nbclient
import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def is_exercise(cell) -> bool:
    return "exercise" in cell.metadata.get("tags", [])


def merge(notebook, solution):
    """The cells of `notebook`, with the exercise cells of `solution` in their places."""
    solved = {cell.id: cell for cell in solution.cells if is_exercise(cell)}
    merged = nbformat.from_dict(notebook)
    merged.cells = [solved.get(cell.id, cell) if is_exercise(cell) else cell for cell in notebook.cells]
    return merged


def run(notebook, path: Path) -> None:
    """Execute in a fresh kernel, then keep only what a reader needs: sources, outputs, tags."""
    where = {"metadata": {"path": path.parent}}
    nbclient.NotebookClient(notebook, timeout=600, coalesce_streams=True, resources=where).execute()
    notebook.metadata = METADATA
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for path in [Path(name).resolve() for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
        print(path.name, flush=True)
        notebook = nbformat.read(path, as_version=4)
        solution_path = NOTEBOOKS / "solutions" / path.name
        solution = merge(notebook, nbformat.read(solution_path, as_version=4))
        run(notebook, path)
        run(solution, solution_path)
