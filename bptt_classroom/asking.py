"""Ask a student's functions, inside the sandbox; and answers as text, which can be read without trust.

Two doors are closed from the moment that a function is asked until its answer is taken: the course's own answer raises
an error under whatever name it is reached, and its source is gone, so that a second Python cannot import it either.
"""

import base64
import functools
import importlib
import inspect
import json
import os
import pickle
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path

import numpy as np

from bptt_lab.doctor import Outcome, Trial, Trouble, giving

NUMBERS = "biufc"  # kinds of arrays
HOME = Path.home()  # before a notebook can say that it is elsewhere
_HELD: dict[tuple[str, str], Callable] = {}  # taken before any line of a student's
_OPEN: dict[Callable, object] = {}  # the code of those that are closed now
_CALLED: list[str] = []


def hold(names: list[tuple[str, str]], limits: dict[str, int]) -> None:
    """Begin: remember what will be closed, and set limits that no process of the notebook can raise.

    What was remembered stays, even if a notebook puts other functions under these names.

    Parameters
    ----------
    limits
        by their names in `resource`, without RLIMIT
    """
    import resource

    for module, name in names:
        found = functools.reduce(getattr, name.split("."), importlib.import_module(module))
        _HELD[module, name] = inspect.unwrap(found)
    for name, most in limits.items():
        with suppress(ValueError, OSError, AttributeError):  # macOS has not all of them
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))


def ask(question: bytes, answer: str) -> None:
    """Ask a function of the notebook, and write what came into a file of the home.

    Parameters
    ----------
    question
        a pickled tuple: the name of the function; whether a value may stand in its place; seconds for all calls of one
        round; what gives the answer away, as module and name; and the rounds: the arguments of each problem. A pickle
        is safe here, since no notebook can have made it
    """
    from IPython import get_ipython

    function, is_value, seconds, closed, rounds = pickle.loads(question)
    close([_HELD[name] for name in closed])
    names, came = get_ipython().user_ns, []
    if function in names:
        yours = giving(names[function]) if is_value else names[function]
        came = [_round(function, yours, seconds, problems) for problems in rounds]
    (HOME / answer).write_text(json.dumps(came), encoding="utf-8")


def _round(name: str, yours: object, seconds: float, problems: list[dict]) -> list[dict]:
    """What came of each problem, up to the first trouble."""
    try:
        trial = Trial(yours, seconds, _OPEN)  # sees who calls a copy of the code made before
    except TypeError as error:
        return [_packed(Trouble(f"{name} is no function: {error}", "What does that name hold?"))]
    _CALLED.clear()
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        came = trial(problems)
    if _CALLED:
        sentence = f"your function calls {_CALLED[0]}, which is the answer that it is compared with"
        came = [Trouble(sentence, "Can you write that step yourself?", "reference")]
    return [_packed(one) for one in came]


# what gives the answer away


def close(functions: list[Callable]) -> None:
    """Put other code into these functions, and their own code back into those that were closed before.

    The function objects stay the same, so every alias, thread and closure meets the other code. The files of this
    sandbox's own copy of the course are deleted for good.
    """
    for function, code in _OPEN.items():
        function.__code__ = code
    _OPEN.clear()
    for module, _ in _HELD:
        Path(sys.modules[module].__file__).unlink(missing_ok=True)
    for function in set(functions):
        _OPEN[function] = function.__code__
        name = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        code = _closed.__code__
        consts = [one.replace("NAME", name) if isinstance(one, str) else one for one in code.co_consts]
        function.__code__ = code.replace(co_consts=tuple(consts))


def _closed(*_, **__):  # it runs among the names of another module
    from bptt_classroom import asking

    asking._CALLED.append("NAME")
    raise RuntimeError("NAME is the answer that yours is compared with")


# answers as text


def _packed(outcome: Outcome | Trouble) -> dict:
    if isinstance(outcome, Trouble):
        return {"trouble": [str(outcome), str(outcome.hint), outcome.kind]}
    return {"answer": pack(outcome.answer), "changed": outcome.changed}


def pack(value: object) -> str:
    """An answer as JSON. Arrays and numbers of other libraries become NumPy's; of all else only the type is kept."""
    with suppress(Exception):  # whatever a student's objects do when they are looked at
        return json.dumps(value, default=_array)
    return json.dumps({"other": type(value).__name__})


def _array(value: object) -> dict:
    if hasattr(value, "detach"):  # a tensor of PyTorch
        value = value.detach().cpu()
    array = np.asarray(value)
    if array.dtype.kind not in NUMBERS:
        return {"other": type(value).__name__}
    data = base64.b64encode(array.tobytes()).decode()
    return {"array": data, "dtype": array.dtype.str, "shape": list(array.shape)}


def unpack(text: str) -> object:
    """The value that `pack` was given, with lists in the place of tuples and of NamedTuples.

    Raises
    ------
    ValueError
        for a text that `pack` cannot have made
    """
    try:
        return json.loads(text, object_hook=_unpacked)
    except (KeyError, TypeError, RecursionError, MemoryError, OverflowError) as error:
        raise ValueError(f"an answer made by pack is needed, got {type(error).__name__} on reading it") from None


def _unpacked(value: dict) -> object:
    if value.keys() == {"other"}:
        return type(str(value["other"])[:100], (), {})()
    if value.keys() != {"array", "dtype", "shape"}:
        return value
    dtype = np.dtype(str(value["dtype"]))
    if dtype.kind not in NUMBERS:
        raise ValueError(f"an array of numbers is needed, got {dtype}")
    return np.frombuffer(base64.b64decode(value["array"]), dtype).reshape(value["shape"])[()].copy()
