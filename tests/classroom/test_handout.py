import json

import nbformat
import pytest

from bptt_classroom import handout
from bptt_classroom.notebooks import asks, defines
from bptt_lab import exercises

NUMBERS = [path.name[:2] for path in sorted(handout.NOTEBOOKS.glob("*.ipynb")) if path.name[:2] in exercises.NOTEBOOKS]


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_handed_out_is_the_notebook_with_marks(number, tmp_path):
    path = handout.find(number)
    plain, marked = (nbformat.read(one, as_version=4) for one in (path, handout.make(tmp_path, path)))
    assert [cell.source for cell in marked.cells] == [cell.source for cell in plain.cells]
    marks = {cell.metadata.nbgrader.grade_id: cell for cell in marked.cells if "nbgrader" in cell.metadata}
    assert len(marks) == 2 * len(exercises.graded(number))
    for name, exercise in exercises.graded(number).items():
        check, answer = marks[name.replace(".", "-")], marks[f"{name.replace('.', '-')}-answer"]
        assert asks(check.source, name) and defines(answer.source, exercise.function)
        assert check.metadata.nbgrader.grade and check.metadata.nbgrader.points == 5 and check.metadata.nbgrader.locked
        assert answer.metadata.nbgrader.solution and not answer.metadata.nbgrader.locked


def test_a_notebook_that_lacks_a_check_cannot_be_handed_out(tmp_path):
    notebook = nbformat.read(handout.find("03"), as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not asks(cell.source, "03.2")]
    path = tmp_path / "03_without.ipynb"
    nbformat.write(notebook, path)
    with pytest.raises(LookupError, match="03_without.ipynb must have a cell and a check for 03.2"):
        handout.make(tmp_path / "class", path)
    assert not (tmp_path / "class").exists()


def test_notebooks_are_found_by_number():
    assert handout.find("3") == handout.find("03") == handout.find("03_back")
    for wrong in ("99", "x"):
        with pytest.raises(ValueError, match="choose from .*03"):
            handout.find(wrong)


def test_the_seed_is_kept_and_is_in_no_notebook(tmp_path):
    target = handout.make(tmp_path, handout.find("03"), seed=987_654_321)
    handout.make(tmp_path, handout.find("03"))
    assert handout.seeds(tmp_path) == {"03_backpropagation_through_time": 987_654_321}
    assert "987654321" not in target.read_text(encoding="utf-8")
    handout.make(tmp_path, handout.find("03"), seed=4)
    assert handout.seeds(tmp_path) == {"03_backpropagation_through_time": 4}


def test_without_a_seed_one_is_drawn_and_settings_are_kept(tmp_path):
    seeds = []
    for name in "ab":
        (tmp_path / name).mkdir()
        handout.make(tmp_path / name, handout.find("03"))
        seeds.append(handout.seeds(tmp_path / name))
        assert compile((tmp_path / name / "nbgrader_config.py").read_text(encoding="utf-8"), "settings", "exec")
    assert seeds[0] != seeds[1] and json.loads((tmp_path / "a" / handout.SEEDS).read_text(encoding="utf-8")) == seeds[0]
    (tmp_path / "a" / "nbgrader_config.py").write_text("mine", encoding="utf-8")
    handout.make(tmp_path / "a", handout.find("03"))
    assert (tmp_path / "a" / "nbgrader_config.py").read_text(encoding="utf-8") == "mine"
