"""Ask a student's functions, inside the sandbox; and answers as text, which can be read without trust.

Two doors are closed while a function is asked: the course's own answer raises an error under whatever name it is
reached, and its source is gone, so that a second Python cannot import it either.
"""

import ast
import base64
import contextlib
import functools
import importlib
import inspect
import io
import json
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bptt_lab.doctor import Outcome, Trial, Trouble

PRINTED = 10**6  # characters that a function may print


class Question(NamedTuple):
    """All that one exercise asks."""

    id: str
    function: str  # its name in the notebook
    is_value: bool  # a value may stand in the place of the function
    seconds: float  # for all calls of one round
    closed: tuple[tuple[str, str], ...]  # functions that give the answer away: module, name
    rounds: tuple[tuple[list[dict], list[dict]], ...]  # arguments: all problems, then the first one step by step


_HELD: dict[tuple[str, str], Callable] = {}  # taken before any line of a student's
_CALLED: list[str] = []


def hold(names: list[tuple[str, str]]) -> None:
    """Remember these functions, so that they are closed even if a notebook puts others under their names."""
    for module, name in names:
        found = functools.reduce(getattr, name.split("."), importlib.import_module(module))
        _HELD[module, name] = inspect.unwrap(found)


def ask(question: str, folder: str) -> None:
    """Ask a function of the notebook and write what came, a JSON file."""
    from IPython import get_ipython

    question = pickle.loads(base64.b64decode(question))
    _close_sources()
    names, rounds = get_ipython().user_ns, []
    if question.function in names:
        yours = names[question.function]
        if question.is_value and not callable(yours):
            yours = functools.partial(_given, yours)
        rounds = [_round(question, yours, *problems) for problems in question.rounds]
    path = Path(folder, f"{question.id}.json")
    path.write_text(json.dumps(rounds), encoding="utf-8")


def _given(value: object) -> object:
    if value is None:
        raise NotImplementedError
    return value


def _round(question: Question, yours: object, problems: list[dict], steps: list[dict]) -> list[list]:
    closed = [_HELD[name] for name in question.closed]
    try:
        trial = Trial(yours, question.seconds, closed)  # sees who calls a copy of the code made before
    except TypeError as error:
        return [[_packed(Trouble(f"{question.function} is no function: {error}", "What does that name hold?"))], []]
    _CALLED.clear()
    with _closing(closed), contextlib.redirect_stdout(_Sink()), contextlib.redirect_stderr(_Sink()):
        main = trial(problems)
        whole = main and not isinstance(main[-1], Trouble)
        single = trial(steps, quiet=True) if whole and steps else []
    if _CALLED:
        sentence = f"your function calls {_CALLED[0]}, which is the answer that it is compared with"
        main, single = [Trouble(sentence, "Can you write that step yourself?", "reference")], []
    return [[_packed(one) for one in part] for part in (main, single)]


class _Sink(io.TextIOBase):
    """Takes what a function prints, up to a limit."""

    left = PRINTED

    def write(self, text: str) -> int:
        self.left -= len(text)
        if self.left < 0:
            raise OSError("it prints without end")
        return len(text)


# what gives the answer away


@contextlib.contextmanager
def _closing(functions: list[Callable]) -> Iterator[None]:
    """Other code in these functions: the objects stay, so every alias, thread and closure meets it."""
    before = [(function, function.__code__) for function in functions]
    for function in functions:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        consts = tuple(name if const == "NAME" else const for const in _closed.__code__.co_consts)
        function.__code__ = _closed.__code__.replace(co_consts=consts)
    try:
        yield
    finally:
        for function, code in before:
            function.__code__ = code


def _closed(*_, **__):  # it runs among the names of another module
    from bptt_classroom import asking

    asking._called("NAME")


def _called(name: str) -> None:
    _CALLED.append(name)
    raise RuntimeError(f"{name} is the answer that yours is compared with")


@functools.cache
def _close_sources() -> None:
    """Take the bodies of these functions out of the package's files, which are this sandbox's own copy."""
    for module in {module for module, _ in _HELD}:
        path = Path(sys.modules[module].__file__)
        names = {name.rpartition(".")[2] for home, name in _HELD if home == module}
        text = path.read_text(encoding="utf-8")
        lines = text.split("\n")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.name in names:
                first, last, indent = node.body[0].lineno, node.end_lineno, " " * node.body[0].col_offset
                lines[first - 1 : last] = [f"{indent}raise RuntimeError('closed')"] + [""] * (last - first)
        path.write_text("\n".join(lines), encoding="utf-8")


# answers as text


def _packed(outcome: Outcome | Trouble) -> dict:
    if isinstance(outcome, Trouble):
        return {"trouble": [str(outcome), str(outcome.hint), outcome.kind]}
    return {"answer": pack(outcome.answer), "changed": outcome.changed}


def pack(value: object) -> object:
    """What JSON can hold. Arrays and numbers of other libraries become NumPy's; of what is neither, the type stays."""
    with contextlib.suppress(Exception):  # whatever a student's objects do when they are looked at
        return _pack(value)
    return {"other": type(value).__name__}


def _pack(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str) and not isinstance(value, np.generic):
        return value
    if isinstance(value, tuple):
        return {"tuple": [pack(part) for part in value], "name": type(value).__name__}
    if isinstance(value, list):
        return [pack(part) for part in value]
    if isinstance(value, dict):
        return {"dict": [[pack(key), pack(part)] for key, part in value.items()]}
    if hasattr(value, "detach"):  # a tensor of PyTorch
        value = value.detach().cpu()
    array = np.asarray(value)
    if array.dtype.kind not in "biufc":
        return {"other": type(value).__name__}
    data = base64.b64encode(array.tobytes()).decode()
    return {"array": data, "dtype": array.dtype.str, "shape": list(array.shape)}


def unpack(value: object) -> object:
    """The value that `pack` was given.

    raises   ValueError for what it cannot have made
    """
    try:
        return _unpack(value)
    except (KeyError, TypeError, RecursionError, MemoryError, OverflowError) as error:
        raise ValueError(f"an answer made by pack is needed, got {type(error).__name__} on reading it") from None


def _unpack(value: object) -> object:
    if isinstance(value, list):
        return [_unpack(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "tuple" in value:
        parts = [_unpack(part) for part in value["tuple"]]
        known = _NAMED.get(value.get("name"), tuple)
        return known._make(parts) if known is not tuple and len(known._fields) == len(parts) else tuple(parts)
    if "dict" in value:
        return {_unpack(key): _unpack(part) for key, part in value["dict"]}
    if "other" in value:
        return type(str(value["other"])[:100], (), {})()
    dtype = np.dtype(str(value["dtype"]))
    if dtype.kind not in "biufc":
        raise ValueError(f"an array of numbers is needed, got {dtype}")
    return np.frombuffer(base64.b64decode(value["array"]), dtype).reshape(value["shape"])[()].copy()


_NAMED = {
    name: kind
    for module in list(sys.modules.values())
    if getattr(module, "__name__", "").startswith("bptt_lab.")
    for name, kind in vars(module).items()
    if inspect.isclass(kind) and issubclass(kind, tuple) and hasattr(kind, "_fields")
}  # the course's own, by name
