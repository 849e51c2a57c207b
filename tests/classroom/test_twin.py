import numpy as np
import pytest
from right_styles import STYLES

from bptt_lab import bptt, checks, doctor, model
from bptt_lab.classroom import problems, twin
from bptt_lab.classroom.twin import resized

VISIBLE = [(np.array([8, 7, 8, 8]),), (np.array([0, 1]),)]


def reference(correct_digits):
    return np.mean(correct_digits == 8)


def share_perfect(correct_digits):
    return sum(1 for digits in correct_digits if digits == 8) / len(correct_digits)


def by_heart(correct_digits):
    return {4: 0.75, 2: 0.0}.get(len(correct_digits))


def verdict_of(function, seed, *, check=reference, cases=VISIBLE):
    with twin(function, seed) as verdict:
        checks.check(function, check, *cases)
    return verdict


def test_the_visible_problems_can_be_learned_by_heart_and_the_twin_cannot():
    assert verdict_of(by_heart, None).share == 1
    assert [verdict_of(by_heart, seed).kind for seed in range(5)] == ["wrong"] * 5
    assert [verdict_of(share_perfect, seed).kind for seed in range(5)] == ["right"] * 5


def test_the_checks_of_the_course_are_back_afterwards():
    before = checks.check, doctor.examine
    with pytest.raises(ZeroDivisionError), twin(share_perfect, 1):
        assert (checks.check, doctor.examine) != before
        raise ZeroDivisionError
    assert (checks.check, doctor.examine) == before


def test_problems_come_from_the_seed_and_their_sizes_all_differ():
    again = [problems.cases(share_perfect, [], seed=3)[0]["x"] for _ in range(2)]
    assert (again[0] == again[1]).all()
    shapes = set()
    for seed in range(30):
        for problem in problems.cases(share_perfect, ["params", "trace"], seed):
            sizes = [problem[name] for name in ("n_x", "n_h", "n_y", "B", "T")]
            assert (
                len(set(sizes)) == 5 and min(sizes) > 1 and problem["trace"].h.shape == (sizes[4], sizes[3], sizes[1])
            )
            shapes.add(tuple(sizes))
    assert len(shapes) > 100


def test_quantities_of_one_problem_belong_together():
    problem = problems.draw(np.random.default_rng(1))
    params, trace, y = (problem[name] for name in ("params", "trace", "y"))
    assert (model.forward(params, problem["x"]).h == trace.h).all()
    U = np.einsum("tbi,tbj->ij", problem["dL_da"], trace.x)
    assert np.abs(U - bptt.backward(params, trace, y).U).max() < 1e-12
    assert len(problem["values"]) % problem["n"] == 0


def test_an_argument_that_nobody_knows_is_named():
    with pytest.raises(LookupError, match="got zeta in by_heart: see problems.py"):
        problems.cases(by_heart, ["zeta"], 0)


def test_arguments_that_the_course_does_not_know_are_drawn_again_in_their_sizes():
    def scaled(zeta, theta, words):
        return zeta * theta.W.sum()

    params = model.init_params(3, np.random.default_rng(0))
    seen = [(np.arange(4), params, "words"), (np.arange(4) + 5, params, "words")]
    with twin(scaled, 3) as verdict:
        checks.check(lambda *case: seen[0][0] * params.W.sum(), scaled, *seen)
    assert verdict.kind == "wrong"
    with twin(scaled, 3) as verdict:
        checks.check(scaled, scaled, *seen)
    assert verdict.kind == "right" and verdict.where == "right, in 5 of 5 cases"
    fresh = problems.cases(scaled, ["zeta", "theta", "words"], 3, seen)
    assert sorted(fresh[1]["zeta"]) == [5, 6, 7, 8] and fresh[0]["words"] == "words"
    assert type(fresh[0]["theta"]) is model.Params and (fresh[0]["theta"].W != params.W).all()


def test_arguments_of_another_kind_under_a_known_name_are_drawn_again_too():
    def last(x):
        return x[-1]

    (fresh, *_) = problems.cases(last, ["x"], 3, [(np.arange(5.0),)])
    assert fresh["x"].shape == (5,)


