"""One submission, inside its process: it runs cells, and answers the judge's calls, within limits."""

import contextlib
import copy
import io
import linecache
import os
import pickle
import resource
import sys
import types
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection

import numpy as np

from bptt_lab import doctor
from bptt_lab.classroom import wire

_TRUSTED = ("numpy", "builtins")  # besides the course: modules whose functions a submission has no reason to replace


class TooMuch(BaseException):
    """More was printed than the limit allows."""


class Sink(io.TextIOBase):
    """Keeps what is printed, up to a limit."""

    def __init__(self, limit: int):
        self.limit, self.parts = limit, []

    def write(self, text: str) -> int:
        self.limit -= len(text)
        if self.limit < 0:
            raise TooMuch
        self.parts.append(text)
        return len(text)


def run_cell(source: str, name: str, namespace: dict) -> None:
    """Run one cell of a notebook; tracebacks show its lines. Magic commands are left out."""
    lines = [("" if line.lstrip().startswith(("%", "!")) else line) + "\n" for line in source.split("\n")]
    linecache.cache[name] = (len(source), None, lines, name)
    exec(compile("".join(lines), name, "exec"), namespace)


class Copy:
    """One submission. It answers what the judge asks, one message for each."""

    def __init__(self, judge: Connection, namespace: dict, watched: set[str], memory: int, output: int, cpu: int):
        self.judge, self.namespace, self.sink = judge, namespace, Sink(output)
        self.known: dict[types.CodeType, tuple[str, str]] = {}  # functions that some exercise forbids
        self.before = self._fingerprint(watched)
        self.watched = watched
        sys.stdout = sys.stderr = self.sink
        for limit, size in [("AS", _address_space() + memory), ("CPU", cpu), ("FSIZE", output), ("CORE", 0)]:
            with contextlib.suppress(ValueError, OSError):  # a lower one is there already, or macOS has none
                resource.setrlimit(getattr(resource, f"RLIMIT_{limit}"), (size, size))
        judge.send_bytes(wire.pack({"pid": os.getpid()}))

    def serve(self) -> None:
        tasks = {"forbid": self.forbid, "run": self.run, "call": self.call, "replaced": self.replaced}
        while True:
            try:
                task, *arguments = pickle.loads(self.judge.recv_bytes())  # from the judge: it may be trusted
            except (EOFError, OSError):
                return
            self.judge.send_bytes(self._message(self._guarded(tasks[task], *arguments)))

    def _message(self, reply: dict) -> bytes:
        try:
            message = wire.pack(reply)
        except wire.Unreadable as unreadable:  # the judge makes a thing of that name, and the check says that it came
            message = wire.pack({"changed": [], "type": str(unreadable)})
        if len(message) > wire.LARGEST:
            message = wire.pack(_trouble("memory", "your function returns too much", "Which shape has its answer?"))
        return message

    def forbid(self, functions: list[tuple[str, str]]) -> dict:
        """Remember the code of functions before a student can give them other names."""
        for module, name in functions:
            place = self.namespace if module == "__main__" else vars(import_module(module))
            if code := getattr(place.get(name), "__code__", None):
                self.known[code] = module, name
        return {}

    def run(self, source: str, name: str) -> dict:
        run_cell(source, name, self.namespace)
        return {}

    def call(self, name: str, arguments: tuple, forbidden: list[tuple[str, str]]) -> dict:
        """The answer, and what the function wrote into its arguments."""
        function, before = self.namespace[name], _arrays(arguments)
        before = copy.deepcopy(before)
        answer, called = self._watched(function, arguments, forbidden)
        if called:
            return _trouble("reference", f"your function calls {called}", "Can you write that step yourself?")
        after = _arrays(arguments)
        changed = [key for key in before if not np.array_equal(before[key], after[key], equal_nan=True)]
        return {"changed": [(*key, after[key]) for key in changed], "answer": answer}

    def _watched(self, function: Callable, arguments: tuple, forbidden: list) -> tuple[object, str | None]:
        called = None

        def watch(frame, event, _):
            nonlocal called
            if event == "call" and called is None and self.known.get(frame.f_code) in forbidden:
                module, name = self.known[frame.f_code]
                label = name if module == "__main__" else f"{module.rpartition('.')[2]}.{name}"
                called = f"{label}, which is the answer that it is compared with"

        sys.setprofile(watch)
        try:
            answer = function(*arguments)
        except BaseException:
            if called is None:
                raise
            answer = None
        finally:
            if sys.getprofile() is not watch:
                called = called or "sys.setprofile, to hide what it calls"
            sys.setprofile(None)
        return answer, called

    def _guarded(self, task: Callable, *arguments: object) -> dict:
        try:
            return task(*arguments)
        except TooMuch:
            return _trouble("output", "your code prints more than the grader keeps", "Which line prints in a loop?")
        except MemoryError:
            return _trouble("memory", "your code needs more memory than it may have", "Which array is so large?")
        except BaseException as error:  # SystemExit too
            trouble = doctor.in_words(error.with_traceback(_below(error.__traceback__)))
            kind = "not attempted" if isinstance(error, NotImplementedError) else "crash"
            return _trouble(kind, str(trouble), trouble.hint)

    def _fingerprint(self, watched: set[str]) -> dict:
        """What functions and modules the names of the course stand for."""
        places = {name: vars(module) for name, module in list(sys.modules.items()) if _is_trusted(name)}
        places["your notebook"] = {name: self.namespace[name] for name in watched if name in self.namespace}
        return {
            (place, name): (id(value), id(getattr(value, "__code__", None)))
            for place, names in places.items()
            for name, value in list(names.items())
            if callable(value) or isinstance(value, types.ModuleType)
        }

    def replaced(self) -> dict:
        after = self._fingerprint(self.watched)
        names = [f"{name} in {place}" for (place, name), was in self.before.items() if after.get((place, name)) != was]
        return {"replaced": names}


def _is_trusted(name: str) -> bool:
    return name in _TRUSTED or name.startswith("bptt_lab.") and not name.startswith("bptt_lab.classroom")


def _below(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """A traceback from where this file called a student's code."""
    while traceback and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def _trouble(kind: str, sentence: str, hint: str) -> dict:
    return {"trouble": (kind, sentence[:1000], hint)}


def _arrays(arguments: tuple) -> dict[tuple[int, str], np.ndarray]:
    """The arrays among the arguments and in their NamedTuples, by place and field."""
    parts = {(place, ""): value for place, value in enumerate(arguments)}
    for place, value in enumerate(arguments):
        if hasattr(value, "_asdict"):
            parts |= {(place, name): part for name, part in value._asdict().items()}
    return {key: part for key, part in parts.items() if isinstance(part, np.ndarray)}


def _address_space() -> int:
    """Bytes of addresses in use: the limit counts these, not what is new."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:  # macOS, where the limit is not enforced either
        return 2**34
