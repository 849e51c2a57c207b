"""Run notebooks and store their outputs.

    python tests/refresh_notebooks.py [notebooks/03_….ipynb …]

Edit a notebook, and then run this. Without arguments it does all of them.
"""

import re
import sys
from pathlib import Path

import nbclient
import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
PLAIN = {  # how formulas and links read aloud
    r"\[([^]]*)\]\([^)]*\)": r"\1",
    r"\\partial ?": "∂",
    r"\\hat ([a-z])": r"\1-hat",
    r"\^\{\(([^)]*)\)\}": r"(\1)",
    r"\^\\top": "ᵀ",
    r"\\approx": "≈",
    r"\\cdot": "·",
    r"\\[,;]": " ",
    r"\\([a-z]+)": r"\1",
    r"[*`${}]": "",
}


def is_exercise(cell) -> bool:
    return "exercise" in cell.metadata.get("tags", [])


def alternative_text(source: str, most: int = 400) -> str:
    """What a text cell says of the picture above it: its sentences from the word "picture" on, without its markup."""
    paragraph = next((part for part in source.split("\n\n") if "picture" in part.lower()), "")
    for marked, plain in PLAIN.items():
        paragraph = re.sub(marked, plain, paragraph)
    sentences = re.split(r"(?<=[.?]\)) +|(?<=[.?]) +", " ".join(paragraph.split()))
    said = next((place for place, one in enumerate(sentences) if "picture" in one.lower()), 0)
    text = ""
    for sentence in sentences[said:]:
        if text and len(text) + len(sentence) > most or sentence.endswith(":"):
            break
        text = f"{text} {sentence}".strip()
    return text


def describe(notebook) -> None:
    """Give each stored picture the words of the text below it, for readers who hear the page."""
    for cell, after in zip(notebook.cells, notebook.cells[1:]):
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                output.metadata = {"image/png": {"alt": alternative_text(after.source)}}


def keep_numbers(notebook) -> None:
    """A widget gets the number of its cell, and not another one in each run; its state is not stored."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if view := output.get("data", {}).get("application/vnd.jupyter.widget-view+json"):
                view["model_id"] = cell.id


def run(notebook, path: Path) -> None:
    """Execute in a fresh kernel, then keep only what a reader needs: sources, outputs, tags."""
    where = {"metadata": {"path": path.parent}}
    nbclient.NotebookClient(notebook, timeout=600, coalesce_streams=True, resources=where).execute()
    keep_numbers(notebook)
    describe(notebook)
    notebook.metadata = METADATA
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
    nbformat.write(notebook, path)


if __name__ == "__main__":
    for path in [Path(name).resolve() for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb")):
        if not path.is_file():
            sys.exit(f"{path} is needed, and not there: give notebooks/NN_….ipynb, or nothing for all")
        print(path.name, flush=True)
        run(nbformat.read(path, as_version=4), path)
