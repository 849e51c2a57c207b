"""`checks.check`, on small exercises of its own; what the course asks is tested beside its exercises."""

import sys

import numpy as np
import pytest

import bptt_lab
from bptt_lab import checks
from bptt_lab.doctor import Exercise, slip


def doubled(z):
    return 2 * z


def ends(word):
    return word[0], len(word)


def half():
    return 0.5


DOUBLED = Exercise(
    doubled,
    draw=lambda rng, n: {"z": rng.normal(size=(n, 2))},
    sizes=[dict(n=3), dict(n=1)],
    mistakes=[
        slip("squared", "z²", "What does 2 z give for 3?", lambda z: z**2),
        slip(
            "first_row_left", "2 z but in the first row", "Which rows change?", lambda z: np.append(z[:1], 2 * z[1:], 0)
        ),
    ],
    hints=("Is z a number, or an array?", "NumPy multiplies entry by entry."),
)
ENDS = Exercise(
    ends, draw=lambda rng, n: {"word": "abcdefgh"[n:]}, sizes=[dict(n=0), dict(n=3)], hints=("Which letter?",)
)
HALF = Exercise(half, hints=("Which number lies between 0 and 1?",))
LARGE = Exercise(
    half, judge=lambda answer: "" if answer > 0.4 else f"your {answer} is small; another is larger", hints=("Larger?",)
)


def crashes(z):
    return z[17]


def changes_its_input(z):
    z *= 2
    return z


def not_started(z):
    raise NotImplementedError


class Tensor:
    """What PyTorch hands out: np.asarray refuses it while it requires a gradient."""

    dtype = "torch.float64"

    def __init__(self, array):
        self.array = array

    def __array__(self, *_, **__):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad")

    def detach(self):
        return type("Detached", (), {"cpu": lambda _: type("Host", (), {"numpy": lambda _: self.array})()})()


@pytest.mark.parametrize(
    ("exercise", "yours", "kind", "said"),
    [
        (DOUBLED, lambda z: z + z, "right", "right, on 2 of 2 problems"),
        (DOUBLED, lambda z: (2 * z).tolist(), "right", "right"),
        (DOUBLED, lambda z: 2 * z.astype(np.float32), "right", "right"),
        (DOUBLED, lambda z: Tensor(2 * z), "right", "right"),
        (DOUBLED, lambda z: 2 * z.astype(np.float16), "wrong", "your numbers are float16"),
        (DOUBLED, lambda z: 2 * z + 0.5j, "wrong", "your answer holds complex numbers"),
        (DOUBLED, lambda z: 2 * z + 0j, "wrong", "your answer holds complex numbers"),
        (DOUBLED, not_started, "not attempted", "not attempted yet"),
        (DOUBLED, crashes, "crash", "your code stopped with IndexError"),
        (DOUBLED, lambda z: sys.exit(), "crash", "your code stopped with SystemExit"),
        (DOUBLED, lambda z: None, "wrong", "returned None"),
        (DOUBLED, lambda z: 3 * z, "wrong", "6 of 6 entries are not right, the first at index [0, 0]"),
        (DOUBLED, lambda z: 2 * z + np.nan, "wrong", "6 of 6 entries are not right"),
        (DOUBLED, lambda z: 2 * z.T, "wrong", "shape (3, 2) was expected, and (2, 3) came: it is transposed"),
        (DOUBLED, lambda z: np.ones((3, 2)) if len(z) > 1 else z, "wrong", "entries are not right"),
        (DOUBLED, lambda z: 2 * z[:3] if len(z) > 1 else 2 * z[0], "wrong", "]]: shape (1, 2) was expected, and (2,)"),
        (DOUBLED, lambda z: "two", "wrong", "expected as an array of numbers, and str came"),
        (DOUBLED, lambda z: z**2, "mistake", "entries are not right"),
        (DOUBLED, changes_its_input, "wrong", "the numbers are right, but your function changes z"),
        (DOUBLED, doubled, "reference", "your function calls test_checks.doubled"),
        (DOUBLED, lambda z: DOUBLED.combine()(z), "reference", "your function calls exercise.combine"),
        (ENDS, lambda word: (word[0], len(word)), "right", "right"),
        (ENDS, lambda word: [word[0], len(word)], "right", "right"),
        (ENDS, lambda word: (np.str_(word[0]), np.int64(len(word))), "right", "right"),
        (ENDS, lambda word: np.ones(3), "wrong", "in a tuple or a list, and one array of shape (3,) came"),
        (ENDS, lambda word: word[0], "wrong", "= abcdefgh: 2 parts were expected, in a tuple or a list, and text came"),
        (ENDS, lambda word: (word[0], 8), "wrong", "for word = defgh: part 2: 8 is not right"),
        (ENDS, lambda word: (word[-1], len(word)), "wrong", "part 1: 'h' is not right"),
        (ENDS, lambda word: (1, len(word)), "wrong", "part 1: text was expected, and int came"),
        (HALF, 0.5, "right", "right"),
        (HALF, lambda: 0.5, "right", "right"),
        (HALF, 0.4, "wrong", "not yet: 0.4 is not right"),
        (HALF, None, "not attempted", "not attempted yet"),
        (LARGE, 0.9, "right", "right"),
        (LARGE, 0.3, "wrong", "not yet: your 0.3 is small; another is larger"),
    ],
)
def test_what_is_said(exercise, yours, kind, said):
    verdict = checks.check(exercise, yours)
    assert verdict.kind == kind and said in verdict.where and verdict.correct == (kind == "right")
    assert str(verdict) == f"{verdict.where}\n{verdict.version}".strip() and "\n" not in verdict.where


