import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layers import SEEDS

from bptt_lab import gradcheck
from bptt_lab.exercises import find
from bptt_lab.paths import scan

SHAPES = st.lists(st.integers(1, 5), max_size=2).flatmap(
    lambda rest: st.integers(1, 40).map(lambda T: (T, *rest))  # any number of axes behind time
)


def drawn(shape, seed):
    rng = np.random.default_rng(seed)
    return rng.uniform(-1.1, 1.1, shape), rng.normal(size=shape)


def unrolled(a, b):
    """h^(t) = Σ_s a^(t) … a^(s+1) b^(s): another formula."""
    return np.array([sum(np.prod(a[s + 1 : t + 1], axis=0) * b[s] for s in range(t + 1)) for t in range(len(b))])


@given(SHAPES, SEEDS)
def test_loop_scan_and_the_sum_over_paths_agree(shape, seed):
    a, b = drawn(shape, seed)
    expected = unrolled(a, b)
    scale = 1 + np.abs(expected).max()
    assert np.abs(scan.loop(a, b) - expected).max() < 1e-12 * scale
    assert np.abs(scan.scan(a, b) - expected).max() < 1e-12 * scale


@given(SEEDS, st.integers(1, 6))
def test_combining_does_not_depend_on_the_brackets(seed, n):
    one, two, three = (drawn((n,), seed + k) for k in range(3))
    left = scan.combine(scan.combine(one, two), three)
    right = scan.combine(one, scan.combine(two, three))
    assert np.allclose(left, right, rtol=1e-12, atol=1e-14)
    h = drawn((n,), seed + 3)[0]
    for a, b in (one, two, three):
        h = a * h + b
    assert np.allclose(left[0] * drawn((n,), seed + 3)[0] + left[1], h, rtol=1e-10, atol=1e-13)


def test_combining_does_depend_on_the_order():
    one, two = drawn((4,), 0), drawn((4,), 1)
    assert not np.allclose(scan.combine(one, two)[1], scan.combine(two, one)[1])


@pytest.mark.parametrize("name", ["second_stretch_first", "what_was_added_stays_as_it_is", "last_factor_alone"])
def test_a_scan_with_a_planted_mistake_is_not_the_loop(name, monkeypatch):
    a, b = drawn((13, 3), 0)
    monkeypatch.setattr(scan, "combine", find("14.3").catalogue[name].backward)
    assert np.abs(scan.scan(a, b) - scan.loop(a, b)).max() > 1e-2


@pytest.mark.parametrize("T, n", [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (64, 6), (65, 7), (161, 8)])
def test_sweeps_are_the_logarithm(T, n, monkeypatch):
    done, combine = [], scan.combine
    monkeypatch.setattr(scan, "combine", lambda *pairs: (done.append(len(pairs[0][0])), combine(*pairs))[1])
    scan.scan(*drawn((T, 2), 0))
    assert scan.sweeps(T) == n == len(done) and sum(done) == sum(T - 2**k for k in range(n))


@given(SHAPES, SEEDS)
def test_the_way_back_agrees_with_both_numeric_ones(shape, seed):
    shape = (min(shape[0], 9), *shape[1:])
    (a, b), (_, weights) = drawn(shape, seed), drawn(shape, seed + 1)
    h = scan.loop(a, b)
    h_prev = np.concatenate([0 * h[:1], h[:-1]])
    for ours, at, loss in zip(
        scan.backward(a, h_prev, weights),
        (a, b),
        (lambda a: (unrolled(a, b) * weights).sum(), lambda b: (unrolled(a, b) * weights).sum()),
    ):
        exact, differences = gradcheck.derivative(loss, at), gradcheck.central_difference(loss, at)
        assert np.abs(ours - exact).max() < 1e-11 * (1 + np.abs(exact).max())
        assert np.abs(ours - differences).max() < 1e-7 * (1 + np.abs(exact).max())


@pytest.mark.parametrize("name", find("14.4").catalogue)
def test_the_numeric_gradient_finds_planted_mistakes_of_the_way_back(name):
    (a, b), (_, weights) = drawn((7, 3), 0), drawn((7, 3), 1)
    exact = gradcheck.derivative(lambda b: (unrolled(a, b) * weights).sum(), b)
    assert gradcheck.relative_error(scan.from_the_end(a, weights), exact) < 1e-12
    assert gradcheck.relative_error(find("14.4").catalogue[name].backward(a, weights), exact) > 1e-2


def test_inputs_are_left_untouched():
    (a, b), before = drawn((9, 2), 0), drawn((9, 2), 0)
    scan.scan(a, b)
    scan.backward(a, b, b)
    assert (a == before[0]).all() and (b == before[1]).all()
