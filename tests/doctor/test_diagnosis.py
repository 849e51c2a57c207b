import inspect
import itertools
import linecache
import re
import threading
import time
from functools import partial

import numpy as np
import pytest
from right_styles import STYLES, einsum
from test_catalogue import RIGHT_FORMULAS

from bptt_lab import bptt, doctor, gradcheck, model
from bptt_lab.bptt import backward as known_under_another_name
from bptt_lab.doctor import BACKWARD, CATALOGUE, OUTPUT_GRADS, PARAM_GRADS, STATE_GRADS, combine, examine, suspects
from bptt_lab.doctor.exercise import errors
from bptt_lab.doctor.passes import possible_together
from bptt_lab.doctor.suspects import Suspects
from bptt_lab.model import Params

diagnose = partial(examine, BACKWARD)


def changed(**changes):
    """The right gradient of `einsum`, with f(gradient, trace, y) in place of some."""

    def student(params, trace, y):
        grads = Params(*einsum(params, trace, y))
        return grads._replace(**{name: f(getattr(grads, name), trace, y) for name, f in changes.items()})

    return student


# names


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.ci) for seed in range(2, 8))])
def test_every_mistake_is_named(seed):
    verdicts = {name: diagnose(mistake.backward, seed=seed) for name, mistake in CATALOGUE.items()}
    assert {name: verdict.mistakes for name, verdict in verdicts.items()} == {name: (name,) for name in CATALOGUE}
    assert not any(verdict.correct or verdict.alternatives for verdict in verdicts.values())


def test_every_pair_is_named_or_localised_and_never_misnamed():
    """A name is right if it stands for the same gradient on problems that the search has not seen."""
    pairs = [pair for pair in itertools.combinations(CATALOGUE.values(), 2) if possible_together(*pair)]
    cases, fresh = BACKWARD.cases(seed=1), BACKWARD.cases(seed=99)
    search = Suspects(BACKWARD, [cases[0], cases[-1]])
    truth = BACKWARD.right(fresh[0])
    named, distinct = 0, 0
    for pair in pairs:
        answers = [BACKWARD.wrong(case, pair) for case in search.cases]
        if not all(np.isfinite(array).all() for one in answers for array in one.values()):
            continue  # a student is told that it is not finite
        found = search.explain(answers)
        theirs = BACKWARD.wrong(fresh[0], pair)
        if max(errors(theirs, truth).values()) < 1e-9:  # the two cancel out
            continue
        assert found
        for names in found:
            assert max(errors(BACKWARD.wrong(fresh[0], names), theirs).values()) < 1e-9, (pair, names)
        if len(found[0]) == 2:
            distinct += 1
            named += [m.name for m in pair] in [[m.name for m in names] for names in found]
    assert distinct > 1000 and named == distinct


def test_some_pairs_from_end_to_end():
    rng = np.random.default_rng(5)
    pairs = [pair for pair in itertools.combinations(CATALOGUE.values(), 2) if possible_together(*pair)]
    for place in rng.choice(len(pairs), 60, replace=False):
        verdict = diagnose(combine(*pairs[place]), seed=2)
        names = tuple(mistake.name for mistake in pairs[place])
        if len(verdict.mistakes) == 2:
            assert names in (verdict.mistakes, *verdict.alternatives)
            assert all(name.replace("_", " ") in verdict.hints(2) for name in verdict.mistakes)


def test_mistakes_are_named_in_single_precision_too():
    def rounded(mistake, params, trace, y):
        grads = mistake.backward(params, trace, y)
        return [g.astype(np.float32) for g in grads]

    for name, mistake in CATALOGUE.items():
        assert diagnose(partial(rounded, mistake)).mistakes == (name,)


def test_the_three_mistakes_of_the_report_are_found_together():
    names = {"tanh_slope_averaged_over_batch", "dU_without_first_step", "db_from_first_step_only"}
    verdict = diagnose(combine(*(CATALOGUE[name] for name in names)))
    assert set(verdict.mistakes) == names


