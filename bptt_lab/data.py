"""The task: two numbers and their sum as sequences of bits, least significant bit first."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bptt_lab import validate


def to_bits(numbers: ArrayLike, n_bits: int) -> NDArray[np.int64]:
    """The bits of number = Σ_t 2^(t-1) bit^(t).

    Parameters
    ----------
    numbers : (*shape)
        non-negative integers below 2^n_bits, of any width (Python integers stay exact)

    Returns
    -------
    (n_bits, *shape) of 0 and 1; entry [0] is the least significant bit

    Raises
    ------
    TypeError
        for anything but integers
    ValueError
        for a negative number or one too wide
    """
    n_bits = validate.size("n_bits", n_bits)
    numbers = validate.integers(numbers)
    if numbers.size and numbers.min() < 0:
        raise ValueError(f"numbers must be 0 or larger, got {numbers.min()}: these bits have no sign")
    if numbers.size and (widest := int(numbers.max())) >> n_bits:
        raise ValueError(f"a number needs {widest.bit_length()} bits, got n_bits = {n_bits}: raise n_bits")
    place = np.arange(n_bits).reshape(n_bits, *[1] * numbers.ndim).astype(numbers.dtype)
    return (numbers >> place & 1).astype(np.int64)


def from_bits(bits: ArrayLike) -> NDArray:
    """number = Σ_t 2^(t-1) bit^(t), the inverse of `to_bits`.

    Parameters
    ----------
    bits : (n_bits, *shape)
        every entry 0 or 1

    Returns
    -------
    (*shape)
        int64 up to 62 bits, Python integers (dtype object) beyond, so that no bit is lost

    Raises
    ------
    ValueError
        for an entry that is neither 0 nor 1
    """
    bits = validate.bits("bits", bits)
    dtype = np.int64 if len(bits) <= 62 else object
    place = np.array([1 << t for t in range(len(bits))], dtype=dtype)
    return np.tensordot(place, bits.astype(dtype), axes=1)[()]


def carries(x: ArrayLike) -> NDArray[np.int64]:
    """carry^(t) = 1 if x_1^(t) + x_2^(t) + carry^(t-1) >= 2, else 0; carry^(0) = 0.

    Parameters
    ----------
    x : (T, B, 2)
        the bits of both addends

    Returns
    -------
    (T, B)
        the carry that each step hands to the next
    """
    x = validate.bits("x", x)
    if x.ndim != 3 or x.shape[2] != 2:
        raise ValueError(f"x must have shape (T, B, 2), got {x.shape}: sample_sums and encode_sums give it")
    carry = np.zeros(x.shape[:2], dtype=np.int64)
    carry_t = np.zeros(x.shape[1], dtype=np.int64)
    for t in range(len(x)):
        carry[t] = carry_t = x[t].sum(axis=1) + carry_t >= 2
    return carry


def encode_sums(first: ArrayLike, second: ArrayLike, n_bits: int = 8) -> tuple[NDArray, NDArray]:
    """Pairs of numbers and their sums, as the network reads them.

    Parameters
    ----------
    first, second : (B,)
        non-negative integers

    Returns
    -------
    x (n_bits, B, 2) and y (n_bits, B, 1), float64

    Raises
    ------
    ValueError
        if a sum needs more than n_bits bits
    """
    first, second = validate.integers(first), validate.integers(second)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"addends must be two lists of one length, got shapes {first.shape} and {second.shape}")
    total = first + second
    if total.size and (widest := int(total.max()).bit_length()) > n_bits:
        raise ValueError(f"a sum needs {widest} bits, got n_bits = {n_bits}: raise n_bits, or take smaller addends")
    x, y = to_bits(np.stack([first, second], axis=1), n_bits), to_bits(total[:, None], n_bits)
    return x.astype(float), y.astype(float)


def sample_sums(n: int, rng: np.random.Generator, n_bits: int = 8, high: int = 127) -> tuple[NDArray, NDArray]:
    """n fresh sums, both addends uniform in 0 … high - 1.

    Returns
    -------
    x (n_bits, n, 2) and y (n_bits, n, 1); drawing n sums and then m more gives the same as n + m at once

    Raises
    ------
    ValueError
        if the largest sum, 2 (high - 1), needs more than n_bits bits
    """
    n, high = validate.size("n", n), _fitting(high, n_bits)
    pairs = _uniform(high, (n, 2), rng)
    return encode_sums(pairs[:, 0], pairs[:, 1], n_bits)


def all_sums(n_bits: int = 8, high: int = 127) -> tuple[NDArray, NDArray]:
    """Every sum that `sample_sums` can draw, 0 + 0 first: number i · high + j is i + j.

    Returns
    -------
    x (n_bits, high², 2) and y (n_bits, high², 1)

    Raises
    ------
    ValueError
        if the largest sum, 2 (high - 1), needs more than n_bits bits
    """
    high = _fitting(high, n_bits)
    first, second = np.divmod(np.arange(high**2), high)
    return encode_sums(first, second, n_bits)


def _fitting(high: int, n_bits: int) -> int:
    high, n_bits = validate.size("high", high), validate.size("n_bits", n_bits)
    if (needed := (2 * (high - 1)).bit_length()) > n_bits:
        raise ValueError(f"the largest sum needs {needed} bits, got n_bits = {n_bits}: raise n_bits, or lower high")
    return high


def _uniform(high: int, shape: tuple[int, int], rng: np.random.Generator) -> NDArray:
    if high <= 2**62:
        return rng.integers(0, high, size=shape)
    numbers, n_bits = np.empty(shape, dtype=object), high.bit_length()
    for index in np.ndindex(shape):
        numbers[index] = high
        while numbers[index] >= high:  # draw again what lies outside: what remains is uniform
            numbers[index] = int(from_bits(rng.integers(0, 2, size=n_bits)))
    return numbers
