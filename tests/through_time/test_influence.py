import numpy as np
import pytest

from bptt_lab import gradcheck, model, through_time
from bptt_lab.through_time import influence


def test_the_influence_is_the_total_derivative_of_the_state(problem):
    params, x, _ = problem
    h, J = influence.start(params, x.shape[1])
    for x_t in x[:4]:
        h, J = influence.step(params, h, J, x_t)

    def state(W):
        return model.forward(params._replace(W=W), x[:4]).h[3, 2, 1]

    n_x = params.U.shape[1]
    assert np.abs(J[2, 1, :, n_x:-1] - gradcheck.derivative(state, params.W)).max() < 1e-13


def test_memory_does_not_depend_on_t(problem):
    params, x, y = problem
    short, long = (
        through_time.costs.peak_bytes(through_time.rtrl, params, np.tile(x, (n, 1, 1)), np.tile(y, (n, 1, 1)))
        for n in (5, 50)
    )
    assert long < 1.5 * short


def test_online_learning_with_a_tiny_rate_sums_up_the_gradient(problem):
    """In the limit of a small learning rate the influence is that of the parameters at hand."""
    params, x, y = problem
    rate = 1e-9
    learned, o = through_time.learn_online(params, x, y, learning_rate=rate, max_norm=1e9)
    moved = model.Params(*((a - b) / rate for a, b in zip(params, learned)))
    assert gradcheck.relative_error(moved, through_time.rtrl(params, x, y)) < 1e-5
    assert np.abs(o - model.forward(params, x).o).max() < 1e-6


def test_online_learning_learns_a_stream():
    """Say the bit of two steps ago, along one stream of 6,000 bits without a reset."""
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, 6_002)
    x = np.stack([bits[2:], rng.integers(0, 2, 6_000)], axis=1)[:, None].astype(float)
    y = bits[:-2, None, None].astype(float)
    _, o = through_time.learn_online(model.init_params(6, rng, scale=0.5), x, y, learning_rate=0.1)
    right = ((o > 0) == (y > 0.5)).ravel()
    assert right[:40].mean() < 0.8 and right[-500:].mean() > 0.97


def test_bad_input_gets_one_line(problem):
    params, x, y = problem
    with pytest.raises(ValueError, match="x must be finite"):
        through_time.rtrl(params, x * np.inf, y)
    with pytest.raises(ValueError, match="W must be finite"):
        through_time.rtrl(params._replace(W=params.W * np.nan), x, y)
    with pytest.raises(ValueError, match="learning_rate must be positive"):
        through_time.learn_online(params, x, y, learning_rate=0)
    with pytest.raises(ValueError, match="max_norm must be positive"):
        through_time.learn_online(params, x, y, learning_rate=0.1, max_norm=0)
