"""TEACHING.md keeps up with the course."""

import re
import shlex
from pathlib import Path

import pytest
from bptt_lab.classroom import __main__, course

TEXT = (Path(__file__).resolve().parent.parent / "TEACHING.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted(path.stem for path in course.NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_has_a_goal_and_two_questions_with_answers(name):
    section = re.search(rf"^\*\*{name[:2]} [^*]+\.\*\* (.+?)(?=\n\n)", TEXT, re.M | re.S)[1]
    goal, *questions = section.splitlines()
    assert goal.endswith(".") and len(questions) == 2
    assert all(re.fullmatch(r"\d\. \*[^*]+\?\* \S.+\.", question) for question in questions)


def test_the_three_commands_are_understood(monkeypatch, tmp_path):
    block = re.search(r"## Three commands.*?```\n(.*?)```", TEXT, re.S)[1].splitlines()
    assert len(block) == 3 and "-e '.[teaching]'" in block[0]
    asked = []
    monkeypatch.setattr(__main__, "hand_out", lambda *given: asked.append(given))
    monkeypatch.setattr(__main__, "grade", lambda *given: asked.append(given))
    for line in block[1:]:
        program, *arguments = shlex.split(line.partition(" -m bptt_lab.classroom ")[2])
        __main__.main([program, *arguments])
    assert [given[1] for given in asked] == ["07", "07"] and asked[1][2] == Path("~/Downloads/answers")
    assert (course.NOTEBOOKS / f"{course.find('07').stem}.ipynb").exists()


def test_the_extra_has_what_the_command_needs():
    project = (course.NOTEBOOKS.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^teaching = \["nbgrader>=', project, re.M)
    assert "nbgrader" not in (course.NOTEBOOKS.parent / "requirements.txt").read_text(encoding="utf-8")


def test_a_wrong_number_is_said_in_one_line(capsys, tmp_path):
    with pytest.raises(ValueError, match="one notebook must start with '99'"):
        __main__.main(["report", str(tmp_path), "99"])
