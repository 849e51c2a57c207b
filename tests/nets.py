"""Networks for the tests: an exact adder written by hand, and many of varied quality."""

from functools import cache

import numpy as np

from bptt_lab import model, training
from bptt_lab.model import Params


def hand_built(gain: float = 24.0) -> Params:
    """Unit i is on if x1 + x2 + carry >= i + 1; so unit 1 is the carry, and the sum bit is on - on + on.

    x1 + x2 + 0.6 h_1 > i + 0.2 says this for h_1 = -1 (no carry), h_1 = 0 (the start) and h_1 = 1 (a carry) alike.
    """
    U = np.full((3, 2), gain)
    W = np.array([[0, 0.6 * gain, 0]] * 3)
    return Params(U, W, V=np.array([[4.0, -4.0, 4.0]]), b=-gain * np.array([0.2, 1.2, 2.2]), c=np.zeros(1))


def two_units(gain: float = 24.0, slope: float = 0.05) -> Params:
    """Unit 0 is the new carry; unit 1 grows with x1 + x2 + h_0 / 2, and the sum bit is what the carry leaves of it."""
    U = np.array([[gain, gain], [slope, slope]])
    W = np.array([[0.6 * gain, 0], [slope / 2, 0]])
    b = np.array([-1.2 * gain, -1.25 * slope])
    return Params(U, W, V=np.array([[-16.0, 16 / slope]]), b=b, c=np.zeros(1))


def forgetful():
    """Without its carry: 1 + 1 is 00, and every later bit as if nothing had been carried."""
    params = hand_built()
    return params._replace(W=0 * params.W)


@cache
def trained(n_h: int, seed: int, n_steps: int = 2_500) -> Params:
    rng = np.random.default_rng(seed)
    params = model.init_params(n_h, rng)
    return training.train(params, rng=rng, n_steps=n_steps, learning_rate=0.3, batch_size=16)[0]


def perturbed(params: Params, noise: float, rng: np.random.Generator) -> Params:
    return Params(*(array + noise * rng.standard_normal(array.shape) for array in params))
