import itertools

import numpy as np
import pytest
from hypothesis import given
from problems import make_problem, problems

from bptt_lab import bptt, data, gradcheck, model, report, training
from bptt_lab.model import Params
from bptt_lab.report import AS_PRINTED, CORRECT, Quirks

RATE = 0.3


def same_bits(a, b):
    return all((p == q).all() for p, q in zip(a, b))


def one(name):
    return Quirks(**{name: True})


@given(problems())
def test_with_every_switch_off_a_step_is_that_of_training_to_the_last_bit(problem):
    params, x, y = problem
    expected, _ = training.sgd(params, x, y, RATE, batch_size=x.shape[1])
    assert same_bits(report.step(params, x, y, RATE, CORRECT), expected)


def listing(params, x, y, learning_rate, on):
    """The six behaviours written out in loops, one sum and one step at a time, in the words of the audit."""
    (T, B, _), n_y, n_h = x.shape, y.shape[2], len(params.b)
    trace = model.forward(params, x)
    slope = 1 - trace.h**2
    if on.slope_averaged_over_batch:
        slope = np.repeat(slope.mean(axis=1, keepdims=True), B, axis=1)
    error = (trace.y_hat - y) / (n_y if on.divided_by_outputs else B)
    U, W, V, b, c = (np.zeros_like(p) for p in params)
    for k in range(B):
        grad = np.zeros(n_h)  # ∂L/∂a of the step after
        for t in reversed(range(T)):
            grad = (params.V.T @ error[t, k] + params.W.T @ grad) * slope[t, k]
            V += np.outer(error[t, k], trace.h[t, k])
            c += error[t, k].sum() if on.output_bias_summed_over_all else error[t, k]
            b += grad
            if t > 0 or not on.first_step_left_out:
                U += np.outer(grad, x[t, k])
                W += np.outer(grad, trace.h_prev[t, k])
    stepped = training.sgd_step(params, Params(U, W, V, b, c), learning_rate)
    return stepped._replace(b=(1 - learning_rate) * b) if on.bias_overwritten else stepped


@pytest.mark.parametrize("on", [CORRECT, AS_PRINTED, *map(one, Quirks._fields)], ids=str)
def test_a_step_does_what_the_listing_does_and_so_does_its_compiled_twin(problem, on):
    params, x, y = problem
    expected = listing(params, x, y, RATE, on)
    assert gradcheck.relative_error(report.step(params, x, y, RATE, on), expected) < 1e-13
    compiled, _ = report.sgd(params, x, y, RATE, x.shape[1], on)
    assert gradcheck.relative_error(compiled, expected) < 1e-13


def test_all_pairs_of_switches_agree_with_the_compiled_twin(problem):
    params, x, y = problem
    for names in itertools.combinations(Quirks._fields, 2):
        on = Quirks(**dict.fromkeys(names, True))
        x, y = x[:, :6], y[:, :6]
        ours, o = report.sgd(params, x, y, RATE, 3, on, by=training.sgd)
        compiled, o_compiled = report.sgd(params, x, y, RATE, 3, on)
        assert gradcheck.relative_error(ours, compiled) < 1e-12
        assert np.allclose(o, o_compiled, rtol=1e-12)


@pytest.mark.parametrize("name", Quirks._fields)
def test_which_switches_bite_at_which_size(name):
    changes = {}
    for sizes in ((1, 1), (6, 1), (6, 3)):
        B, n_y = sizes
        params, x, y = make_problem(np.random.default_rng(1), T=5, B=B, n_x=2, n_h=4, n_y=n_y)
        moved, right = report.step(params, x, y, RATE, one(name)), report.step(params, x, y, RATE, CORRECT)
        changes[sizes] = gradcheck.relative_error(moved, right) > 1e-6
    at_batch_1 = name in ("bias_overwritten", "first_step_left_out")
    at_batch_6 = at_batch_1 or name in ("slope_averaged_over_batch", "divided_by_outputs")
    assert changes == {(1, 1): at_batch_1, (6, 1): at_batch_6, (6, 3): name != "loss_halved"}


def test_the_loss_shown_is_half(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    assert report.loss(trace, y) == model.loss(trace, y) / 2
    assert report.loss(trace, y, CORRECT) == model.loss(trace, y)


def test_gradients_leave_the_trace_alone(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    copies = [array.copy() for array in trace]
    report.gradients(params, trace, y)
    assert same_bits(trace, copies)
    assert gradcheck.relative_error(report.gradients(params, trace, y, CORRECT), bptt.backward(params, trace, y)) == 0


def test_a_seed_of_many_equals_the_seed_alone():
    together = report.seed_runs(range(3), AS_PRINTED, n_steps=1_500)
    rng = np.random.default_rng(2)
    params, history = report.train(model.init_params(16, rng), rng=rng, n_steps=1_500)
    digits = model.digit_accuracy(model.forward(params, data.all_sums()[0]), data.all_sums()[1])
    assert together.shape == (3, 2)
    assert together[2].tolist() == [history.correct_digits[-1_000:].mean(), (digits < 8).sum()]


@pytest.mark.parametrize("n_h, n_bits, high", [(1, 8, 127), (6, 8, 127), (16, 8, 127), (4, 5, 16), (3, 4, 3)])
def test_all_sums_by_their_low_bits_are_all_sums_one_by_one(n_h, n_bits, high):
    params = with_biases(n_h)
    x, y = data.all_sums(n_bits, high)
    one_by_one = model.digit_accuracy(model.forward(params, x), y)
    assert (report.right_bits_of_all_sums(params, n_bits, high) == one_by_one).all()


def test_a_mistake_in_any_parameter_or_in_the_order_of_addends_would_be_seen():
    params = with_biases(6)
    right = report.right_bits_of_all_sums(params)
    assert len(np.unique(right)) > 4
    for name, array in params._asdict().items():
        assert (report.right_bits_of_all_sums(params._replace(**{name: array + 0.1})) != right).any(), name
    swapped = report.right_bits_of_all_sums(params._replace(U=params.U[:, ::-1]))
    assert (swapped != right).any() and (swapped.reshape(127, 127).T.ravel() == right).all()


def with_biases(n_h):
    rng = np.random.default_rng(n_h)
    return Params(*(rng.normal(size=array.shape) for array in model.init_params(n_h, rng)))


def test_a_seed_that_diverges_is_told_by_its_error():
    with pytest.raises(FloatingPointError, match="not finite at step"):
        report.seed_runs(range(2), CORRECT, n_steps=50, learning_rate=1e308)


def test_the_settings_are_those_of_train():
    defaults = training.train.__kwdefaults__
    assert {name: defaults[name] for name in report.SETTINGS} == report.SETTINGS


@pytest.mark.slow
def test_the_stored_table_holds_what_the_code_gives():
    stored = report.TABLE.read_text(encoding="utf-8").splitlines()
    assert len(stored) == 1 + 200 * len(report.VARIANTS)
    for line in report.table(range(2)):
        assert line in stored
