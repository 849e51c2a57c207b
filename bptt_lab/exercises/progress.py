"""Which exercises are done: a small file beside the notebooks, a line for each. Nothing needs it."""

import contextlib
from pathlib import Path

FILE = Path("progress.txt")  # in the folder where the notebooks run; in a browser, that is the browser's storage
HEAD = "# The exercises that you have done. checks.forget() removes this file.\n"


def done() -> set[str]:
    """The ids of the exercises that are done; none if there is no file, or none that can be read."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        lines = FILE.read_text(encoding="utf-8").splitlines()
        return {line.strip() for line in lines if line.strip() and not line.startswith("#")}
    return set()


def record(name: str) -> None:
    """Add an id. Where nothing can be written, nothing is kept."""
    if name not in (known := done()):
        with contextlib.suppress(OSError):
            FILE.write_text(HEAD + "".join(f"{one}\n" for one in sorted({*known, name})), encoding="utf-8")


def forget() -> None:
    """Remove the file."""
    with contextlib.suppress(OSError):
        FILE.unlink()
