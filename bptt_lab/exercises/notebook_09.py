"""Exercises of notebook 09: what it learned."""

import re
from collections.abc import Sequence
from numbers import Real

import numpy as np

from bptt_lab import proof
from bptt_lab.doctor import Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array, Params
from bptt_lab.proof import Certificate

LIMIT = 0.1  # a change of a weight must be smaller
KINDS = 5  # of spoilt certificates


def box_step(params: Params, low: Array, high: Array, x: Array) -> tuple[Array, Array]:
    """The ends between which each unit lies after one step, from states between low and high (n_h,), input x (2,)."""
    centre, half = (low + high) / 2, (high - low) / 2
    a, reach = params.b + params.W @ centre + params.U @ x, np.abs(params.W) @ half
    return np.tanh(a - reach), np.tanh(a + reach)


def _draw_box(rng: np.random.Generator, n_h: int) -> dict[str, object]:
    """Weights of both signs, both inputs 1 or one of them, and a box that is not around 0."""
    arrays = [rng.uniform(-1, 1, shape) for shape in [(n_h, 2), (n_h, n_h), (1, n_h), (n_h,), (1,)]]
    centre, half = rng.uniform(-0.6, 0.6, n_h), rng.uniform(0.1, 0.3, n_h)
    x = np.array([1.0, float(rng.integers(2))])
    return {"params": Params(*arrays), "low": centre - half, "high": centre + half, "x": x}


def _before_tanh(params: Params, low: Array, high: Array, x: Array) -> tuple[Array, Array]:
    return tuple(np.arctanh(end) for end in box_step(params, low, high, x))


def _ends_pushed(params: Params, low: Array, high: Array, x: Array) -> tuple[Array, Array]:
    return tuple(np.tanh(params.b + params.W @ h + params.U @ x) for h in (low, high))


def _ends_sorted(params: Params, low: Array, high: Array, x: Array) -> tuple[Array, Array]:
    ends = _ends_pushed(params, low, high, x)
    return np.minimum(*ends), np.maximum(*ends)


def _whole_side(params: Params, low: Array, high: Array, x: Array) -> tuple[Array, Array]:
    centre = (low + high) / 2
    return box_step(params, 2 * low - centre, 2 * high - centre, x)


def spoilt(certificate: Certificate) -> list[Certificate]:
    """Certificates that `proof.check` refuses, each for another reason."""
    radius, carry = certificate.radius.copy(), certificate.carry.copy()
    radius[-1, 0], carry[-1] = np.nan, 1 - carry[-1]
    return [
        certificate._replace(radius=radius),
        certificate._replace(carry=carry),
        certificate._replace(axes=1.1 * certificate.axes),
        certificate._replace(words=certificate.words[1:]),
        certificate._replace(centre=certificate.centre + 1),
    ]


def _turned(certificate: Certificate) -> Certificate:
    """The certificate of the network whose states have the other sign, since tanh(-a) = -tanh(a)."""
    U, W, V, b, c = certificate.params
    return certificate._replace(params=Params(-U, W, -V, -b, c), centre=-certificate.centre)


def _draw_certificate(rng: np.random.Generator, number: int) -> dict[str, object]:
    certificate = proof.shipped("three_units")
    return {"certificate": certificate if number == 1 else _turned(certificate)}


def kind(reason: str) -> str:
    """What is wrong, without the place: "cell 1, word 0b10111 to cell 7: bit 2 may be wrong" is "bit may be wrong"."""
    return " ".join(re.sub(r"0b[01]+|[\d\[\](),]+", " ", reason.split(":")[-1]).split())


def _looks_like_one(one: object) -> bool:
    """A certificate, or what is left of it after a journey as text: lists."""
    return isinstance(one, tuple | list) and len(one) == len(Certificate._fields) and len(one[0]) == len(Params._fields)


