from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import disagreement, make_problem, problems

from bptt_lab import bptt, model, through_time
from bptt_lab.through_time import rank_one

DRAWS = 4_000


def worst_z(params, x, y, rng, n=DRAWS):
    """The largest distance of the mean of n estimates from the gradient, in standard errors of that mean."""
    exact = bptt.backward(params, model.forward(params, x), y)
    estimates = through_time.estimates(params, x, y, n, rng)
    worst = 0.0
    for name in "UWb":
        one = getattr(estimates, name)
        error = np.abs(one.mean(axis=0) - getattr(exact, name))
        worst = max(worst, (error / (one.std(axis=0) / np.sqrt(n) + 1e-12)).max())
    return worst


@pytest.fixture
def small():
    return make_problem(np.random.default_rng(5), T=6, B=2, n_x=2, n_h=4, n_y=2)


class AllSigns:
    """In the place of a generator: every pattern of signs that T steps can draw comes up once."""

    def __init__(self, n_signs):
        self.patterns = np.array(list(product((0, 1), repeat=n_signs)))  # (2^n_signs, n_signs)
        self.used = 0

    def integers(self, low, high, size):
        n, B, n_h = size
        self.used += B * n_h
        return self.patterns[:, self.used - B * n_h : self.used].reshape(size)


@settings(max_examples=300)
@given(
    st.sampled_from([(T, B, n_h) for T, B, n_h in product(range(1, 9), repeat=3) if T * B * n_h <= 8]), st.integers(0)
)
def test_the_mean_over_all_signs_is_the_gradient_exactly(sizes, seed):
    """No statistics: for small networks all patterns can be tried."""
    T, B, n_h = sizes
    params, x, y = make_problem(np.random.default_rng(seed), T=T, B=B, n_x=2, n_h=n_h, n_y=2)
    guesses = through_time.estimates(params, x, y, 2 ** (T * B * n_h), AllSigns(T * B * n_h))
    mean = model.Params(*(array.mean(axis=0) for array in guesses))
    assert disagreement(mean, bptt.backward(params, model.forward(params, x), y)) < 1e-11


@pytest.mark.parametrize("seed", range(3))
def test_the_mean_of_many_estimates_is_the_gradient(seed):
    """56 entries: beyond 5 standard errors lies one mean of 30,000."""
    rng = np.random.default_rng(seed)
    assert worst_z(*make_problem(rng, T=6, B=2, n_x=2, n_h=4, n_y=2), rng) < 5


SLIPS = {
    "signs that are not 0 on average": (lambda s: s + 0.3, lambda s: s),
    "the direct influence without its slope": (lambda s: s, lambda slope: 0 * slope + 1),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_bias_is_found(monkeypatch, small, slip):
    of_signs, of_slope = SLIPS[slip]
    right = rank_one.step

    def wrong(params, s, r, dh_da, z, signs):
        return right(params, s, r, of_slope(dh_da), z, of_signs(signs))

    monkeypatch.setattr(rank_one, "step", wrong)
    assert worst_z(*small, np.random.default_rng(0), n=20_000) > 8


@settings(max_examples=100)
@given(problems())
def test_one_step_of_one_unit_and_what_the_outputs_say_is_exact(problem):
    params, x, y = problem
    exact = bptt.backward(params, model.forward(params, x), y)
    guess = through_time.uoro(params, x, y, np.random.default_rng(0))
    assert disagreement((guess.V, guess.c), (exact.V, exact.c)) < 1e-12
    if len(params.b) == 1:  # ν ν = 1, so only the mixed terms over time can err, and one step has none
        one = through_time.uoro(params, x[:1], y[:1], np.random.default_rng(0))
        assert disagreement(one, bptt.backward(params, model.forward(params, x[:1]), y[:1])) < 1e-12


def test_a_network_whose_state_has_no_past_or_no_slope_is_no_trouble(small):
    params, x, y = small
    assert worst_z(params._replace(W=np.zeros((4, 4))), x, y, np.random.default_rng(0)) < 5
    saturated = through_time.uoro(params._replace(b=np.full(4, 50.0)), x, y, np.random.default_rng(0))
    assert all(np.isfinite(array).all() for array in saturated)


def test_balancing_makes_the_spread_smaller(monkeypatch):
    """Why there are ρ₀ and ρ₁ at all: without them the mean is the same and the spread larger."""
    problem = make_problem(np.random.default_rng(5), T=30, B=1, n_x=2, n_h=4, n_y=2)
    problem = (through_time.with_spectral_radius(problem[0], 0.5), *problem[1:])

    def spread():
        return np.sum(through_time.estimates(*problem, 2_000, np.random.default_rng(0)).W.var(axis=0))

    balanced = spread()
    monkeypatch.setattr(rank_one, "_balance", lambda one, other: np.ones_like(one))
    assert spread() > 1.3 * balanced


def test_estimates_with_one_generator_differ_and_with_one_seed_agree(small):
    rng = np.random.default_rng(0)
    first, second = through_time.uoro(*small, rng), through_time.uoro(*small, rng)
    again = through_time.uoro(*small, np.random.default_rng(0))
    assert (first.W != second.W).any() and (first.W == again.W).all()


def test_bad_input_gets_one_line(small):
    params, x, y = small
    with pytest.raises(ValueError, match="n must be 1 or larger"):
        through_time.estimates(params, x, y, 0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="y must be finite"):
        through_time.uoro(params, x, y * np.nan, np.random.default_rng(0))
