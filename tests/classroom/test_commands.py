"""What the commands say before anything is graded, each in one line."""

import os

import pytest

from bptt_classroom import __main__, handout, records, sandbox
from bptt_classroom.records import Student

NAME = "07_write_it_yourself"
OWN = {
    "hand-out": ["--seed=3"],
    "grade": ["--files=x", "--roster=x", "--workers=1", "--seconds=9", "--unprotected"],
    "write-page": [],
}


def said(*command):
    """The one line with which a command stops."""
    with pytest.raises(SystemExit) as stopped:
        __main__.main([str(word) for word in command])
    assert isinstance(stopped.value.code, str) and "\n" not in stopped.value.code
    return stopped.value.code


@pytest.mark.parametrize("command", OWN)
def test_a_command_takes_its_own_options_and_no_others(command, tmp_path):
    assert __main__.parse([command, "x", "07", *OWN[command]]).command == command
    for option in {option for options in OWN.values() for option in options} - set(OWN[command]):
        line = said(command, tmp_path / "class", "07", option)
        assert line == f"{command} does not take {option}: see python -m bptt_classroom {command} --help"
    assert not any(tmp_path.iterdir())


def test_without_the_repository_it_says_that_it_needs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(handout, "NOTEBOOKS", tmp_path / "notebooks")
    for command in OWN:
        assert "install the repository with -e" in said(command, tmp_path / "class", "07")
    assert not any(tmp_path.iterdir())


def test_before_grading_it_says_where_there_is_no_protection(tmp_path, monkeypatch):
    handout.make(tmp_path, handout.find("07"), seed=3)
    monkeypatch.setattr(sandbox, "why_not", lambda: "bubblewrap is not installed")
    line = said("grade", tmp_path, "07", "--files", tmp_path / "none")
    assert line.startswith("bubblewrap is not installed. ") and line.endswith("add --unprotected")
    assert "look at the path" in said("grade", tmp_path, "07", "--files", tmp_path / "none", "--unprotected")


def test_on_windows_there_is_one_honest_line(monkeypatch):
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(SystemExit, match="Windows cannot grade: run this in WSL"):
        __main__.grade(None, NAME, None)


def test_a_place_that_cannot_be_written_is_one_line_and_nothing_is_half_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    assert "Not a directory" in said("hand-out", tmp_path / "file" / "class", "07")
    records.save(tmp_path, records.Class(NAME, [Student("zoe", "zoe")]))
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.setattr(os, "replace", lambda *given: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert "No space left" in said("write-page", tmp_path, "07")
    assert sorted(tmp_path.rglob("*")) == before and (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_a_new_file_and_a_new_seed_are_graded_again(tmp_path):
    ran, file = tmp_path / "autograded" / "zoe" / NAME / f"{NAME}.ipynb", tmp_path / "zoe.ipynb"
    records.write(ran, "{}")

    def known(text, seed):
        """What is known of zoe when she hands this in."""
        file.write_text(text, encoding="utf-8")
        found = records.Class(NAME, [Student("zoe", "zoe", path=file)])
        __main__.resume(tmp_path, found, seed)
        return found

    first = known("a", 1)
    assert not first.students[0].results
    first.students[0].results = [records.Result("07.1", "t", 5.0, "right", "right")]
    records.save(tmp_path, first)
    assert known("a", 1).students[0].results == first.students[0].results
    assert not known("b", 1).students[0].results and not known("a", 2).students[0].results
    for _ in range(2):  # others alone are graded in between
        others = records.Class(NAME)
        __main__.resume(tmp_path, others, 1)
        records.save(tmp_path, others)
        assert [one.student for one in others.before] == ["zoe"]
    assert known("a", 1).students[0].results == first.students[0].results and not known("a", 1).before
    ran.unlink()
    assert not known("a", 1).students[0].results
