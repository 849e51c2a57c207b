import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layers import SEEDS, make_layer_problem

from bptt_lab import gradcheck, model
from bptt_lab.exercises import find
from bptt_lab.gated import distance, softmax_of
from bptt_lab.paths import attention, learning, padding

SIZES = st.tuples(*(st.integers(1, most) for most in (9, 4, 5, 3)))


def drawn(sizes, seed):
    (T, B, d, n), rng = sizes, np.random.default_rng(seed)
    return rng.normal(size=(B, d)), rng.normal(size=(T, B, d)), rng.normal(size=(T, B, n)), rng.normal(size=(B, n))


@given(SIZES, SEEDS)
def test_it_reads_as_the_formula_says_sequence_by_sequence(sizes, seed):
    query, key, value, _ = drawn(sizes, seed)
    p, read = attention.attend(query, key, value)
    for b in range(sizes[1]):
        shares = softmax_of(key[:, b] @ query[b] / np.sqrt(sizes[2]))
        assert np.allclose(p[:, b], shares, rtol=1e-12) and np.allclose(read[b], shares @ value[:, b], rtol=1e-9)


@given(SIZES, SEEDS)
def test_its_backward_pass_agrees_with_both_numeric_ones(sizes, seed):
    *at, weights = drawn(sizes, seed)
    grads = attention.attend_back(*at, attention.attend(*at)[0], weights)
    for place, grad in enumerate(grads):

        def loss(changed, place=place):
            return (attention.attend(*at[:place], changed, *at[place + 1 :])[1] * weights).sum()

        for numeric, close in [
            (gradcheck.derivative(loss, at[place]), 1e-12),
            (gradcheck.central_difference(loss, at[place]), 1e-8),
        ]:
            assert np.abs(grad - numeric).max() < close * (1 + np.abs(numeric).max())


@given(SIZES, SEEDS)
def test_softmax_back_is_the_whole_jacobian(sizes, seed):
    p = softmax_of(drawn(sizes, seed)[1][:, :, 0].T).T  # (T, B)
    dL_dp = drawn(sizes, seed + 1)[1][:, :, 0]
    ours = attention.softmax_back(p, dL_dp)
    for b in range(sizes[1]):
        jacobian = np.diag(p[:, b]) - np.outer(p[:, b], p[:, b])
        assert np.allclose(ours[:, b], jacobian @ dL_dp[:, b], rtol=1e-9, atol=1e-14)
    assert np.allclose(ours.sum(axis=0), 0, atol=1e-13)  # a number added to all scores changes nothing


@pytest.mark.parametrize("name", ["own_score_alone", "sum_without_shares", "nothing_taken_away"])
def test_the_check_finds_planted_mistakes(name):
    *at, weights = drawn((6, 4, 3, 2), 0)
    p = attention.attend(*at)[0]
    dL_dp = (weights * at[2]).sum(axis=2)
    wrong = find("14.2").catalogue[name].backward(p, dL_dp)
    numeric = gradcheck.derivative(lambda z: ((np.exp(z) / np.exp(z).sum(axis=0)) * dL_dp).sum(), np.log(p))
    assert gradcheck.relative_error(attention.softmax_back(p, dL_dp), numeric) < 1e-12
    assert gradcheck.relative_error(wrong, numeric) > 1e-2


@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), SEEDS, st.floats(-9, 9))
def test_padding_gets_no_share(lengths, seed, fill):
    rng = np.random.default_rng(seed)
    keys, lengths = padding.padded([rng.normal(size=(T, 3)) for T in lengths], fill)
    query = rng.normal(size=(len(lengths), 3))
    p, read = attention.attend(query, keys, keys, padding.mask(lengths, len(keys)))
    for b, T in enumerate(lengths):
        alone = attention.attend(query[b : b + 1], keys[:T, b : b + 1], keys[:T, b : b + 1])
        assert np.allclose(p[:T, b], alone[0][:, 0], rtol=1e-12) and not p[T:, b].any()
        assert np.allclose(read[b], alone[1][0], rtol=1e-9, atol=1e-13)


