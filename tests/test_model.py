import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from problems import problems

from bptt_lab import data, model


@given(problems())
def test_forward_is_the_equations_one_sequence_and_one_step_at_a_time(problem):
    params, x, _ = problem
    trace = model.forward(params, x)
    for i in range(x.shape[1]):
        h = np.zeros(len(params.b))
        for t in range(len(x)):
            assert np.allclose(trace.h_prev[t, i], h, rtol=0, atol=1e-14)
            h = np.tanh(params.b + params.W @ h + params.U @ x[t, i])
            o = params.c + params.V @ h
            assert np.allclose(trace.h[t, i], h, rtol=0, atol=1e-14)
            assert np.allclose(trace.o[t, i], o, rtol=0, atol=1e-13)
            assert np.allclose(trace.y_hat[t, i], 1 / (1 + np.exp(-o)), rtol=0, atol=1e-14)


@given(problems())
def test_loss_is_the_cross_entropy_of_the_probabilities(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    written_out = -(y * np.log(trace.y_hat) + (1 - y) * np.log(1 - trace.y_hat)).sum() / x.shape[1]
    assert model.loss(trace, y) == pytest.approx(written_out, rel=1e-12)


@given(problems(), st.data())
def test_a_run_can_be_resumed_from_any_state(problem, draw):
    params, x, _ = problem
    whole = model.forward(params, x)
    t = draw.draw(st.integers(0, len(x) - 1))
    rest = model.forward(params, x[t:], h_0=whole.h_prev[t])
    assert np.allclose(rest.o, whole.o[t:], rtol=0, atol=1e-13)


@given(problems(), st.data())
def test_no_output_depends_on_a_later_input(problem, draw):
    params, x, _ = problem
    t = draw.draw(st.integers(0, len(x) - 1))
    changed = x.copy()
    changed[t] += 1
    before, after = model.forward(params, x).o, model.forward(params, changed).o
    assert np.allclose(before[:t], after[:t], rtol=0, atol=1e-13)
    assert not np.allclose(before[t], after[t], rtol=0, atol=1e-13) or np.abs(params.U).max() < 1e-3


@given(st.floats(-1e308, 1e308))
def test_sigmoid_and_softplus_keep_their_digits_and_never_overflow(o):
    with np.errstate(all="raise", under="ignore"), mpmath.workdps(50):
        exact = mpmath.mpf(o)
        assert float(model.sigmoid(np.float64(o))) == pytest.approx(float(1 / (1 + mpmath.exp(-exact))), rel=1e-14)
        assert float(model.softplus(np.float64(o))) == pytest.approx(float(mpmath.log1p(mpmath.exp(exact))), rel=1e-14)


def test_loss_of_a_hopeless_and_of_a_certain_answer():
    trace = model.Trace(*[np.zeros((1, 1, 1))] * 3, o=np.array([[[-800.0]]]), y_hat=np.array([[[0.0]]]))
    assert model.loss(trace, np.array([[[1.0]]])) == 800.0
    assert model.loss(trace, np.array([[[0.0]]])) == 0.0


def test_digit_accuracy_counts_the_bits_of_each_sum():
    x, y = data.encode_sums([5, 126, 0], [3, 126, 0])
    trace = model.forward(model.init_params(4, np.random.default_rng(0)), x)
    certain = trace._replace(o=20 * y - 10)
    certain.o[2:4, 1] *= -1
    assert model.digit_accuracy(certain, y).tolist() == [8, 6, 8]


def test_parameters_start_in_the_report_s_range():
    params = model.init_params(16, np.random.default_rng(0))
    assert [p.shape for p in params] == [(16, 2), (16, 16), (1, 16), (16,), (1,)]
    assert 0.9 < np.abs(params.W).max() < 1 and abs(params.W.mean()) < 0.15
    assert not params.b.any() and not params.c.any()
    assert np.abs(model.init_params(16, np.random.default_rng(0), scale=0.1).W).max() < 0.1


def test_bad_input_gets_one_clear_line(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    nan = x.copy()
    nan[1, 1, 1] = np.nan
    cases = [
        (lambda: model.init_params(0, np.random.default_rng(0)), ValueError, "n_h must be 1 or larger, got 0"),
        (lambda: model.init_params(2.5, np.random.default_rng(0)), TypeError, "n_h must be an integer, got 2.5"),
        (lambda: model.init_params(2, np.random.default_rng(0), scale=np.nan), ValueError, "scale must be positive"),
        (lambda: model.init_params(2, 0), TypeError, r"got 0: use np.random.default_rng\(0\)"),
        (lambda: model.forward(params, x[0]), ValueError, r"shape \(T, B, 2\) to fit U, got \(7, 2\)"),
        (lambda: model.forward(params, x[:0]), ValueError, r"shape \(T, B, 2\) to fit U, got \(0, 7, 2\)"),
        (lambda: model.forward(params, nan), ValueError, "x must be finite"),
        (lambda: model.loss(trace, y[:, :, :1]), ValueError, r"shape of the outputs, \(8, 7, 3\), got \(8, 7, 1\)"),
        (lambda: model.loss(trace, y * np.nan), ValueError, "y must be finite"),
        (lambda: model.digit_accuracy(trace, y[0]), ValueError, "shape of the outputs"),
    ]
    for call, error, message in cases:
        with pytest.raises(error, match=message) as raised:
            call()
        assert "\n" not in str(raised.value)
