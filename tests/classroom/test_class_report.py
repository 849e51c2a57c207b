"""The page and the tables of a class."""

import csv
import io
import os
import re
import sys

import pytest

from bptt_classroom import page, records
from bptt_classroom.gradebook import AGAIN
from bptt_classroom.records import Class, Student
from bptt_classroom.records import Result as Answer
from bptt_lab.doctor import BACKWARD

NAME = "07_write_it_yourself"
TITLES = ["The outputs", "The states", "The parameters", "The whole", "A batch", "Any number of outputs"]


def answer(number, kind="right", points=None, where="right, to 12 digits", **more):
    points = 5.0 * (kind == "right") if points is None else points
    return Answer(f"07.{number}", TITLES[number - 1], points, kind, where, **more)


def mistake(number, *names, points=2.0):
    made = [BACKWARD.catalogue[name] for name in names]
    hints = [made[0].hint, f"Your answer is that of “{names[0]}”.", f"What you computed is {made[0].formula}."]
    return answer(number, "mistake", points, "∂L/∂h is wrong", mistakes=list(names), hints=hints)


def wrong(number, where="not yet: in problem 2 of 5, shape (2,) was expected, and (3,) came"):
    return answer(number, "wrong", 0.0, where, hints=["Which axes has it?"])


def crash(number):
    where = "your code stopped with IndexError: index 99 is out of bounds for axis 0 with size 7 (in my_f, line 3)"
    return answer(number, "crash", where=where, hints=["What does each name in that line hold?"])


def empty(*numbers):
    return [answer(number, "not attempted", where="not attempted yet") for number in numbers]


def student(name, *results, **more):
    return Student(name.casefold().replace(" ", "-"), name, results=list(results), **more)


def a_class():
    return Class(
        NAME,
        [
            student("ada", answer(1), answer(2)),
            student("bob", mistake(1, "W_not_transposed"), mistake(2, "W_not_transposed")),
            student("cyd", mistake(1, "W_not_transposed", "tanh_of_tanh"), wrong(2)),
            student("dan", wrong(1, "not yet: 3.0 is not right"), wrong(2), late=True, when="2026-11-25 21:00:05"),
            student("eve", crash(1), answer(2), notes=["07.1: its cell is there 2 times"]),
            student("=1+1", *empty(1, 2)),
            student("Zoë Müller", reason="of Zoë Müller: is a PDF"),
        ],
        [("zoe_07.ipynb", "an older file of zoe")],
        [("homework.ipynb", "its name does not say whose it is")],
    )


def text_of(results, **more):
    return re.sub(r"<style>.*?</style>", "", page.page(results, **more), flags=re.S)


def row(text, name):
    return re.search(rf'<tr><th scope="row">{re.escape(name)}.*?</tr>', text, re.S)[0]


def test_students_with_the_same_cause_are_counted_together_and_named_mistakes_come_first():
    causes = [(cause, [one.name for one in students]) for cause, students, _ in a_class().causes()]
    assert causes == [
        ("W not transposed", ["bob", "cyd"]),
        ("tanh of tanh", ["cyd"]),
        ("07.2: another shape", ["cyd", "dan"]),
        ("07.1: other numbers", ["dan"]),
        ("07.1: stops with IndexError", ["eve"]),
    ]


def test_the_hints_on_monday_are_those_of_that_mistake_alone():
    text = text_of(a_class())
    first, second = re.findall(r"<li>(.*?)</li>", text)[:2]
    assert first.startswith("<strong>W not transposed</strong>: 2 of 7.") and "Which side of W" in first
    assert "What you computed is" in first and second == "<strong>tanh of tanh</strong>: 1 of 7."


