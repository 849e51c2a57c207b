import numpy as np
import pytest

from bptt_lab import doctor, gated, gradcheck
from bptt_lab.gated.mistakes import BACKWARD

CATALOGUE = BACKWARD.catalogue


def test_the_steps_without_a_mistake_are_right():
    for case in BACKWARD.cases(seed=3):
        errors = [
            gradcheck.relative_error(*pair)
            for pair in zip(BACKWARD.wrong(case, []).values(), BACKWARD.right(case).values())
        ]
        assert max(errors) < 1e-13


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", CATALOGUE)
def test_each_mistake_is_named(name, seed):
    verdict = gated.diagnose(CATALOGUE[name].backward, seed=seed)
    assert not verdict.correct and verdict.mistakes == (name,)
    assert verdict.hint == CATALOGUE[name].hint and verdict.slip


def test_right_passes_in_other_styles_are_accepted():
    def one_step_at_a_time(params, trace, y):
        dL_do = (trace.y_hat - y) / y.shape[1]
        U, W, V, b, c = (np.zeros_like(array) for array in params)
        later_h, later_s = 0.0, 0.0
        for t in range(len(y) - 1, -1, -1):
            dh = dL_do[t] @ params.V + later_h
            tanh_s = np.tanh(trace.s[t])
            ds = dh * trace.q[t] / np.cosh(trace.s[t]) ** 2 + later_s
            i, f, g, q = (part[t] for part in (trace.i, trace.f, trace.g, trace.q))
            da = np.hstack([ds * g * (i - i * i), ds * trace.s_prev[t] * (f - f * f), ds * i * (1 - g * g),
                            dh * tanh_s * (q - q * q)])  # fmt: skip
            U, W, b = U + da.T @ trace.x[t], W + da.T @ trace.h_prev[t], b + da.sum(axis=0)
            V, c = V + dL_do[t].T @ trace.h[t], c + dL_do[t].sum(axis=0)
            later_h, later_s = da @ params.W, ds * f
        return gated.lstm.Params(U, W, V, b, c)

    assert gated.diagnose(one_step_at_a_time).correct


def test_the_answer_may_not_be_borrowed():
    assert not gated.diagnose(lambda params, trace, y: gated.lstm.backward(params, trace, y)).correct
    numeric = lambda params, trace, y: gradcheck.complex_step(params, trace.x, y, gated.lstm.forward)  # noqa: E731
    assert not gated.diagnose(numeric).correct


def test_a_sample_of_pairs_is_named_or_placed():
    pairs = doctor.suspects(BACKWARD, seed=0).pairs.sets
    chosen = np.random.default_rng(0).permutation(len(pairs))[:25]
    named = 0
    for place in chosen:
        pair = pairs[place]
        verdict = gated.diagnose(BACKWARD.combine(*pair))
        assert not verdict.correct and verdict.where
        named += tuple(mistake.name for mistake in pair) in (verdict.mistakes, *verdict.alternatives)
    assert named >= 20


def test_what_no_name_fits_gets_a_place_to_look():
    def odd(params, trace, y):
        grads = BACKWARD.combine()(params, trace, y)
        return grads._replace(W=grads.W * np.cos(np.arange(grads.W.size)).reshape(grads.W.shape))

    verdict = gated.diagnose(odd)
    assert not verdict.correct and not verdict.mistakes and "W" in verdict.where
