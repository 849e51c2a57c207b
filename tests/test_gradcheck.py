import numpy as np
import pytest
from problems import make_problem

from bptt_lab import bptt, gradcheck, model
from bptt_lab.model import Params


def test_both_methods_know_a_derivative_from_the_textbook():
    at = np.array([[0.3, -1.2], [0.0, 2.0]])
    for method, tolerance in [(gradcheck.derivative, 1e-15), (gradcheck.central_difference, 1e-9)]:
        assert np.abs(method(lambda z: np.sum(np.sin(z) * z), at) - (np.sin(at) + at * np.cos(at))).max() < tolerance


def test_the_two_methods_agree_without_back_propagation(problem):
    exact, approximate = gradcheck.complex_step(*problem), gradcheck.central_differences(*problem)
    assert 0 < gradcheck.relative_error(exact, approximate) < 1e-8


def transpose_missing(params, trace, y):
    dL_do = bptt.output_grads(trace, y)
    return bptt.param_grads(trace, dL_do, bptt.state_grads(params._replace(W=params.W.T), trace, dL_do))


def no_recurrence(params, trace, y):
    dL_do = bptt.output_grads(trace, y)
    return bptt.param_grads(trace, dL_do, dL_do @ params.V)


def wrong_sign(params, trace, y):
    return Params(*(-g for g in bptt.backward(params, trace, y)))


def one_bias_entry_off(params, trace, y):
    grads = bptt.backward(params, trace, y)
    grads.b[-1] *= 1 + 1e-9
    return grads


@pytest.mark.parametrize("wrong", [transpose_missing, no_recurrence, wrong_sign, one_bias_entry_off])
def test_a_planted_mistake_is_found(problem, wrong):
    params, x, y = problem
    grads = wrong(params, model.forward(params, x), y)
    assert gradcheck.relative_error(grads, gradcheck.complex_step(params, x, y)) > 1e-12


def test_a_symmetric_W_would_hide_the_missing_transpose():
    params, x, y = make_problem(np.random.default_rng(0), T=5, B=2, n_x=2, n_h=4, n_y=1)
    params = params._replace(W=params.W + params.W.T)
    grads = transpose_missing(params, model.forward(params, x), y)
    assert gradcheck.relative_error(grads, gradcheck.complex_step(params, x, y)) < 1e-12


def test_relative_error_is_the_worst_of_the_five_and_zero_for_zeros(problem):
    params, _, _ = problem
    assert gradcheck.relative_error(params, params) == 0
    assert gradcheck.relative_error(np.zeros(3), np.zeros(3)) == 0
    off = params._replace(c=params.c * 1.5)
    assert gradcheck.relative_error(off, params) == pytest.approx(1 / 3)
    assert gradcheck.relative_error(np.array([1.0]), np.array([-1.0])) == 2
    assert np.isnan(gradcheck.relative_error(np.array([np.nan, 1.0]), np.ones(2)))
    with pytest.raises(ValueError, match=r"one shape, got \(3,\) and \(4,\)"):
        gradcheck.relative_error(np.zeros(3), np.zeros(4))


def test_nudging_leaves_the_parameters_alone(problem):
    params, x, y = problem
    copies = [p.copy() for p in params]
    gradcheck.complex_step(params, x, y)
    gradcheck.central_differences(params, x, y)
    assert all((p == q).all() for p, q in zip(params, copies))


def test_parameters_that_do_not_fit_are_named(problem):
    params, x, y = problem
    with pytest.raises(ValueError, match=r"W must have shape \(5, 5\) to fit U and V, got \(4, 5\)"):
        gradcheck.complex_step(params._replace(W=params.W[1:]), x, y)
    with pytest.raises(TypeError, match="must be a Params of five arrays"):
        gradcheck.complex_step(params.U, x, y)