def test_nobody_is_told_the_same_twice():
    told = a_class().students[1].advice()
    assert len(told) == 1 and told[0].startswith("all: W not transposed. Ask: “")
    assert a_class().students[5].advice() == ["all: not attempted yet"] and a_class().students[0].advice() == [
        "All right."
    ]
    six = student("ida", *empty(1, 2, 3), *[mistake(number, "tanh_of_tanh") for number in (4, 5, 6)])
    assert [line.partition(":")[0] for line in six.advice()] == ["07.1, 07.2, 07.3", "07.4, 07.5, 07.6"]


def test_the_page_says_what_is_late_what_was_put_right_and_who_is_not_graded():
    text = text_of(a_class())
    assert "late, 2026-11-25 21:00:05" in row(text, "dan") and "its cell is there 2 times" in row(text, "eve")
    assert "5 of 8 graded" not in text and "6 of 8 graded" in text
    last = text[text.index('id="not-graded"') :]
    assert "is a PDF" in row(last, "Zoë Müller") and "whose it is" in row(last, "homework.ipynb")
    assert "older" in row(last, "zoe_07.ipynb") and last.index("zoe_07") > last.index("do not count")


def test_the_terminal_says_it_too():
    results = a_class()
    assert list(results.lines()) == [
        "6 of 8 graded",
        "not graded: Zoë Müller: of Zoë Müller: is a PDF",
        "not graded: homework.ipynb: its name does not say whose it is",
        "set aside: zoe_07.ipynb: an older file of zoe",
    ]
    results.lost, results.students = [], results.students[:-1]
    assert results.not_graded == []
    results.students[0].results[0].kind = "not graded"
    assert [who for who, _ in results.not_graded] == ["ada"]


def test_colour_is_never_the_only_sign():
    text = text_of(a_class())
    assert re.findall(r'<td class="made">(.*?)</td>', text) and all(
        int(number) for number in re.findall(r'<td class="made">(.*?)</td>', text)
    )
    heat = text[text.index("Who made") :]
    assert row(heat, "bob").count('class="made"') == 1 and ">2<" in row(heat, "bob") and 'row">ada' not in heat


def test_many_causes_do_not_make_the_heat_map_wider():
    students = [student(f"s{number}", wrong(1, f"says {'x' * number}")) for number in range(1, 31)]
    heat = text_of(Class(NAME, students))
    heat = heat[heat.index("Who made") :]
    assert heat.count('class="up"') == page.WIDEST + 1 and heat.count('class="made">1') == 30 and "all others" in heat


def test_headings_and_tables_are_in_order():
    text = text_of(a_class())
    levels = [int(level) for level in re.findall(r"<h(\d)", text)]
    assert levels[0] == 1 and set(levels[1:]) == {2}
    assert text.count("<table") == text.count("<caption>") == text.count('tabindex="0"') == text.count("<thead>")


