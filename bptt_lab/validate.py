"""Checks of arguments. Every error says in one line what came, what was expected, and what to do."""

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray


def size(name: str, value: int, least: int = 1) -> int:
    """`value` as an int of at least `least`."""
    try:
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}: convert it with int(...)") from None
    if value < least:
        raise ValueError(f"{name} must be {least} or larger, got {value}: choose a larger one")
    return value


def positive(name: str, value: float) -> float:
    """`value` as a positive finite float."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}: use something like 0.008") from None
    if not 0 < number < np.inf:
        raise ValueError(f"{name} must be positive and finite, got {number}: use something like 0.008")
    return number


def generator(name: str, rng: np.random.Generator) -> None:
    """`rng` is one of NumPy's generators, and no seed."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{name} must be a Generator of NumPy, got {rng!r}: use np.random.default_rng(0)")


def integers(numbers: ArrayLike) -> NDArray:
    """`numbers` as int64 where all fit 62 bits (so that a sum of two cannot overflow), else as Python integers."""
    if not isinstance(numbers, np.ndarray):
        numbers = np.array(numbers, dtype=object)  # without dtype, NumPy turns wide integers into floats
    if numbers.dtype.kind == "O":
        try:
            numbers = np.array([operator.index(n) for n in numbers.flat], dtype=object).reshape(numbers.shape)
        except TypeError:
            raise TypeError("numbers must be integers, got something else among them: convert with int(...)") from None
    elif numbers.dtype.kind not in "iu":
        raise TypeError(f"numbers must be integers, got {numbers.dtype}: convert with .astype(int)")
    narrow = numbers.size == 0 or (int(numbers.min()) > -(2**62) and int(numbers.max()) < 2**62)
    return numbers.astype(np.int64 if narrow else object)


def bits(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """`values` as int64, every entry 0 or 1, with at least one axis."""
    values = np.asarray(values)
    if values.ndim == 0:
        raise ValueError(f"{name} must have a first axis, time, got the single value {values}: wrap it in a list")
    if values.dtype.kind not in "biuf" or not ((values == 0) | (values == 1)).all():
        raise ValueError(f"{name} must be 0 or 1 everywhere, got other values: round probabilities first, y_hat > 0.5")
    return values.astype(np.int64)


def inputs(params: tuple, x: NDArray) -> None:
    """`x` is (T, B, n_x), finite, and fits `params`."""
    n_x = params[0].shape[1]
    if np.ndim(x) != 3 or x.shape[2] != n_x or 0 in x.shape:
        raise ValueError(f"x must have shape (T, B, {n_x}) to fit U, got {np.shape(x)}: time first, then the batch")
    finite("x", x)


def targets(y_hat: NDArray, y: NDArray) -> None:
    """`y` has the shape of the outputs, and is finite."""
    if np.shape(y) != y_hat.shape:
        raise ValueError(f"y must have the shape of the outputs, {y_hat.shape}, got {np.shape(y)}: (T, B, n_y)")
    finite("y", y)


def fitting(params_: tuple, x: NDArray, y: NDArray) -> None:
    """Parameters, x (T, B, n_x) and y (T, B, n_y) are finite, and fit together."""
    params(params_)
    inputs(params_, x)
    targets(np.broadcast_to(0.0, (*x.shape[:2], len(params_[-1]))), y)  # a shape without memory behind it


def finite(name: str, values: NDArray) -> None:
    """`values` holds neither NaN nor infinity."""
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity: look where it was computed")


def params(values: tuple) -> None:
    """Five finite arrays whose sizes fit together."""
    shapes(values)
    for name, array in zip("UWVbc", values):
        finite(name, array)


def missing(name: str, without: str, install: str) -> str:
    """What is said wherever a package is missing: which one, what is so without it, and what installs it."""
    return f"{name} is not installed: {without}. To change that: {install}"


def shapes(values: tuple) -> None:
    """Five arrays whose sizes fit together."""
    try:
        U, W, V, b, c = values
        (n_h, n_x), (n_y, _) = np.shape(U), np.shape(V)
    except (TypeError, ValueError):
        raise TypeError(
            f"params must be a Params of five arrays U, W, V, b, c, got {type(values).__name__}: see init_params"
        ) from None
    for name, array, shape in zip("UWVbc", values, [(n_h, n_x), (n_h, n_h), (n_y, n_h), (n_h,), (n_y,)]):
        if np.shape(array) != shape:
            raise ValueError(f"{name} must have shape {shape} to fit U and V, got {np.shape(array)}: see init_params")
