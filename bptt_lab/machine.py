"""What there is where Python runs: a compiler, a browser, threads. And what the compiler makes of a function."""

import functools
import hashlib
import importlib.util
import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bptt_lab import validate

HAS_NUMBA = importlib.util.find_spec("numba") is not None  # everything in the course works without, but slowly
IN_BROWSER = sys.platform == "emscripten"  # Python as WebAssembly (Pyodide): no Numba there, and no threads


def has_loop() -> bool:
    """Whether the engine's loop is there: compiled when it is called, or ahead of time."""
    return HAS_NUMBA or IN_BROWSER


def require_loop() -> None:
    if not has_loop():
        raise ImportError(no_compiler('engine "numba" is not there; use "numpy"'))


@functools.cache
def there_or_says_so(there: bool) -> bool:
    """`there`; if it is False, print a word about it, once."""
    if not there:
        print(no_compiler("training in NumPy, at least 10 times slower"))
    return there


def no_compiler(what: str) -> str:
    """A sentence: what is so without Numba, and what to do; in a browser nothing, since there is no Numba for it."""
    if IN_BROWSER:
        return f"Nothing is compiled in a browser: {what}."
    return validate.missing("Numba", what, "pip install numba")


def for_loops(array: ArrayLike) -> NDArray[np.float64]:
    """`array` as compiled loops take it: floats, row after row, writeable. Loops are compiled again for other kinds."""
    return np.require(array, float, ["C", "A", "W"])


_one_at_a_time = threading.Lock()


def _numba() -> Any:
    """Numba, imported by one thread while others wait for all of it: two that import parts can wait for each other."""
    with _one_at_a_time:
        import numba.core.event
    return numba


class Compiled:
    """A function that is compiled on its first call. Numba is imported no sooner, since that takes most of a second."""

    def __init__(self, function: Callable, folder: str, makes_arrays: bool):
        functools.update_wrapper(self, function)
        self._folder, self._makes_arrays = folder, makes_arrays

    @functools.cached_property
    def dispatcher(self) -> Callable:
        """What Numba makes of it for a call from Python."""
        numba = _numba()
        with _one_at_a_time:
            users = numba.config.CACHE_DIR
            numba.config.CACHE_DIR = str(Path(users or Path(__file__).with_name("__pycache__")) / self._folder)
            try:
                return self._jit(numba, cache=True)
            except (RuntimeError, OSError):  # nowhere to keep it, or its file is gone
                return self._jit(numba)
            finally:
                numba.config.CACHE_DIR = users

    @functools.cached_property
    def _inner(self) -> Callable:
        """What it makes for other compiled functions: without what only Python needs, which takes time to compile."""
        return self._jit(_numba(), no_cpython_wrapper=True, no_cfunc_wrapper=True)

    def _jit(self, numba: Any, **more: bool) -> Callable:
        # fastmath would reorder sums; a call around the inner loops would cost as much as they do
        options = {"nogil": True, "error_model": "numpy", "fastmath": False, "forceinline": True}
        return numba.njit(**options, **more, _nrt=self._makes_arrays)(self.__wrapped__)

    def __call__(self, *arguments: object) -> object:
        return self.dispatcher(*arguments)

    def __getattr__(self, name: str) -> object:  # what Numba asks it when another one calls it
        return getattr(self._inner, name)


def compiled(function: Callable) -> Callable:
    """`function` compiled on its first call, and kept on disk where a directory for that can be written.

    It is kept in a folder whose name comes from the text of all files of the package that have compiled code, and of
    those beside `function`. Numba itself looks only at the file of `function`, and would go on with the old tanh after
    an edit.
    """
    return _compiled(function, True)


def _compiled(function: Callable, makes_arrays: bool) -> Callable:
    if not HAS_NUMBA:
        return function
    texts = _texts(Path(__file__).parent, "**/*.py"), _texts(Path(function.__code__.co_filename).parent, "*.py")
    return Compiled(function, f"compiled-{hashlib.sha256(b''.join(texts)).hexdigest()[:12]}", makes_arrays)


def in_place(function: Callable) -> Callable:
    """`compiled`, for a function that makes no arrays and only changes given ones: it does not count their users."""
    return _compiled(function, False)


def linked(function: Callable, name: str, parts: dict[str, object]) -> Callable:
    """The compiled `function` again, under another name, with other meanings of the global names in `parts`."""
    if not HAS_NUMBA:
        return function
    function = inspect.unwrap(function)
    copy = FunctionType(function.__code__, function.__globals__ | parts, f"{function.__name__}_{name}")
    copy.__qualname__ = copy.__name__  # by it Numba finds what it keeps
    return in_place(copy)


@functools.cache
def _texts(folder: Path, pattern: str) -> bytes:
    texts = (path.read_bytes() for path in sorted(folder.glob(pattern)))
    return b"".join(text for text in texts if b"\n@compiled" in text or b"\n@in_place" in text)


@contextmanager
def announcing(say: Callable[[str], None]) -> Iterator[None]:
    """A context: `say("compiling")` when code is compiled that the disk does not hold, and `say("")` after that."""
    if not HAS_NUMBA:
        yield
        return
    event: Any = _numba().core.event

    class Announce(event.Listener):
        depth = 0  # compiling one function compiles those that it calls

        def on_start(self, _):
            self.depth += 1
            if self.depth == 1:
                say("compiling")

        def on_end(self, _):
            self.depth -= 1
            if self.depth == 0:
                say("")

    with event.install_listener("numba:compile", Announce()):
        yield