def read_table(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_table_has_one_line_for_each_student():
    rows = read_table(page.table(a_class()))
    assert [one["Student"] for one in rows] == [
        one.name if one.name != "=1+1" else "'=1+1" for one in a_class().students
    ]
    bob, zoe = rows[1], rows[-1]
    assert (bob["ID"], bob["07 write it yourself"], bob["07.1 (Current Score)"]) == ("bob", "4", "2")
    assert zoe["07 write it yourself"] == "" and "is a PDF" in zoe["remarks (Current Score)"]
    assert rows[3]["remarks (Current Score)"] == "late, 2026-11-25 21:00:05"


def test_the_table_is_what_canvas_and_moodle_import():
    head, *rows = csv.reader(io.StringIO(page.table(a_class())))
    assert "Student" in head[0] and "ID" in head[1] and "Section" in head[2]
    left_out = re.compile("Current Score|Current Points|Current Grade|Final Score|Final Points|Final Grade")
    assert [title for title in head[3:] if not left_out.search(title)] == ["07 write it yourself"]
    assert all(one[1] for one in rows)  # Moodle gives points without an ID to the student above


def test_the_long_table_has_a_line_for_each_answer_and_each_file():
    rows = read_table(page.long_table(a_class()))
    assert len(rows) == 6 * 2 + 1 + 2
    assert rows[2]["mistakes"] == "W_not_transposed" and rows[6]["late"] == "late"
    assert [one["kind"] for one in rows[-3:]] == ["not graded", "set aside", "not graded"]


def test_excel_reads_names(tmp_path):
    page.write_all(tmp_path, a_class())
    data = (tmp_path / f"{NAME}.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfStudent,ID,Section,") and "Zoë Müller".encode() in data
    endings = sorted(path.name.removeprefix(NAME) for path in tmp_path.iterdir())
    assert endings == [".csv", ".html", "_long.csv"]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", " =1", "\t=1", "\n@x"])
def test_no_cell_is_a_formula(cell):
    assert page._harmless(cell) == f"'{cell}" and page._harmless(-1.5) == -1.5 and page._harmless("a=1") == "a=1"


def test_what_students_write_is_text_on_the_page_and_in_the_tables():
    results = a_class()
    results.students.append(student("<b>", wrong(1, "<script>alert(1)</script>"), wrong(2, "@cmd"), notes=["<i>"]))
    text = page.page(results)
    assert "<script" not in text and "<b>" not in text and "<i>" not in text
    assert read_table(page.long_table(results))[-3]["what"] == "'@cmd"


def one_of(name, points, known_as=None):
    return Student(name, known_as or name, results=[Answer("07.1", "t", points, "wrong", "w")])


def keep(folder, *students):
    records.save(folder, Class(NAME, students, lost=[("x.pdf", "is a PDF")]))


def test_results_are_read_from_their_files(tmp_path):
    keep(tmp_path, one_of("ben", 1.5))
    keep(tmp_path, one_of("zoe", 1.5), one_of("Anna", 2))  # ben has taken his file back
    results = records.told(tmp_path, NAME)
    assert [(one.name, one.points) for one in results.students] == [("Anna", 2), ("zoe", 1.5)]
    assert results.not_graded == [["x.pdf", "is a PDF"]]


def test_two_of_one_name_are_told_apart(tmp_path):
    keep(tmp_path, one_of("1111", 1, "Kim Lee"), one_of("3333", 2, "Kim Lee"), one_of("zoe", 2))
    assert [one.name for one in records.told(tmp_path, NAME).students] == [
        "Kim Lee (1111)",
        "Kim Lee (3333)",
        "zoe",
    ]


def test_without_submissions_there_is_one_line(tmp_path):
    with pytest.raises(ValueError, match=f"submissions of {NAME} are needed, got none in .*: grade first"):
        records.told(tmp_path, NAME)


@pytest.mark.ci
def test_points_by_hand_count_and_what_came_after_them_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable), prepend=os.pathsep)  # nbgrader calls alembic
    api = pytest.importorskip("nbgrader.api", reason="needs the extra: pip install -e '.[teaching]'")
    keep(tmp_path, one_of("zoe", 1), one_of("Anna", 2), one_of("ben", 2))
    with api.Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as book:
        book.add_assignment(NAME)
        book.add_notebook(NAME, NAME)
        book.add_grade_cell("07-1", NAME, NAME, max_score=5, cell_type="code")
        for name, by_hand, again in [("zoe", 4.5, False), ("Anna", 3.0, True), ("ben", None, True)]:
            book.add_student(name)
            book.add_submission(NAME, name)
            grade = book.find_grade("07-1", NAME, NAME, name)
            grade.auto_score, grade.manual_score, grade.needs_manual_grade = 1, by_hand, again
        book.db.commit()
    results = records.told(tmp_path, NAME)
    found = {one.name: (one.points, one.results[0].hand) for one in results.students}
    assert found == {"zoe": (4.5, "by hand"), "Anna": (3.0, AGAIN), "ben": (2, "")}
    text = text_of(results)
    assert "3 ✎!" in row(text, "Anna") and "something new was graded since" in row(text, "Anna")
    assert "4.5 ✎<" in row(text, "zoe") and "✎" not in row(text, "ben")
