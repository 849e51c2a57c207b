"""The doctor on `truncated_backward` and `rtrl`: right ones are accepted, each planted mistake is called by name."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from problems import disagreement, problems

from bptt_lab import bptt, doctor, model, through_time
from bptt_lab.doctor.exercise import errors
from bptt_lab.model import Params
from bptt_lab.through_time import RTRL, TRUNCATED

EXERCISES = {"truncated": TRUNCATED, "rtrl": RTRL}
ALL = [(name, mistake) for name, exercise in EXERCISES.items() for mistake in exercise.catalogue]


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
    entry = EXERCISES[name].catalogue[mistake]
    verdict = doctor.examine(EXERCISES[name], entry.backward, seed=len(mistake) % 3)
    assert verdict.kind == "mistake" and verdict.mistakes == (mistake,)
    assert verdict.hints(1) == entry.hint and verdict.hints(1).endswith("?")
    assert mistake.replace("_", " ") in verdict.hints(2) and entry.formula in verdict.hints(3)


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("seed", range(3))
def test_no_two_mistakes_are_the_same(name, seed):
    exercise = EXERCISES[name]
    cases = exercise.cases(seed)
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


def truncated_by_a_mask(params, trace, y, window):
    """All Jacobians ∂h^(s)/∂h^(t) of each sequence, as columns; those of far pairs are left out."""
    grads = {name: np.zeros_like(array) for name, array in params._asdict().items()}
    for k in range(y.shape[1]):
        dL_do = (trace.y_hat[:, k] - y[:, k]) / y.shape[1]
        for t in range(len(y)):
            jacobian, dL_dh = np.eye(len(params.b)), np.zeros((len(params.b), 1))
            for s in range(t, len(y)):
                if s > t:
                    jacobian = np.diag(1 - trace.h[s, k] ** 2) @ params.W @ jacobian
                if s - t < window:
                    dL_dh += jacobian.T @ params.V.T @ dL_do[s][:, None]
            dL_da = np.diag(1 - trace.h[t, k] ** 2) @ dL_dh
            grads["U"] += dL_da @ trace.x[t, k][None]
            grads["W"] += dL_da @ trace.h_prev[t, k][None]
            grads["b"] += dL_da[:, 0]
        grads["V"] += dL_do.T @ trace.h[:, k]
        grads["c"] += dL_do.sum(axis=0)
    return grads


def rtrl_in_matrices(params, x, y):
    """The influence as a matrix with a row for each state and a column for each entry of [U W b]."""
    n_h, n_x = params.U.shape
    dM, dV, dc = np.zeros((n_h, n_x + n_h + 1)), np.zeros_like(params.V), np.zeros_like(params.c)
    for k in range(x.shape[1]):
        h, influence = np.zeros((n_h, 1)), np.zeros((n_h, dM.size))
        for t in range(len(x)):
            z = np.vstack([x[t, k][:, None], h, [[1.0]]])
            h = np.tanh(params.W @ h + params.U @ x[t, k][:, None] + params.b[:, None])
            influence = np.diag(1 - h[:, 0] ** 2) @ (params.W @ influence + np.kron(np.eye(n_h), z.T))
            delta = (model.sigmoid(params.V @ h + params.c[:, None]) - y[t, k][:, None]) / x.shape[1]
            dM += (delta.T @ params.V @ influence).reshape(dM.shape)
            dV, dc = dV + delta @ h.T, dc + delta[:, 0]
    return {"U": dM[:, :n_x], "W": dM[:, n_x:-1], "V": dV, "b": dM[:, -1], "c": dc}


@pytest.mark.parametrize(
    ("name", "yours"),
    [
        ("truncated", truncated_by_loops),
        ("truncated", truncated_by_a_mask),
        ("rtrl", rtrl_one_sequence_at_a_time),
        ("rtrl", rtrl_in_matrices),
    ],
)
def test_right_answers_in_other_styles_are_accepted(name, yours):
    assert doctor.examine(EXERCISES[name], yours).correct
    assert doctor.examine(EXERCISES[name], yours, seed=1, B=1).correct


def test_a_stub_gets_the_first_hint():
    def stub(params, x, y):
        raise NotImplementedError

    verdict = doctor.examine(RTRL, stub)
    assert verdict.kind == "not attempted" and verdict.hints(1) == RTRL.hints[0] and verdict.hints(1).endswith("?")


RNG = np.random.default_rng(0)
BORROWED = {
    "bptt.backward": lambda p, x, y: bptt.backward(p, model.forward(p, x), y),
    "truncated.truncated_backward": lambda p, x, y: through_time.truncated_backward(p, model.forward(p, x), y, len(x)),
    "truncated.chunked_backward": lambda p, x, y: through_time.chunked_backward(p, x, y, len(x)),
    "checkpointed.checkpointed_backward": through_time.checkpointed_backward,
    "influence.rtrl": lambda p, x, y: through_time.rtrl(p, x, y),
    "influence.step": lambda p, x, y: through_time.learn_online(p, x, y, learning_rate=1e-9, max_norm=1e9)[0],
    "rank_one.uoro": lambda p, x, y: through_time.uoro(p, x, y, RNG),
    "rank_one.estimates": lambda p, x, y: [
        a.mean(0) for a in through_time.estimates(p, x, y, 9, np.random.default_rng())
    ],
}


@pytest.mark.parametrize("name", BORROWED)
def test_what_gives_the_answer_away_may_not_be_called(name):
    verdict = doctor.examine(RTRL, BORROWED[name])
    assert verdict.kind == "reference" and f"calls {name}, which is the answer" in verdict.where
    plain = doctor.BACKWARD.but(forbidden=(*doctor.BACKWARD.forbidden, *through_time.GIVE_IT_AWAY))
    assert doctor.examine(plain, lambda params, trace, y: BORROWED[name](params, trace.x, y)).kind == "reference"
    if name != "bptt.backward":  # whose stages are no answer to that exercise
        own = doctor.examine(TRUNCATED, lambda params, trace, y, window: BORROWED[name](params, trace.x, y))
        assert own.kind == "reference"


# what no name fits: a place to look


def changed(name, **steps):
    """A right answer with some steps changed: name=f(k, right)."""
    odd = doctor.Mistake("odd", None, "odd", "Odd?", after=steps)
    return lambda *given: EXERCISES[name].combine(odd)(*given)


def wavy(k, right):
    return right * (1 + 0.3 * np.cos(np.arange(right.size)).reshape(right.shape))


def by_length(walked):
    """∂L/∂h by this function of the window: how far does each error go?"""
    return lambda k, right: TRUNCATED.steps["dL_dh"](_With(k, walked(k.window)))


class _With:
    def __init__(self, k, window):
        self.k, self.window = k, window

    def __getattr__(self, name):
        return getattr(self.k, name)


PLACES = [
    ("truncated", {"dL_dU": wavy}, "∂L/∂a^(t) is right"),
    ("truncated", {"direct": wavy}, "already for a single step"),
    (
        "truncated",
        {"dL_dh": by_length(lambda window: window + 2)},
        "the walk as such is right: look at which errors walk",
    ),
    ("truncated", {"dL_dh": by_length(lambda window: window + (window % 3))}, "first with window = 1"),
    ("truncated", {"dL_dh": by_length(lambda window: 2 * window - 1)}, "window = 1 is right, and so is a window of T"),
    ("truncated", {"slope_next": wavy}, "look at how an error goes from one state to the state before"),
    (
        "truncated",
        {"dL_dh": lambda k, right: right * np.linspace(1, 2, len(right))[:, None, None]},
        "window = 1 with more steps is not",
    ),
    ("truncated", {"dL_dh": lambda k, right: right / k.window}, "a larger one with T = 1 is not"),
    ("truncated", {"dL_dh": lambda k, right: np.concatenate([0 * right[:1], right[1:]])}, "look at the first step"),
    ("rtrl", {"dL_db": lambda k, right: right * 0.7 + 0.01}, "look at the 1 in z^(t)"),
    ("rtrl", {"dL_dV": wavy}, "look at the sum for ∂L/∂V"),
    ("rtrl", {"dL_do": wavy}, "begin with ∂L/∂c"),
    (
        "rtrl",
        {"influence": lambda k, right: right + right.mean(axis=1, keepdims=True) - right[:, :1]},
        "sequences share",
    ),
    ("rtrl", {"direct": wavy}, "first with T = 1"),
    ("rtrl", {"W_forward": wavy}, "a single step is right: look at what the influence takes"),
]


@pytest.mark.parametrize(("name", "steps", "words"), PLACES)
def test_what_no_name_fits_gets_a_place_to_look(name, steps, words):
    verdict = doctor.examine(EXERCISES[name], changed(name, **steps))
    assert verdict.kind == "wrong" and verdict.hints(1).endswith("?")
    assert words.lower() in verdict.hints(2).lower()
    assert len({verdict.hints(n) for n in range(1, 6)}) == 5  # each says something else