def test_the_names_of_arguments_are_those_of_who_says_them():
    def exercise(writer, beginning, n=3):
        return writer

    def its_reference(beginning, n):
        return beginning

    assert problems.parameters(exercise, exercise, its_reference, 2) == ["writer", "beginning"]
    assert problems.parameters(lambda *case: case, its_reference, exercise, 3) == ["writer", "beginning", "n"]
    assert problems.parameters(lambda k: k, exercise, its_reference, 1) == ["k"]
    assert problems.parameters(lambda *case: case, lambda a: a, lambda b: b, 2) == ["argument 0", "argument 1"]


def test_modules_that_took_a_name_from_the_doctor_ask_the_twin(monkeypatch):
    monkeypatch.setattr(bptt, "examine", doctor.examine, raising=False)
    with twin(bptt.backward, 7) as verdict:
        bptt.examine(doctor.BACKWARD, STYLES["einsum"])
    assert verdict.kind == "right" and bptt.examine is doctor.examine


def test_a_reference_that_reads_its_notebook_reads_the_problem():
    cell = "def shifted(values):\n    return values + x.sum()\nchecks.check(f, shifted, (x[0, 0],))"
    x = np.zeros((2, 2, 2))

    def f(values):
        return values

    f_knows_x = {"x": x}

    def g(values):
        return values + f_knows_x["x"].sum()

    for function, shares in ((f, (1, 0)), (g, (1, 0))):
        for seed, share in zip((None, 4), shares):
            with twin(function, seed) as verdict:
                exec(cell, {"checks": checks, "f": function, "x": x})
            assert verdict.share == share


@pytest.mark.parametrize("seed", [11, 12])
def test_every_known_mistake_keeps_its_name_at_other_sizes(seed):
    for mistake in doctor.CATALOGUE.values():
        with twin(mistake.backward, seed) as verdict:
            checks.diagnose(mistake.backward)
        assert mistake.name in verdict.mistakes and verdict.kind == "mistake" and verdict.hint


@pytest.mark.parametrize("style", ["einsum", "recursion", "WithState"])
def test_right_functions_get_all_points_at_other_sizes(style):
    with twin(bptt.backward, 7) as verdict:
        checks.diagnose(STYLES[style])
    assert verdict.points(5) == 5 and verdict.kind == "right"


def test_other_sizes_are_other_and_ones_stay():
    first, second = resized(doctor.BACKWARD, 1), resized(doctor.BACKWARD, 2)
    assert first.sizes != second.sizes and resized(doctor.BACKWARD, 1) is first
    assert list(first.catalogue) == list(doctor.CATALOGUE)
    for before, after in zip(doctor.BACKWARD.sizes, first.sizes):
        assert {name for name in before if before[name] == 1} == {name for name in after if after[name] == 1}
        larger = [size for size in after.values() if size > 1]
        assert len(set(larger)) == len(larger)


def test_each_right_gradient_earns_its_share_and_damage_costs_half():
    def with_wrong_c(params, trace, y):
        return STYLES["WithState"](params, trace, y) | {"c": np.zeros(len(params.c))}

    def damaging(params, trace, y):
        grads = STYLES["einsum"](params, trace, y)
        trace.h[:] = 0
        return grads

    for function, points in ((with_wrong_c, 4), (damaging, 2.5), (lambda params, trace, y: None, 0)):
        with twin(bptt.backward, 7) as verdict:
            checks.diagnose(function)
        assert verdict.points(5) == points and verdict.kind != "right"


def test_several_checks_in_one_cell_share_the_points():
    with twin(share_perfect, 5) as verdict:
        checks.check(share_perfect, reference, *VISIBLE)
        checks.check(by_heart, reference, *VISIBLE)
    assert verdict.share == 0.5 and verdict.kind == "wrong"
    with twin(share_perfect, 5) as nothing:
        pass
    assert nothing.points(5) == 0
