"""An exercise that has nothing to do with the network: the doctor is told all it needs."""

from itertools import combinations
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_lab import doctor
from bptt_lab.doctor import Exercise, Mistake
from bptt_lab.doctor.exercise import _resized, fresh


class Fit(NamedTuple):
    c: np.ndarray  # (n,)
    m: np.ndarray  # (n, k)


class Grads(NamedTuple):
    c: np.ndarray  # (n,)
    m: np.ndarray  # (n, k)


def residual_grads(fit, z, power):
    """∂/∂c and ∂/∂m of Σ_t |c + m z_t|^power / power, power even."""
    slope = (fit.c + z @ fit.m.T) ** (power - 1)  # (T, n)
    return Grads(slope.sum(axis=0), slope.T @ z)


def draw(rng, T, n, k, power):
    fit = Fit(rng.normal(size=n), rng.normal(size=(n, k)))
    return dict(fit=fit, unused=0, z=rng.normal(size=(T, k)), power=2 * power)


STEPS = {
    "residual": lambda k: k.c + k.z @ k.m.T,
    "slope": lambda k: k.residual ** (k.power - 1),
    "by_c": lambda k: k.slope.sum(axis=0),
    "by_m": lambda k: k.slope.T @ k.z,
}
MISTAKES = [
    Mistake("bias_forgotten", None, "c left out", "What does c do?", instead={"residual": lambda k: k.z @ k.fit.m.T}),
    Mistake("power_kept", None, "power kept", "Which power?", after={"slope": lambda k, right: right * k.residual}),
    Mistake("mean_for_sum", 3, "mean", "Sum or mean?", after={"by_c": lambda k, right: right / len(k.z)}),
]
SIZES = [  # the last has all sizes different again, so that a factor T² is not taken for a number
    dict(T=T, n=n, k=k, power=power) for T, n, k, power in [(6, 3, 2, 2), (1, 3, 2, 2), (6, 3, 2, 1), (8, 2, 4, 3)]
]
TOY = Exercise(residual_grads, Grads("by_c", "by_m"), STEPS, draw, SIZES, MISTAKES)


def mine(fit, z, power):
    slope = (fit.c[:, None] + fit.m @ z.T) ** (power - 1)
    return {"m": np.einsum("nt,tk->nk", slope, z), "c": slope.sum(axis=1)}


def test_a_right_answer_is_accepted():
    verdict = doctor.examine(TOY, mine)
    assert verdict.correct and set(verdict.digits) == {"c", "m"}


def test_the_answer_itself_is_recognised():
    assert "calls test_exercise.residual_grads" in doctor.examine(TOY, residual_grads).where


def test_sizes_can_be_fixed_for_a_function_that_is_not_general_yet():
    squares = lambda fit, z, power: mine(fit, z, 2)  # noqa: E731
    assert doctor.examine(TOY, squares, power=1).correct
    assert "only when power > 1" in doctor.examine(TOY, squares).where


def test_errors_are_told_by_step_where_the_answer_has_steps_or_the_problem_can_be_cut():
    def running_sum(z):
        return np.cumsum(z, axis=0)

    def numbers(rng, T, k):
        return dict(z=rng.normal(size=(T, k)))

    def late(z):
        return np.concatenate([z[:1], z[1:] + z[:-1]])

    exercise = Exercise(
        running_sum, "s", {"s": lambda k: k.z.cumsum(axis=0)}, numbers, [dict(T=5, k=2), dict(T=1, k=2)]
    )
    verdict = doctor.examine(exercise, late)
    assert verdict.where == "∂L/∂s is wrong, only when T > 1, but only at steps 3 to 5 of 5"
    assert verdict.error.shape == (1, 5) and list(verdict.error[0] > 1e-5) == [False] * 2 + [True] * 3


def test_a_field_that_two_arguments_share_is_asked_for_by_the_argument():
    def difference(fit, grads):
        return fit.c - grads.c

    def two(rng, n):
        return dict(fit=Fit(rng.normal(size=n), np.ones((n, 2))), grads=Grads(rng.normal(size=n), np.ones((n, 2))))

    steps = {"d": lambda k: k.fit.c - k.grads.c}
    assert doctor.examine(Exercise(difference, "d", steps, two, [dict(n=3)]), lambda a, b: a.c - b.c).correct
    doubtful = Exercise(difference, "d", {"d": lambda k: k.c}, two, [dict(n=3)])
    with pytest.raises(AttributeError, match="c must be given or have a step"):
        doubtful.wrong(doubtful.cases(0)[0], [])


