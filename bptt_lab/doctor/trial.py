"""Run a student's function safely: with fresh arguments, a time limit, and its own line when it stops.

The function runs in a thread of its own, and the caller stops waiting after a while. Signals would be simpler, but
Windows has no alarm signal, and a notebook may call from a thread that is not the main one. Where there are no threads
(Python in a browser) it runs without a limit.
"""

import ast
import contextlib
import contextvars
import copy
import ctypes
import inspect
import io
import os
import re
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

    @property
    def hints(self) -> tuple[str, ...]:
        return (self.hint, _MORE[self.kind]) if self.kind in _MORE else (self.hint,)


_MORE = {
    "crash": "Call your function on a small problem. Print the shapes of what that line uses, or of what you return.",
    "hang": "Which condition ends your loop, and does each pass bring it nearer?",
    "reference": "NumPy is enough: write the line without the course's own function.",
    "memory": "Look for a list, dict or array made outside the function, a default such as kept=[], and random draws.",
}


class Outcome(NamedTuple):
    """An answer, and the names of the arguments that the function changed."""

    answer: object
    changed: list[str]


def giving(value: object) -> Callable:
    """A function without arguments that gives this value, where a value is asked for; None is one not given yet."""

    def given() -> object:
        if value is None:
            raise NotImplementedError
        return value

    return value if callable(value) else given


class Trial:
    """A student's function, how much time is left for all its calls together, and what it may not call."""

    def __init__(self, yours: Callable, seconds: float, forbidden: Iterable[Callable] = ()):
        if not callable(yours):
            raise TypeError(f"a function is needed, got {type(yours).__name__}: pass its name, without brackets")
        self.yours, self.seconds, self.deadline = yours, seconds, time.monotonic() + seconds
        plain = [inspect.unwrap(function) for function in forbidden]
        self.forbidden = {f.__code__: f"{f.__module__.rpartition('.')[2]}.{f.__name__}" for f in plain}

    def __call__(self, problems: list[dict[str, object]], quiet: bool = False) -> list[Outcome | Trouble]:
        """What came of each problem, up to the first trouble. What the function prints is shown for the first only.

        Parameters
        ----------
        quiet
            do not show it for the first either
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
    walked = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    frames = zip(walked, traceback.extract_tb(error.__traceback__))
    theirs = [pair for pair in frames if _is_theirs(pair[1].filename)]
    stub = type(error) is NotImplementedError  # input() in a notebook that cannot ask raises one derived from it
    if stub and len({place.name for _, place in theirs}) > 1:
        return Trouble(f"your function calls {theirs[-1][1].name}, which is not attempted yet", "Which comes first?")
    if stub:
        return Trouble("not attempted yet", "What would you write first?", "not attempted")
    said, hint = str(error), "What does each name in that line hold, and in which shape?"
    if misfit := re.search(r"matmul: .*size (\d+) is different from (\d+)|not aligned: (\d+) .*!= (\d+)", said):
        inner = [int(size) for size in misfit.groups() if size]
        shapes = theirs and _shapes_of_product(*theirs[-1])
        shapes = shapes or re.findall(r"\([\d, ]+\)", said.partition("not aligned")[0])
        said = f"{' @ '.join(shapes) or 'a product'} does not fit, {max(inner)} meets {min(inner)}"
        hint = "Which axes meet in a product?"
        if shapes and not any(shape.endswith(",)") for shape in shapes):  # two matrices
            said += ": states are rows in this course"
            hint += " States are rows here: (B, n_h), one row for each sequence."
    text = f"your code stopped with {type(error).__name__}: {said}".rstrip(": ")
    if theirs:  # else it could not even be called
        _, place = theirs[-1]
        text += f" (in {place.name}, line {place.lineno}{f': {place.line}' * bool(place.line)})"
    return Trouble(text, hint)


def _shapes_of_product(frame: object, place: traceback.FrameSummary) -> list[str]:
    """Both shapes of the first product with @ in the student's line that does not fit; none if it would need a call."""
    with contextlib.suppress(SyntaxError):
        for node in reversed(list(ast.walk(ast.parse(place.line or "")))):  # the inner ones first
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                with contextlib.suppress(Exception):
                    a, b = (np.shape(_value(side, frame)) for side in (node.left, node.right))
                    if a[-1] != b[max(len(b) - 2, 0)]:
                        return [str(a), str(b)]
    return []


def _value(node: ast.expr, frame: object) -> object:
    """The value of an expression that calls nothing, where the frame stopped."""
    if any(isinstance(part, ast.Call | ast.NamedExpr) for part in ast.walk(node)):
        raise ValueError("no call is made twice")
    return eval(compile(ast.Expression(node), "<shape>", "eval"), frame.f_globals, frame.f_locals)


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