@pytest.mark.parametrize("stage", [OUTPUT_GRADS, STATE_GRADS, PARAM_GRADS])
def test_every_mistake_is_named_in_its_own_stage(stage):
    search = suspects(stage, stage.cases(seed=0))
    for mistake in stage.catalogue.values():
        found = search.explain([stage.wrong(case, [mistake]) for case in search.cases])
        assert mistake in [names[0] for names in found if len(names) == 1]


# right answers


@pytest.mark.parametrize("style", STYLES)
def test_a_right_answer_in_any_style_is_accepted(style):
    for seed in range(3):
        verdict = diagnose(STYLES[style], seed=seed)
        assert verdict.correct, verdict.where
        assert verdict.mistakes == () and set(verdict.digits) == set("UWVbc")
        assert min(verdict.digits.values()) >= (5 if style == "single_precision" else 13)
        assert str(verdict).count("✓ right to") == 5


def test_finite_differences_are_accepted_with_fewer_digits():
    def student(params, trace, y):
        grads = []
        for place, p in enumerate(params):
            grad = np.zeros_like(p)
            for index in np.ndindex(p.shape):
                losses = []
                for nudge in (1e-5, -1e-5):
                    nudged = [q.copy() for q in params]
                    nudged[place][index] += nudge
                    losses.append(model.loss(model.forward(Params(*nudged), trace.x), y))
                grad[index] = (losses[0] - losses[1]) / 2e-5
            grads.append(grad)
        return grads

    verdict = diagnose(student)
    assert verdict.correct and 6 <= min(verdict.digits.values()) <= 11


def my_output_grads(trace, y):
    return np.stack([(p - q) / len(q) for p, q in zip(trace.y_hat, y)])


def my_state_grads(params, trace, dL_do):
    dL_dh = [dL_do[-1] @ params.V]
    for t in range(len(dL_do) - 1, 0, -1):
        dL_dh.insert(0, dL_do[t - 1] @ params.V + (dL_dh[0] * (1 - trace.h[t] ** 2)) @ params.W)
    return dL_dh


def my_param_grads(trace, dL_do, dL_dh):
    dL_da = dL_dh * (1 - trace.h**2)
    grads = [np.einsum("tbi,tbj->ij", dL_da, source) for source in (trace.x, trace.h_prev)]
    return *grads, np.einsum("tbi,tbj->ij", dL_do, trace.h), dL_da.sum((0, 1)), dL_do.sum((0, 1))


@pytest.mark.parametrize(
    ("exercise", "stage"),
    [(OUTPUT_GRADS, my_output_grads), (STATE_GRADS, my_state_grads), (PARAM_GRADS, my_param_grads)],
)
def test_each_stage_is_accepted_on_its_own(exercise, stage):
    verdict = examine(exercise, stage)
    assert verdict.correct, verdict.where


def test_an_early_mistake_does_not_hide_later_work():
    def whole(params, trace, y):
        dL_do = -my_output_grads(trace, y)
        return my_param_grads(trace, dL_do, np.array(my_state_grads(params, trace, dL_do)))

    assert diagnose(whole).mistakes == ("sign_flipped",)
    assert examine(OUTPUT_GRADS, lambda trace, y: -my_output_grads(trace, y)).mistakes == ("sign_flipped",)
    assert examine(STATE_GRADS, my_state_grads).correct and examine(PARAM_GRADS, my_param_grads).correct


def test_a_function_for_one_sequence_is_right_when_the_batch_is_fixed():
    student = CATALOGUE["not_divided_by_B"].backward
    assert diagnose(student, B=1).correct
    assert diagnose(student, B=1, n_y=1).correct
    assert not diagnose(student, n_y=1).correct


# places, where no name fits


def walked(walk):
    """The right gradient but for `walk`, which makes ∂L/∂h of the direct part, the slope and W."""

    def student(params, trace, y):
        dL_do = my_output_grads(trace, y)
        return my_param_grads(trace, dL_do, walk(dL_do @ params.V, 1 - trace.h**2, params.W))

    return student


