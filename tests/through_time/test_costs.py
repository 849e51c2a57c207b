import time

import numpy as np

from bptt_lab import bptt, model, through_time
from bptt_lab.through_time import costs


def problem(T, B, n_h):
    rng = np.random.default_rng(0)
    return model.init_params(n_h, rng), rng.normal(size=(T, B, 2)), rng.integers(0, 2, (T, B, 1)) * 1.0


def full(params, x, y):
    return bptt.backward(params, model.forward(params, x), y)


def test_products_are_counted_as_on_paper():
    """h W^T, then δ W, then δᵀ h: three products of B n_h² in each step, but for the last and the first."""
    T, B, n_h = 10, 3, 40
    products = B * n_h**2 * (3 * T - 1)
    assert products < costs.operations(full, *problem(T, B, n_h)) < 1.3 * products


def test_counting_changes_no_result_and_no_argument():
    params, x, y = problem(6, 2, 5)
    results = []
    costs.operations(lambda *args: results.append(full(*args)), params, x, y)
    assert all((np.asarray(a) == b).all() for a, b in zip(results[0], full(params, x, y)))
    assert type(params.W) is np.ndarray and type(x) is np.ndarray


def test_an_operation_more_is_counted():
    args = problem(6, 2, 5)
    once = costs.operations(full, *args)
    assert costs.operations(lambda *args: (full(*args), full(*args)), *args) == 2 * once
    assert costs.operations(lambda params, x, y: params.W + params.W, *args) == 25
    assert costs.operations(lambda params, x, y: params.W.sum(), *args) == 25


def test_the_slopes_of_theory_come_out():
    sizes = [16, 32, 64]
    for function, slope in ((full, 2), (through_time.rtrl, 4)):
        counted = [costs.operations(function, *problem(5, 1, n_h)) for n_h in sizes]
        assert abs(costs.slope(sizes, counted) - slope) < 0.25


def test_peak_bytes_sees_a_passing_array():
    def passing():
        np.ones(100_000).sum()

    assert 800_000 <= costs.peak_bytes(passing) < 810_000


def test_slope_of_a_power_law():
    sizes = np.array([1, 10, 100, 1000])
    assert abs(costs.slope(sizes, 7 * sizes**1.5) - 1.5) < 1e-12
    assert abs(costs.slope(sizes, [1, 1, 10, 100], last=3) - 1) < 1e-12


def test_seconds_takes_the_shortest():
    naps = iter([0.05, 0.001, 0.05])
    assert costs.seconds(lambda: time.sleep(next(naps)), repeats=3) < 0.05
