"""What is wrong in the notebook is wrong for the grader: each solution with one change, on both kinds of problems."""

import numpy as np
import pytest
from mutants import mutants
from solved import IDS, TRAINS, function

from bptt_lab import doctor, exercises
from bptt_lab.exercises import solutions


@pytest.mark.ci
@pytest.mark.parametrize("name", [name for name in IDS if name not in TRAINS])
def test_every_mutant_is_refused_by_visible_and_hidden_problems_alike(name):
    exercise, code = exercises.find(name).but(mistakes=()), solutions.code(name)  # nobody asks which mistake it is
    for mutant in mutants(code):
        said = [_kind(exercise, name, mutant, seed, hidden) for seed, hidden in [(0, False), (1, True), (2, True)]]
        assert len(set(said)) == 1, f"visible and hidden problems differ, {said}:\n{mutant}"


def _kind(exercise, name, code, seed, hidden):
    try:
        yours = function(name, code)
    except Exception:
        return "wrong"

    def ask(cases):
        trial = doctor.Trial(yours, 5.0)
        with np.errstate(all="ignore"):
            return trial([exercise.arguments(case) for case in cases], quiet=True)

    return "right" if doctor.judge(exercise, exercise.cases(seed, hidden), ask).correct else "wrong"
