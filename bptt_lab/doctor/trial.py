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
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from bptt_lab import bptt, gradcheck
from bptt_lab.model import Array, Params

_PLACES = [os.path.dirname(__file__), os.path.dirname(np.__file__)]
_PLACES += [sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")]
_NOT_THEIRS = tuple({os.path.normcase(place) + os.sep for place in _PLACES})
_FORBIDDEN = {
    function.__code__: f"{module.__name__.rpartition('.')[2]}.{name}"
    for module in (bptt, gradcheck)
    for name, function in vars(module).items()
    if inspect.isfunction(function) and function.__module__ == module.__name__ and name != "relative_error"
}


class Trouble(Exception):
    """A student's function gave no gradient that could be compared; the message is a sentence for the student."""

    def __init__(self, sentence: str, hint: str):
        super().__init__(sentence)
        self.hint = hint


class Outcome(NamedTuple):
    """What one call of a student's function came to."""

    answer: object
    changed: list[str]  # names of the arguments that are not what they were
    error: BaseException | None
    called: str | None  # a function of this course that gives the answer away


class Trial:
    """A student's function, and how much time is left for all its calls together."""

    def __init__(self, yours: Callable, seconds: float):
        if not callable(yours):
            raise TypeError(f"a function is needed, got {type(yours).__name__}: pass its name, without brackets")
        self.yours, self.seconds = yours, seconds
        self.deadline = time.monotonic() + seconds

    def __call__(self, problems: list[dict[str, Params | Array]], quiet: bool = True) -> Iterator[tuple]:
        """The answer to each problem, and the names of the arguments that the function changed.

        quiet    whether what the function prints is dropped
        raises   Trouble if it is not written yet, stops, takes too long, or calls the answer of this course
        """
        with contextlib.redirect_stdout(io.StringIO()) if quiet else contextlib.nullcontext():
            outcomes = self._run(problems)
        for answer, changed, error, called in outcomes:
            if called:
                sentence = f"your function calls {called}, which is the answer that it is compared with"
                raise Trouble(sentence, "Can you write that step yourself?")
            if isinstance(error, NotImplementedError):
                raise Trouble("not attempted yet", "Which step of the equations would you write first?")
            if error is not None:
                raise Trouble(_what_stopped(error), "What does each name in that line hold, and in which shape?")
            yield answer, changed
        if len(outcomes) < len(problems):
            sentence = f"your function took too long: no answer after {self.seconds:g} seconds for a very small problem"
            raise Trouble(sentence, "Is there a loop that does not end?")

    def _run(self, problems: list[dict]) -> list[Outcome]:
        """The outcomes up to the first error, or up to the time limit."""
        outcomes: list[Outcome] = []

        def work():
            for arguments in problems:
                outcomes.append(_call(self.yours, arguments))
                if outcomes[-1].error is not None:
                    return

        # with the caller's context, so that NumPy's error state and a notebook's output stay what they are
        thread = threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True)
        try:
            thread.start()
        except RuntimeError:  # a browser has no threads
            work()
            return outcomes
        thread.join(max(0.0, self.deadline - time.monotonic()))
        if thread.is_alive():
            finished = list(outcomes)
            _stop(thread)
            return finished
        return outcomes


def _call(yours: Callable, arguments: dict) -> Outcome:
    before = _snapshot(arguments)
    answer, error, called = None, None, None

    def watch(frame, event, _):
        nonlocal called
        if event == "call" and frame.f_code in _FORBIDDEN:
            called = called or _FORBIDDEN[frame.f_code]

    earlier = sys.getprofile()
    try:
        sys.setprofile(watch)  # sees every call in this thread, under whatever name the function was imported
        answer = yours(*arguments.values())
    except BaseException as stopped:  # SystemExit too: it must not end the notebook
        error = stopped
    finally:
        sys.setprofile(earlier)
    with contextlib.suppress(Exception):  # what cannot be copied is left as it is
        answer = copy.deepcopy(answer)  # the function may use the same arrays again in its next call
    after = _snapshot(arguments)
    changed = [name for name in before if not np.array_equal(before[name], after[name], equal_nan=True)]
    return Outcome(answer, changed, error, called)


