"""The doctor on the backward passes of the cells with gates: right ones are accepted, each planted mistake is named."""

from itertools import combinations

import numpy as np
import pytest

from bptt_lab import doctor, gated, gradcheck
from bptt_lab.doctor.exercise import errors

EXERCISES = {"lstm": gated.LSTM_BACKWARD, "gru": gated.GRU_BACKWARD}
ALL = [(cell, name) for cell, exercise in EXERCISES.items() for name in exercise.catalogue]


@pytest.mark.parametrize("cell", EXERCISES)
@pytest.mark.parametrize("seed", range(3))
def test_the_steps_without_a_mistake_are_right_and_no_two_mistakes_are_alike(cell, seed):
    exercise = EXERCISES[cell]
    cases = exercise.cases(seed)
    right = [exercise.right(case) for case in cases]
    assert max(max(errors(exercise.wrong(case, []), one).values()) for case, one in zip(cases, right)) < 1e-12
    answers = {name: [exercise.wrong(case, [one]) for case in cases] for name, one in exercise.catalogue.items()}
    for a, b in combinations([*answers.items(), ("right", right)], 2):
        gap = max(max(errors(*pair).values()) for pair in zip(a[1], b[1]))
        assert gap > 1e-3, (a[0], b[0])


@pytest.mark.parametrize("cell, name", ALL)
def test_each_mistake_is_named(cell, name):
    exercise = EXERCISES[cell]
    verdict = doctor.examine(exercise, exercise.catalogue[name].backward, seed=len(name) % 3)
    assert verdict.kind == "mistake" and verdict.mistakes == (name,)
    assert verdict.hints(1) == exercise.catalogue[name].hint and verdict.hints(1).endswith("?")
    assert name.replace("_", " ") in verdict.hints(2) and exercise.catalogue[name].formula in verdict.hints(3)


def lstm_one_step_at_a_time(params, trace, y):
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


def column(vector):
    return vector[:, None]


def in_columns(step, params, trace, y):
    """One sequence after the other, one step after the other, with columns; `step` goes back through one of them."""
    grads, carried = {name: np.zeros_like(array) for name, array in params._asdict().items()}, None
    for number in range(y.shape[1]):
        carried = None
        for t in reversed(range(len(y))):
            at = {name: column(array[t, number]) for name, array in trace._asdict().items()}
            dL_do = (at["y_hat"] - column(y[t, number])) / y.shape[1]
            terms, carried = step(params, at, params.V.T @ dL_do, carried)
            terms |= {"V": dL_do @ at["h"].T, "c": dL_do[:, 0]}
            for name, term in terms.items():
                grads[name] += term
    return grads


def lstm_columns(params, at, dh, carried):
    dh, ds = (dh, 0) if carried is None else (dh + carried[0], carried[1])
    ds = ds + dh * at["q"] * (1 - np.tanh(at["s"]) ** 2)
    da = [ds * at["g"] * at["i"] * (1 - at["i"]), ds * at["s_prev"] * at["f"] * (1 - at["f"]),
          ds * at["i"] * (1 - at["g"] ** 2), dh * np.tanh(at["s"]) * at["q"] * (1 - at["q"])]  # fmt: skip
    da = np.vstack(da)
    return {"U": da @ at["x"].T, "W": da @ at["h_prev"].T, "b": da[:, 0]}, (params.W.T @ da, ds * at["f"])


def gru_columns(params, at, dh, carried):
    dh = dh if carried is None else dh + carried
    W_r, W_z, W_g = np.split(params.W, 3)
    da_g = dh * (1 - at["z"]) * (1 - at["g"] ** 2)
    da_z = dh * (at["h_prev"] - at["g"]) * at["z"] * (1 - at["z"])
    d_reset = W_g.T @ da_g  # of r * h_prev
    da_r = d_reset * at["h_prev"] * at["r"] * (1 - at["r"])
    da = np.vstack([da_r, da_z, da_g])
    dW = np.vstack([da_r @ at["h_prev"].T, da_z @ at["h_prev"].T, da_g @ (at["r"] * at["h_prev"]).T])
    return {"U": da @ at["x"].T, "W": dW, "b": da[:, 0]}, dh * at["z"] + d_reset * at["r"] + W_r.T @ da_r + W_z.T @ da_z


