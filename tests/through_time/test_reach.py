import numpy as np
import pytest
from hypothesis import given
from problems import problems

from bptt_lab import gradcheck, model, through_time
from bptt_lab.through_time import reach


@given(problems())
def test_jacobians_agree_with_a_nudged_state(problem):
    params, x, _ = problem
    if len(x) < 2:
        return
    trace = model.forward(params, x)
    J, t, k, i = through_time.jacobians(params, trace), len(x) // 2, x.shape[1] - 1, params.b.size - 1
    row = gradcheck.derivative(lambda h: model.forward(params, x[t : t + 1], h_0=h).h[0, k, i], trace.h_prev[t])
    assert J.shape == (len(x) - 1, x.shape[1], params.b.size, params.b.size)
    assert np.abs(J[t - 1, k, i] - row[k]).max() < 1e-12
    assert np.abs(np.delete(row, k, axis=0)).sum() == 0  # sequences of a batch do not hear of each other


def test_a_transposed_jacobian_is_not_the_jacobian(problem):
    params, x, _ = problem
    trace = model.forward(params, x)
    row = gradcheck.derivative(lambda h: model.forward(params, x[3:4], h_0=h).h[0, 0, 1], trace.h_prev[3])[0]
    J = through_time.jacobians(params, trace)[2, 0]
    assert np.abs(J[1] - row).max() < 1e-12 and np.abs(J[:, 1] - row).max() > 0.01


def test_products_carry_the_last_error_back(problem):
    """∂L^(T)/∂h^(T-k) = (∂h^(T)/∂h^(T-k))ᵀ ∂L^(T)/∂h^(T)."""
    params, x, y = problem
    trace = model.forward(params, x)
    last = through_time.credit(params, trace, y)[-1]  # (T, B, n_h)
    carried = np.einsum("kbij,bi->kbj", through_time.products(params, trace), last[-1])
    assert np.abs(carried[::-1] - last).max() < 1e-14


def test_the_norm_is_that_of_the_longest_image():
    rng = np.random.default_rng(0)
    M, v = rng.normal(size=(5, 5)), rng.normal(size=(5, 10_000))
    stretched = (np.linalg.norm(M @ v, axis=0) / np.linalg.norm(v, axis=0)).max()
    assert 0.98 * reach.matrix_norm(M) < stretched <= reach.matrix_norm(M)


def test_the_spectral_radius_is_what_was_asked_for():
    params = model.init_params(6, np.random.default_rng(1))
    scaled = through_time.with_spectral_radius(params, 0.7)
    assert abs(through_time.spectral_radius(scaled.W) - 0.7) < 1e-12
    assert (scaled.U == params.U).all()
    rotation = np.array([[0.0, -2.0], [2.0, 0.0]])  # eigenvalues ±2i: the real parts are 0
    assert abs(through_time.spectral_radius(rotation) - 2) < 1e-12


def test_bad_input_gets_one_line(problem):
    params, x, y = problem
    one_step = model.forward(params, x[:1])
    for function in (through_time.jacobians, through_time.products):
        with pytest.raises(ValueError, match=r"needs two states, got a trace of T = 1: run the network for two"):
            function(params, one_step)
    assert through_time.credit(params, one_step, y[:1]).shape == (1, 1, 7, 5)  # a table of one error and one state
    with pytest.raises(ValueError, match="y must be finite"):
        through_time.credit(params, model.forward(params, x), y * np.nan)
    with pytest.raises(ValueError, match="radius must be positive"):
        through_time.with_spectral_radius(params, 0)
    with pytest.raises(ValueError, match=r"got ρ\(W\) = 0: draw another"):
        through_time.with_spectral_radius(params._replace(W=np.zeros((5, 5))), 1)
