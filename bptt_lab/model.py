"""The network: one tanh layer that reads its own past, a sigmoid output, and the loss."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab import validate

Array = np.ndarray  # of float64 as a rule; of complex128 during a complex-step check


class Params(NamedTuple):
    """Weights and biases, shared by every time step. A gradient has the same type."""

    U: Array  # (n_h, n_x)  input  -> hidden
    W: Array  # (n_h, n_h)  hidden -> hidden
    V: Array  # (n_y, n_h)  hidden -> output
    b: Array  # (n_h,)
    c: Array  # (n_y,)


class Trace(NamedTuple):
    """All that the forward pass computed and the backward pass needs. Time is the first axis."""

    x: Array  # (T, B, n_x)
    h_prev: Array  # (T, B, n_h)  h^(t-1); entry [0] is h^(0)
    h: Array  # (T, B, n_h)  h^(t)
    o: Array  # (T, B, n_y)  logits
    y_hat: Array  # (T, B, n_y)  probability that the bit is 1


def init_params(n_h: int, rng: np.random.Generator, n_x: int = 2, n_y: int = 1, scale: float = 1.0) -> Params:
    """U, W, V uniform in (-scale, scale), drawn in this order; b = c = 0.

    Raises
    ------
    TypeError, ValueError
        for a size below 1 or a scale that is not positive
    """
    n_h, n_x, n_y = validate.size("n_h", n_h), validate.size("n_x", n_x), validate.size("n_y", n_y)
    scale = validate.positive("scale", scale)
    validate.generator("rng", rng)
    U, W, V = (rng.uniform(-scale, scale, shape) for shape in [(n_h, n_x), (n_h, n_h), (n_y, n_h)])
    return Params(U, W, V, b=np.zeros(n_h), c=np.zeros(n_y))


def forward(params: Params, x: Array, h_0: Array | float = 0.0) -> Trace:
    """h^(t) = tanh(b + W h^(t-1) + U x^(t)), o^(t) = c + V h^(t), ŷ^(t) = σ(o^(t)), for t = 1 … T.

    Parameters
    ----------
    x : (T, B, n_x)
    h_0 : (B, n_h)
        the state before the first step; 0 if not given

    Returns
    -------
    a Trace: x, h^(t-1), h^(t), o^(t) and ŷ^(t) of all steps, each an array with time first

    Raises
    ------
    ValueError
        if shapes do not match, or x holds NaN or infinity
    """
    validate.inputs(params, x)
    U, W, V, b, c = params
    (T, B, _), n_h = x.shape, len(b)
    states = np.zeros((T + 1, B, n_h), dtype=np.result_type(x, h_0, *params))
    states[0] = h_0
    drive = x @ U.T + b  # (T, B, n_h), what does not depend on the past, all steps at once
    for t in range(T):
        a_t = drive[t] + states[t] @ W.T  # (B, n_h)
        np.tanh(a_t, out=states[t + 1])
    h_prev, h = states[:-1], states[1:]  # (T, B, n_h) both, two views of one array
    o = h @ V.T + c  # (T, B, n_y)
    return Trace(x, h_prev, h, o, y_hat=sigmoid(o))


def loss(trace: Trace, y: Array) -> float:
    """L = 1/B Σ_t Σ_batch [-y log ŷ - (1 - y) log(1 - ŷ)], eq. (2), in nats; several outputs are summed.

    Parameters
    ----------
    y : (T, B, n_y)
        targets

    Raises
    ------
    ValueError
        if the shape of y is not that of the outputs, or y holds NaN or infinity
    """
    validate.targets(trace.o, y)
    return cross_entropy(trace.o, y).sum() / y.shape[1]


def digit_accuracy(trace: Trace, y: Array) -> NDArray[np.int64]:
    """How many bits of each sum are right once ŷ is rounded, (B,)."""
    validate.targets(trace.o, y)
    return right_bits(trace.o, y).sum(axis=(0, 2))


def cross_entropy(o: Array, y: Array) -> Array:
    """-y log ŷ - (1 - y) log(1 - ŷ) for each bit, from log ŷ = -softplus(-o): neither overflows nor cancels."""
    return y * softplus(-o) + (1 - y) * softplus(o)


def right_bits(o: Array, y: Array) -> NDArray[np.bool_]:
    """Whether each rounded ŷ equals its target; ŷ rounds to 1 where o > 0."""
    return (o > 0) == (y > 0.5)


def sigmoid(o: Array) -> Array:
    """σ(o) = 1 / (1 + e^-o), written so that no exponent is ever positive."""
    return np.exp(np.minimum(o, 0)) / (1 + np.exp(np.minimum(o, -o)))


def softplus(o: Array) -> Array:
    """log(1 + e^o), written so that no exponent is ever positive."""
    return np.maximum(o, 0) + np.log1p(np.exp(np.minimum(o, -o)))