def gru_one_step_at_a_time(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    sums, later = [0.0, 0.0, 0.0], np.zeros_like(trace.h[0])
    n_h = len(params.b) // 3
    W = {name: params.W[place * n_h : (place + 1) * n_h] for place, name in enumerate("rzg")}
    for t in range(len(y) - 1, -1, -1):
        r, z, g, h_prev = trace.r[t], trace.z[t], trace.g[t], trace.h_prev[t]
        later = later + dL_do[t] @ params.V
        g_in = later * (1 - z) * (1 - g) * (1 + g)
        z_in = later * (h_prev - g) * (z - z**2)
        through_g = np.einsum("bi,ij->bj", g_in, W["g"])
        r_in = through_g * h_prev * (r - r**2)
        stacked = np.concatenate([r_in, z_in, g_in], axis=1)
        reads = [np.einsum("bi,bj->ij", part, of) for part, of in ((r_in, h_prev), (z_in, h_prev), (g_in, r * h_prev))]
        now = (stacked.T @ trace.x[t], np.concatenate(reads), stacked.sum(axis=0))
        sums = [one + other for one, other in zip(sums, now)]
        later = later * z + r_in @ W["r"] + z_in @ W["z"] + through_g * r
    return (sums[0], sums[1], np.tensordot(dL_do, trace.h, ((0, 1), (0, 1))), sums[2], dL_do.sum(axis=(0, 1)))


@pytest.mark.parametrize(
    ("cell", "yours"),
    [
        ("lstm", lstm_one_step_at_a_time),
        ("lstm", lambda *given: in_columns(lstm_columns, *given)),
        ("gru", gru_one_step_at_a_time),
        ("gru", lambda *given: in_columns(gru_columns, *given)),
    ],
)
def test_right_passes_in_other_styles_are_accepted(cell, yours):
    assert doctor.examine(EXERCISES[cell], yours).correct
    assert doctor.examine(EXERCISES[cell], yours, seed=1, B=1).correct


@pytest.mark.parametrize("cell", EXERCISES)
def test_the_answer_may_not_be_borrowed(cell):
    module = getattr(gated, cell)
    borrowed = doctor.examine(EXERCISES[cell], lambda params, trace, y: module.backward(params, trace, y))
    assert borrowed.kind == "reference" and f"calls {cell}.backward" in borrowed.where
    numeric = lambda params, trace, y: gradcheck.complex_step(params, trace.x, y, module.forward)  # noqa: E731
    assert doctor.examine(EXERCISES[cell], numeric).kind == "reference"


def test_a_sample_of_pairs_is_named_or_placed():
    exercise = gated.LSTM_BACKWARD
    pairs = doctor.suspects(exercise, exercise.cases(seed=0)).pairs.sets
    chosen = np.random.default_rng(0).permutation(len(pairs))[:25]
    named = 0
    for place in chosen:
        pair = pairs[place]
        verdict = doctor.examine(exercise, exercise.combine(*pair))
        assert not verdict.correct and verdict.where
        named += tuple(mistake.name for mistake in pair) in (verdict.mistakes, *verdict.alternatives)
    assert named >= 20


# what no name fits: a place to look, by the rows that are wrong


def changed(cell, **steps):
    """A right pass with some steps changed: name=f(k, right)."""
    odd = doctor.Mistake("odd", None, "odd", "Odd?", after=steps)
    return lambda *given: EXERCISES[cell].combine(odd)(*given)


def wavy(k, right):
    return right * (1 + 0.3 * np.cos(np.arange(right.size)).reshape(right.shape))


PLACES = [  # the cell, the step that is odd, and what the second hint must say
    ("lstm", {"dL_dW": wavy}, "∂L/∂a^(t) is right, as the others show: look at the sum for ∂L/∂W"),
    ("lstm", {"dL_dV": wavy}, "∂L/∂o^(t) is right, as the others show: look at the sum for ∂L/∂V"),
    ("lstm", {"dL_do": wavy}, "begin with ∂L/∂c"),
    ("lstm", {"with_i": wavy}, "already a single step is wrong, in the rows of i: look at ∂L/∂a_i^(t)"),
    ("lstm", {"with_q": wavy}, "already a single step is wrong, in the rows of q: look at ∂L/∂a_q^(t)"),
    ("lstm", {"slope_s": wavy}, "∂L/∂h^(t) is right, as the rows of q show, so look at ∂L/∂s^(t)"),
    ("lstm", {"direct": wavy}, "look at ∂L/∂h^(t), which all of them need"),
    ("lstm", {"with_f": wavy}, "with two, ∂L/∂W is wrong in the rows of f: look at ∂L/∂a_f^(t)"),
    ("lstm", {"with_f": lambda k, right: right + 1}, "at the factors of ∂L/∂a_f^(t)"),
    ("lstm", {"keep": wavy}, "so is the newer one of two steps: ∂L/∂h^(t) is right, as the rows of q show"),
    ("lstm", {"W_back": wavy}, "so is the newer one of two steps: look at what ∂L/∂h^(t) takes"),
    ("lstm", {"keep": lambda k, right: right * (len(right) < 3)}, "not seen with one step or two"),
    ("lstm", {"walk": lambda k, right: right * (np.arange(len(k.x)) > 0)[:, None, None]}, "look at the first step"),
    (
        "lstm",
        {"direct": lambda k, right: right * (np.arange(len(k.x)) % 2 == 0)[:, None, None]},
        "the newer one is wrong",
    ),
    ("gru", {"with_z": wavy}, "already a single step is wrong, in the rows of z: look at ∂L/∂a_z^(t)"),
    ("gru", {"direct": wavy}, "look at ∂L/∂h^(t), which both need"),
    ("gru", {"h_reset": wavy}, "with two, ∂L/∂W is wrong in the rows of r: look at ∂L/∂a_r^(t)"),
    ("gru", {"keep": wavy}, "look at what ∂L/∂h^(t) takes from the step after it"),
]


@pytest.mark.parametrize(("cell", "steps", "words"), PLACES)
def test_what_no_name_fits_gets_a_place_to_look(cell, steps, words):
    verdict = doctor.examine(EXERCISES[cell], changed(cell, **steps))
    assert verdict.kind == "wrong" and verdict.hints(1).endswith("?")
    assert words.lower() in verdict.hints(2).lower()
    assert len({verdict.hints(n) for n in range(1, 6)}) == 5  # each says something else


def test_at_one_length_alone_the_doctor_says_what_it_can():
    verdict = doctor.examine(gated.LSTM_BACKWARD, changed("lstm", keep=wavy), T=5)
    assert "first with T = 1" in verdict.hints(2)
