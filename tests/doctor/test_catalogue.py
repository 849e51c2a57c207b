import inspect
import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from problems import disagreement, make_problem, problems

from bptt_lab import bptt, model
from bptt_lab.doctor import BACKWARD, CATALOGUE, Mistake, combine
from bptt_lab.doctor.catalogue import LEARNING_RATE
from bptt_lab.doctor.exercise import errors
from bptt_lab.doctor.passes import possible_together
from bptt_lab.gradcheck import relative_error
from bptt_lab.model import Params

CORRUPT = {"h_squared_in_place", "slope_written_over_h"}
RIGHT_FORMULAS = [  # of equations (3) to (11); a slip may contain parts of one, never all of it
    "(ŷ^(t) - y^(t)) / B.", "Vᵀ ∂L/∂o^(t) + Wᵀ H^(t+1) ∂L/∂h^(t+1)", "∂L/∂a^(t) = H^(t) ∂L/∂h^(t)",
    "Σ_t H^(t) ∂L/∂h^(t) h^(t-1)ᵀ", "Σ_t H^(t) ∂L/∂h^(t) x^(t)ᵀ", "Σ_t ∂L/∂o^(t) h^(t)ᵀ", "diag(1 - h^(t)²)",
    "∂L/∂b = Σ_t H^(t) ∂L/∂h^(t)", "∂L/∂c = Σ_t ∂L/∂o^(t)",
]  # fmt: skip


def distance(a, b):
    return max(errors(a, b).values())


