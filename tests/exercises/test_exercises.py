"""Every exercise of the course: its solution is right, each slip gets its question, and a stub gets no verdict."""

import re

import pytest
from solved import IDS, SOLUTIONS, TRAINS, function

from bptt_lab import checks, doctor, exercises
from bptt_lab.doctor import Outcome
from bptt_lab.exercises import solutions
from bptt_lab.exercises.question import question

SLOW_OR_NOT = [pytest.param(name, marks=pytest.mark.slow) if name in TRAINS else name for name in IDS]


def verdict(exercise, yours, seed=0, hidden=False):
    """Without the limits of a trial: what the verdict is if these are the answers."""

    def ask(cases):
        return [Outcome(yours(*exercise.arguments(case).values()), []) for case in cases]

    return doctor.judge(exercise, exercise.cases(seed, hidden), ask)


@pytest.mark.parametrize("name", SLOW_OR_NOT)
def test_the_solution_is_right_on_visible_and_hidden_problems(name):
    exercise = exercises.find(name)
    assert doctor.examine(exercise, function(name)).correct
    for seed in range(1 if name in TRAINS else 4):
        assert verdict(exercise, function(name), seed, hidden=True).correct


@pytest.mark.parametrize("name", SLOW_OR_NOT)
def test_a_stub_and_a_copied_answer_are_told_from_wrong_ones(name):
    exercise = exercises.find(name)

    def stub(*arguments):
        raise NotImplementedError

    said = doctor.examine(exercise, stub)
    assert (said.kind, str(said), said.hints(1)) == ("not attempted", "not attempted yet", exercise.hints[0])
    if exercise.parameters:
        assert doctor.examine(exercise, exercise.reference).kind == "reference"


@pytest.mark.parametrize("name", SLOW_OR_NOT)
def test_each_slip_gets_its_question_and_no_answer(name):
    exercise = exercises.find(name)
    assert len(exercise.catalogue) >= 2 or exercise.judge
    for mistake in exercise.catalogue.values():
        if mistake.name == "h_squared_in_place":
            continue  # in a stage alone it changes the arguments, and no number
        said = verdict(exercise, mistake.backward)
        if exercise.fixed and said.correct:
            continue  # with one sequence, or one output, it is no mistake
        names = {mistake.name, *said.mistakes, *(one for other in said.alternatives for one in other)}
        assert said.kind != "right", f"{mistake.name} computes what is right: change its function, or leave it out"
        assert said.kind == "mistake" and mistake.name in (*said.mistakes, *sum(said.alternatives, ())), (mistake, said)
        assert said.hints(1) == exercise.catalogue[said.mistakes[0]].hint and said.hints(1).endswith("?")
        assert mistake.name.replace("_", " ") not in str(said) and names


def test_a_question_has_a_letter_and_earns_no_points():
    for notebook in exercises.NOTEBOOKS:
        for name, exercise in exercises.of(notebook).items():
            made_by_question = exercise.reference.__module__ == "bptt_lab.exercises.question"
            assert made_by_question == name[3:].isalpha() == (name not in exercises.graded(notebook))


def test_a_wrong_value_gets_its_question_at_once():
    asked = question("", "remembered", "", 1, {8: "Must old bits be known?", 0: "What is 1 + 1?"}, ("Why?", "So."))
    for value, said in ((8, "Must old bits be known?"), (0, "What is 1 + 1?"), (3, "Why?"), ((1, 2), "Why?")):
        verdict = checks.check(asked, value)
        assert not verdict.correct and str(verdict).endswith(said) and verdict.hints(1) == said
    assert checks.check(asked, 1).correct and checks.check(asked, None).kind == "not attempted"
    assert checks.check(question("", "way", "", "b", {"a": "Is it?"}, ("Why?", "So.")), "b").correct


@pytest.mark.parametrize("name", IDS)
def test_hints_grow_and_differ(name):
    exercise = exercises.find(name)
    assert 2 <= len(exercise.hints) <= 3 and len(set(exercise.hints)) == len(exercise.hints)
    assert exercise.title and exercise.function.isidentifier()
    for mistake in exercise.catalogue.values():
        assert len({mistake.hint, mistake.name, mistake.formula}) == 3
    assert len({mistake.formula for mistake in exercise.catalogue.values()}) == len(exercise.catalogue)


def test_ids_are_those_of_the_notebooks_and_no_two_exercises_share_their_hints():
    numbered, lettered = ([name for name in IDS if name[3:].isdecimal() == yes] for yes in (True, False))
    assert len(IDS) == len(set(IDS)) and len(numbered) >= 48
    assert numbered == sorted(numbered, key=lambda name: (name[:2], int(name[3:]))) and lettered == sorted(lettered)
    assert all(name[3:].isalpha() and len(name) == 4 for name in lettered)
    plain = [exercises.find(name).hints for name in IDS]
    assert len({hints[0] for hints in plain}) == len(plain)


def test_solution_files_hold_the_exercises_and_nothing_else():
    for notebook in exercises.NOTEBOOKS:
        names = list(solutions.cells(SOLUTIONS / f"{notebook}.py"))
        assert names == ["", *exercises.of(notebook)]


def test_an_exercise_that_does_not_exist_is_told_in_one_line():
    with pytest.raises(
        ValueError, match=r"an exercise of the course is needed, got '03.9': write for example '0\d.\d'"
    ):
        exercises.find("03.9")
    with pytest.raises(ValueError, match="notebook must be one of 00, .*use its two digits"):
        exercises.of("3")


def test_no_hint_shows_a_line_of_the_solution():
    for name in IDS:
        lines = [line.strip() for line in solutions.code(name).splitlines() if len(line.strip()) > 20]
        formulas = [line.partition("#")[0].rpartition("=")[2].removeprefix("return").strip() for line in lines]
        said = " ".join(exercises.find(name).hints)
        assert not [one for one in formulas if len(one) > 12 and one in re.sub(r"`", "", said)], name
