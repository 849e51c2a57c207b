"""Run a student's function safely: with fresh arguments, a time limit, and its own line when it stops.

The function runs in a thread of its own, and the caller stops waiting after a while. Signals would be simpler, but
Windows has no alarm signal, and a notebook may call from a thread that is not the main one. Where there are no threads
(Python in a browser) it runs without a limit.
"""

import contextlib
import contextvars
import copy
import ctypes
import inspect
import io
import os
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

_PLACES = [os.path.dirname(os.path.dirname(__file__)), os.path.dirname(np.__file__)]
_PLACES += [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
_NOT_THEIRS = tuple({os.path.normcase(place) + os.sep for place in _PLACES})


class Trouble(Exception):
    """A student's function gave no answer that could be compared; the message is a sentence for the student."""

    def __init__(self, sentence: str, hint: str, kind: str = "crash"):
        super().__init__(sentence)
        self.hint, self.kind = hint, kind


class Outcome(NamedTuple):
    """An answer, and the names of the arguments that the function changed."""

    answer: object
    changed: list[str]


class Trial:
    """A student's function, how much time is left for all its calls together, and what it may not call."""

    def __init__(self, yours: Callable, seconds: float, forbidden: Iterable[Callable] = ()):
        if not callable(yours):
            raise TypeError(f"a function is needed, got {type(yours).__name__}: pass its name, without brackets")
        self.yours, self.seconds, self.deadline = yours, seconds, time.monotonic() + seconds
        plain = [inspect.unwrap(function) for function in forbidden]
        self.forbidden = {f.__code__: f"{f.__module__.rpartition('.')[2]}.{f.__name__}" for f in plain}

    def __call__(self, problems: list[dict[str, object]], quiet: bool = False) -> list[Outcome | Trouble]:
        """What came of each problem, up to the first trouble. What the function prints is shown for the first alone.

        quiet    not even then
        """
        outcomes = [] if quiet else self._run(problems[:1])
        if not any(isinstance(one, Trouble) for one in outcomes) and len(outcomes) == (not quiet):
            with contextlib.redirect_stdout(io.StringIO()):
                outcomes += self._run(problems[len(outcomes) :])
        if len(outcomes) < len(problems) and not any(isinstance(one, Trouble) for one in outcomes):
            sentence = f"your function took too long: no answer after {self.seconds:g} seconds for a very small problem"
            outcomes.append(Trouble(sentence, "Is there a loop that does not end?", "hang"))
        return outcomes

    def _run(self, problems: list[dict[str, object]]) -> list[Outcome | Trouble]:
        """The outcomes up to the first trouble, or up to the time limit."""
        outcomes = []

        def work():
            try:
                for arguments in problems:
                    outcomes.append(self._call(arguments))
            except Trouble as trouble:
                outcomes.append(trouble)

        # with the caller's context, so that NumPy's error state and a notebook's output stay what they are
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
        try:
            thread.start()
        except RuntimeError:  # a browser has no threads
            work()
            return outcomes
        thread.join(max(0.0, self.deadline - time.monotonic()))
        finished = list(outcomes)
        if thread.is_alive():
            _stop(thread)
        return finished

    def _call(self, arguments: dict[str, object]) -> Outcome:
        before, error, called = copy.deepcopy(_arrays(arguments)), None, None

        def watch(frame, event, _):
            nonlocal called
            if event == "call" and called is None:
                called = self.forbidden.get(frame.f_code)

        earlier = sys.getprofile()
        try:
            sys.setprofile(watch)  # sees every call in this thread, under whatever name the function was imported
            answer = self.yours(*arguments.values())
        except BaseException as stopped:  # SystemExit too: it must not end the notebook
            error = in_words(stopped)
        finally:
            sys.setprofile(earlier)
        if called:
            sentence = f"your function calls {called}, which is the answer that it is compared with"
            raise Trouble(sentence, "Can you write that step yourself?", "reference")
        if error:
            raise error
        with contextlib.suppress(Exception):  # what cannot be copied is left as it is
            answer = copy.deepcopy(answer)  # the function may use the same arrays again in its next call
        after = _arrays(arguments)
        changed = [name for name in before if not np.array_equal(before[name], after[name], equal_nan=True)]
        return Outcome(answer, changed)


def in_words(error: BaseException) -> Trouble:
    """What was raised, and the last line of the student's own code on the way there."""
    if isinstance(error, Trouble):  # found by our own code around theirs
        return error
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_theirs(frame.filename)]
    stub = type(error) is NotImplementedError  # input() in a notebook that cannot ask raises one derived from it
    if stub and len({frame.name for frame in frames}) > 1:
        return Trouble(f"your function calls {frames[-1].name}, which is not attempted yet", "Which comes first?")
    if stub:
        return Trouble("not attempted yet", "What would you write first?", "not attempted")
    text = f"your code stopped with {type(error).__name__}: {error}".rstrip(": ")
    if frames:  # else it could not even be called
        line = f": {frames[-1].line}" if frames[-1].line else ""
        text += f" (in {frames[-1].name}, line {frames[-1].lineno}{line})"
    return Trouble(text, "What does each name in that line hold, and in which shape?")


def _arrays(arguments: dict[str, object]) -> dict[str, np.ndarray]:
    """The arrays among the arguments, and those of NamedTuples under names like trace.h."""
    parts = dict(arguments)
    for name, value in arguments.items():
        if hasattr(value, "_asdict"):
            parts |= {f"{name}.{field}": part for field, part in value._asdict().items()}
    return {name: part for name, part in parts.items() if isinstance(part, np.ndarray)}


def _is_theirs(filename: str) -> bool:
    """Whether a file is neither ours nor a library's. Cells of a notebook have names of their own."""
    return not os.path.normcase(filename).startswith((*_NOT_THEIRS, "<frozen", "<__array_function__"))


def _stop(thread: threading.Thread) -> None:
    """Ask a thread to end at its next line of Python; one inside a long NumPy call goes on until that returns."""
    with contextlib.suppress(AttributeError):  # not every Python has this
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
