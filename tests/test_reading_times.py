"""The minutes on the map are counted, not guessed."""

import nbformat
import pytest
import reading_times
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

TEXT = "\n\n".join(cell.source for cell in nbformat.read(reading_times.MAP, as_version=4).cells)


@pytest.mark.parametrize("path", sorted(reading_times.NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_the_map_says_how_long_a_notebook_takes(path):
    assert reading_times.stated(TEXT)[path.name] == reading_times.rounded(path), "run tests/reading_times.py --write"


def test_the_rule_is_stated_where_the_map_is():
    said = " ".join(TEXT.split())
    for number, what in [
        (reading_times.WORDS, "words a minute"),
        (reading_times.RUN, "minute for a cell to run"),
        (reading_times.ANSWER, "for a guess or a question"),
        (reading_times.WRITE, "for a function to write"),
    ]:
        assert f"{number} {what}" in said


def test_words_and_work_take_their_minutes():
    def task(source, tag="exercise"):
        return new_code_cell(source, metadata={"tags": [tag]})

    text = new_markdown_cell("word " * 240 + "<details>word word</details>")
    work = [new_code_cell("run()"), task("n = None"), task("n = None", "guess"), task("raise NotImplementedError")]
    check = new_code_cell('checks.check("00.1", n)')
    assert reading_times.minutes(new_notebook(cells=[text, *work, check])) == 2 + 1 + 2 + 2 + 6


def test_new_minutes_are_written_where_the_old_ones_stood():
    row = "| [00 Start 5](a.ipynb) | Is 5 | 5 |"
    assert reading_times.write(f"5\n{row}\n5", {"a.ipynb": 40}) == f"5\n{row[:-4]} 40 |\n5"
    assert reading_times.stated(row) == {"a.ipynb": 5}
