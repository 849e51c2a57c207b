"""The judge's end: functions of a submission that are called like any other, and run in another process."""

import contextlib
import copyreg
import inspect
import io
import os
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from multiprocessing.connection import Connection
from typing import NamedTuple

from bptt_lab.classroom import wire


class Limits(NamedTuple):
    """What a submission may use."""

    seconds: float = 10.0  # for a cell, and for all calls of one check; more where the right answer needs it
    memory: int = 2**30  # bytes, beyond what the notebook itself needs
    output: int = 2**20  # characters printed, and bytes in a file
    restarts: int = 3  # how often a submission that was stopped is started again, for its other exercises


def request(*parts: object) -> bytes:
    """What the judge asks. Modules travel by their names."""
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer)
    by_name = {types.ModuleType: lambda module: (import_module, (module.__name__,))}
    pickler.dispatch_table = copyreg.dispatch_table | by_name
    pickler.dump(parts)
    return buffer.getvalue()


class Trouble(Exception):
    """A submission gave no answer: the kind of trouble, a sentence and a hint for the student."""

    def __init__(self, kind: str, sentence: str, hint: str):
        super().__init__(sentence)
        self.kind, self.hint = kind, hint


class Room:
    """A process that has run the notebook as it was handed out, and starts a copy of itself for each submission.

    cells      of the notebook
    watched    names in it that a submission has no reason to replace
    forbidden  functions that some exercise may not call, each with its module
    """

    def __init__(self, cells: list[str], watched: set[str], forbidden: Iterable[tuple[str, str]] = ()):
        self.cells, self.watched, self.forbidden = cells, watched, list(forbidden)
        self.folder = tempfile.TemporaryDirectory()  # where submissions find themselves
        self.start()

    def start(self) -> None:
        """Begin to run the notebook; `wait` says when that is done."""
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        command = [sys.executable, "-m", "bptt_lab.classroom.room", str(theirs.fileno())]
        one = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL")}
        quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], cwd=self.folder.name, env=os.environ | one, **quiet
        )
        theirs.close()
        self.first = Connection(os.dup(self.channel.fileno()))
        self.first.send_bytes(pickle.dumps((self.cells, self.watched)))

    def wait(self) -> None:
        with self.first:
            self.first.recv_bytes()

    def submission(self, limits: Limits) -> "Submission":
        """A new copy. If a submission has ended the room itself, the room is opened again."""
        try:
            return Submission(self, limits)
        except (OSError, Trouble):
            self.channel.close()
            self.process.kill()
            self.process.wait()
            self.start()
            self.wait()
            return Submission(self, limits)

    def close(self) -> None:
        self.channel.close()
        self.process.wait()
        self.folder.cleanup()


class Submission:
    """One student's cells, in a process of their own."""

    def __init__(self, room: Room, limits: Limits):
        self.limits, self.pid = limits, None
        self.socket, theirs = socket.socketpair()
        self.connection = Connection(os.dup(self.socket.fileno()))
        allowed = (limits.memory, limits.output, round(limits.seconds * 60))
        try:
            socket.send_fds(room.channel, [pickle.dumps(allowed)], [theirs.fileno()])
            theirs.close()
            with self.within(limits.seconds):
                self.pid = self._receive()["pid"]  # sent before any line of the student's
                self.ask(request("forbid", room.forbidden))
        except BaseException:
            theirs.close()
            self.close()
            raise

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Stop the submission when the time is over; the other end of the connection goes with it."""
        over = threading.Event()

        def end() -> None:
            over.set()
            self.stop()

        timer = threading.Timer(max(seconds, 0.0), end)
        timer.start()
        try:
            yield
        except (EOFError, OSError, ValueError, TypeError, LookupError):
            self.stop()
            if over.is_set():
                sentence = f"your code took too long: no answer after {max(seconds, self.limits.seconds):.0f} seconds"
                raise Trouble("hang", sentence, "Is there a loop that does not end?") from None
            raise Trouble("died", "your code ended the process that ran it", "Which line leaves Python?") from None
        finally:
            timer.cancel()

    def ask(self, request: bytes) -> dict:
        """One request, one reply. Raises Trouble, or what `within` turns into it."""
        self.connection.send_bytes(request)
        reply = self._receive()
        if "trouble" in reply:
            raise Trouble(*map(str, reply["trouble"]))
        return reply

    def stop(self) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)  # with the processes that it started
            self.pid = None
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for an answer

    @property
    def alive(self) -> bool:
        return self.pid is not None

    def close(self) -> None:
        self.stop()
        self.connection.close()
        self.socket.close()

    def replaced(self) -> list[str]:
        """Functions of the course, or names in the notebook, that the submission has put others in the place of."""
        with self.within(self.limits.seconds):
            return [str(name) for name in self.ask(request("replaced"))["replaced"]]

    def run(self, source: str, name: str) -> None:
        with self.within(self.limits.seconds):
            self.ask(request("run", source, name))

    def _receive(self) -> dict:
        return wire.unpack(self.connection.recv_bytes(wire.LARGEST))


class Remote:
    """A function of a submission. What stops it is remembered, because a check puts it into other words."""

    def __init__(self, submission: Submission, like: Callable, seconds: float, forbidden: list[tuple[str, str]]):
        self.submission, self.left, self.forbidden, self.trouble = submission, seconds, forbidden, None
        self.patience = seconds + 60  # of whoever calls: the limit is kept here
        self.__name__, self.__signature__ = like.__name__, inspect.signature(like)

    def __call__(self, *arguments: object) -> object:
        call, started = request("call", self.__name__, arguments, self.forbidden), time.monotonic()
        try:
            with self.submission.within(self.left):
                reply = self.submission.ask(call)
                for place, name, after in reply["changed"]:  # the check compares its own arrays
                    array = getattr(arguments[place], name) if name else arguments[place]
                    array[...] = after
                return type(reply["type"], (), {})() if "type" in reply else reply["answer"]
        except Trouble as trouble:
            self.trouble = self.trouble or trouble
            raise
        finally:
            self.left -= time.monotonic() - started