def other_output_grads(change):
    """The right gradient of another ∂L/∂o."""

    def student(params, trace, y):
        dL_do = change(my_output_grads(trace, y))
        return my_param_grads(trace, dL_do, np.array(my_state_grads(params, trace, dL_do)))

    return student


@pytest.mark.parametrize(
    ("student", "words", "equation"),
    [
        (changed(W=lambda g, *_: -g), "with the wrong sign.*sum for ∂L/∂W", 10),
        (changed(V=lambda g, *_: 3 * g), "∂L/∂V is wrong, 3 times what it should be", 6),
        (changed(c=lambda g, trace, y: g * y.shape[1]), "∂L/∂c is wrong, B times", 5),
        (changed(b=lambda g, trace, y: g / len(y) / y.shape[2]), r"∂L/∂b is wrong, 1 / \(T · n_y\) times", 9),
        (changed(U=lambda g, *_: 0 * g), "∂L/∂U is wrong, zero everywhere", 11),
        (changed(V=lambda g, trace, y: g * (1 + (y.shape[1] > 1) * np.eye(*g.shape))), r"only when B > 1", 6),
        (changed(V=lambda g, trace, y: g * (1 + (y.shape[2] > 1) * np.eye(*g.shape))), r"only when n_y > 1", 6),
        (changed(b=lambda g, trace, y: g * (1 + (len(y) > 1) * np.arange(len(g)))), r"only when T > 1", 9),
        (changed(V=lambda g, *_: g + 1), "by the same amount whichever steps have an error", 6),
        (changed(V=lambda g, *_: 2 * g, c=lambda g, *_: g / 2), "∂L/∂U, .* show that .* sums for ∂L/∂V and ∂L/∂c", 5),
        (changed(U=lambda g, *_: g[::-1], b=lambda g, *_: g[::-1]), "∂L/∂W shows .* after the first step", 11),
        (changed(U=lambda g, *_: g[::-1], W=lambda g, *_: g[::-1]), "∂L/∂b shows that the sum of all", 11),
        (walked(lambda direct, slope, W: direct + slope), "does not add up.*Is anything cut", 8),
        (walked(lambda direct, slope, W: direct * slope**2), "∂L/∂V and ∂L/∂c show .* already for a single step", 8),
        (walked(lambda direct, slope, W: direct + np.roll(direct, 1, axis=0) * (len(slope) > 1)), "later steps", 7),
        (other_output_grads(lambda g: g[:, :, ::-1]), "fit to one ∂L/∂o.*repair it first", 4),
        (other_output_grads(lambda g: g * 1.5), "1.5 times .* multiplies or divides", 4),
        (
            other_output_grads(lambda g: g * (np.arange(len(g)) < len(g) - 1)[:, None, None]),
            "only .* at step 7.*a single step adds nothing",
            5,
        ),
        (other_output_grads(lambda g: g * np.arange(g.shape[1])[:, None]), "not all sequences count alike", 5),
        (other_output_grads(lambda g: g[::-1]), "only when T > 1.*a single step is right", 4),
        (changed(**{n: lambda g, *_: g[..., ::-1] for n in "UWVbc"}), "do not fit to one ∂L/∂o", 6),
    ],
)
def test_what_no_name_fits_is_localised(student, words, equation):
    verdict = diagnose(student)
    assert not verdict.correct and verdict.mistakes == ()
    assert re.search(words, "\n".join([verdict.where, *verdict.ladder]), re.IGNORECASE | re.DOTALL), verdict
    assert f"equation ({equation})" in "".join(verdict.ladder)
    assert verdict.hints(1).endswith("?") and len(set(verdict.ladder)) == len(verdict.ladder) >= 3


