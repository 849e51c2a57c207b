import numpy as np
import pytest

from bptt_lab import bptt, gradcheck, model, through_time


def test_a_window_of_one_lets_no_error_travel(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    dL_do = bptt.output_grads(trace, y)
    alone = bptt.param_grads(trace, dL_do, dL_do @ params.V)
    assert gradcheck.relative_error(through_time.truncated_backward(params, trace, y, 1), alone) < 1e-14


def test_no_window_changes_what_the_outputs_say(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    near, whole = through_time.truncated_backward(params, trace, y, 2), bptt.backward(params, trace, y)
    assert (near.V == whole.V).all() and (near.c == whole.c).all()
    assert gradcheck.relative_error(near.W, whole.W) > 1e-3


def test_a_window_is_that_of_a_network_cut_in_pieces():
    """What an error says within its window is what the whole gradient says of a network that began there."""
    rng = np.random.default_rng(0)
    params = model.init_params(5, rng)
    x, y = rng.normal(size=(9, 4, 2)), rng.integers(0, 2, (9, 4, 1)).astype(float)
    trace = model.forward(params, x)
    total = [np.zeros_like(array) for array in params]
    for s in range(9):  # the error of step s alone, over the 3 steps that end there
        begin = max(s - 2, 0)
        part = model.forward(params, x[begin : s + 1], h_0=trace.h_prev[begin])
        dL_do = bptt.output_grads(part, y[begin : s + 1])
        dL_do[:-1] = 0
        one = bptt.param_grads(part, dL_do, bptt.state_grads(params, part, dL_do))
        for sum_, array in zip(total, one):
            sum_ += array
    assert gradcheck.relative_error(model.Params(*total), through_time.truncated_backward(params, trace, y, 3)) < 1e-13


def test_bad_windows_get_one_line(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    with pytest.raises(ValueError, match="window must be 1 or larger, got 0: choose a larger one"):
        through_time.truncated_backward(params, trace, y, 0)
    with pytest.raises(TypeError, match=r"window must be an integer, got 2.5"):
        through_time.truncated_backward(params, trace, y, 2.5)
    with pytest.raises(ValueError, match="every must be at most window = 2, got 3: or some errors are never heard"):
        through_time.truncated_backward(params, trace, y, 2, every=3)
    with pytest.raises(ValueError, match="y must be finite"):
        through_time.truncated_backward(params, trace, y * np.nan, 2)
    with pytest.raises(ValueError, match="window must be 1 or larger"):
        through_time.chunked_backward(params, x, y, 0)
