"""Solutions, from the one file for each notebook: cells that begin with a line like `# %% 03.1`."""

import re
from pathlib import Path

HERE = (Path("solutions"), Path(__file__).resolve().parents[2] / "notebooks" / "solutions")  # beside the notebooks


def code(name: str) -> str:
    """The code of one exercise.

    Raises
    ------
    FileNotFoundError
        where the solutions are not
    LookupError
        if the file has none for it
    """
    path = next((folder / f"{name[:2]}.py" for folder in HERE if (folder / f"{name[:2]}.py").exists()), None)
    if path is None:
        raise FileNotFoundError(f"solutions/{name[:2]}.py is needed, got none: run this in the folder of the notebooks")
    return cells(path)[name]


def cells(path: Path) -> dict[str, str]:
    """The code of each exercise in a file, by id; what stands before the first, the imports, under ""."""
    first, *others = re.split(r"^# %% *(\S*)[^\n]*\n", path.read_text(encoding="utf-8"), flags=re.M)
    return {"": first.strip()} | {name: text.strip() for name, text in zip(others[::2], others[1::2])}
