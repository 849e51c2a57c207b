import os

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


def test_the_powers_of_theory_come_out():
    for function, power in ((full, 2), (through_time.rtrl, 4)):
        once, twice = (costs.operations(function, *problem(5, 1, n_h)) for n_h in (32, 64))
        assert abs(np.log2(twice / once) - power) < 0.25


def test_peak_bytes_sees_a_passing_array():
    def passing():
        np.ones(100_000).sum()

    assert 800_000 <= costs.peak_bytes(passing) < 810_000


def test_seconds_count_work_and_not_waiting(monkeypatch):
    clock = iter([os.times_result((1.0, 2.0, 0.0, 0.0, 10.0)), os.times_result((1.5, 2.25, 0.0, 0.0, 99.0))])
    monkeypatch.setattr(os, "times", lambda: next(clock))
    assert costs.seconds(lambda: None) == (0.5, 0.25)
