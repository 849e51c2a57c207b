import numpy as np
import pytest

from bptt_lab import checks, model


def doubled(z):
    return 2 * z


CASES = [(np.arange(3.0),), (np.ones((2, 2)),)]


def not_started(z):
    raise NotImplementedError


def crashes(z):
    return z[17]


def changes_its_input(z):
    z *= 2
    return z


@pytest.mark.parametrize(
    "yours, said",
    [
        (doubled, "right, in 2 of 2 cases"),
        (changes_its_input, "right, in 2 of 2 cases"),
        (not_started, "not attempted yet"),
        (crashes, "your code stopped with IndexError"),
        (lambda z: None, "returned None"),
        (lambda z: 3 * z, "2 of 3 entries are not right, the first at index [1]"),
        (lambda z: 2 * z + np.nan, "3 of 3 entries are not right"),
        (lambda z: np.array([0.0, 2.0, 4.0]), "in case 2 of 2, shape (2, 2) was expected, and (3,) came"),
        (lambda z: "two", "numbers were expected, and str came"),
    ],
)
def test_verdicts(capsys, yours, said):
    checks.check(yours, doubled, *CASES)
    printed = capsys.readouterr().out
    assert said in printed and printed.count("\n") == 1


def test_a_crash_shows_the_student_s_line(capsys):
    checks.check(crashes, doubled, *CASES)
    assert "return z[17]" in capsys.readouterr().out


def test_numbers_and_tuples(capsys):
    checks.check(lambda n: n + 1, lambda n: n + 2, (1,))
    assert "the number 2.0 is not right" in capsys.readouterr().out
    checks.check(lambda n: (n, n), lambda n: (n, n + 1), (1,))
    assert "part 2 of the tuple" in capsys.readouterr().out
    checks.check(lambda n: n, lambda n: (n, n + 1), (1,))
    assert "a tuple of 2 was expected, and int came" in capsys.readouterr().out


def test_a_function_without_arguments_is_called_once(capsys):
    checks.check(lambda: 1, lambda: 2)
    assert "in case 1 of 1, the number 1.0 is not right" in capsys.readouterr().out


def test_what_is_done_to_a_params_in_place_does_not_leak(capsys):
    params = model.init_params(3, np.random.default_rng(0))

    def halved_in_place(params):
        for theta in params:
            theta *= 0.5
        return params.W

    before = params.W.copy()
    checks.check(halved_in_place, lambda params: 0.5 * params.W, (params,), (params,))
    assert capsys.readouterr().out.startswith("right") and (params.W == before).all()


def test_what_is_done_to_a_list_or_a_generator_does_not_leak(capsys):
    def first_drawn(numbers, rng):
        return numbers.pop() + rng.normal()

    numbers, rng = [1.0, 2.0], np.random.default_rng(0)
    checks.check(first_drawn, lambda numbers, rng: 2.0 + rng.normal(), (numbers, rng), (numbers, rng))
    assert capsys.readouterr().out.startswith("right, in 2 of 2") and numbers == [1.0, 2.0]


def test_a_crash_inside_a_library_is_told_by_the_student_s_own_line(capsys):
    checks.check(lambda z: np.linalg.inv(z), doubled, (np.ones((2, 3)),))
    assert "line" in (printed := capsys.readouterr().out) and "np.linalg.inv(z)" in printed
