"""What an exercise cell calls: it runs your function, and says in one line what it found. It never prints an answer."""

import traceback
from collections.abc import Callable

import numpy as np


def check(yours: Callable, reference: Callable, *cases: tuple, tolerance: float = 1e-9) -> None:
    """Compare yours(*case) with reference(*case) for every case, and print one line.

    cases      tuples of arguments, copied for each call, so that nothing `yours` does to them can leak; none: call once
    tolerance  largest difference that counts as equal
    """
    cases = cases or ((),)
    for number, case in enumerate(cases, start=1):
        try:
            answer = yours(*_copies(case))
        except NotImplementedError:
            print("not attempted yet")
            return
        except Exception as error:
            line = traceback.extract_tb(error.__traceback__)[-1]
            print(f"your code stopped with {type(error).__name__}: {error} (in line {line.lineno}: {line.line})")
            return
        if verdict := _difference(answer, reference(*_copies(case)), tolerance):
            print(f"not yet: in case {number} of {len(cases)}, {verdict}")
            return
    print(f"right, in {len(cases)} of {len(cases)} cases")


def _copies(case: tuple) -> tuple:
    return tuple(argument.copy() if isinstance(argument, np.ndarray) else argument for argument in case)


def _difference(answer: object, expected: object, tolerance: float) -> str:
    """What differs, without giving the expected values away; empty if nothing does."""
    if answer is None:
        return "your function returned None: is a `return` missing?"
    if isinstance(expected, tuple):
        if not isinstance(answer, tuple) or len(answer) != len(expected):
            return f"a tuple of {len(expected)} was expected, and {type(answer).__name__} came"
        found = (_difference(*pair, tolerance) for pair in zip(answer, expected))
        return next((f"part {place} of the tuple: {text}" for place, text in enumerate(found, start=1) if text), "")
    try:
        answer, expected = np.asarray(answer, dtype=float), np.asarray(expected, dtype=float)
    except (TypeError, ValueError):
        return f"numbers were expected, and {type(answer).__name__} came"
    if answer.shape != expected.shape:
        return f"shape {expected.shape} was expected, and {answer.shape} came"
    wrong = ~(np.abs(answer - expected) <= tolerance)  # written so that NaN counts as wrong
    if not wrong.any():
        return ""
    if not wrong.shape:
        return f"the number {answer} is not right"
    first = [int(place) for place in np.argwhere(wrong)[0]]
    return f"{wrong.sum()} of {wrong.size} entries are not right, the first at index {first}"
