"""What is special to the exercises of notebooks 07 to 14: their judges, first tries, and answers that once got by."""

import numpy as np
import pytest

from bptt_lab import bptt, doctor, exercises, gated, model, paths, proof, text, through_time
from bptt_lab.exercises import notebook_09, notebook_13
from bptt_lab.model import Params
from bptt_lab.through_time import influence


def verdict(name, function):
    return doctor.examine(exercises.find(name), function)


def hidden(name, function, seed):
    """The verdict on hidden problems."""
    exercise = exercises.find(name)
    trial = doctor.Trial(function, exercise.seconds, (exercise.reference, *exercise.forbidden))
    cases = exercise.cases(seed, hidden=True)
    return doctor.judge(exercise, cases, lambda asked: trial([exercise.arguments(case) for case in asked], quiet=True))


# first tries, as people wrote them


def clip_always(grads, max_norm):
    norm = np.sqrt(sum((array**2).sum() for array in grads))
    return Params(*(max_norm / norm * array for array in grads))


def clip_each(grads, max_norm):
    return [array * min(1, max_norm / np.linalg.norm(array)) for array in grads]


def parts_from_zero(params, x, length):
    starts = range(0, len(x), length)
    return [model.forward(params, x[start : start + length]).h for start in starts][::-1]


def counts_with_index_arrays(codes, n):
    table = np.ones((n, n))
    table[codes[:-1], codes[1:]] += 1
    return table / table.sum(axis=1, keepdims=True)


def told_with_its_beginning(writer, beginning, n):
    for _ in range(n):
        beginning += writer.symbols[int(np.argmax(text.next_character(writer, beginning)))]
    return beginning


def mean_of_a_masked_array(each, lengths):
    return (each * (np.arange(len(each))[:, None] < lengths)).mean()


def softmax_back_of_each_entry(p, dL_dp):
    return dL_dp * p * (1 - p)


def stretches_in_the_other_order(first, second):
    return first[0] * second[0], first[0] * second[1] + first[1]


def back_with_the_factor_of_the_step(a, dL_dh):
    g = dL_dh.copy()
    for t in range(len(a) - 2, -1, -1):
        g[t] = dL_dh[t] + a[t] * g[t + 1]
    return g


FIRST_TRIES = [
    ("10.1", clip_always, "always_scaled"),
    ("10.1", clip_each, "each_array_by_its_own_norm"),
    ("11.1", parts_from_zero, "parts_that_begin_at_zero"),
    ("13.2", counts_with_index_arrays, "repeated_pairs_counted_once"),
    ("13.3", told_with_its_beginning, "beginning_returned_too"),
    ("14.1", mean_of_a_masked_array, "padding_in_the_number"),
    ("14.2", softmax_back_of_each_entry, "own_score_alone"),
    ("14.3", stretches_in_the_other_order, "second_stretch_first"),
    ("14.4", back_with_the_factor_of_the_step, "factor_of_its_own_step"),
]


@pytest.mark.parametrize("name, function, mistake", FIRST_TRIES, ids=[one[2] for one in FIRST_TRIES])
def test_first_tries_get_a_question_and_then_a_name(name, function, mistake):
    found = verdict(name, function)
    assert (found.kind, found.mistakes) == ("mistake", (mistake,))
    assert found.hints(1).endswith("?")
    words = mistake.replace("_", " ")
    assert words in found.hints(2) and words not in f"{found} {found.hints(1)}"
    assert not any(hidden(name, function, seed).correct for seed in range(5))


# answers that once got by


def heated_by_the_largest_of_all(o, temperature):
    e = np.exp((o - o.max()) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


def heated_as_it_comes(o, temperature):
    e = np.exp(o / temperature)
    return e / e.sum(axis=-1, keepdims=True)


def heated_by_the_mean(o, temperature):
    return heated_as_it_comes(o - o.mean(axis=-1, keepdims=True), temperature)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("function", [heated_by_the_largest_of_all, heated_as_it_comes, heated_by_the_mean])
def test_probabilities_that_vanish_or_overflow_are_refused_in_words(function):
    assert np.isfinite(function(np.array([[1.0, 2.0], [0.0, 3.0]]), 0.5)).all()  # right where numbers are small
    for found in (verdict("13.1", function), *(hidden("13.1", function, seed) for seed in range(5))):
        assert "NaN" in found.where and not found.correct


def heated_along(axis):
    def heated(o, temperature):
        e = np.exp((o - o.max(axis=-1, keepdims=True)) / temperature)
        return e / e.sum(axis=axis, keepdims=True)

    return heated


def pairs_of(start, **how):
    def table_of(codes, n):
        table = np.full((n, n), start)
        np.add.at(table, (codes[:-1], codes[1:]), 1)
        return table / table.sum(axis=1, **how)

    return table_of


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    "name, function, words",
    [
        ("13.1", heated_along(1), "do not add up to 1: over which axis"),
        ("13.1", heated_along(None), "do not add up to 1: over which axis"),
        ("13.2", pairs_of(1.0), "do not add up to 1: over which axis"),
        ("13.2", pairs_of(0.0, keepdims=True), "was 1 added to each count"),
    ],
)
def test_what_are_no_probabilities_is_said_in_words(name, function, words):
    assert words in verdict(name, function).where


