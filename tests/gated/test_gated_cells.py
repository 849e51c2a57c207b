import copy

import numpy as np
import pytest
from cells import CELLS, cell_problems, make_cell_problem
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import disagreement

from bptt_lab import bptt, gated, gradcheck, model

PROBLEMS = st.sampled_from(["lstm", "gru"]).flatmap(
    lambda name: st.tuples(st.just(CELLS[name]), cell_problems(CELLS[name]))
)


@pytest.fixture(params=CELLS, name="cell")
def a_cell(request):
    return CELLS[request.param]


def agree_with_the_complex_step(drawn):
    cell, (params, x, y) = drawn
    grads = cell.backward(params, cell.forward(params, x), y)
    assert disagreement(grads, gradcheck.complex_step(params, x, y, cell.forward)) < 1e-12


ANY = given(PROBLEMS)
test_backward_agrees_with_the_complex_step = settings(max_examples=100)(ANY(agree_with_the_complex_step))
test_it_agrees_at_1_000_sizes = pytest.mark.ci(settings(max_examples=1_000)(ANY(agree_with_the_complex_step)))


@given(PROBLEMS)
def test_backward_agrees_with_central_differences(drawn):
    cell, (params, x, y) = drawn
    grads = cell.backward(params, cell.forward(params, x), y)
    assert disagreement(grads, gradcheck.central_differences(params, x, y, cell.forward), least=1e-3) < 1e-6


def problem_of(cell):
    """T, B, n_x, n_h and n_y all differ, so that a mixed-up axis shows."""
    return make_cell_problem(cell, np.random.default_rng(3), T=6, B=7, n_x=2, n_h=5, n_y=3)


def test_gradients_are_params_of_the_same_shapes(cell):
    params, x, y = problem_of(cell)
    grads = cell.backward(params, cell.forward(params, x), y)
    assert type(grads) is type(params)
    assert [grad.shape for grad in grads] == [array.shape for array in params]


def test_inputs_are_left_untouched(cell):
    params, x, y = problem_of(cell)
    trace = cell.forward(params, x)
    before = copy.deepcopy((params, trace, y))
    cell.backward(params, trace, y)
    for now, then in zip((*params, *trace, y), (*before[0], *before[1], before[2])):
        assert (now == then).all()


def test_a_run_can_be_cut_in_two(cell):
    params, x, _ = problem_of(cell)
    whole, first = cell.forward(params, x), cell.forward(params, x[:4])
    kept = (first.h[-1], first.s[-1]) if cell is gated.lstm else (first.h[-1],)
    second = cell.forward(params, x[4:], *kept)
    assert np.abs(np.concatenate([first.o, second.o]) - whole.o).max() < 1e-15


@pytest.mark.parametrize("t", [0, 2, 5])
def test_state_grads_agree_with_a_nudged_state(cell, t):
    """Nudge h^(t), and for the LSTM s^(t), and run the rest of the network from there."""
    params, x, y = problem_of(cell)
    trace = cell.forward(params, x)
    kept = [trace.h[t], trace.s[t]] if cell is gated.lstm else [trace.h[t]]
    stage = bptt.state_grads if cell is gated.plain else cell.state_grads
    dL_dh = stage(params, trace, bptt.output_grads(trace, y))

    def later(h_t, *s_t):
        loss = model.cross_entropy(h_t @ params.V.T + params.c, y[t]).sum() / len(h_t)
        return loss + (model.loss(cell.forward(params, x[t + 1 :], h_t, *s_t), y[t + 1 :]) if t < 5 else 0)

    assert gradcheck.relative_error(
        (dL_dh[0] if cell is gated.lstm else dL_dh)[t], gradcheck.derivative(lambda h_t: later(h_t, *kept[1:]), kept[0])
    ) < (1e-12)
    if cell is gated.lstm and t < 5:
        through_h = dL_dh[0][t] * trace.q[t] * (1 - np.tanh(trace.s[t]) ** 2)  # a nudge of s^(t) moves h^(t) too
        along = gradcheck.derivative(lambda s_t: later(kept[0], s_t), kept[1])
        assert gradcheck.relative_error(dL_dh[1][t], along + through_h) < 1e-12


def test_the_check_finds_planted_mistakes():
    """The forget gate of the wrong step; a reset gate forgotten on the way back."""
    params, x, y = problem_of(gated.lstm)
    trace = gated.lstm.forward(params, x)
    wrong = gated.lstm.backward(params, trace._replace(f=np.roll(trace.f, 1, axis=0)), y)
    assert gradcheck.relative_error(wrong, gradcheck.complex_step(params, x, y, gated.lstm.forward)) > 1e-3
    params, x, y = problem_of(gated.gru)
    trace = gated.gru.forward(params, x)
    wrong = gated.gru.backward(params, trace._replace(r=np.ones_like(trace.r)), y)
    assert gradcheck.relative_error(wrong, gradcheck.complex_step(params, x, y, gated.gru.forward)) > 1e-3


def test_gates_held_open_make_the_lstm_count():
    """By hand: i = f = q ≈ 1 and g = tanh(x): the cell adds up what it reads."""
    params = gated.lstm.Params(
        U=np.array([[0.0], [0.0], [1.0], [0.0]]),
        W=np.zeros((4, 1)),
        V=np.ones((1, 1)),
        b=np.array([40.0, 40.0, 0.0, 40.0]),
        c=np.zeros(1),
    )
    x = np.random.default_rng(0).uniform(-1, 1, (9, 3, 1))
    assert np.abs(gated.lstm.forward(params, x).s - np.tanh(x).cumsum(axis=0)).max() < 1e-14


def test_the_forget_bias_stands_where_the_forget_gate_is():
    params = gated.lstm.init_params(3, np.random.default_rng(0), forget_bias=2.5)
    trace = gated.lstm.forward(params._replace(U=0 * params.U, W=0 * params.W), np.zeros((1, 1, 2)))
    assert np.allclose(trace.f, 1 / (1 + np.exp(-2.5))) and np.allclose(trace.i, 0.5) and np.allclose(trace.q, 0.5)


def test_bad_input_is_refused_at_the_door(cell):
    params, x, y = problem_of(cell)
    with pytest.raises(ValueError, match=r"x must have shape \(T, B, 2\)"):
        cell.forward(params, x[:, :, :1])
    with pytest.raises(ValueError, match="y must have the shape of the outputs"):
        cell.backward(params, cell.forward(params, x), y[:, :, :1])
    with pytest.raises(ValueError, match="n_h must be 1 or larger"):
        cell.init_params(0, np.random.default_rng(0))
