"""The arrays of a student's answer, or a sentence that says why it is no answer."""

import numpy as np

from bptt_lab.doctor.trial import Trouble
from bptt_lab.model import Array


def read(answer: object, expected: dict[str, Array]) -> dict[str, Array]:
    """The arrays of an answer by name, as float64. It is one array, or a Params, a tuple, a list or a dict of several.

    Raises
    ------
    Trouble
        if type, number, shape or an entry is not what it should be
    """
    names, wanted = list(expected), ", ".join(expected)
    if answer is None:
        raise Trouble("your function returned None", "Is a `return` missing?")
    if len(names) == 1:
        answer = {names[0]: answer}
    elif isinstance(answer, tuple | list):
        if len(answer) != len(names):
            sentence = f"{len(names)} arrays are expected, in the order {wanted}, and {len(answer)} came"
            raise Trouble(sentence, "Does your `return` list one gradient for each parameter?")
        answer = dict(zip(names, answer))
    elif not isinstance(answer, dict):
        came = type(answer).__name__
        sentence = f"a Params, a tuple, a list or a dict of {wanted} is expected, and {came} came"
        raise Trouble(sentence, "What does your `return` hand back?")
    if set(answer) != set(names):
        raise Trouble(f"a dict with the names {wanted} is expected", f"Are your names {list(answer)}?")
    arrays = {name: as_floats(_d(name), answer[name]) for name in names}
    wrong = [name for name in names if arrays[name].shape != expected[name].shape]
    if wrong and sorted(a.shape for a in arrays.values()) == sorted(a.shape for a in expected.values()):
        sentence = f"the shapes are those of the right arrays in another order; {wanted} is expected"
        raise Trouble(sentence, "In which order does your `return` list them?")
    for name in wrong:
        raise _about_shape(_d(name), arrays[name].shape, expected[name].shape)
    for name in names:
        if not np.isfinite(arrays[name]).all():
            raise Trouble(f"{_d(name)} holds NaN or infinity", "Where do you divide, take a logarithm or a power?")
    return arrays


def as_floats(name: str, part: object) -> Array:
    """`part` as a new array of float64; `name` is what it is called in words.

    Raises
    ------
    Trouble
        if it is no array of real numbers
    """
    array = coming_in(part)
    if array.dtype.kind == "c":
        raise Trouble(f"{name} holds complex numbers", "Which part of them is the answer?")
    if array.dtype.kind not in "fiub":
        sentence = f"{name} is expected as an array of numbers, and {type(part).__name__} came"
        raise Trouble(sentence, "What did you put there?")
    return array.astype(float)  # a copy: the student's array may be a view of what is about to change


def coming_in(part: object) -> np.ndarray:
    """The value as an array of its own type; an array of objects if it is none."""
    try:
        if hasattr(part, "detach"):  # a tensor of PyTorch
            part = part.detach().cpu().numpy()
        return np.asarray(part)
    except Exception:  # lists of unequal length, arrays of other libraries that refuse
        return np.asarray(None)


def _about_shape(name: str, shape: tuple, expected: tuple) -> Trouble:
    sentence = f"{name} has shape {shape}, and {expected} is expected"
    if shape == expected[::-1]:
        return Trouble(f"{sentence}: it is transposed", "Which index of the product should come first?")
    if np.prod(shape) == np.prod(expected):
        return Trouble(f"{sentence}: the size is right", "Is there an axis of length 1 too many, or one too few?")
    if len(shape) > len(expected):
        return Trouble(f"{sentence}: there are too many axes", "Over which axes do you still have to sum?")
    return Trouble(sentence, "Which axes should the gradient of this quantity have?")


def _d(name: str) -> str:
    return name if name.startswith("dL_d") else f"∂L/∂{name}"
