"""The arrays of a student's answer, or a sentence about what is no answer."""

import numpy as np

from bptt_lab.doctor.trial import Trouble
from bptt_lab.model import Array


def read(answer: object, expected: dict[str, Array]) -> dict[str, Array]:
    """The arrays of an answer by name, as float64. One array, or for several a Params, a tuple, a list or a dict.

    raises   Trouble if type, number, shape or an entry is not what it should be
    """
    names, shapes = list(expected), {name: array.shape for name, array in expected.items()}
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
