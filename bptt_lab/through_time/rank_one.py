"""A guess of the gradient that is right on average, at the price of one backward step for each step forward.

RTRL carries the influence ∂h/∂M, a matrix of n_h rows. Here one column s and one row r stand for it, and s rᵀ is right
on average over random signs: Tallec and Ollivier (2017), "Unbiased online recurrent optimization". Letters as in
`influence`.
"""

import numpy as np

from bptt_lab import model, validate
from bptt_lab.model import Array, Params


def uoro(params: Params, x: Array, y: Array, rng: np.random.Generator) -> Params:
    """One estimate whose mean over all draws of `rng` is `bptt.backward(…)`; ∂L/∂V and ∂L/∂c are exact.

    Parameters
    ----------
    x, y : (T, B, n_x) and (T, B, n_y)
        every sequence has random signs of its own

    Notes
    -----
    Cost: about B n_h (n_h + n_x + 1) operations a step, and as many numbers in memory, whatever T is
    """
    return Params(*(array[0] for array in estimates(params, x, y, 1, rng)))


def estimates(params: Params, x: Array, y: Array, n: int, rng: np.random.Generator) -> Params:
    """n independent estimates, side by side: every array of the result has a first axis of n."""
    validate.fitting(params, x, y)
    (_, B, n_x), n_h, n = x.shape, len(params.b), validate.size("n", n)
    h = np.zeros((B, n_h))
    s, r = np.zeros((n, B, n_h)), np.zeros((n, B, n_h, n_x + n_h + 1))  # s_i r_jk guesses ∂h_i/∂M_jk
    dM, dV, dc = np.zeros((n, n_h, n_x + n_h + 1)), np.zeros_like(params.V), np.zeros_like(params.c)
    for x_t, y_t in zip(x, y):
        z = np.concatenate([x_t, h, np.ones((B, 1))], axis=1)  # (B, n_z)
        h = np.tanh(h @ params.W.T + (x_t @ params.U.T + params.b))
        signs = rng.integers(0, 2, size=s.shape) * 2.0 - 1
        s, r = step(params, s, r, 1 - h**2, z, signs)
        dL_do = (model.sigmoid(h @ params.V.T + params.c) - y_t) / B  # (B, n_y)
        weight = (s * (dL_do @ params.V)).sum(axis=2)  # (n, B), Σ_i ∂L^(t)/∂h_i s_i
        dM += (weight[:, :, None, None] * r).sum(axis=1)
        dV += dL_do.T @ h
        dc += dL_do.sum(axis=0)
    dV, dc = (np.broadcast_to(array, (n, *array.shape)) for array in (dV, dc))
    return Params(dM[:, :, :n_x], dM[:, :, n_x:-1], dV, dM[:, :, -1], dc)


def step(params: Params, s: Array, r: Array, dh_da: Array, z: Array, signs: Array) -> tuple[Array, Array]:
    """s ← ρ₀ H W s + ρ₁ ν, r ← r / ρ₀ + (H ν) zᵀ / ρ₁: multiplied out, the mixed terms are 0 on average.

    The mean of ν νᵀ is the identity, so ν with H ν zᵀ gives the direct influence, and ν with all else gives nothing. ρ₀
    and ρ₁ change no mean; they make both factors equally long, which makes the mixed terms small.

    Parameters
    ----------
    s, signs : (n, B, n_h)
        r is (n, B, n_h, n_z); dh_da is (B, n_h); z is (B, n_z)
    """
    s = (s @ params.W.T) * dh_da
    direct = signs * dh_da  # (n, B, n_h)
    balance_past = _balance(_length(r, (2, 3)), _length(s, 2))  # ρ₀, (n, B)
    balance_now = _balance(_length(direct, 2) * _length(z, 1), _length(signs, 2))  # ρ₁
    s = balance_past[:, :, None] * s + balance_now[:, :, None] * signs
    r = r / balance_past[:, :, None, None]
    r += (direct / balance_now[:, :, None])[:, :, :, None] * z[:, None]
    return s, r


def _length(array: Array, axes: int | tuple) -> Array:
    return np.sqrt((array**2).sum(axis=axes))


def _balance(one: Array, other: Array) -> Array:
    """√(one / other), or 1 where either is 0 and there is nothing to balance."""
    both = (one > 0) & (other > 0)
    return np.sqrt(np.where(both, one, 1) / np.where(both, other, 1))
