import copy

import numpy as np
import pytest
from hypothesis import given
from problems import disagreement, problems

from bptt_lab import bptt, gradcheck, model


@given(problems())
def test_backward_agrees_with_the_complex_step(problem):
    params, x, y = problem
    grads = bptt.backward(params, model.forward(params, x), y)
    assert disagreement(grads, gradcheck.complex_step(params, x, y)) < 1e-12


@given(problems())
def test_backward_agrees_with_central_differences(problem):
    params, x, y = problem
    grads = bptt.backward(params, model.forward(params, x), y)
    assert disagreement(grads, gradcheck.central_differences(params, x, y), least=1e-3) < 1e-6


def test_a_mistake_in_a_gradient_that_all_but_vanishes_is_no_rounding(problem):
    params, x, y = problem
    params = params._replace(V=1e-5 * params.V)  # so that little comes back to the states
    right = bptt.backward(params, model.forward(params, x), y)
    assert np.abs(right.U).max() < 1e-3 * np.abs(right.c).max()
    for wrong in (right._replace(U=-right.U), right._replace(W=right.W.T)):
        assert disagreement(wrong, right, least=1e-3) > 1e-5


@given(problems())
def test_state_grads_agree_with_a_nudged_state(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    dL_dh = bptt.state_grads(params, trace, bptt.output_grads(trace, y))
    assert gradcheck.relative_error(dL_dh, gradcheck.state_grads(params, x, y)) < 1e-12


def test_gradients_hold_for_a_network_that_is_sure_of_itself():
    """Logits of ±40: a sigmoid that cancels, or a loss that overflows, would show here."""
    rng = np.random.default_rng(0)
    params = model.init_params(4, rng)
    params = params._replace(V=40 * params.V, b=rng.normal(size=4))
    x, y = rng.integers(0, 2, (6, 3, 2)).astype(float), rng.integers(0, 2, (6, 3, 1)).astype(float)
    grads = bptt.backward(params, model.forward(params, x), y)
    assert gradcheck.relative_error(grads, gradcheck.complex_step(params, x, y)) < 1e-12


def test_inputs_are_left_untouched(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    before = copy.deepcopy((params, trace, y))
    bptt.backward(params, trace, y)
    for now, then in zip((*params, *trace, y), (*before[0], *before[1], before[2])):
        assert (now == then).all()


def test_gradients_are_params_of_the_same_shapes(problem):
    params, x, y = problem
    grads = bptt.backward(params, model.forward(params, x), y)
    assert isinstance(grads, model.Params)
    assert [g.shape for g in grads] == [p.shape for p in params]


def test_targets_of_another_shape_are_refused(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    with pytest.raises(ValueError, match=r"shape of the outputs, \(8, 7, 3\), got \(8, 7, 1\)"):
        bptt.backward(params, trace, y[:, :, :1])
    with pytest.raises(ValueError, match="y must be finite"):
        bptt.backward(params, trace, y * np.nan)
