import ast
import re

import nbformat
import pytest

from bptt_lab.classroom import course

NAMES = sorted(path.stem for path in course.NOTEBOOKS.glob("*.ipynb"))


def as_handed_out(notebook):
    """What nbgrader makes of it: a stub for each solution, and nothing of the hidden tests."""
    solution = re.compile(r"^( *)### BEGIN SOLUTION\n.*?^ *### END SOLUTION$", re.M | re.S)
    twin = re.compile(r"\n### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS$", re.S)
    return [twin.sub("", solution.sub(rf"\1{course.STUB}", cell.source)) for cell in notebook.cells]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_handed_out_is_the_notebook_and_what_is_taken_out_is_the_solution(name):
    path = course.find(name)
    notebook, solution = (nbformat.read(p, as_version=4) for p in (path, path.parent / "solutions" / path.name))
    source = course.source(path, seed=31)
    assert as_handed_out(source) == [cell.source for cell in notebook.cells]
    solved = {cell.id: cell.source for cell in solution.cells}
    pairs = list(course.exercises(source))
    assert len(pairs) >= 2
    for cell, check in pairs:
        function = course.function_name(cell.source)
        assert "NotImplementedError" not in cell.source and compile(cell.source, "cell", "exec")
        lines = {line.strip() for line in solved[cell.id].splitlines() if line.strip()}
        assert lines <= {line.strip() for line in cell.source.splitlines()}
        assert f"classroom.twin({function}, seed=31)" in check.source and compile(check.source, "check", "exec")
        assert cell.metadata.nbgrader.solution and not cell.metadata.nbgrader.grade
        assert check.metadata.nbgrader.grade and check.metadata.nbgrader.points == course.POINTS


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_and_the_solutions_are_nowhere_else(name):
    source = course.source(course.find(name), seed=987_654_321)
    assert not any("987654321" in text or "BEGIN SOLUTION" in text for text in as_handed_out(source))
    assert not any(cell.get("outputs") for cell in source.cells)


def test_what_stands_above_a_solution_moves_into_it():
    stub = "def f(x):\n    raise NotImplementedError"
    solved = "# twice\ndef twice(x):\n    return 2 * x\n\n\ndef f(x):\n    return twice(x)"
    source = course.with_solution(stub, solved)
    names = {}
    exec(source, names)
    assert names["f"](4) == 8 and "twice" not in names
    assert [node.name for node in ast.parse(source).body] == ["f"]


@pytest.mark.parametrize("solved", ["def g(x):\n    return x", "f = abs"])
def test_a_solution_of_another_function_is_refused(solved):
    with pytest.raises(ValueError, match="must contain the first lines of its exercise"):
        course.with_solution("def f(x):\n    raise NotImplementedError", solved)


def test_notebooks_are_found_by_number():
    assert course.find("07").stem == "07_write_it_yourself"
    with pytest.raises(ValueError, match="choose from 00, 01"):
        course.find("x")


def test_making_a_course_again_keeps_the_settings(tmp_path):
    course.make(tmp_path, course.find("07"), seed=1)
    settings = tmp_path / "nbgrader_config.py"
    assert compile(settings.read_text(), "settings", "exec")
    settings.write_text("mine")
    first = course.make(tmp_path, course.find("07"), seed=4).read_text()
    assert course.make(tmp_path, course.find("07")).read_text() == first  # the seed stays what it was
    assert settings.read_text() == "mine"


def test_without_a_seed_one_is_drawn(tmp_path):
    one, other = (course.make(tmp_path / name, course.find("07")).read_text() for name in "ab")
    assert one != other
