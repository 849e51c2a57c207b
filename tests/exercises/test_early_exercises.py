"""Notebooks 00 to 06: the judges, holes that were open once, and what first tries are told."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from bptt_lab import bptt, data, doctor, exercises, model, report, training
from bptt_lab.doctor import Outcome
from bptt_lab.exercises import notebook_01, notebook_05, notebook_06

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def told(name, yours):
    return doctor.examine(exercises.find(name), yours if callable(yours) else lambda: yours)


def accepted(name, yours, seeds=3):
    """On which of visible and hidden problems of several seeds it is right."""
    exercise, found = exercises.find(name), set()
    for seed, hidden in product(range(seeds), (False, True)):
        cases = exercise.cases(seed, hidden)
        verdict = doctor.judge(
            exercise, cases, lambda asked: [Outcome(yours(*exercise.arguments(one).values()), []) for one in asked]
        )
        found.add(verdict.correct)
    return found


def gradient(params, x, y):
    return bptt.backward(params, model.forward(params, x), y)


def arriving(first_bits, second_bits):
    return [0, *data.carries(np.stack([first_bits, second_bits], axis=-1)[:, None])[:-1, 0]]


FIRST_TRIES = [  # exercise, what is written first, and the mistake that is named
    ("00.1", lambda digits: sum(digits == 8), "a_count"),
    ("00.2", lambda values, n: values.reshape(n, -1).mean(axis=1), "n_blocks"),
    ("00.a", "a", "answer a"),
    ("01.a", 11, "answer 11"),
    ("01.1", lambda bits: sum(2**t * bit for t, bit in enumerate(bits[::-1])), "as_listed"),
    ("01.b", (1, 0), "answer (1, 0)"),
    ("01.d", 8, "answer 8"),
    ("01.3", (126, 126), "the_largest_addends"),
    ("01.3", [125, 125], "the_largest_odd_addends"),
    ("02.4", lambda n_x, n_h, n_y: n_h * n_x + n_h * n_h + n_y * n_h, "without_biases"),
    ("02.5", lambda params, x_t, h: np.tanh(params.b + h @ params.W + x_t @ params.U.T), "W_not_transposed"),
    ("04.1", lambda params, x, y, rate: [p + rate * g for p, g in zip(params, gradient(params, x, y))], "uphill"),
    ("04.2", lambda digits, n_bits=8: np.append(np.flatnonzero(digits < n_bits), -1).max() + 1, "one_too_early"),
    ("04.c", 2, "answer 2"),
    ("05.2", [0, 0, 0, 0, 0, 576, 0], "own_additions"),
    ("06.b", 4, "answer 4"),
    ("06.1", "bcegjm", "the_sums_for_granted"),
    ("06.d", 4.8, "answer 4.8"),
    ("06.2", lambda b, dL_db, rate: dL_db - rate * dL_db, "as_the_listing"),
    ("06.3", lambda start, rng, n: report.train(start, rng=rng, n_steps=n)[0].b.max(), "without_absolute_value"),
    ("06.4", "W_not_transposed", "another_special_case"),
]


@pytest.mark.parametrize("name, yours, mistake", FIRST_TRIES)
def test_a_first_try_gets_its_question(name, yours, mistake):
    verdict = told(name, yours)
    assert verdict.mistakes == (mistake,) and verdict.hints(1) == exercises.find(name).catalogue[mistake].hint


@pytest.mark.parametrize(
    "name, yours, said",
    [
        ("00.2", lambda values, n: values.reshape(-1, n), "shape (3,) was expected, and (3, 2) came"),
        ("01.3", (127, 1), "both numbers must lie between 0 and 126, and (127, 1) came"),
        ("01.3", (100, 126), "your pair hands on a carry in 5 of 8 steps; another pair does so in more"),
        ("01.3", 5, "two whole numbers were expected"),
        ("01.3", (1.5, 2), "two whole numbers were expected"),
        ("02.6", lambda trace: np.maximum(trace.y_hat, 1 - trace.y_hat).prod(axis=0), "(3,) was expected, and (3, 1)"),
        ("04.2", lambda digits: np.flatnonzero(digits < 8)[-1] + 2, "for correct_digits = [8 8]: your code stopped"),
        ("04.3", lambda p, x, y: model.right_bits(model.forward(p, x).o, y).mean(axis=1), "and (7, 1) came"),
        ("05.1", 0.1, "4 of 12 seeds succeed, and 11 are needed"),
        ("05.1", 0.008, "10 of 12 seeds succeed"),
        ("05.1", 1e6, "0 of 12 seeds succeed"),
        ("05.1", -1, "a positive number was expected"),
        ("05.1", "fast", "a positive number was expected"),
        ("05.2", [9, 9, 9, 9, 9, 9, 0], "6 of 7 entries are not right"),
        ("05.2", 4, "shape (7,) was expected, and () came"),
        ("06.c", (3, 11, 12), "not yet: (12) has no slip. Is what it says false"),
        ("06.c", [11, 3], "not yet: 1 of three not found. Which a reads h^(t)"),
        ("06.c", (7, 11, 11), "not yet: 1 of three not found. If the target is 1"),
        ("06.c", [[3], 7, 11], "[3] is none of the numbers"),
        ("06.c", "3, 7, 11", "'3, 7, 11' is none of the numbers"),
        ("06.1", "acehjm", "place 1: line a is right. How often"),
        ("06.1", "b, c, e, h, j, l", "place 6: line l is right. Two of the three lines"),
        ("06.1", ["b", "c", "a", "h", "j", "m"], "place 3 has the lines e, f, and a came"),
        ("06.1", "bce", 'such as "acegjl", and 3 came'),
        ("06.1", 6, "six letters were expected"),
        ("06.4", "not_divided_by_b", "no mistake has the name 'not_divided_by_b'"),
        ("06.4", ["a"], "no mistake has the name ['a']"),
        ("06.4", "not_divided_by_B", "the notebook names this one: find another"),
        ("06.4", "sign_flipped", "a batch of one finds this mistake"),
    ],
)
def test_what_else_falls_short_is_told_how(name, yours, said):
    verdict = told(name, yours)
    assert not verdict.correct and said in str(verdict), verdict


def test_a_wrong_keyword_is_told_by_the_line_of_the_student():
    verdict = told("06.3", lambda start, rng, n: report.train(start, rng=rng, n=n))
    assert "unexpected keyword argument 'n'" in str(verdict) and "report.train(start, rng=rng, n=n)" in str(verdict)


# judges


@pytest.mark.parametrize("slips", [(3, 7, 11), [11, 3, 7], {3, 7, 11}, np.array([3, 7, 11])])
def test_slips_are_right_in_any_order(slips):
    assert told("06.c", slips).correct


def test_no_pair_hands_on_more_carries_than_the_reference():
    steps = data.carries(data.all_sums()[0]).sum(axis=0).reshape(127, 127)
    assert steps[notebook_01.most_carries()] == steps.max() == 7
    right = [tuple(pair) for pair in np.argwhere(steps == 7)[::97]]
    assert all(told("01.3", pair).correct for pair in [*right, list(right[0]), np.array(right[0])])


def test_a_learning_rate_is_right_from_eleven_seeds_on(monkeypatch):
    for succeed, right in [(10, False), (11, True), (12, True)]:
        monkeypatch.setattr(notebook_05, "_seeds_that_succeed", lambda rate, succeed=succeed: succeed)
        assert told("05.1", np.float64(0.5)).correct == right


def test_the_counts_of_wrong_additions_are_those_of_runs_from_seed_0():
    rng = np.random.default_rng(0)
    params, _ = training.train(model.init_params(16, rng), rng=rng, n_bits=5, high=16)
    x, y = data.all_sums()
    wrong = int((model.right_bits(model.forward(params, x).o, y).sum(axis=(0, 2)) < 8).sum())
    assert notebook_05.wrong_by_bits()[3] == wrong
    x, y = data.all_sums(5, 16)
    assert model.right_bits(model.forward(params, x).o, y).all()  # and yet its own additions are all right


def test_names_that_are_accepted_are_hidden_by_a_batch_of_one_and_not_in_the_notebook():
    text = (NOTEBOOKS / "06_auditing_the_report.ipynb").read_text(encoding="utf-8")
    right = [name for name in doctor.CATALOGUE if told("06.4", name).correct]
    assert right and not any(name in text for name in right)
    assert all(name in text for name in notebook_06.NAMED)
    for name in (*right, *notebook_06.NAMED):
        assert notebook_06._is_found(name, B=7) and not notebook_06._is_found(name, B=1)


# holes that were open once


@pytest.mark.parametrize(
    "name, yours",
    [
        ("01.2", lambda a, b: a + b >= 2),
        ("01.2", arriving),
        ("04.2", lambda digits, n_bits=7: np.append(np.flatnonzero(digits < n_bits), -1).max() + 2),
        ("04.2", lambda digits, n_bits=8: np.append(np.flatnonzero(digits < n_bits), -1)[0] + 2),
        ("04.2", lambda digits, n_bits=8: np.append(np.flatnonzero(digits.astype(int) < n_bits - 1), -1).max() + 2),
        ("04.2", lambda digits, n_bits=8: (digits < n_bits).sum() + 1),
        ("04.3", lambda p, x, y: (np.round(model.forward(p, x).y_hat) <= y).mean(axis=(1, 2))),
        ("04.3", lambda p, x, y: (np.round(model.forward(p, x).y_hat) >= y).mean(axis=(1, 2))),
        ("06.3", lambda start, rng, n: report.train(start, rng=rng, n_steps=n)[0].b.max()),
        ("06.3", lambda start, rng, n: -report.train(start, rng=rng, n_steps=n)[0].b.min()),
    ],
)
def test_a_hole_that_was_open_is_closed_on_every_seed(name, yours):
    assert accepted(name, yours) == {False}


def one_step_of_memory(x, y, before_first, key):
    """By counting; `key` says what of a column counts."""
    counts = {}
    for t, i in np.ndindex(x.shape[:2]):
        before = key(x[t - 1, i]) if t else before_first
        counts.setdefault((key(x[t, i]), before), [0, 0])[int(y[t, i, 0])] += 1
    return sum(map(max, counts.values())) / x.shape[1]


def test_nothing_before_the_first_step_may_be_none_or_zeros_and_an_addend_may_be_told_from_the_other():
    for key, first in [(sum, None), (sum, 0), (tuple, None), (tuple, (0, 0))]:
        assert accepted("01.4", lambda x, y, key=key, first=first: one_step_of_memory(x, y, first, key)) == {True}
    assert accepted("01.4", lambda x, y: one_step_of_memory(x, y, 1, sum)) == {False}
