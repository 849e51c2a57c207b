"""What the course asks: one file for each notebook, one entry for each exercise.

An entry says all that is known of an exercise: the right function, fresh problems at any size, known wrong
answers, each with a question, and hints. Whoever checks, grades or solves an exercise takes it from here. To add one,
add an entry to the file of its notebook, its solution to `notebooks/solutions`, and two cells to the notebook:

    def my_function(…):            # tagged "exercise"
        raise NotImplementedError

    checks.check("03.4", my_function)

Exercises have numbers. A question for practice, which a number or a choice answers, has a letter; `question` makes it,
and its first cell, tagged "exercise" too, is `remembered = None  # how many bits?`.

solutions    the code that solves them, read from notebooks/solutions
progress     which exercises are done
notebook_00  start here
notebook_01  the data
notebook_02  the forward pass
notebook_03  back propagation through time
notebook_04  training
notebook_05  the playground
notebook_06  auditing the report
notebook_07  write it yourself
notebook_08  the gradient hospital
notebook_09  what it learned
notebook_10  gradients through time
notebook_11  the price of time
notebook_12  where it ends
notebook_13  a network that writes
notebook_14  shorter paths
question     an entry for a question
"""

import difflib
import importlib
from functools import cache
from pathlib import Path

from bptt_lab.doctor import Exercise
from bptt_lab.exercises import progress, solutions

__all__ = ["NOTEBOOKS", "find", "graded", "ids", "of", "progress", "solutions"]

NOTEBOOKS = sorted(path.stem.removeprefix("notebook_") for path in Path(__file__).parent.glob("notebook_*.py"))


@cache
def of(notebook: str) -> dict[str, Exercise]:
    """The exercises of a notebook by id, in order; `notebook` is its number, such as "03"."""
    if notebook not in NOTEBOOKS:
        raise ValueError(f"notebook must be one of {', '.join(NOTEBOOKS)}, got {notebook!r}: use its two digits")
    module = importlib.import_module(f"bptt_lab.exercises.notebook_{notebook}")
    return {exercise.id: exercise for exercise in module.EXERCISES}


def graded(notebook: str) -> dict[str, Exercise]:
    """Those that earn points: all but the questions, which have letters."""
    return {name: exercise for name, exercise in of(notebook).items() if name[3:].isdecimal()}


def find(name: str) -> Exercise:
    """The exercise with this id, such as "03.1"."""
    notebook = str(name)[:2]
    if notebook in NOTEBOOKS and name in of(notebook):
        return of(notebook)[name]
    near = [one for one in ids() if one == f"0{name}"] or difflib.get_close_matches(str(name), ids(), n=1) or ["03.1"]
    raise ValueError(f"an exercise of the course is needed, got {name!r}: write for example {near[0]!r}")


def ids() -> list[str]:
    """The ids of all exercises of the course, in order."""
    return [name for notebook in NOTEBOOKS for name in of(notebook)]
