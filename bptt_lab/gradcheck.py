"""Gradients without back propagation: nudge one number, run the network again, watch the loss."""

from collections.abc import Callable
from functools import partial

import numpy as np

from bptt_lab import model, validate
from bptt_lab.model import Array, Params


def complex_step(params: Params, x: Array, y: Array, forward: Callable = model.forward) -> Params:
    """∂L/∂θ = Im L(θ + iε) / ε for every entry θ, exact to rounding.

    Parameters
    ----------
    x, y : (T, B, n_x) and (T, B, n_y)
    forward
        the forward pass of another network, with a Params of its own

    References
    ----------
    Squire and Trapp, SIAM Review 40 (1998), 110-112
    """
    return _for_each_field(derivative, params, x, y, forward)


def central_differences(params: Params, x: Array, y: Array, forward: Callable = model.forward) -> Params:
    """∂L/∂θ ≈ (L(θ + ε) - L(θ - ε)) / 2ε for every entry θ; good to about 1e-9 of the largest entry.

    Parameters
    ----------
    x, y : (T, B, n_x) and (T, B, n_y)
    forward
        the forward pass of another network, with a Params of its own
    """
    return _for_each_field(central_difference, params, x, y, forward)


def derivative(f: Callable[[Array], float], at: Array, step: float = 1e-30) -> Array:
    """∂f/∂z for every entry z of `at`, by the complex step; `f` maps an array to a number and takes complex ones."""
    result = np.empty(np.shape(at))
    for index in np.ndindex(result.shape):
        nudged = np.array(at, dtype=complex)
        nudged[index] += 1j * step
        result[index] = np.imag(f(nudged)) / step
    return result


def central_difference(f: Callable[[Array], float], at: Array, step: float = 6e-6) -> Array:
    """∂f/∂z for every entry z of `at`; step is about the cube root of the rounding unit, where both errors balance."""
    result = np.empty(np.shape(at))
    for index in np.ndindex(result.shape):
        up, down = np.array(at, dtype=float), np.array(at, dtype=float)
        up[index] += step
        down[index] -= step
        result[index] = (f(up) - f(down)) / (up[index] - down[index])
    return result


def loss_from_state(params: Params, x: Array, y: Array, t: int, h_t: Array) -> float:
    """The loss of steps t, t+1, …, T as a function of the state h^(t) alone.

    Parameters
    ----------
    t
        index of the step, from 0
    h_t : (B, n_h)
    """
    o_t = h_t @ params.V.T + params.c  # (B, n_y)
    loss_t = model.cross_entropy(o_t, y[t]).sum() / len(h_t)
    if t == len(x) - 1:
        return loss_t
    return loss_t + model.loss(model.forward(params, x[t + 1 :], h_0=h_t), y[t + 1 :])


def state_grads(params: Params, x: Array, y: Array) -> Array:
    """∂L/∂h^(t) for every t, by the complex step; shape (T, B, n_h)."""
    dL_dh = model.forward(params, x).h.copy()
    for t, h_t in enumerate(dL_dh):
        dL_dh[t] = derivative(partial(loss_from_state, params, x, y, t), h_t)
    return dL_dh


def relative_error(a: Params | Array, b: Params | Array) -> float:
    """max |a - b| / max(|a|, |b|); of a Params, the worst of its fields. 0 where both are 0 everywhere."""
    if isinstance(a, tuple):
        return max(relative_error(*pair) for pair in zip(a, b))
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(f"both must have one shape, got {a.shape} and {b.shape}: compare like with like")
    largest = max(np.abs(a).max(), np.abs(b).max())
    return float(np.abs(a - b).max() / largest) if largest else 0.0


def _for_each_field(differentiate: Callable, params: Params, x: Array, y: Array, forward: Callable) -> Params:
    if forward is model.forward:
        validate.params(params)

    def gradient(name: str) -> Array:
        def loss_of(value: Array) -> float:
            return model.loss(forward(params._replace(**{name: value}), x), y)

        return differentiate(loss_of, getattr(params, name))

    return type(params)(*(gradient(name) for name in params._fields))
