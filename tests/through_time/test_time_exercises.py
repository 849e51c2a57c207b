"""The doctor on `truncated_backward` and `rtrl`: right ones are accepted, each planted mistake is called by name."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from problems import disagreement, problems

from bptt_lab import bptt, model, through_time
from bptt_lab.doctor.exercise import errors
from bptt_lab.model import Params
from bptt_lab.through_time.rtrl_exercise import RTRL
from bptt_lab.through_time.truncated_exercise import TRUNCATED

EXERCISES = {"truncated": (TRUNCATED, through_time.diagnose_truncated), "rtrl": (RTRL, through_time.diagnose_rtrl)}
ALL = [(name, mistake) for name, (exercise, _) in EXERCISES.items() for mistake in exercise.catalogue]


@given(problems())
def test_without_a_mistake_the_steps_give_the_reference(problem):
    params, x, y = problem
    trace, window = model.forward(params, x), max(1, len(x) // 2)
    pairs = [
        (TRUNCATED.combine()(params, trace, y, window), through_time.truncated_backward(params, trace, y, window)),
        (RTRL.combine()(params, x, y), through_time.rtrl(params, x, y)),
    ]
    assert all(disagreement(*pair) < 1e-12 for pair in pairs)


@pytest.mark.parametrize("name, mistake", ALL)
def test_each_mistake_is_named(name, mistake):
    exercise, diagnose = EXERCISES[name]
    verdict = diagnose(exercise.catalogue[mistake].backward)
    assert not verdict.correct and (mistake,) in (verdict.mistakes, *verdict.alternatives)
    assert verdict.hints(1).endswith("?")


@pytest.mark.parametrize("name", EXERCISES)
def test_no_two_mistakes_are_the_same(name):
    exercise = EXERCISES[name][0]
    cases = exercise.cases(0)
    answers = {
        mistake: [exercise.wrong(case, [entry]) for case in cases] for mistake, entry in exercise.catalogue.items()
    }
    answers["right"] = [exercise.right(case) for case in cases]
    for a, b in combinations(answers, 2):
        gap = max(max(errors(*pair).values()) for pair in zip(answers[a], answers[b]))
        assert gap > 1e-3, (a, b)


def truncated_by_loops(params, trace, y, window):
    """For each error, the walk of eq. (7)."""
    T, B, _ = y.shape
    dL_do, dh_da, dL_dh = (trace.y_hat - y) / B, 1 - trace.h**2, np.zeros_like(trace.h)
    for s in range(T):
        g = dL_do[s] @ params.V
        for t in range(s, max(s - window, -1), -1):
            dL_dh[t] += g
            g = (g * dh_da[t]) @ params.W
    return bptt.param_grads(trace, dL_do, dL_dh)


def rtrl_one_sequence_at_a_time(params, x, y):
    total = [np.zeros_like(array) for array in params]
    for k in range(x.shape[1]):
        h = np.zeros(len(params.b))
        dh = {name: np.zeros((len(h), *getattr(params, name).shape)) for name in "UWb"}
        for x_t, y_t in zip(x[:, k], y[:, k]):
            now = {"U": np.eye(len(h))[:, :, None] * x_t, "W": np.eye(len(h))[:, :, None] * h, "b": np.eye(len(h))}
            h = np.tanh(params.W @ h + params.U @ x_t + params.b)
            delta = (1 / (1 + np.exp(-params.V @ h - params.c)) - y_t) / x.shape[1]
            for place, name in ((0, "U"), (1, "W"), (3, "b")):
                moved = np.tensordot(params.W, dh[name], axes=1) + now[name]
                dh[name] = (moved.T * (1 - h**2)).T
                total[place] += np.tensordot(delta @ params.V, dh[name], axes=1)
            total[2] += np.outer(delta, h)
            total[4] += delta
    return Params(*total)


def test_right_answers_in_other_styles_are_accepted():
    assert through_time.diagnose_truncated(truncated_by_loops).correct
    assert through_time.diagnose_rtrl(rtrl_one_sequence_at_a_time).correct


def test_a_stub_and_a_borrowed_answer_get_their_line():
    def stub(params, x, y):
        raise NotImplementedError

    assert str(through_time.diagnose_rtrl(stub)) == "not attempted yet"
    borrowed = through_time.diagnose_rtrl(lambda params, x, y: bptt.backward(params, model.forward(params, x), y))
    assert "calls bptt.backward, which is the answer" in borrowed.where
    borrowed = through_time.diagnose_truncated(lambda *args: through_time.truncated_backward(*args))
    assert "calls truncated.truncated_backward, which is the answer" in borrowed.where


def test_an_unknown_mistake_is_localised():
    def wrong(params, x, y):
        right = rtrl_one_sequence_at_a_time(params, x, y)
        return right._replace(b=right.b * 0.7 + 0.01)

    verdict = through_time.diagnose_rtrl(wrong)
    assert not verdict.mistakes and verdict.where.startswith("∂L/∂b is wrong")