def _about_spoilt(answer: object, certificate: Certificate) -> str:
    if not isinstance(answer, tuple | list) or isinstance(answer, Certificate):
        return f"a list of certificates is expected, and {type(answer).__name__} came"
    if others := [place for place, one in enumerate(answer) if not _looks_like_one(one)]:
        return f"a list of certificates is expected, and [{others[0]}] of yours is {type(answer[others[0]]).__name__}"
    answer = [Certificate(Params(*map(np.asarray, one[0])), *map(np.asarray, one[1:])) for one in answer]
    found = [proof.check(one) for one in answer]
    if accepted := [place for place, checked in enumerate(found) if checked]:
        return f"certificate [{accepted[0]}] of your list is accepted: it still is a proof"
    kinds = sorted({kind(checked.reason) for checked in found})
    if len(kinds) >= KINDS:
        return ""
    reasons = "1 reason" if len(kinds) == 1 else f"{len(kinds)} different reasons"
    short = f"{len(found)} certificates are refused for {reasons}, and {KINDS} are asked for"
    short += f" ({'; '.join(kinds)})" if kinds else ""
    shared = {} if len(answer) < 2 else _shared(answer)
    spoilt_for_all = not proof.check(certificate._replace(**shared))
    return short + (". Did you write into an array that they all share?" if spoilt_for_all else "")


def _shared(certificates: Sequence[Certificate]) -> dict[str, Array]:
    """The arrays that are the same object in all of them."""
    fields = zip(Certificate._fields[1:], *(one[1:] for one in certificates))
    return {name: first for name, first, *others in fields if all(other is first for other in others)}


def _changed(params: Params, name: str, index: tuple[int, ...], change: float) -> Params:
    array = getattr(params, name).copy()
    array[index] += change
    return params._replace(**{name: array})


def _about_break(answer: object) -> str:
    params = proof.shipped("three_units").params
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return f"a name, an index and a change are expected, in a tuple, and {answer!r} came"
    name, index, change = answer
    if name not in params._fields:
        return f"the name of an array is expected, one of {', '.join(params._fields)}, and {name!r} came"
    shape, place = getattr(params, name).shape, tuple(np.ravel(np.asarray(index, dtype=object)))  # 1, (1,) and [1]
    if len(place) != len(shape) or any(i not in range(-n, n) for i, n in zip(place, shape)):
        return f"{index!r} is no index of one entry of {name}, which has shape {shape}"
    if not isinstance(change, Real):
        return f"the change is to be a number, and {change!r} came"
    if not abs(change) < LIMIT:
        return f"the change is {change:.3g}, and one smaller than {LIMIT} in size is asked"
    found = proof.likely_counterexample(_changed(params, name, place, change))
    return "" if found else "with this change no wrong addition is found"


def _slips(known: Sequence[tuple]) -> list:
    return [slip(*one) for one in known]