@pytest.mark.parametrize("name", DOUBLED.catalogue)
def test_each_slip_gets_its_question_and_its_name_only_on_request(name):
    mistake = DOUBLED.catalogue[name]
    verdict = checks.check(DOUBLED, lambda z: mistake.whole(z))
    assert verdict.mistakes == (name,) and mistake.formula not in str(verdict)
    assert [verdict.hints(1), verdict.hints(3)] == [mistake.hint, f"What you computed is {mistake.formula}."]
    assert name.replace("_", " ") in verdict.hints(2) and name.replace("_", " ") not in verdict.where


def test_hints_differ_and_come_one_at_a_time():
    for verdict in (checks.check(DOUBLED, lambda z: 3 * z), checks.check(DOUBLED, not_started)):
        assert [verdict.hints(1), verdict.hints(2)] == list(DOUBLED.hints)
        assert verdict.hints(3) == "There is no hint 3."
    for student in (crashes, lambda z: z @ z, lambda z: np.random.default_rng().normal(size=z.shape)):
        verdict = checks.check(DOUBLED, student)
        assert len(set(verdict.ladder)) == len(verdict.ladder) >= 2
    assert checks.check(DOUBLED, lambda z: z + z).hints() == "Nothing to repair."


def test_a_crash_shows_the_students_line_also_inside_a_library():
    assert "return z[17]" in checks.check(DOUBLED, crashes).where


def test_the_version_stands_beside_a_crash_and_nowhere_else():
    version, crash = f"bptt-lab {bptt_lab.__version__}", checks.check(DOUBLED, crashes)
    assert repr(crash).splitlines() == [crash.where, version] and crash._repr_html_().endswith(f"<p>{version}</p>")
    for other in (lambda z: z**2, doubled):
        assert version not in repr(checks.check(DOUBLED, other)) + checks.check(DOUBLED, other)._repr_html_()
    assert "np.linalg.inv(z)" in checks.check(DOUBLED, lambda z: np.linalg.inv(z)).where