@given(problems())
def test_without_a_mistake_the_pass_is_that_of_bptt(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    assert disagreement(combine()(params, trace, y), bptt.backward(params, trace, y)) < 1e-12


def test_the_catalogue_is_large_and_its_entries_are_complete():
    assert len(CATALOGUE) >= 30 and len({mistake.formula for mistake in CATALOGUE.values()}) == len(CATALOGUE)
    for name, mistake in CATALOGUE.items():
        assert name == mistake.name and re.fullmatch(r"\w+", name)
        assert 3 <= mistake.equation <= 11
        assert mistake.hint.endswith("?") and len(mistake.formula) > 10
        assert mistake.touches


@pytest.mark.parametrize("name", CATALOGUE)
def test_neither_formula_nor_hint_gives_the_right_formula_away(name):
    text = f"{CATALOGUE[name].formula}. {CATALOGUE[name].hint}"
    assert not [formula for formula in RIGHT_FORMULAS if formula in text]


@pytest.mark.parametrize("seed", range(5))
def test_every_mistake_is_wrong_and_no_two_are_the_same(seed):
    """The gap is a hundred times the tolerance, so that rounding cannot bridge it."""
    cases = BACKWARD.cases(seed)[:3]
    answers = {"right": [BACKWARD.right(case) for case in cases]}
    answers |= {name: [BACKWARD.wrong(case, [mistake]) for case in cases] for name, mistake in CATALOGUE.items()}
    for a, b in combinations(answers, 2):
        gap = max(map(distance, answers[a], answers[b]))
        assert gap > 1e-3, f"{a} and {b} compute the same: keep one of them"


@pytest.mark.parametrize("hidden", [False, True])
def test_problems_hide_nothing_and_a_right_pass_may_clip_at_five(hidden):
    """Both bits, no gradient above 5, and an error that goes back 20 steps only is seen, on each of 60 seeds."""
    for seed in range(60):
        cases = BACKWARD.cases(seed, hidden=hidden)
        for case in cases:
            assert set(BACKWARD.arguments(case)["y"].ravel()) == {0, 1}
            assert max(np.abs(grad).max() for grad in BACKWARD.right(case).values()) < 5
        near = Mistake("", None, "", "", after={"dL_dh": lambda k, right: at_most(20, k)})
        assert distance(BACKWARD.wrong(cases[-1], [near]), BACKWARD.right(cases[-1])) > 1e-4


def at_most(steps, k):
    part, total = k.direct, k.direct.copy()
    for _ in range(steps):
        part = (part[1:] * k.slope_next[: len(part) - 1]) @ k.W
        total[: len(part)] += part
    return total


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_mistake_alters_its_inputs_only_if_that_is_the_mistake(name, problem):
    params, x, y = problem
    trace = model.forward(params, x)
    copies = [array.copy() for array in (*params, *trace, y)]
    grads = CATALOGUE[name].backward(params, trace, y)
    assert isinstance(grads, Params) and [g.shape for g in grads] == [p.shape for p in params]
    untouched = all((a == b).all() for a, b in zip(copies, (*params, *trace, y)))
    assert untouched == (name not in CORRUPT)


def test_two_mistakes_in_two_stages_are_both_there(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    flipped, shifted = CATALOGUE["sign_flipped"], CATALOGUE["dU_with_previous_x"]
    both, grads = combine(flipped, shifted)(params, trace, y), bptt.backward(params, trace, y)
    assert np.allclose(both.W, -grads.W)
    assert np.allclose(both.U, -shifted.backward(params, trace, y).U)


def test_two_mistakes_in_one_stage_are_both_there_in_either_order(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    a, b = CATALOGUE["dW_transposed"], CATALOGUE["dW_with_same_h"]
    both = combine(a, b)(params, trace, y)
    assert np.allclose(both.W, b.backward(params, trace, y).W.T)
    assert relative_error(both, combine(b, a)(params, trace, y)) == 0


def test_two_mistakes_that_replace_the_same_quantity_are_no_pair():
    a, b = CATALOGUE["tanh_of_tanh"], CATALOGUE["sigmoid_slope_for_tanh"]
    assert not possible_together(a, b)
    with pytest.raises(ValueError, match="choose another pair"):
        combine(a, b)


def test_targets_of_another_shape_are_refused(problem):
    params, x, y = problem
    with pytest.raises(ValueError, match="time first|shape of the outputs"):
        CATALOGUE["sign_flipped"].backward(params, model.forward(params, x), y[:, :1])


def test_a_mistake_of_ones_own_needs_one_function(problem):
    params, x, y = problem
    trace = model.forward(params, x)
    mine = Mistake("doubled", 5, "∂L/∂c = 2 Σ_t …", "How often?", after={"dL_dc": lambda k, right: 2 * right})
    assert np.allclose(combine(mine)(params, trace, y).c, 2 * bptt.backward(params, trace, y).c)


# the same slips, written out by hand in a loop over time, as a student would: the catalogue must be what they give


def by_hand(params, trace, y, slip):
    dU, dW, dV, db, dc = (np.zeros_like(p) for p in params)
    W, T, B = params.W.copy(), len(y), y.shape[1]
    carry = np.zeros_like(trace.h[0])
    for t in reversed(range(T)):
        do = (trace.y_hat[t] - y[t]) / B
        if slip == "sigmoid_slope_twice":
            do = do * trace.y_hat[t] * (1 - trace.y_hat[t])
        if slip == "not_divided_by_B":
            do = trace.y_hat[t] - y[t]
        dh = do @ params.V + carry
        if slip == "output_path_missing" and t < T - 1:
            dh = carry
        if slip == "last_state_left_out" and t == T - 1:
            dh = 0 * dh
        slope = 1 - trace.h[t] ** 2
        if slip == "tanh_of_tanh":
            slope = 1 - np.tanh(trace.h[t]) ** 2
        if slip == "tanh_slope_averaged_over_batch":
            slope = 1 - (trace.h[t] ** 2).mean(axis=0)
        da = dh * slope
        if slip == "W_updated_inside_loop" and t > 0:
            W -= LEARNING_RATE * da.T @ trace.h_prev[t]
        carry = da @ (W.T if slip == "W_not_transposed" else W)
        if slip == "recurrent_term_missing":
            carry = 0 * carry
        if slip == "tanh_slope_missing_in_recursion":
            carry = dh @ W
        if slip == "tanh_slope_of_wrong_step_in_recursion":
            carry = (dh * (1 - trace.h_prev[t] ** 2)) @ W
        if slip == "tanh_slope_after_W_in_recursion":
            carry = (dh @ W) * slope
        if slip == "tanh_slope_squared_in_recursion":
            carry = (da * slope) @ W
        if slip == "recursion_cut_after_one_step":
            carry = (do @ params.V * slope) @ W
        if slip == "recursion_skips_first_step" and t == 1:
            carry = 0 * carry
        dc += do.sum(axis=0)
        dV += do.T @ (trace.h_prev[t] if slip == "dV_with_previous_h" else trace.h[t])
        db = da.sum(axis=0) if slip == "db_from_first_step_only" else db + da.sum(axis=0)
        dW += da.T @ (trace.h[t] if slip == "dW_with_same_h" else trace.h_prev[t])
        if slip == "dU_with_previous_x":
            dU += da.T @ trace.x[t - 1] if t else 0
        elif slip == "dU_without_tanh_slope":
            dU += dh.T @ trace.x[t]
        elif slip != "dU_without_first_step" or t:
            dU += da.T @ trace.x[t]
    return Params(dU, dW, dV, db, dc)


SLIPS = re.findall(r'slip [!=]= "(\w+)"', inspect.getsource(by_hand))


@pytest.mark.parametrize("name", dict.fromkeys([*SLIPS, "W_not_transposed", "dV_with_previous_h"]))
def test_the_catalogue_holds_what_a_student_would_write(name):
    for seed in range(3):
        params, x, y = make_problem(np.random.default_rng(seed), T=6, B=4, n_x=2, n_h=5, n_y=3)
        trace = model.forward(params, x)
        theirs = by_hand(params, trace, y, name)
        assert relative_error(CATALOGUE[name].backward(params, trace, y), theirs) < 1e-12
        assert relative_error(bptt.backward(params, trace, y), theirs) > 1e-3
    assert relative_error(bptt.backward(params, trace, y), by_hand(params, trace, y, "none")) < 1e-12
