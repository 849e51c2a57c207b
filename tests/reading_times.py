"""How long each notebook takes, and the map in notebook 00 that says so.

    python tests/reading_times.py [--write]

It counts words, at the pace of reading aloud with formulas, and what is done with the hands; it leaves out folded text.
"""

import re
import sys
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
MAP = NOTEBOOKS / "00_start_here.ipynb"
WORDS = 120  # in a minute
RUN, ANSWER, WRITE = 1, 2, 6  # minutes: a cell to run, a guess or a question, a function
ROW = re.compile(r"^\| \[\d\d [^\]]*\]\((.*?)\) \| (.*) \| (\d+) \|$", re.M)


def words(cell) -> int:
    """How many are to be read; what is folded may be left out."""
    unfolded = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.S)
    return len([word for word in unfolded.split() if re.search(r"\w", word)]) if cell.cell_type == "markdown" else 0


def minutes(notebook) -> float:
    """By the rule that notebook 00 states; a check belongs to its task."""
    total = sum(map(words, notebook.cells)) / WORDS
    for cell in notebook.cells:
        if cell.cell_type == "code" and not cell.source.startswith("checks.check("):
            task = {"exercise", "guess"} & set(cell.metadata.get("tags", []))
            total += (WRITE if "raise NotImplementedError" in cell.source else ANSWER) if task else RUN
    return total


def rounded(path: Path) -> int:
    """To 5 minutes."""
    return max(5, 5 * round(minutes(nbformat.read(path, as_version=4)) / 5))


def stated(text: str) -> dict[str, int]:
    """The minutes on the map, by the name of the notebook's file."""
    return {name: int(number) for name, _, number in ROW.findall(text)}


def write(text: str, times: dict[str, int]) -> str:
    """The map with these minutes."""
    return ROW.sub(lambda row: f"{row[0][: row.start(3) - row.start()]}{times[row[1]]} |", text)


if __name__ == "__main__":
    times = {path.name: rounded(path) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    for name, number in times.items():
        print(f"{number:4d}  {name}")
    if "--write" in sys.argv[1:]:
        notebook = nbformat.read(MAP, as_version=4)
        for cell in notebook.cells:
            cell.source = write(cell.source, times)
        nbformat.write(notebook, MAP)
