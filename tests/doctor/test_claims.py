"""No verdict says what is false: planted mistakes, alone and together, clipped, rounded, scaled, aliased."""

import re
from collections import Counter
from functools import partial

import numpy as np
import pytest
from claims import false_claims
from wrong_answers import STYLES, WRONG, Wrong

from bptt_lab import checks
from bptt_lab.doctor import BACKWARD, CATALOGUE, combine, examine
from bptt_lab.doctor.passes import possible_together


def clipped(grads, bound):
    return [np.clip(g, -bound, bound) for g in grads]


def clipped_by_norm(grads, bound):
    length = np.sqrt(sum((g**2).sum() for g in grads))
    return [g * min(1, bound / length) for g in grads]


def added(grads, amount):
    return [g + amount for g in grads]


def one_scaled(grads, place, number):
    return [g * (number if i == place else 1) for i, g in enumerate(grads)]


def rows_turned(grads, place):
    return [g[::-1] if i == place else g for i, g in enumerate(grads)]


def rounded(grads, kind):
    with np.errstate(over="ignore"):
        return [g.astype(kind) for g in grads]


def draw_student(rng):
    """A function, and the mistakes of the catalogue in it."""
    names = list(CATALOGUE)
    planted = ()
    while not planted or not possible_together(*planted):
        planted = tuple(CATALOGUE[name] for name in rng.choice(names, rng.choice([1, 2, 3, 4]), replace=False))
    changes = [
        partial(list),
        partial(clipped, bound=rng.choice([0.02, 0.1])),
        partial(clipped_by_norm, bound=rng.choice([0.1, 0.4])),
        partial(rounded, kind=np.float16),
        partial(rounded, kind=np.float32),
        partial(added, amount=0.1),
        partial(one_scaled, place=rng.integers(5), number=rng.choice([-2.0, 0.5, 0.0])),
        partial(rows_turned, place=rng.integers(5)),
    ]
    change = changes[rng.integers(len(changes))]
    if rng.random() < 0.2:  # nothing wrong but this
        planted = ()
    pass_, whole = combine(*planted), change.func in (list, one_scaled, rows_turned) or not planted

    def student(params, trace, y):
        return change(pass_(params, trace._replace(h=trace.h.copy(), h_prev=trace.h_prev.copy()), y))

    return student, planted if whole or change.func is rounded else None, [*(m.name for m in planted), str(change)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.ci) for seed in (1, 2, 3))])
def test_no_claim_is_false(seed):
    rng = np.random.default_rng([seed, 8])
    for _ in range(25):
        student, planted, label = draw_student(rng)
        verdict = examine(BACKWARD, student, seed)
        if verdict.kind in ("mistake", "wrong") and verdict.digits:
            assert not false_claims(verdict, student, seed, planted), (label, str(verdict), verdict.ladder)


# people's own


def kind_of(wrong, seed=0):
    """named, placed (told where to look), wide (true, but for many), or misleading (something is false)."""
    verdict, student = checks.check(BACKWARD, wrong.function(), seed=seed), wrong.function()
    text = "\n".join([verdict.where, *verdict.ladder])
    accused = "repair ∂L/∂o" in text.replace("Repair", "repair") and "o" not in wrong.truth.split()
    cleared = "∂L/∂o^(t) is right" in text and "o" in wrong.truth.split()
    cleared |= "∂L/∂a^(t) is right," in text and bool({"h", "a", "o"} & set(wrong.truth.split()))
    if verdict.correct or accused or cleared or verdict.digits and false_claims(verdict, student, seed):
        return "misleading"
    if wrong.names and set(verdict.mistakes) == set(wrong.names.split()):
        return "named"
    if wrong.names and verdict.mistakes:
        return "misleading"
    return "placed" if wrong.words and re.search(wrong.words, text, re.IGNORECASE | re.DOTALL) else "wide"


@pytest.mark.ci
def test_of_the_wrong_answers_of_people_none_is_misled_and_nearly_all_are_named_or_placed():
    kinds = {label: kind_of(wrong, seed=place % 3) for place, (label, wrong) in enumerate(WRONG.items())}
    total = Counter(kinds.values())
    assert not total["misleading"], [label for label, kind in kinds.items() if kind == "misleading"]
    assert total["named"] >= 10 and total["named"] + total["placed"] >= 66 and len(kinds) >= 60


@pytest.mark.parametrize("style", range(len(STYLES)))
def test_the_programs_are_right_before_they_are_changed(style):
    assert examine(BACKWARD, Wrong(STYLES[style], {}, "").function()).correct