def read(answer: object, shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
    """The arrays of an answer by name, as float64. One array, or for several a Params, a tuple, a list or a dict.

    raises   Trouble if type, number, shape or an entry is not what it should be
    """
    names = list(shapes)
    if answer is None:
        raise Trouble("your function returned None", "Is a `return` missing?")
    if len(names) == 1:
        parts = {names[0]: answer}
    elif isinstance(answer, dict):
        if set(answer) != set(names):
            raise Trouble(f"a dict with the names {', '.join(names)} is expected", f"Are your names {list(answer)}?")
        parts = {name: answer[name] for name in names}
    elif isinstance(answer, tuple | list):
        if len(answer) != len(names):
            raise Trouble(
                f"{len(names)} arrays are expected, in the order {', '.join(names)}, and {len(answer)} came",
                "Does your `return` list one gradient for each parameter?",
            )
        parts = dict(zip(names, answer))
    else:
        raise Trouble(
            f"a Params, a tuple, a list or a dict of {', '.join(names)} is expected, and {type(answer).__name__} came",
            "What does your `return` hand back?",
        )
    arrays = {name: _as_floats(name, part) for name, part in parts.items()}
    wrong = [name for name in names if arrays[name].shape != shapes[name]]
    if wrong and sorted(a.shape for a in arrays.values()) == sorted(shapes.values()):
        raise Trouble(
            f"the shapes are those of the right arrays in another order; {', '.join(names)} is expected",
            "In which order does your `return` list them?",
        )
    for name in wrong:
        raise Trouble(*_about_shape(name, arrays[name].shape, shapes[name]))
    for name in names:
        if not np.isfinite(arrays[name]).all():
            raise Trouble(f"{_d(name)} holds NaN or infinity", "Where do you divide, take a logarithm or a power?")
    return arrays


def _as_floats(name: str, part: object) -> Array:
    try:
        array = np.asarray(part)
    except Exception:  # lists of unequal length, arrays of other libraries that refuse
        array = np.asarray(None)
    if array.dtype.kind == "c":
        raise Trouble(f"{_d(name)} holds complex numbers", "Which part of them is the gradient?")
    if array.dtype.kind not in "fiu":
        raise Trouble(
            f"{_d(name)} is expected as an array of numbers, and {type(part).__name__} came", "What did you put there?"
        )
    return array.astype(float)  # a copy: the student's array may be a view of what is about to change


def _about_shape(name: str, shape: tuple, expected: tuple) -> tuple[str, str]:
    sentence = f"{_d(name)} has shape {shape}, and {expected} is expected"
    if shape == expected[::-1]:
        return f"{sentence}: it is transposed", "Which index of the product should come first?"
    if np.prod(shape) == np.prod(expected):
        return f"{sentence}: the size is right", "Is there an axis of length 1 too many, or one too few?"
    if len(shape) > len(expected):
        return f"{sentence}: there are too many axes", "Over which axes do you still have to sum?"
    return sentence, "Which axes should the gradient of this quantity have?"


def _d(name: str) -> str:
    return name if name.startswith("dL_d") else f"∂L/∂{name}"


def _snapshot(arguments: dict) -> dict[str, Array]:
    flat = {}
    for name, value in arguments.items():
        if isinstance(value, tuple):
            flat |= {f"{name}.{field}": part.copy() for field, part in value._asdict().items()}
        else:
            flat[name] = value.copy()
    return flat


def _what_stopped(error: BaseException) -> str:
    """What was raised, and the last line of the student's own code on the way there."""
    text = f"your code stopped with {type(error).__name__}: {error}".rstrip(": ")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_theirs(frame.filename)]
    if not frames:  # it could not even be called
        return text
    line = f": {frames[-1].line}" if frames[-1].line else ""
    return f"{text} (in {frames[-1].name}, line {frames[-1].lineno}{line})"


def _is_theirs(filename: str) -> bool:
    """Whether a file is neither ours nor a library's. Cells of a notebook have names of their own."""
    return not os.path.normcase(filename).startswith((*_NOT_THEIRS, "<frozen", "<__array_function__"))


def _stop(thread: threading.Thread) -> None:
    """Ask a thread to end at its next line of Python; one inside a long NumPy call goes on until that returns."""
    with contextlib.suppress(AttributeError):  # not every Python has this
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
