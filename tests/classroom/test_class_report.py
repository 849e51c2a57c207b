import csv
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from bptt_lab.classroom import page, report
from bptt_lab.classroom.report import Answer, Class


def right(exercise):
    return Answer(exercise, 5.0, 5, "right", [], "right", "")


def mistake(exercise, *names, points=2.0):
    return Answer(exercise, points, 5, "mistake", list(names), "a known mistake", f"Why {names[0]}?", "dL = …", 7)


def wrong(exercise, where="not yet: in case 2 of 5, shape (2,) was expected, and (3,) came"):
    return Answer(exercise, 0.0, 5, "wrong", [], where, "")


def a_class():
    first, second = "f", "g"
    return Class(
        "07_write_it_yourself",
        [first, second],
        {
            "ada": [right(first), right(second)],
            "bob": [mistake(first, "W_not_transposed"), mistake(second, "W_not_transposed")],
            "cyd": [mistake(first, "W_not_transposed", "sign_flipped"), wrong(second)],
            "dan": [
                wrong(first, "not yet: in case 1 of 5, the number 3.0 is not right"),
                wrong(second, "not yet: in case 4 of 5, shape (4,) was expected, and () came"),
            ],
            "eve": [Answer(first, 0, 5, "hang", [], "your code took too long", "Which loop?"), right(second)],
            "=1+1": [Answer(name, 0, 5, "not attempted", [], "not attempted yet", "") for name in (first, second)],
        },
    )


def test_a_student_counts_once_for_a_mistake():
    counts = a_class().counts()
    assert counts["W not transposed"] == 2 and counts["sign flipped"] == 1
    assert counts["g: another shape"] == 2 and counts["f: takes too long"] == 1
    assert a_class().counts("g") == {"W not transposed": 1, "g: another shape": 2}


def test_named_mistakes_come_first_with_the_verdict_that_shows_only_them():
    (first, number, answer), (second, _, _), *others = a_class().monday()
    assert (first, number, answer.mistakes) == ("W not transposed", 2, ["W_not_transposed"])
    assert second == "sign flipped" and [cause for cause, _, _ in others][0] == "g: another shape"
    assert len(a_class().monday(2)) == 2


def test_what_needs_a_teacher_has_a_line_of_its_own():
    assert [(student, answer.kind) for student, answer in a_class().to_look_at] == [("eve", "hang")]


def test_the_page_says_it_all():
    text = page.page(a_class())
    assert text.count("W not transposed</strong>: 2 of 6.") == 1 and "Equation (7)." in text
    assert "Why W_not_transposed?" in text and "your code took too long" in text
    row = re.search(r'<tr><th scope="row">bob</th>(.*?)</tr>', text[text.index("heat") :])[1]
    assert row.count('class="made"') == 1 and ">2<" in row  # a number, so that the colour adds nothing
    headings = [int(level) for level in re.findall(r"<h(\d)", text)]
    assert headings[0] == 1 and set(headings[1:]) == {2}


def test_without_names_nobody_can_be_told_by_the_order():
    results = report.without_names(a_class())
    text = page.page(results, names=False)
    assert not any(name in text for name in a_class().students)
    assert "student 1<" in text and "The hint for each" not in text and "took too long" not in text
    sums = [sum(answer.points for answer in answers) for answers in results.students.values()]
    assert sums == sorted(sums, reverse=True)


def test_what_students_write_is_text_on_the_page_and_in_the_table(tmp_path):
    results = a_class()
    results.students["<b>"] = [wrong("f", "<script>alert(1)</script>"), wrong("g", "@cmd")]
    assert "<script" not in page.page(results) and "<b>" not in page.page(results)
    report.write_csv(results, tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 14 and {row["student"] for row in rows} >= {"ada", "'=1+1", "<b>"}
    assert rows[-1]["where"] == "'@cmd" and rows[2]["mistakes"] == "W_not_transposed"


def test_verdicts_are_read_from_graded_notebooks(tmp_path):
    facts = {"kind": "right", "share": 1.0}
    cell = new_code_cell("check", outputs=[new_output("display_data", {report.VERDICT: facts})])
    cell.metadata.nbgrader = {"grade_id": "07-016"}
    nbformat.write(new_notebook(cells=[new_code_cell("1"), cell]), tmp_path / "graded.ipynb")
    assert report.verdicts(tmp_path / "graded.ipynb") == {"07-016": facts}
    assert report.verdicts(tmp_path / "missing.ipynb") == {}


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x"])
def test_no_cell_is_a_formula(cell):
    assert report._harmless(cell) == f"'{cell}" and report._harmless(-1.0) == -1.0