def test_a_mistake_in_a_step_that_does_not_exist_is_refused():
    lost = Mistake("lost", None, "lost", "Where?", after={"by_q": lambda k, right: right})
    with pytest.raises(ValueError, match="lost must touch steps of the exercise, got by_q"):
        Exercise(residual_grads, Grads("by_c", "by_m"), STEPS, draw, SIZES, [lost])


@pytest.mark.parametrize("name", TOY.catalogue)
def test_each_mistake_is_named(name):
    mistake = TOY.catalogue[name]
    verdict = doctor.examine(TOY, mistake.backward, seed=1)
    assert verdict.mistakes == (name,) and verdict.hints(1) == mistake.hint
    assert isinstance(mistake.backward(*TOY.arguments(TOY.cases(0)[0]).values()), Grads)
    assert verdict.hints(2).endswith("Read equation (3) again." if mistake.equation else "”.")
    assert verdict.hints(3) == f"What you computed is {mistake.formula}."


@pytest.mark.parametrize("pair", [*combinations(MISTAKES, 2)])
def test_each_pair_is_named(pair):
    assert doctor.examine(TOY, TOY.combine(*pair)).mistakes == tuple(mistake.name for mistake in pair)


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (lambda g, z, power: g | {"m": -g["m"]}, "∂L/∂m is wrong, with the wrong sign"),
        (lambda g, z, power: g | {"c": g["c"] / len(z) ** 2}, "∂L/∂c is wrong, 1 / T² times what it should be"),
        (
            lambda g, z, power: {n: a + (power > 2) for n, a in g.items()},
            "∂L/∂c and ∂L/∂m are wrong, only when power > 1",
        ),
        (lambda g, z, power: g | {"c": g["c"] + np.sin(g["c"])}, "∂L/∂c is wrong"),
    ],
)
def test_what_no_name_fits_is_localised(slip, words):
    verdict = doctor.examine(TOY, lambda fit, z, power: slip(mine(fit, z, power), z, power))
    assert verdict.where == words and verdict.mistakes == () and verdict.hints(1).endswith("?")
    assert verdict.hints(2) == "There is no hint 2."


def test_a_mistake_outside_any_catalogue_has_no_answer_of_its_own():
    with pytest.raises(ValueError, match="power_kept must stand in a catalogue, got none"):
        MISTAKES[1].backward(None, None, 2)
    assert TOY.catalogue["power_kept"].exercise is TOY and MISTAKES[1].exercise is None


def test_an_exercise_without_steps_in_time_or_a_catalogue_has_no_map_of_errors():
    def product(z):
        return z @ z.T

    def draw(rng, n):
        return dict(z=rng.normal(size=(n, 2)))

    exercise = Exercise(product, "p", {"p": lambda k: k.z @ k.z.T}, draw, sizes=[dict(n=3)])
    assert doctor.examine(exercise, lambda z: np.einsum("ik,jk->ij", z, z)).correct
    verdict = doctor.examine(exercise, lambda z: 2 * z @ z.T)
    assert verdict.where == "∂L/∂p is wrong, 2 times what it should be" and verdict.error is None


def test_the_example_at_the_door_does_what_it_says():
    lines = [line[4:] for line in doctor.__doc__.splitlines() if line.startswith("    ")]
    names = vars(doctor) | {"np": np}
    exec("\n".join(lines[:-1]), names)
    call, said = lines[-1].split("  # ")
    assert len(lines) == 6 and eval(call, names) == said


def test_fresh_arguments_keep_what_shares_memory_and_share_none_with_others():
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(6, 4))
    given = dict(fit=Fit(whole[:-1], whole[1:].T), z=[whole[::-2], 3], name="a", fortran=np.asfortranarray(whole))
    first, second = fresh(given, {}), fresh(given, {})
    assert (first["fit"].c == whole[:-1]).all() and (first["fit"].m == whole[1:].T).all()
    assert (first["z"][0] == whole[::-2]).all() and (first["fortran"] == whole).all()
    first["fit"].c[2] = 7.0  # row 2 of the whole, and so column 1 of m, and row 1 of z
    assert (first["fit"].m[:, 1] == 7).all() and not (second["fit"].m == 7).any() and not (whole == 7).any()


@given(st.dictionaries(st.sampled_from("TBxhy"), st.integers(1, 9), min_size=2), st.integers(0, 99))
def test_hidden_sizes_differ_where_the_visible_ones_do(sizes, seed):
    resized = _resized(sizes, np.random.default_rng(seed))
    assert all(size == 1 if sizes[name] == 1 else 0 <= size - sizes[name] <= 3 for name, size in resized.items())
    assert all(resized[a] != resized[b] for a, b in combinations(sizes, 2) if 1 != sizes[a] != sizes[b] != 1)
