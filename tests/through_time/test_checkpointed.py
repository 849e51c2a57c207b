from functools import cache
from math import comb

import numpy as np
import pytest

from bptt_lab import bptt, model, through_time
from bptt_lab.through_time.checkpointed import enough_for_two_runs
from bptt_lab.through_time.costs import peak_bytes


def replay(T, budget):
    """Walk through the schedule with a finger: runs through each step, and the most states kept. Fails if it cheats."""
    runs, kept, done, most = np.zeros(T, dtype=int), [0], T, 0
    for move, start, stop in through_time.schedule(T, budget):
        assert kept[-1] == start < stop  # it goes on from a state that is there
        runs[start:stop] += 1
        if move == "run":
            kept.append(stop)
            most = max(most, len(kept) - 1)
        else:
            assert stop == done  # backwards, and no step is left out
            most = max(most, len(kept) - 1 + stop - start)
            done = kept.pop()
    assert done == 0 and not kept
    return runs, most


@cache
def fewest(T, budget):
    """The same by dynamic programming, as in Gruslys et al. (2016): all places for the next kept state are tried."""
    if T <= budget:
        return T
    if budget < 2:
        return 10**9
    return min(left + fewest(T - left, budget - 1) + fewest(left, budget) for left in range(1, T))


def test_the_schedule_is_complete_and_within_its_budget():
    for T in range(1, 120):
        for budget in range(2, 20):
            runs, most = replay(T, budget)
            assert most <= budget
            assert runs.sum() == through_time.forward_steps(T, budget)
            assert runs.max() == next(r for r in range(1, T + 1) if comb(budget + r - 1, r) >= T)  # Griewank's bound


def test_the_schedule_is_within_three_percent_of_the_best():
    ratios = [
        through_time.forward_steps(T, budget) / fewest(T, budget) for T in range(1, 90) for budget in range(2, 16)
    ]
    assert min(ratios) == 1 and max(ratios) < 1.03


def test_the_default_takes_one_forward_pass_more():
    for T in [*range(1, 300), 10_000, 1_000_000]:
        budget = enough_for_two_runs(T)
        assert through_time.forward_steps(T, budget) <= 2 * T
        assert budget <= 2 * T**0.5 + 1


def long_problem(T):
    rng = np.random.default_rng(0)
    return model.init_params(8, rng, scale=0.3), rng.normal(size=(T, 1, 2)), rng.integers(0, 2, (T, 1, 1)) * 1.0


def test_memory_grows_like_the_root_of_t():
    """4 times the steps: 2 times the memory, where the full pass takes 4 times."""
    small, large = long_problem(1_000), long_problem(4_000)

    def full(params, x, y):
        return bptt.backward(params, model.forward(params, x), y)

    few, more = (peak_bytes(through_time.checkpointed_backward, *args) for args in (small, large))
    assert 1.5 < more / few < 2.6
    assert peak_bytes(full, *large) / peak_bytes(full, *small) > 3.5
    assert peak_bytes(full, *large) / more > 10


def test_bad_input_gets_one_line(problem):
    params, x, y = problem
    with pytest.raises(ValueError, match="budget must be 2 or larger, got 1: choose a larger one"):
        through_time.checkpointed_backward(params, x, y, budget=1)
    assert through_time.checkpointed_backward(params, x[:1], y[:1], budget=1)  # one step needs no more
    with pytest.raises(ValueError, match="budget must be 1 or larger, got 0"):
        through_time.checkpointed_backward(params, x[:1], y[:1], budget=0)
    with pytest.raises(ValueError, match="x must be finite"):
        through_time.checkpointed_backward(params, x * np.nan, y)
    with pytest.raises(ValueError, match=r"shape of the outputs, \(8, 7, 3\), got \(8, 7, 1\)"):
        through_time.checkpointed_backward(params, x, y[:, :, :1])
