"""What `checks` remembers: which exercises are done, in a file, and which were tried, in this session."""

import pytest

from bptt_lab import checks, exercises
from bptt_lab.exercises import progress, solutions


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, "_ATTEMPTED", set())
    return tmp_path


def right(params, dL_da):
    return dL_da @ params.U


def wrong(params, dL_da):
    return -dL_da @ params.U


def stub(*arguments):
    raise NotImplementedError


def test_nothing_is_done_and_no_file_is_made_by_stubs_and_wrong_answers(elsewhere):
    for answer in (stub, wrong):
        assert not checks.check("03.5", answer).correct
    assert "0 of" in checks.progress() and not list(elsewhere.iterdir())


def test_a_right_answer_is_kept_for_the_next_session_until_it_is_forgotten(elsewhere):
    checks.check("03.5", right)
    checks.check("03.5", wrong)
    text = (elsewhere / "progress.txt").read_text(encoding="utf-8")
    assert text.startswith("#") and text.splitlines()[1:] == ["03.5"]
    shown = str(checks.progress())
    assert "03  · · · · · · · · · ✓ ·" in shown and f"1 of {len(exercises.ids())} are done" in shown
    assert f"Next: {exercises.ids()[0]}" in shown
    checks.forget()
    checks.forget()
    assert not list(elsewhere.iterdir()) and "0 of" in checks.progress()


def test_what_is_right_with_fixed_sizes_alone_is_not_done():
    checks.check("03.5", right, B=1)
    assert progress.done() == set()


def test_all_done():
    for name in exercises.ids():
        progress.record(name)
    shown = str(checks.progress())
    assert "·" not in shown and "Next" not in shown


def test_a_file_that_cannot_be_read_or_written_stops_nobody(elsewhere):
    (elsewhere / "progress.txt").mkdir()
    assert checks.check("03.5", right).correct and progress.done() == set()
    (elsewhere / "progress.txt").rmdir()
    (elsewhere / "progress.txt").write_bytes(b"\xff\xfe")
    assert progress.done() == set()


def test_a_solution_is_shown_after_an_attempt_at_once_and_else_when_asked_twice():
    assert "not tried 03.5" in checks.solution("03.5")
    assert checks.solution("03.5") == solutions.code("03.5") and "def input_grads" in checks.solution("03.5")
    checks.check("03.3", stub)
    assert "not tried" in checks.solution("03.3")
    checks.check("03.6", lambda *arguments: None)
    assert "def truncated_state_grads" in checks.solution("03.6")


def test_solutions_beside_the_notebook_come_first_and_a_missing_file_is_told(elsewhere, monkeypatch):
    (elsewhere / "solutions").mkdir()
    (elsewhere / "solutions" / "03.py").write_text("import this\n\n# %% 03.5\nmine\n", encoding="utf-8")
    assert solutions.code("03.5") == "mine"
    monkeypatch.setattr(solutions, "HERE", (elsewhere,))
    with pytest.raises(FileNotFoundError, match=r"solutions/03.py is needed, got none"):
        solutions.code("03.5")


def test_words_show_without_quotes():
    assert repr(checks.check("03.5", wrong).hints(1)) == str(checks.check("03.5", wrong).hints(1))