EXERCISES = [
    question(
        "09.a",
        "handing_on",
        "Inputs that hand on what they find",
        2,
        {
            3: "1 + 1 hands on a carry. Does it do so, too, if no carry came in?",
            1: "If exactly one of the two bits is 1, does it matter which of them?",
            4: "What carry comes out of 0 + 0, if a carry came in?",
        },
        (
            "For each of the four inputs: which carry goes out if none came in, and which if one came in?",
            "0 + 0 never hands on a carry, 1 + 1 always does. Neither asks what came in.",
        ),
    ),
    question(
        "09.b",
        "from_the_past",
        "What a step is given from the past",
        3,
        {
            5: "Does step 6 see the earlier inputs themselves?",
            10: "Does step 6 see the earlier inputs themselves?",
            15: "Which of the five earlier states is in the equation of step 6?",
            1: "How many numbers make up one hidden state here?",
        },
        (
            "In a^(6) = b + W h + U x, which of the terms knows of the steps before?",
            "It is h^(5) alone. How many entries does it have?",
        ),
    ),
    question(
        "09.c",
        "no_proof",
        "Why a million right additions are no proof",
        "b",
        {
            "a": "How likely is it that all of 100 random inputs are single ones? How many additions would you draw?",
            "c": "Does a trained network draw random numbers when it adds?",
        },
        (
            "What went wrong in 1 + 508, and how often does it happen among random numbers?",
            "Half of all inputs are single ones. How long is a run of them, and how long are those that fail?",
        ),
    ),
    Exercise(
        id="09.1",
        function="box_step",
        title="One step of a box",
        reference=box_step,
        draw=_draw_box,
        sizes=[dict(n_h=3), dict(n_h=5), dict(n_h=2)],
        mistakes=_slips(
            [
                (
                    *("ends_pushed", "tanh(b + W low + U x) and tanh(b + W high + U x)"),
                    "Where a weight is negative, which end of its unit makes a larger?",
                    _ends_pushed,
                ),
                (
                    *("ends_sorted", "the steps of the corners low and high, the smaller one first"),
                    "A box has 2^n_h corners. Is the largest a always at low or at high?",
                    _ends_sorted,
                ),
                (
                    *("bias_missing", "the same without b"),
                    "Which terms make up a, besides W h and U x?",
                    lambda params, low, high, x: box_step(params._replace(b=0 * params.b), low, high, x),
                ),
                ("tanh_missing", "the ends of a", "Which function is between a and h?", _before_tanh),
                (
                    *("whole_side", "twice the reach"),
                    "From its centre, how far does a box go to either side, by a whole side or by half of one?",
                    _whole_side,
                ),
            ]
        ),
        hints=(
            "How far can W h be from W times the centre, if each unit may go half a side up or down?",
            "A sum is largest if each of its terms is. What is the largest value of w z for z between -r and r, "
            "whatever the sign of w?",
            "Centre (low + high) / 2, half sides (high - low) / 2. Then a is b + W centre + U x, give or take |W| "
            "times the half sides; and tanh rises.",
        ),
    ),
    question(
        "09.d",
        "inside_a_word",
        "What holds in the middle of a word",
        "c",
        {
            "a": "In the picture, is the set in a cell after each input?",
            "b": "Of which steps does the checker look at the bit: of the last of each word, or of all?",
        },
        (
            "Which two things are checked along a word, and which of them only at its end?",
            "All bits are checked. That a set lies in a cell is checked at the end of the word.",
        ),
    ),
    question(
        "09.e",
        "wrong_line",
        "A wrong test of inside",
        2,
        {
            1: "Which map turns a cell back to a box whose sides are parallel to the axes of the plane?",
            3: "The middle is off by d, and the set reaches r from there. How far from the cell's centre does it go?",
        },
        (
            "Try it on a set with two columns, (1, 0) and (-1, 0). How far does it reach?",
            "Each z_j has a sign of its own. May entries of opposite signs cancel?",
        ),
    ),
    Exercise(
        id="09.2",
        function="spoilt",
        title="Break a proof in five ways",
        reference=spoilt,
        draw=_draw_certificate,
        sizes=[dict(number=1), dict(number=2)],
        judge=_about_spoilt,
        seconds=60.0,
        hints=(
            "Go through the checker from the top. What must be there for each of its lines to refuse?",
            "Each of the arrays can be spoilt: axes that are not at right angles, a radius that is no number, a carry "
            "exchanged, a word left out, a cell moved away.",
            "certificate._replace(words=certificate.words[1:]) leaves a word out. For an entry of an array: copy it, "
            "change the copy, and put it in with _replace.",
        ),
    ),
    question(
        "09.f",
        "small_change",
        "A small change that breaks the network",
        ("b", (0,), 0.99 * LIMIT),
        {},
        (
            "There are 22 numbers, and two directions for each. Can a loop try them all?",
            "Not every array is equally easy to break with. Which numbers act in each step, whatever is read?",
            "Add 0.099 or -0.099 to one entry of a copy, and ask proof.likely_counterexample. Begin with the biases.",
        ),
        judge=_about_break,
    ),
]
