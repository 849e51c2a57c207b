import numpy as np
import pytest
from hypothesis import given
from layers import LAYERS, layer_problems, make_layer_problem
from problems import disagreement

from bptt_lab import gated, gradcheck, model
from bptt_lab.gated import distance
from bptt_lab.paths import attention, learning, mingru, scan


def backward(layer, params, x, y):
    trace = layer.forward(params, x)
    return layer.backward(params, trace, (model.sigmoid(trace.o) - y) / y.shape[1])


@given(layer_problems())
def test_backward_agrees_with_the_complex_step(drawn):
    layer, params, x, y = drawn
    assert disagreement(backward(*drawn), gradcheck.complex_step(params, x, y, layer.forward), least=1e-6) < 1e-11


@given(layer_problems())
def test_backward_agrees_with_central_differences(drawn):
    layer, params, x, y = drawn
    assert disagreement(backward(*drawn), gradcheck.central_differences(params, x, y, layer.forward), least=1e-3) < 1e-6


def test_the_complex_step_finds_planted_mistakes():
    params, x, y = make_layer_problem(attention, np.random.default_rng(3), 6, 7, 2, 5, 3)
    exact, right = gradcheck.complex_step(params, x, y, attention.forward), backward(attention, params, x, y)
    trace = attention.forward(params, x)
    wrong = attention.backward(params, trace._replace(p=np.roll(trace.p, 1, axis=0)), (model.sigmoid(trace.o) - y) / 7)
    assert gradcheck.relative_error(right, exact) < 1e-12 and gradcheck.relative_error(wrong, exact) > 1e-2
    params, x, y = make_layer_problem(mingru, np.random.default_rng(3), 6, 7, 2, 5, 3)
    exact, trace = gradcheck.complex_step(params, x, y, mingru.forward), mingru.forward(params, x)
    for wrong in (trace._replace(h_prev=trace.h), trace._replace(z=np.roll(trace.z, 1, axis=0))):
        grads = mingru.backward(params, wrong, (model.sigmoid(trace.o) - y) / 7)
        assert gradcheck.relative_error(grads, exact) > 1e-2


def test_it_is_a_gru_whose_state_is_cut_off_from_gate_and_candidate():
    """With W = 0 and a candidate so small that tanh leaves it as it is, the GRU of notebook 12 does the same."""
    params, x, _ = make_layer_problem(mingru, np.random.default_rng(0), 12, 5, 2, 4, 3)
    small = params._replace(U=params.U * np.repeat([1, 1e-5], 4)[:, None], b=params.b * np.repeat([1, 1e-5], 4))
    (U_z, U_g), (b_z, b_g) = np.split(small.U, 2), np.split(small.b, 2)
    U, b = np.concatenate([0 * U_z, U_z, U_g]), np.concatenate([0 * b_z, b_z, b_g])  # the GRU's order is r, z, g
    gru = gated.gru.Params(U, np.zeros((12, 4)), small.V, b, small.c)
    ours, theirs = mingru.forward(small, x), gated.gru.forward(gru, x)
    assert np.allclose(ours.h, theirs.h, rtol=1e-8, atol=0) and np.allclose(ours.z, theirs.z, rtol=1e-14)


def test_the_state_is_the_loop():
    params, x, _ = make_layer_problem(mingru, np.random.default_rng(0), 30, 5, 2, 4, 3)
    trace = mingru.forward(params, x)
    h = scan.loop(trace.z, (1 - trace.z) * trace.g)
    assert np.allclose(trace.h, h, rtol=1e-12, atol=1e-14) and not trace.h_prev[0].any()
    assert (trace.h_prev[1:] == trace.h[:-1]).all()


def test_fit_does_what_the_training_of_cells_does():
    """The plain network by both: the same losses and parameters, though the last steps alone are asked here."""

    class Plain:
        forward = staticmethod(gated.plain.forward)

        @staticmethod
        def backward(params, trace, dL_do):
            return gated.plain.backward(params, trace, np.zeros_like(dL_do), lambda *_: dL_do)

    x, y = distance.sample(6, 80, np.random.default_rng(1))
    params, weight = gated.plain.init_params(5, np.random.default_rng(0)), distance.last_step(7)
    how = {"batch_size": 16, "weight": weight, "learning_rates": 0.01}
    ours, _, losses = learning.fit(Plain, params, x, y, **how)
    theirs, _, expected = gated.fit(gated.plain, params, x, y, **how, engine="numpy")
    assert np.allclose(losses, expected, rtol=1e-12) and disagreement(ours, theirs) < 1e-12
    half, memory, _ = learning.fit(Plain, params, x[:, :32], y[:, :32], **how)
    both, _, _ = learning.fit(Plain, half, x[:, 32:], y[:, 32:], **how, memory=memory)
    assert disagreement(both, theirs) < 1e-12


def test_what_is_learned_and_what_is_not():
    blind = learning.seeing(attention, learning.without_mark)
    assert learning.iterations(attention, 10, [0]) == [150]
    assert learning.iterations(blind, 3, [0, 1]) == [0, 0]
    assert learning.iterations(mingru, 10, [0], update_bias=3.0) == [100]
    assert learning.iterations(learning.FIXED, 10, [0], update_bias=3.0) == [0]


def test_fixed_gates_read_nothing_and_the_answer_is_a_fixed_sum():
    rng = np.random.default_rng(0)
    params = learning.FIXED.init_params(5, rng, update_bias=1.0)
    x, y = distance.sample(6, 32, rng)
    params, *_ = learning.fit(
        learning.FIXED, params, x, y, batch_size=8, weight=distance.last_step(7), learning_rates=0.1
    )
    assert not params.U[:5].any() and params.U[5:].any() and np.ptp(params.b[:5]) > 0
    o = [learning.FIXED.forward(params, one).o[-1] for one in (x, x[:, ::-1], x + x[:, ::-1], 0 * x)]
    assert np.allclose(o[0] + o[1], o[2] + o[3], rtol=1e-12)  # linear in x, apart from a constant


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_bad_sizes_are_refused(layer):
    with pytest.raises(ValueError, match="n_x must be 1 or larger"):
        layer.init_params(3, np.random.default_rng(0), n_x=0)
    with pytest.raises(ValueError, match=r"x must have shape \(T, B, 2\)"):
        layer.forward(layer.init_params(3, np.random.default_rng(0)), np.ones((4, 3, 1)))
