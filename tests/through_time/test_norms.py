import numpy as np
import pytest

from bptt_lab import bptt, model, through_time
from bptt_lab.model import Params


@pytest.fixture
def grads(problem):
    params, x, y = problem
    return bptt.backward(params, model.forward(params, x), y)


def flat(grads):
    return np.concatenate([array.ravel() for array in grads])


def test_the_norm_is_that_of_all_entries_in_a_row(grads):
    assert abs(through_time.norm(grads) - np.linalg.norm(flat(grads))) < 1e-14


def test_a_long_gradient_keeps_its_direction_and_a_short_one_everything(grads):
    size = through_time.norm(grads)
    clipped = through_time.clip(grads, size / 3)
    assert abs(through_time.norm(clipped) - size / 3) < 1e-14
    assert np.abs(flat(clipped) * 3 - flat(grads)).max() < 1e-14  # each field by the same factor, not each by its own
    assert through_time.clip(grads, 2 * size) is grads


def test_angles(grads):
    opposite = Params(*(-array for array in grads))
    rest = [array * 0 for array in grads]
    only_U, only_W = Params(grads.U, *rest[1:]), Params(rest[0], grads.W, *rest[2:])
    assert through_time.angle(grads, Params(*(3 * array for array in grads))) < 1e-5
    assert abs(through_time.angle(grads, opposite) - 180) < 1e-5
    assert abs(through_time.angle(only_U, only_W) - 90) < 1e-12


def test_bad_input_gets_one_line(grads):
    with pytest.raises(ValueError, match="max_norm must be positive and finite, got 0.0"):
        through_time.clip(grads, 0)
    with pytest.raises(ValueError, match="V must be finite, got NaN or infinity"):
        through_time.clip(grads._replace(V=grads.V * np.nan), 1)
    with pytest.raises(ValueError, match="got one that is 0 everywhere"):
        through_time.angle(grads, Params(*(0 * array for array in grads)))