def test_a_product_that_does_not_fit_is_told_by_its_shapes():
    def whole(z):
        scale = np.ones((3, 4))
        return (z.T @ scale) @ (scale @ z)

    def a_column(z):  # what is no matrix need be no state
        scale = np.ones((3, 4))
        return scale @ z[0]

    def with_a_call(z):
        return np.tanh(z) @ np.tanh(z)

    said = checks.check(DOUBLED, whole)
    assert "ValueError: (3, 4) @ (3, 2) does not fit, 4 meets 3: states are rows in this course (in whole" in said.where
    assert "rows" in said.hints(1) and "gufunc" not in said.where
    assert "a product does not fit, 3 meets 2 (in with_a_call" in checks.check(DOUBLED, with_a_call).where
    said = checks.check(DOUBLED, lambda z: np.dot(z, z))
    assert "(3,2) @ (3,2) does not fit, 3 meets 2: states are rows" in said.where
    assert "(3, 4) @ (2,) does not fit, 4 meets 2 (in a_column" in checks.check(DOUBLED, a_column).where


def test_what_is_done_to_arguments_does_not_leak():
    lists = Exercise(lambda numbers: sum(numbers), draw=lambda rng: {"numbers": [1.0, 2.0]}, hints=("Add.",))
    popped = checks.check(lists, lambda numbers: numbers.pop() + numbers.pop())
    assert popped.correct and checks.check(lists, lambda numbers: float(np.sum(numbers))).correct
    before = DOUBLED.arguments(DOUBLED.cases(0)[0])["z"]
    checks.check(DOUBLED, changes_its_input)
    assert (DOUBLED.arguments(DOUBLED.cases(0)[0])["z"] == before).all()


def test_a_loop_without_end_ends_after_its_seconds():
    def endless(z):
        while True:
            pass

    verdict = checks.check(DOUBLED, endless, seconds=0.2)
    assert verdict.kind == "hang" and "no answer after 0.2 seconds" in verdict.where and len(verdict.ladder) >= 2


def test_an_answer_that_is_drawn_anew_is_told():
    verdict = checks.check(DOUBLED, lambda z: 2 * z + np.random.default_rng().normal())
    assert verdict.where == "your function gives two answers to the same question"


def test_whole_numbers_are_held_to_all_their_digits_in_single_precision():
    many = Exercise(lambda n: n + np.arange(3), draw=lambda rng: {"n": 100_000}, hints=("Count.",))
    assert checks.check(many, lambda n: np.arange(n, n + 3, dtype=np.float32)).correct
    assert not checks.check(many, lambda n: np.arange(n, n + 3, dtype=np.float32) + np.float32(1)).correct


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: checks.check("00.0", doubled), ValueError, "an exercise of the course is needed"),
        (lambda: checks.check("3.1", doubled), ValueError, "got '3.1': write for example '03.1'"),
        (lambda: checks.check(DOUBLED, 3), TypeError, "a function is needed, got int"),
        (lambda: checks.check(DOUBLED, doubled, seed=-1), ValueError, "seed must be 0 or larger"),
        (lambda: checks.check(DOUBLED, doubled, seconds=0), ValueError, "seconds must be positive"),
        (lambda: checks.check(DOUBLED, doubled, n=0), ValueError, "n must be 1 or larger"),
    ],
)
def test_a_bad_call_is_refused_in_one_line(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize(
    "id, yours, kind",
    [
        ("14.a", "(b)", "right"),
        ("14.a", " B. ", "right"),
        ("14.a", "C", "mistake"),
        ("14.a", "bc", "wrong"),
        ("14.a", "(d)", "wrong"),
        ("06.a", "b", "wrong"),  # the bias is not the batch
        ("07.a", "B", "mistake"),
        ("06.1", "BCEHJM", "right"),
    ],
)
def test_a_letter_may_be_written_as_it_is_printed(id, yours, kind):
    assert checks.check(id, yours).kind == kind


def test_it_prints_nothing_itself(capsys):
    checks.check(DOUBLED, lambda z: 3 * z)
    assert capsys.readouterr() == ("", "")
