"""What an exercise cell calls: it runs your function, and says what it found. It never shows an answer."""

import copy
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from bptt_lab import doctor
from bptt_lab.doctor import Diagnosis, Exercise


def check(yours: Callable, reference: Callable, *cases: tuple, tolerance: float = 1e-9) -> None:
    """Compare yours(*case) with reference(*case) for every case, and print one line.

    cases      tuples of arguments, copied for each call, so that nothing `yours` does to them can leak; none: call once
    tolerance  largest difference that counts as equal
    """
    cases = cases or ((),)
    for number, case in enumerate(cases, start=1):
        try:
            answer = yours(*copy.deepcopy(case))
        except Exception as error:
            print(doctor.in_words(error))
            return
        if verdict := _difference(answer, reference(*copy.deepcopy(case)), tolerance):
            print(f"not yet: in case {number} of {len(cases)}, {verdict}")
            return
    print(f"right, in {len(cases)} of {len(cases)} cases")


def diagnose(
    student_backward: Callable, *, B: int | None = None, n_y: int | None = None, seed: int = 0, seconds: float = 5.0
) -> Diagnosis:
    """Which of ∂L/∂U … ∂L/∂c are right, and which known mistake, or pair of them, explains those that are not.

    student_backward  a function with the signature of `bptt.backward`
    B, n_y            fix the batch size or the number of outputs, for a function that is not general yet
    seed              of the random problems
    seconds           time limit for all calls together
    raises            TypeError if it is not a function
    """
    return doctor.examine(doctor.BACKWARD, student_backward, seed, seconds, B=B, n_y=n_y)


def output_grads(yours: Callable, *, B: int | None = None, n_y: int | None = None, seed: int = 0) -> Diagnosis:
    """The same for the first stage alone, yours(trace, y) -> ∂L/∂o."""
    return doctor.examine(doctor.OUTPUT_GRADS, yours, seed, B=B, n_y=n_y)


def state_grads(yours: Callable, *, B: int | None = None, n_y: int | None = None, seed: int = 0) -> Diagnosis:
    """The same for the second stage alone, yours(params, trace, dL_do) -> ∂L/∂h, with a random ∂L/∂o."""
    return doctor.examine(doctor.STATE_GRADS, yours, seed, B=B, n_y=n_y)


def param_grads(yours: Callable, *, B: int | None = None, n_y: int | None = None, seed: int = 0) -> Diagnosis:
    """The same for the third stage alone, yours(trace, dL_do, dL_dh) -> ∂L/∂U … ∂L/∂c, with random ∂L/∂o and ∂L/∂h."""
    return doctor.examine(doctor.PARAM_GRADS, yours, seed, B=B, n_y=n_y)


def confusion(seeds: int = 3, pairs: int | None = None, exercise: Exercise = doctor.BACKWARD) -> Iterator[str]:
    """Lines of a table: what every single mistake is named as, on several seeds; then how many pairs are named right.

    pairs    how many of them, drawn at random; all if not given, which takes minutes
    """
    singles, kinds = Counter(), Counter()
    for mistake, seed in product(exercise.catalogue.values(), range(seeds)):
        verdict = doctor.examine(exercise, mistake.backward, seed)
        singles[mistake.name, " + ".join(verdict.mistakes) or verdict.where] += 1
    yield f"{'mistake':40} {'named as':40} times of {seeds}"
    yield from (f"{made:40} {named:40} {count}" for (made, named), count in singles.items())
    sets = doctor.suspects(exercise, seed=0).pairs.sets
    for pair in (sets[place] for place in np.random.default_rng(0).permutation(len(sets))[:pairs]):
        kinds[_kind(tuple(mistake.name for mistake in pair), doctor.examine(exercise, exercise.combine(*pair)))] += 1
    named = sum(count for (made, name), count in singles.items() if made == name)
    yield f"single mistakes named right: {named} of {singles.total()}"
    yield from (f"pairs {kind}: {count} of {kinds.total()}" for kind, count in sorted(kinds.items()))


def _kind(made: tuple[str, str], verdict: Diagnosis) -> str:
    if verdict.correct:
        return "that cancel out"
    if len(verdict.mistakes) == 1:
        return "that give the gradient of a single mistake"
    if not verdict.mistakes:
        return "localised, not named"
    return "named right" if made in (verdict.mistakes, *verdict.alternatives) else "MISNAMED"


def _difference(answer: object, expected: object, tolerance: float) -> str:
    """What differs, without giving the expected values away; empty if nothing does."""
    if answer is None:
        return "your function returned None: is a `return` missing?"
    if isinstance(expected, tuple):
        if not isinstance(answer, tuple) or len(answer) != len(expected):
            return f"a tuple of {len(expected)} was expected, and {type(answer).__name__} came"
        found = (_difference(*pair, tolerance) for pair in zip(answer, expected))
        return next((f"part {place} of the tuple: {text}" for place, text in enumerate(found, start=1) if text), "")
    try:
        answer, expected = np.asarray(answer, dtype=float), np.asarray(expected, dtype=float)
    except (TypeError, ValueError):
        return f"numbers were expected, and {type(answer).__name__} came"
    if answer.shape != expected.shape:
        return f"shape {expected.shape} was expected, and {answer.shape} came"
    wrong = ~(np.abs(answer - expected) <= tolerance)  # written so that NaN counts as wrong
    if not wrong.any():
        return ""
    if not wrong.shape:
        return f"the number {answer} is not right"
    first = [int(place) for place in np.argwhere(wrong)[0]]
    return f"{wrong.sum()} of {wrong.size} entries are not right, the first at index {first}"


if __name__ == "__main__":
    for line in confusion():
        print(line)
