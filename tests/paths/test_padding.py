import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layers import SEEDS

from bptt_lab import bptt, data, gradcheck, model
from bptt_lab.exercises import find
from bptt_lab.paths import padding

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=5)


def batch(lengths, seed, n=2, fill=0.0):
    """Outputs and targets of sequences, one by one and as a batch."""
    rng = np.random.default_rng(seed)
    o = [3 * rng.normal(size=(T, n)) for T in lengths]
    y = [rng.integers(0, 2, (T, n)).astype(float) for T in lengths]
    return o, y, padding.padded(o, fill)[0], *padding.padded(y, fill)


@given(LENGTHS, SEEDS, st.floats(-5, 5))
def test_the_mean_is_that_of_all_real_steps_whatever_stands_in_the_padding(lengths, seed, fill):
    o, y, *whole = batch(lengths, seed, fill=fill)
    o, y = np.concatenate(o), np.concatenate(y)  # no batch: all real steps, one below the other
    assert np.isclose(padding.mean_loss(*whole), model.cross_entropy(o, y).sum() / len(o), rtol=1e-12)


@given(LENGTHS, SEEDS, st.floats(-5, 5))
def test_its_gradient_agrees_with_both_numeric_ones_and_is_zero_in_the_padding(lengths, seed, fill):
    _, _, o, y, lengths = batch(lengths, seed, fill=fill)
    ours = padding.output_grads(o, y, lengths)
    by_hand = gradcheck.derivative(lambda o: padding.mean_loss(o, y, lengths), o)
    assert gradcheck.relative_error(ours, by_hand) < 1e-12
    differences = gradcheck.central_difference(lambda o: padding.mean_loss(o, y, lengths), o)
    assert gradcheck.relative_error(ours, differences) < 1e-7
    assert not ours[~padding.mask(lengths, len(o))].any()


def test_without_padding_it_is_the_loss_of_the_course_for_one_step():
    _, _, o, y, lengths = batch([6, 6, 6, 6], 0)
    trace = model.Trace(o, o, o, o, model.sigmoid(o))
    assert np.isclose(padding.mean_loss(o, y, lengths), model.loss(trace, y) / 6, rtol=1e-14)
    assert np.allclose(padding.output_grads(o, y, lengths), bptt.output_grads(trace, y) / 6, rtol=1e-14)


def test_padding_that_is_not_a_number_does_no_harm():
    _, _, o, y, lengths = batch([3, 5, 1], 1)
    nan = o.copy()
    nan[~padding.mask(lengths, len(o))] = np.nan
    assert padding.mean_loss(nan, y, lengths) == padding.mean_loss(o, y, lengths)
    assert (padding.output_grads(nan, y, lengths) == padding.output_grads(o, y, lengths)).all()


@given(LENGTHS, SEEDS)
def test_the_last_state_is_that_of_the_sequence_alone(lengths, seed):
    rng = np.random.default_rng(seed)
    params, x = model.init_params(4, rng), [rng.normal(size=(T, 2)) for T in lengths]
    whole, lengths = padding.padded(x, fill=1.0)
    h = padding.last(model.forward(params, whole).h, lengths)
    alone = [model.forward(params, one[:, None]).h[-1, 0] for one in x]
    assert np.allclose(h, alone, rtol=1e-12, atol=1e-14)


def test_numbers_of_different_lengths_can_stand_in_one_batch():
    x = [data.sample_sums(1, np.random.default_rng(0), n_bits, 2 ** (n_bits - 1))[0][:, 0] for n_bits in (3, 5, 8)]
    whole, lengths = padding.padded(x)
    assert whole.shape == (8, 3, 2) and lengths.tolist() == [3, 5, 8]
    assert padding.mask(lengths, 8).sum(axis=0).tolist() == [3, 5, 8]


@pytest.mark.parametrize("sequences", [[np.ones((2, 3)), np.ones((2, 2))], [np.ones((0, 2)), np.ones((1, 2))], []])
def test_sequences_that_make_no_batch_are_refused(sequences):
    with pytest.raises(ValueError, match="sequences must be"):
        padding.padded(sequences)


def test_the_check_names_the_wrong_means():
    exercise = find("14.1")
    assert {"padding_in_the_number", "padding_in_the_loss", "mean_of_means"} <= exercise.catalogue.keys()
    arguments = exercise.arguments(exercise.cases(0)[0])
    wrong = {round(float(mistake.backward(*arguments.values())), 9) for mistake in exercise.catalogue.values()}
    assert len(wrong | {round(float(exercise.reference(**arguments)), 9)}) == len(exercise.catalogue) + 1