def test_shares_set_to_zero_after_the_softmax_are_another_thing():
    rng = np.random.default_rng(0)
    keys, lengths = padding.padded([rng.normal(size=(T, 3)) for T in (2, 5, 9)])
    query, real = rng.normal(size=(3, 3)), padding.mask(lengths, 9)
    late = np.where(real, attention.attend(query, keys, keys)[0], 0)
    assert np.allclose(attention.attend(query, keys, keys, real)[0].sum(axis=0), 1)
    assert late.sum(axis=0)[0] < 0.9 and np.isclose(late.sum(axis=0)[2], 1)


def test_large_scores_do_not_overflow():
    key = np.broadcast_to(np.arange(5.0)[:, None, None], (5, 2, 1))
    p, read = attention.attend(np.full((2, 1), 1e3), key, np.ones((5, 2, 1)))
    assert np.isfinite(p).all() and np.allclose(p[-1], 1) and np.allclose(read, 1)


def test_without_a_mark_or_positions_the_order_of_earlier_steps_is_lost():
    params, *_ = make_layer_problem(attention, np.random.default_rng(3), 9, 4, 2, 5, 1)
    x, _ = distance.sample(20, 50, np.random.default_rng(0))
    mixed = x[[*np.random.default_rng(1).permutation(20), 20]]  # the mark goes with its step
    for view in (learning.without_mark, lambda x: x):
        o, other = (attention.forward(params, view(one)).o for one in (x, mixed))
        assert np.allclose(o, other, rtol=1e-12)
    wide, *_ = make_layer_problem(attention, np.random.default_rng(3), 9, 4, 10, 5, 1)
    o, other = (attention.forward(wide, learning.with_positions(8, one)).o for one in (x, mixed))
    assert np.abs(o - other).max() > 1e-2


def test_positions_tell_all_steps_apart():
    places = attention.positions(161, 16)
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(161)
    assert places.shape == (161, 16) and apart.min() > 0.3
    assert np.allclose(places[:, 0], np.sin(np.arange(161))) and np.allclose(places[0, 8:], 1)


def test_bad_input_is_refused_at_the_door():
    params = attention.init_params(3, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"x must have shape \(T, B, 2\)"):
        attention.forward(params, np.ones((4, 2)))
    with pytest.raises(ValueError, match="d must be 1 or larger"):
        attention.init_params(0, np.random.default_rng(0))


def test_credit_is_the_share_and_knows_no_distance():
    """∂L/∂value of each step is p^(t) ∂L/∂read; where all keys are alike, each step has the share 1 / T."""
    query, key, value, dL_dread = drawn((40, 3, 4, 2), 0)
    p, _ = attention.attend(query, 0 * key, value)
    dL_dvalue = attention.attend_back(query, 0 * key, value, p, dL_dread)[2]
    assert np.allclose(dL_dvalue, dL_dread / 40, rtol=1e-12)
    params, x, _ = make_layer_problem(attention, np.random.default_rng(0), 40, 3, 2, 4, 1)
    assert np.allclose(attention.share_felt(params._replace(K=0 * params.K), x), 1 / 40, rtol=1e-12)
    trace = attention.forward(params, x)
    by_nudges = gradcheck.derivative(  # the values alone are nudged, not the keys
        lambda v: (attention.attend(trace.query, trace.key, v)[1] @ params.V.T).sum(), x
    )
    sizes = np.linalg.norm(by_nudges, axis=(1, 2)) / (np.linalg.norm(params.V) * 3**0.5)
    assert np.allclose(attention.share_felt(params, x), sizes, rtol=1e-12)


def test_the_layer_is_a_params_of_the_same_shapes():
    params, x, y = make_layer_problem(attention, np.random.default_rng(3), 6, 7, 2, 5, 3)
    trace = attention.forward(params, x)
    grads = attention.backward(params, trace, (model.sigmoid(trace.o) - y) / 7)
    assert type(grads) is attention.Params and [g.shape for g in grads] == [p.shape for p in params]