def test_the_step_is_found_that_alone_goes_wrong():
    def student(trace, y):
        grads = my_output_grads(trace, y)
        grads[-1] *= 0.3
        return grads

    verdict = examine(OUTPUT_GRADS, student)
    assert "only at step 7 (the last) of 7" in verdict.where
    assert verdict.error.shape == (1, 7) and (verdict.error[0, :-1] == 0).all() and verdict.error[0, -1] > 0.01


def test_a_gradient_that_travels_too_short_a_way_is_localised_by_steps():
    def student(params, trace, y):
        """Three steps back and no further."""
        dL_do, slope = my_output_grads(trace, y), 1 - trace.h**2
        dL_dh = dL_do @ params.V
        for t in range(len(y)):
            g = dL_do[t] @ params.V
            for k in range(t, max(t - 3, 0), -1):
                g = (g * slope[k]) @ params.W
                dL_dh[k - 1] += g
        return my_param_grads(trace, dL_do, dL_dh)

    verdict = diagnose(student)
    assert "only in what comes from the loss at steps 5 to 7 of 7" in verdict.where
    assert list((verdict.error > 1e-5).any(axis=0)) == [False] * 4 + [True] * 3


def test_a_mistake_of_output_path_shows_in_the_heat_map_at_early_losses():
    error = diagnose(CATALOGUE["output_path_missing"].backward).error
    assert error.shape == (5, 7)
    U, V = error[0], error[2]
    assert (U[:-1] > 1e-3).all() and U[-1] < 1e-12 and V.max() < 1e-12


# what never gets as far as a gradient


