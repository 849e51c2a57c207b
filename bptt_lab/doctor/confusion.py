"""How often the doctor is right: make every known mistake, and pairs of them, and count what it says.

    python -m bptt_lab.doctor.confusion

does it for the backward pass. It takes no arguments; what NumPy warns of are mistakes that overflow, and no fault.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import product

import numpy as np

from bptt_lab.doctor.examination import examine
from bptt_lab.doctor.exercise import Exercise
from bptt_lab.doctor.exercises import BACKWARD
from bptt_lab.doctor.suspects import suspects
from bptt_lab.doctor.verdict import Verdict


def confusion(seeds: int = 3, pairs: int | None = None, exercise: Exercise = BACKWARD) -> Iterator[str]:
    """Lines of a table: what every single mistake is named as, on several seeds; then how many pairs are named right.

    Parameters
    ----------
    pairs
        how many of them, drawn at random; all if not given: for the backward pass 1,800 or so, in less than a minute
    """
    singles, kinds = Counter(), Counter()
    for mistake, seed in product(exercise.catalogue.values(), range(seeds)):
        verdict = examine(exercise, mistake.backward, seed)
        singles[mistake.name, " + ".join(verdict.mistakes) or verdict.where] += 1
    yield f"{'mistake':40} {'named as':40} times of {seeds}"
    yield from (f"{made:40} {named:40} {count}" for (made, named), count in singles.items())
    sets = suspects(exercise, exercise.cases(seed=0)).pairs.sets
    for pair in (sets[place] for place in np.random.default_rng(0).permutation(len(sets))[:pairs]):
        kinds[_kind(tuple(mistake.name for mistake in pair), examine(exercise, exercise.combine(*pair)))] += 1
    named = sum(count for (made, name), count in singles.items() if made == name)
    yield f"single mistakes named right: {named} of {singles.total()}"
    yield from (f"pairs {kind}: {count} of {kinds.total()}" for kind, count in sorted(kinds.items()))


def _kind(made: tuple[str, str], verdict: Verdict) -> str:
    if verdict.correct:
        return "that cancel out"
    if len(verdict.mistakes) == 1:
        return "that give the gradient of a single mistake"
    if not verdict.mistakes:
        return "localised, not named"
    return "named right" if made in (verdict.mistakes, *verdict.alternatives) else "MISNAMED"


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    for line in confusion():
        print(line)
