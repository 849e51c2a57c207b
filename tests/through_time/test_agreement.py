"""All algorithms give one gradient, at random sizes; and each mistake planted in one of them is found."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import disagreement, make_problem, problems

from bptt_lab import bptt, gradcheck, model, through_time
from bptt_lab.through_time import checkpointed, influence, truncated


def errors(params, x, y, budget, every):
    """The relative error of each algorithm against `bptt`, and of the band of the credit table against truncation."""
    trace = model.forward(params, x)
    T, window = len(x), max(1, len(x) // 2)
    grads, dL_do = bptt.backward(params, trace, y), bptt.output_grads(trace, y)
    table = through_time.credit(params, trace, y)
    every = min(every, window)
    s, t = np.arange(T)[:, None], np.arange(T)
    near = t >= (s // every + 1) * every - window  # what the docstring says of `every`
    chunked = through_time.truncated_backward(params, trace, y, window, window)
    pairs = {
        "credit": (table.sum(axis=0), bptt.state_grads(params, trace, dL_do)),
        "credit above the diagonal": (table * (t > s)[:, :, None, None], 0 * table),
        "truncated, whole": (through_time.truncated_backward(params, trace, y, T), grads),
        "truncated, chunk of T": (through_time.truncated_backward(params, trace, y, T + 3, T + 3), grads),
        "truncated, band": (
            truncated.truncated_state_grads(params, trace, dL_do, window, every),
            (table * near[:, :, None, None]).sum(axis=0),
        ),
        "chunked": (through_time.chunked_backward(params, x, y, window), chunked),
        "checkpointed": (through_time.checkpointed_backward(params, x, y), grads),
        "checkpointed, budget": (through_time.checkpointed_backward(params, x, y, budget), grads),
        "rtrl": (through_time.rtrl(params, x, y), grads),
    }
    return {name: disagreement(*pair) for name, pair in pairs.items()}


def agree(problem, budget, every):
    found = errors(*problem, budget, every)
    assert max(found.values()) < 1e-10 and found["checkpointed, budget"] < 1e-12


ANY = given(problems(), st.integers(2, 14), st.integers(1, 6))
test_all_agree = settings(max_examples=100)(ANY(agree))
test_all_agree_at_1_000_sizes = pytest.mark.ci(settings(max_examples=1_000)(ANY(agree)))


@given(problems())
def test_rtrl_agrees_with_the_complex_step(problem):
    """Another judge, that knows nothing of `bptt`."""
    assert disagreement(through_time.rtrl(*problem), gradcheck.complex_step(*problem)) < 1e-11


@given(problems())
def test_credit_agrees_with_a_nudged_state(problem):
    """∂L^(T)/∂h^(t): only the last bit's loss, as a function of each state."""
    params, x, y = problem
    trace, T = model.forward(params, x), len(x)

    def last_loss(t, h_t):
        o = h_t @ params.V.T + params.c if t == T - 1 else model.forward(params, x[t + 1 :], h_0=h_t).o[-1]
        return model.cross_entropy(o, y[-1]).sum() / len(h_t)

    table = through_time.credit(params, trace, y)
    numeric = np.array([gradcheck.derivative(lambda h_t, t=t: last_loss(t, h_t), trace.h[t]) for t in range(T)])
    assert gradcheck.relative_error(table[-1], numeric) < 1e-11


def wrong_step(change):
    """`influence.step` with one slip."""

    def step(params, h_prev, J, x_t):
        h, right = influence_step(params, h_prev, J, x_t)
        return h, change(params, h_prev, h, J, x_t, right)

    return step


influence_step, backward_from, state_grads = (
    influence.step,
    checkpointed.backward_from,
    truncated.truncated_state_grads,
)


def direct(h, h_prev, x_t):
    """What `influence.step` adds beside the influence of the step before."""
    z = np.concatenate([x_t, h_prev, np.ones((len(h), 1))], axis=1)
    return (1 - h**2)[:, :, None, None] * np.eye(h.shape[1])[:, :, None] * z[:, None, None]


SLIPS = {
    "slope missing": lambda p, h_prev, h, J, x_t, right: right / (1 - h**2)[:, :, None, None],
    "immediate term missing": lambda p, h_prev, h, J, x_t, right: right - direct(h, h_prev, x_t),
    "influence of the past missing": lambda p, h_prev, h, J, x_t, right: direct(h, h_prev, x_t),
    "new state in z": lambda p, h_prev, h, J, x_t, right: right - direct(h, h_prev, x_t) + direct(h, h, x_t),
    "Wᵀ": lambda p, h_prev, h, J, x_t, right: influence_step(p._replace(W=p.W.T), h_prev, J, x_t)[1],
}


@pytest.fixture
def sizes():
    return make_problem(np.random.default_rng(3), T=8, B=7, n_x=2, n_h=5, n_y=3)


def found(problem):
    return {name for name, error in errors(*problem, budget=3, every=2).items() if not error < 1e-10}


def test_nothing_is_found_where_nothing_is_planted(sizes):
    assert found(sizes) == set()


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_rtrl_is_found(monkeypatch, sizes, slip):
    monkeypatch.setattr(influence, "step", wrong_step(SLIPS[slip]))
    assert found(sizes) == {"rtrl"}


def test_a_state_lost_at_a_checkpoint_is_found(monkeypatch, sizes):
    monkeypatch.setattr(checkpointed, "last_state", lambda params, x, h: np.zeros_like(h))
    assert found(sizes) == {"checkpointed", "checkpointed, budget"}


def test_a_gradient_lost_at_a_checkpoint_is_found(monkeypatch, sizes):
    monkeypatch.setattr(
        checkpointed, "backward_from", lambda params, trace, y, later: backward_from(params, trace, y, 0.0)
    )
    assert found(sizes) == {"checkpointed", "checkpointed, budget"}


def test_a_window_off_by_one_is_found(monkeypatch, sizes):
    monkeypatch.setattr(
        truncated, "truncated_state_grads", lambda *args: state_grads(*args[:3], args[3] + 1, *args[4:])
    )
    assert "truncated, band" in found(sizes)


def test_a_chunk_that_forgets_the_state_is_found(monkeypatch, sizes):
    forward = model.forward
    monkeypatch.setattr(model, "forward", lambda params, x, h_0=0.0: forward(params, x))
    assert "chunked" in found(sizes)


def test_slopes_of_the_wrong_step_are_found(sizes):
    """In the credit table, which nothing else computes in the same way."""
    params, x, y = sizes
    trace = model.forward(params, x)
    shifted = trace._replace(h=np.roll(trace.h, 1, axis=0))
    right = bptt.state_grads(params, trace, bptt.output_grads(trace, y))
    assert gradcheck.relative_error(through_time.credit(params, trace, y).sum(axis=0), right) < 1e-12
    assert gradcheck.relative_error(through_time.credit(params, shifted, y).sum(axis=0), right) > 0.01