def from_a_cell(source, filename="<ipython-input-7-0123456789ab>"):
    """The function f of a notebook cell, with its lines where IPython puts them."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    names = {"np": np}
    exec(compile(source, filename, "exec"), names)
    return names["f"]


CRASHES = {
    "h = trace.h @ trace.x": "ValueError",
    "return params.Q": "AttributeError",
    "return undefined_name": "NameError",
    "return np.concatenate([trace.h, y])": "ValueError",
    "raise SystemExit": "SystemExit",
    "return [1, 2, 3][trace.h.size]": "IndexError",
    "return inner(trace)": "ZeroDivisionError",
}


@pytest.mark.parametrize("line", CRASHES)
def test_a_crash_is_reported_with_the_students_line(line):
    source = f"def inner(trace):\n    return 1 / 0\n\ndef f(params, trace, y):\n    a = 1\n    {line}\n"
    verdict = diagnose(from_a_cell(source))
    theirs = ("inner", 2, "return 1 / 0") if "inner" in line else ("f", 6, line)
    assert not verdict.correct and verdict.digits == {}
    assert f"(in {theirs[0]}, line {theirs[1]}: {theirs[2]})" in verdict.where
    assert CRASHES[line] in verdict.where and "bptt_lab" not in verdict.where


def test_a_crash_in_an_ordinary_function_is_reported_with_its_line():
    def student(params, trace, y):
        return np.linalg.inv(params.U)

    line = inspect.getsourcelines(student)[1] + 1
    assert f"line {line}: return np.linalg.inv(params.U))" in diagnose(student).where


def test_a_crash_at_some_sizes_says_at_which():
    def student(params, trace, y):
        if len(y) < 2:
            raise ValueError("I need two steps")
        return einsum(params, trace, y)

    assert diagnose(student).where.startswith(
        "with T = 1, B = 4, n_y = 3: your code stopped with ValueError: I need two"
    )


def give(answer):
    return lambda params, trace, y: answer(Params(*einsum(params, trace, y)))


@pytest.mark.parametrize(
    ("student", "words"),
    [
        (lambda params, trace: None, "your code stopped with TypeError.*takes 2 positional arguments"),
        (give(lambda g: None), "returned None"),
        (give(lambda g: g.U), "a Params, a tuple, a list or a dict of U, W, V, b, c is expected, and ndarray came"),
        (give(lambda g: g[:4]), "5 arrays are expected, in the order U, W, V, b, c, and 4 came"),
        (give(lambda g: {"dU": g.U}), "a dict with the names U, W, V, b, c is expected"),
        (give(lambda g: (g.W, *g[:1], *g[2:])), "in another order"),
        (give(lambda g: g._replace(U=g.U.T)), r"∂L/∂U has shape \(2, 5\), and \(5, 2\) is expected: it is transposed"),
        (give(lambda g: g._replace(b=g.b[:, None])), r"∂L/∂b has shape \(5, 1\).*the size is right"),
        (give(lambda g: g._replace(c=np.zeros((4, 3)))), r"∂L/∂c has shape \(4, 3\).*too many axes"),
        (give(lambda g: g._replace(V=np.full_like(g.V, np.nan))), "∂L/∂V holds NaN or infinity"),
        (give(lambda g: g._replace(W="W")), "∂L/∂W is expected as an array of numbers, and str came"),
        (give(lambda g: g._replace(b=[[1], [1, 2]])), "∂L/∂b is expected as an array of numbers, and list came"),
        (give(lambda g: g._replace(b=g.b + 1j)), "∂L/∂b holds complex numbers"),
    ],
)
def test_what_is_no_gradient_is_explained(student, words):
    verdict = diagnose(student)
    assert not verdict.correct and verdict.digits == {} and verdict.error is None
    assert re.search(words, verdict.where, re.IGNORECASE), verdict.where
    assert verdict.hints(1).endswith("?") and "\n" not in verdict.where


def test_a_stub_is_not_attempted_yet():
    def student(params, trace, y):
        raise NotImplementedError("your turn")

    verdict = diagnose(student)
    assert not verdict.correct and str(verdict) == "not attempted yet"


@pytest.mark.parametrize(
    "student",
    [
        bptt.backward,
        partial(bptt.backward),
        known_under_another_name,
        lambda params, trace, y: known_under_another_name(params, trace, y)._asdict(),
        lambda params, trace, y: bptt.state_grads(params, trace, (trace.y_hat - y) / y.shape[1]),
        lambda params, trace, y: bptt.param_grads(trace, (trace.y_hat - y) / y.shape[1], trace.h),
        lambda params, trace, y: gradcheck.complex_step(params, trace.x, y),
        lambda params, trace, y: gradcheck.central_differences(params, trace.x, y),
    ],
)  # fmt: skip
def test_the_answer_of_the_course_is_recognised(student):
    verdict = diagnose(student)
    assert not verdict.correct and re.match(r"your function calls (bptt|gradcheck)\.\w+", verdict.where)


def test_arguments_changed_in_place_are_reported_even_if_the_numbers_are_right():
    def student(params, trace, y):
        grads = einsum(params, trace, y)
        np.subtract(trace.y_hat, y, out=trace.y_hat)
        return grads

    verdict = diagnose(student)
    assert not verdict.correct and "but your function changes trace.y_hat" in verdict.where
    verdict = diagnose(CATALOGUE["h_squared_in_place"].backward)
    assert "; your function also changes trace.h and trace.h_prev. The doctor" in verdict.where


def test_an_answer_that_depends_on_earlier_calls_is_reported():
    total = {}

    def student(params, trace, y):
        for name, grad in zip("UWVbc", einsum(params, trace, y)):
            total[name, y.shape] = total.get((name, y.shape), 0) + grad
        return [total[name, y.shape] for name in "UWVbc"]

    assert "two answers to the same question" in diagnose(student).where


def test_a_loop_without_end_is_given_up_and_ended():
    def student(params, trace, y):
        while True:
            pass

    before, start = threading.active_count(), time.monotonic()
    verdict = diagnose(student, seconds=0.3)
    assert not verdict.correct and "took too long" in verdict.where
    while threading.active_count() > before and time.monotonic() < start + 5:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_it_works_where_there_are_no_threads(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert diagnose(einsum).correct
    assert diagnose(CATALOGUE["W_not_transposed"].backward).mistakes == ("W_not_transposed",)
    assert "calls bptt.backward" in diagnose(bptt.backward).where


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: diagnose(3), TypeError, "a function is needed, got int"),
        (lambda: diagnose(einsum, B=0), ValueError, "B must be 1 or larger"),
        (lambda: diagnose(einsum, seed=-1), ValueError, "seed must be 0 or larger"),
        (lambda: diagnose(einsum, seconds=-1), ValueError, "seconds must be positive"),
    ],
)
def test_a_bad_call_is_refused_in_one_line(call, error, words):
    with pytest.raises(error, match=words):
        call()


# what is shown


def test_nothing_shown_holds_a_right_value_or_formula():
    truth = [array for case in BACKWARD.cases(seed=0) for array in BACKWARD.right(case).values()]
    values = {f"{abs(number):.{n}f}" for array in truth for number in array.flat for n in (3, 4)} - {"0.000", "0.0000"}
    students = [m.backward for m in CATALOGUE.values()] + [
        changed(U=lambda g, *_: g + 1),
        changed(W=lambda g, *_: 2 * g),
    ]
    for student in students:
        verdict = diagnose(student)
        shown = "\n".join([str(verdict), verdict._repr_html_(), *map(verdict.hints, (1, 2, 3))])
        assert not set(re.findall(r"\d\.\d{3,4}", shown)) & values
        assert not [formula for formula in RIGHT_FORMULAS if formula in shown]


def test_it_prints_nothing_itself_and_what_the_student_prints_once(capsys):
    def student(params, trace, y):
        print("shape", trace.h.shape)
        return [-g for g in einsum(params, trace, y)]

    diagnose(student)
    assert capsys.readouterr() == ("shape (7, 4, 5)\n", "")


def test_the_text_and_the_table_say_the_same_in_words():
    verdict = diagnose(CATALOGUE["dW_transposed"].backward)
    assert str(verdict).splitlines()[1:3] == ["∂L/∂W  ✗ wrong", "∂L/∂V  ✓ right to 12 digits or more"]
    page = verdict._repr_html_()
    assert page.count('scope="row"') == 5 and page.count("right to 12 digits or more") == 4
    assert page.count("</span> wrong</td>") == 1
    assert repr(verdict) == str(verdict)  # what a terminal shows
    assert "color" not in page and "∂L/∂W is wrong, transposed" in page
    cell = from_a_cell("def f(params, trace, y):\n    return 1 < '<b>'\n", "<ipython-input-8-0>")
    assert "<b>" not in diagnose(cell)._repr_html_()


def test_hints_come_one_at_a_time():
    verdict = diagnose(CATALOGUE["W_not_transposed"].backward)
    assert verdict.hints() == verdict.hints(1) and verdict.hints(1).endswith("?")
    assert verdict.hints(2) == "Your answer is that of “W not transposed”. Read equation (7) again."
    assert "+ W H^(t+1)" in verdict.hints(3) and verdict.hints(99) == "There is no hint 99."
    assert "not transposed" not in str(verdict) and "not transposed" not in verdict._repr_html_()
    assert diagnose(einsum).hints(2) == "Nothing to repair."
    both = [CATALOGUE[name] for name in ("W_not_transposed", "dW_with_same_h")]
    assert diagnose(combine(*both)).hints(2).endswith(" Read equations (7) and (10) again.")


def test_the_same_question_gets_the_same_answer():
    first, second = (diagnose(CATALOGUE["tanh_of_tanh"].backward, seed=4) for _ in range(2))
    assert str(first) == str(second) and (first.error == second.error).all()


def test_the_confusion_table_has_the_single_mistakes_and_then_totals():
    _, *lines = doctor.confusion(seeds=1, pairs=30)
    singles, totals = lines[: len(CATALOGUE)], lines[len(CATALOGUE) :]
    assert [line.split()[:2] for line in singles] == [[name, name] for name in CATALOGUE]
    assert totals[0] == f"single mistakes named right: {len(CATALOGUE)} of {len(CATALOGUE)}"
    assert any(line.startswith("pairs named right:") for line in totals) and "MISNAMED" not in "".join(totals)
