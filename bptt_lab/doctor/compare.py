"""An answer of any kind beside the right one: what differs, without giving the right values away."""

import numpy as np

from bptt_lab.doctor.exercise import TOLERANCE
from bptt_lab.doctor.reading import as_floats, coming_in
from bptt_lab.doctor.trial import Trouble

SHOWN = 60  # characters of an argument that are shown beside a wrong answer


def difference(answer: object, expected: object, tolerance: float) -> str:
    """What differs, in words; empty if nothing does."""
    if answer is None:
        return "your function returned None: is a `return` missing?"
    if isinstance(expected, str | bool):
        answer = answer.item() if isinstance(answer, np.generic | np.ndarray) and answer.ndim == 0 else answer
        if isinstance(answer, type(expected)):
            return "" if answer == expected else f"{answer!r} is not right"
        return f"{_kind(expected)} was expected, and {_kind(answer)} came"
    if isinstance(expected, tuple):
        came = f"{len(answer)} came" if isinstance(answer, tuple | list) else f"{_kind(answer)} came"
        if not isinstance(answer, tuple | list) and (shape := coming_in(answer).shape):
            answer, came = tuple(coming_in(answer)), f"one array of shape {shape} came"  # its rows may be the parts
        if not isinstance(answer, tuple | list) or len(answer) != len(expected):
            return f"{len(expected)} parts were expected, in a tuple or a list, and {came}"
        found = (difference(*pair, tolerance) for pair in zip(answer, expected))
        names = getattr(expected, "_fields", range(1, len(expected) + 1))
        return next((f"part {name}: {text}" for name, text in zip(names, found) if text), "")
    return _of_numbers(answer, np.asarray(expected, dtype=float), tolerance)


def _of_numbers(answer: object, expected: np.ndarray, tolerance: float) -> str:
    try:
        array = as_floats("your answer", answer)
    except Trouble as trouble:
        return str(trouble) if expected.shape else f"one number was expected, and {_kind(answer)} came"
    if array.shape != expected.shape:
        turned = ": it is transposed" if array.ndim > 1 and array.shape == expected.shape[::-1] else ""
        if not expected.shape:
            return f"one number was expected, and an array of shape {array.shape} came"
        return f"shape {expected.shape} was expected, and {array.shape} came{turned}"
    fractions = (expected % 1).any()  # whole numbers are exact in single precision too
    if coming_in(answer).dtype == np.float32 and fractions:
        tolerance = max(tolerance, TOLERANCE * np.abs(expected).max())
    wrong = ~(np.abs(array - expected) <= tolerance)  # written so that NaN counts as wrong
    if not wrong.any():
        return ""
    if not wrong.shape:
        return f"{array:.6g} is not right"
    half = "; your numbers are float16, which holds three digits" * (coming_in(answer).dtype == np.float16)
    first = [int(place) for place in np.argwhere(wrong)[0]]
    are = "is" if wrong.sum() == 1 else "are"
    return f"{wrong.sum()} of {wrong.size} entries {are} not right, the first at index {first}{half}"


def in_short(arguments: dict[str, object]) -> str:
    """The arguments in words, such as "n = 3, v = [1 2]"; empty if they are too long to be read."""
    with np.printoptions(precision=3, suppress=True):
        parts = [f"{name} = {value}" for name, value in arguments.items()]
    text = ", ".join(parts)
    return text if len(text) <= SHOWN and "\n" not in text else ""


def _kind(value: object) -> str:
    return {"str": "text", "bool": "True or False"}.get(type(value).__name__, type(value).__name__)
