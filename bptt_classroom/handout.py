"""The notebook that students receive: the course's, with marks for nbgrader; and the settings of a class."""

import json
import secrets
from pathlib import Path

import nbformat

from bptt_classroom import notebooks, records
from bptt_lab import exercises

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SEEDS = "seeds.json"  # in the class's folder: of the hidden problems of each assignment; students never get it
SETTINGS = Path(__file__).with_name("nbgrader_config.py")


def find(name: str) -> Path:
    """The notebook of this number, as in "07" or "7".

    Raises
    ------
    ValueError
        if there is none, or none with exercises, or no repository
    """
    if not NOTEBOOKS.is_dir():
        raise ValueError(f"the course's notebooks are needed, got no {NOTEBOOKS}: install the repository with -e")
    number = str(name)[:2].zfill(2)
    found = sorted(NOTEBOOKS.glob(f"{number}_*.ipynb"))
    if len(found) != 1 or number not in exercises.NOTEBOOKS:
        numbers = ", ".join(exercises.NOTEBOOKS)
        raise ValueError(f"the number of a notebook with exercises is needed, got {name!r}: choose from {numbers}")
    return found[0]


def make(folder: Path, path: Path, seed: int | None = None) -> Path:
    """Write the teacher's notebook of one assignment; the seed; and the settings, unless they are there.

    Parameters
    ----------
    seed
        seed of the hidden problems; if not given, the earlier seed, or a new one if there is none

    Raises
    ------
    LookupError
        if the notebook lacks a cell of an exercise
    """
    notebook, target = nbformat.read(path, as_version=4), folder / "source" / path.stem / path.name
    if lacking := notebooks.mark(notebook, exercises.graded(path.name[:2])):
        raise LookupError(f"{path.name} must have a cell and a check for {', '.join(lacking)}")
    (folder / "exchange").mkdir(parents=True, exist_ok=True)
    known = seeds(folder)
    known[path.stem] = known.get(path.stem, secrets.randbelow(10**9)) if seed is None else seed
    records.write(folder / SEEDS, json.dumps(known))
    records.write(target, nbformat.writes(notebook))
    if not (folder / SETTINGS.name).exists():
        records.write(folder / SETTINGS.name, SETTINGS.read_bytes())
    return target


def seeds(folder: Path) -> dict[str, int]:
    """The seed of each assignment of a class."""
    path = folder / SEEDS
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
