"""Which exercises are done: a small file beside the notebooks, a line for each. Nothing needs it."""

import contextlib
from pathlib import Path

FILE = Path("progress.txt")  # in the folder where the notebooks run; in a browser, that is the browser's storage


def done() -> set[str]:
    """Ids; none if there is no file, or none that can be read."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return set(FILE.read_text(encoding="utf-8").split())
    return set()


def record(name: str) -> None:
    """Add an id. Where nothing can be written, nothing is kept."""
    if name not in (known := done()):
        with contextlib.suppress(OSError):
            FILE.write_text("\n".join(sorted({*known, name})) + "\n", encoding="utf-8")


def forget() -> None:
    with contextlib.suppress(OSError):
        FILE.unlink()