def test_a_table_that_forgets_characters_which_never_came_is_refused():
    def table_of_those_seen(codes, n):
        seen = codes.max() + 1
        return np.pad(notebook_13.pairs_table(codes, seen), (0, n - seen))

    exercise = exercises.find("13.2").but(reference=lambda codes, n: notebook_13.pairs_table(codes, n))
    assert not doctor.examine(exercise, table_of_those_seen).correct


@pytest.mark.parametrize("seed", range(5))
def test_the_networks_to_read_from_do_not_say_the_same_for_ever(seed):
    exercise = exercises.find("13.3")
    for case in exercise.cases(seed, hidden=True):
        arguments = exercise.arguments(case)
        assert len(set(notebook_13.greedy(arguments["writer"], arguments["beginning"], 12))) > 2


def other_ways_to_the_gradient():
    yield "07.6", lambda params, trace, y: through_time.rtrl(params, trace.x, y)
    yield "07.6", lambda params, trace, y: through_time.checkpointed_backward(params, trace.x, y)
    yield "08.3", lambda params, trace, y: through_time.chunked_backward(params, trace.x, y, len(y))
    yield "08.3", lambda params, trace, y: through_time.truncated_backward(params, trace, y, len(y))
    yield "07.2", lambda params, trace, dL_do: through_time.truncated.truncated_state_grads(params, trace, dL_do, 99)
    yield "10.1", lambda grads, max_norm: through_time.clip(grads, max_norm)
    yield "11.2", lambda params, x, y: bptt.backward(params, model.forward(params, x), y)
    yield "11.2", lambda params, x, y: influence.step(params, *influence.start(params, x.shape[1]), x[0])
    yield "12.1", gated.lstm.backward
    yield "13.1", text.heated
    yield "13.1", lambda o, temperature: gated.softmax_of(o / temperature)
    yield "14.2", paths.attention.softmax_back
    yield "14.4", lambda a, dL_dh: paths.scan.backward(a, a, dL_dh)[1]


@pytest.mark.parametrize("name, function", list(other_ways_to_the_gradient()))
def test_the_answer_is_not_taken_from_elsewhere(name, function):
    assert verdict(name, function).kind == "reference"


# proofs


def test_a_box_is_as_small_as_a_box_can_be():
    exercise, rng = exercises.find("09.1"), np.random.default_rng(0)
    params, low, high, x = exercise.arguments(exercise.cases(0)[1]).values()
    bottom, top = exercise.reference(params, low, high, x)
    h = rng.choice([0.0, 0.5, 1.0], (20_000, len(low))) * (high - low) + low
    after = model.forward(params, np.tile(x, (1, len(h), 1)), h_0=h).h[0]
    np.testing.assert_allclose([after.min(axis=0), after.max(axis=0)], [bottom, top], rtol=1e-12)


def test_spoilt_certificates_are_counted_by_what_is_wrong():
    exercise = exercises.find("09.2")
    certificate = exercise.arguments(exercise.cases(0)[0])["certificate"]
    nan, *others = notebook_09.spoilt(certificate)
    assert exercise.judge([nan, *others], certificate) == exercise.judge((*others, nan, nan), certificate) == ""
    for answer, words in [
        ((nan, *others[:3], certificate), "certificate [4] of your list is accepted"),
        ((nan, *others[:3], nan), "for 4 different reasons, and 5 are asked for (NaN or infinity; bit may be wrong; "),
        ((certificate.radius,), "a list of certificates is expected"),
        ((), "0 certificates are refused"),
    ]:
        assert words in exercise.judge(answer, certificate)
    assert "a list of certificates is expected" in exercise.judge(nan, certificate)
    assert exercise.judge((nan._replace(radius=0.1), *others), certificate) == ""  # a number for an array is refused
    second = exercise.arguments(exercise.cases(0)[1])["certificate"]
    assert proof.check(second) and exercise.judge(notebook_09.spoilt(second), second) == ""


def test_whoever_spoils_the_certificate_itself_is_told_so():
    def in_place(certificate):
        certificate.radius[1] = np.nan
        certificate.carry[2] = 1 - certificate.carry[2]
        return [certificate._replace(words=certificate.words[1:]), certificate._replace(axes=2 * certificate.axes)]

    assert "Did you write into an array that they all share?" in str(verdict("09.2", in_place))


def test_reasons_are_compared_without_their_places():
    reasons = {
        "cell 1, word 0b10111 to cell 7: bit 2 may be wrong": "bit may be wrong",
        "radius[3, 1]: NaN or infinity": "NaN or infinity",
        "cell 4: no word begins with 0b1100": "no word begins with",
    }
    assert [notebook_09.kind(reason) for reason in reasons] == list(reasons.values())


def test_a_change_is_judged_by_what_it_does():
    exercise = exercises.find("09.f")
    answers = {
        ("b", (0,), 0.3): "the change is 0.3, and one smaller than 0.1 in size is asked",
        ("b", (0,), float("nan")): "the change is nan",
        ("b", (0,), -0.099): "no wrong addition is found",
        ("a", (0,), 0.05): "one of U, W, V, b, c, and 'a' came",
        ("W", (0,), 0.05): "(0,) is no index of one entry of W, which has shape (3, 3)",
        ("b", 5, 0.05): "5 is no index",
        ("b", 0.05): "a name, an index and a change are expected",
    }
    for answer, words in answers.items():
        assert words in exercise.judge(answer)
    name, index, change = exercise.reference()
    params = proof.shipped("three_units").params
    getattr(params, name)[index] += change
    first, second = proof.likely_counterexample(params)
    assert exercise.judge((name, index, change)) == "" and proof.fails(params, first, second, 64)
