"""What comes back from an LMS: every file has one line, and every person is one person."""

import copy
import json
import os
import shutil
import unicodedata
import zipfile
from dataclasses import replace

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from bptt_classroom import files, names, notebooks, records
from bptt_lab import exercises

NAME = "03_backpropagation_through_time"
STUBS = {
    "03.3": "def walk_back(V, W, dL_do, h):\n    raise NotImplementedError",
    "03.5": "def input_grads(params, dL_da):\n    raise NotImplementedError",
    "03.6": "def truncated_state_grads(params, trace, dL_do, k):\n    raise NotImplementedError",
}
ASKED = {name: exercises.find(name) for name in STUBS}
ANSWER = "def walk_back(V, W, dL_do, h):\n    return 1"


def marks(name, **kind):
    plain = {"grade": False, "solution": False, "locked": False, "task": False, "schema_version": 3}
    return {"nbgrader": plain | {"grade_id": name, "cell_type": "code"} | kind}


def released():
    cells = [new_markdown_cell("# Three exercises", id="03-000"), new_code_cell("import numpy as np", id="03-001")]
    for exercise, stub in STUBS.items():
        check = exercise.replace(".", "-")
        answer = f"{check}-answer"
        function = ASKED[exercise].function
        cells.append(new_code_cell(stub, id=answer, metadata=marks(answer, solution=True)))
        line = f'checks.check("{exercise}", {function})'
        cells.append(new_code_cell(line, id=check, metadata=marks(check, grade=True, locked=True, points=5)))
    return new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})


TEXT = nbformat.writes(released())


def lay(folder, *names, text=TEXT):
    """Write files one after another, a minute apart."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (1.7e9 + 60 * number,) * 2)
    return folder


def students(collected):
    return {one.student: one.path.name for one in collected.students}


def folder_of(tmp_path, *names):
    return files.collect(lay(tmp_path, *names), NAME)


@pytest.mark.parametrize(
    "name, student, said",
    [
        (f"anna_{NAME}.ipynb", "anna", "anna"),
        (f"anna_m_{NAME}.ipynb", "anna-m", "anna m"),
        (f"ANNA_{NAME.upper()}.IPYNB", "ANNA", "ANNA"),
        (f"anna_{NAME}.ipynb.txt", "anna", "anna"),
        (f"anna_{NAME}_final.ipynb", "anna", "anna"),
        (f"anna_{NAME}-1.ipynb", "anna", "anna"),
        (f"anna_{NAME} (1).ipynb", "anna", "anna"),
        (f"{NAME}_anna.ipynb", "anna", "anna"),
        (f"{NAME}_anna_final.ipynb", "anna", "anna"),
        ("anna 03 Backpropagation through time.ipynb", "anna", "anna"),
        ("anna-03.ipynb", "anna", "anna"),
        (f"Müller [Anna]_{NAME}.ipynb", "Müller-Anna", "Müller [Anna]"),
        (f"Anna Müller_12345_assignsubmission_file_/{NAME}.ipynb", "12345", "Anna Müller"),
        ("Anna Müller_12345_assignsubmission_file/deep/homework.ipynb", "12345", "Anna Müller"),
        (f"Anna Müller_12345_assignsubmission_file_{NAME}.ipynb", "12345", "Anna Müller"),
        (f"leekim_1111_2222_{NAME}.ipynb", "1111", "leekim"),
        (f"leekim_LATE_1111_2222_{NAME}-3.ipynb", "1111", "leekim"),
        ("leekim_1111_2222_homework.ipynb", "1111", "leekim"),
        (f"anon_aBc12_2222_{NAME}.ipynb", "anon_aBc12", "anon_aBc12"),
        (f"BPTT 1_s123_attempt_2026-11-25-21-00-05_{NAME}.ipynb", "s123", "s123"),
    ],
)
def test_the_name_of_a_file_says_whose_it_is(tmp_path, name, student, said):
    found = folder_of(tmp_path, name, f"zed_{NAME}.ipynb")
    assert found.aside == [] and {one.student: one.name for one in found.students} == {
        student: said,
        "zed": "zed",
    }


@pytest.mark.parametrize("name", [f"{NAME}.ipynb", f"{NAME}_final.ipynb", f"{NAME} (2).ipynb", "homework.ipynb"])
def test_a_file_without_a_name_is_set_aside_with_the_reason(tmp_path, name):
    found = folder_of(tmp_path, name, f"zed_{NAME}.ipynb")
    assert students(found) == {"zed": f"zed_{NAME}.ipynb"} and found.aside == []
    ((lost, why),) = found.lost
    assert lost == name and f"rename it to STUDENT_{NAME}.ipynb" in why


def test_a_plain_folder_for_each_student(tmp_path):
    lay(tmp_path, "all/ben/notes.pdf", text="%PDF")
    found = folder_of(tmp_path, f"all/anna/{NAME}.ipynb", "all/ben/homework.ipynb")
    assert students(found) == {"anna": f"{NAME}.ipynb", "ben": "homework.ipynb"} and not found.lost


def test_what_nbgrader_has_collected(tmp_path):
    lay(tmp_path, f"anna/{NAME}/{NAME}.ipynb", "ben/07_x/07_x.ipynb", f"anna/{NAME}/timestamp.txt")
    found = files.collect(tmp_path, NAME)
    assert students(found) == {"anna": f"{NAME}.ipynb"} and len(found.aside) == 2 and not found.lost


@pytest.mark.parametrize(
    "older, newer",
    [
        (f"zoe_{NAME}.ipynb", f"zoe_{NAME}-1.ipynb"),
        (f"zoe_{NAME}.ipynb", f"zoe_{NAME} (1).ipynb"),
        (f"{NAME}_zoe.ipynb", f"{NAME}_zoe (1).ipynb"),
        (f"zoe_{NAME}-2.ipynb", f"zoe_{NAME}-10.ipynb"),
        (f"zoe_{NAME}.ipynb", f"zoe_{NAME}_final.ipynb"),
        (f"Zoe_{NAME}.ipynb", f"zoe_{NAME}.IPYNB"),
        (f"leekim_1111_2222_{NAME}.ipynb", f"leekim_LATE_1111_9999_{NAME}-1.ipynb"),
        (f"leekim_1111_2222_{NAME}.ipynb", f"leekim_1111_10000_{NAME}.ipynb"),
        (f"A_s1_attempt_2026-11-24-21-00-05_{NAME}.ipynb", f"A_s1_attempt_2026-11-25-08-00-00_{NAME}.ipynb"),
        (f"Zoe_7_assignsubmission_file_/{NAME}.ipynb", f"Zoe_7_assignsubmission_file_/{NAME}-1.ipynb"),
    ],
)
def test_the_newest_file_counts_and_is_named(tmp_path, older, newer):
    found = folder_of(tmp_path, older, newer)
    (one,) = found.students
    assert one.path == tmp_path / newer and one.notes == [f"2 files came; the newest counts, {newer}"]
    assert found.aside == [(older, f"an older file of {one.name}; {newer} counts")] and not found.lost
    assert one.late == ("LATE" in newer)


def test_where_the_lms_says_what_is_newer_the_times_of_the_files_do_not_matter(tmp_path):
    lay(tmp_path, f"leekim_1111_9999_{NAME}.ipynb", f"leekim_1111_2222_{NAME}.ipynb", f"zoe_{NAME}-1.ipynb")
    lay(tmp_path, f"a/x_{NAME}.ipynb", f"zoe_{NAME}.ipynb")
    assert students(files.collect(tmp_path, NAME)) == {
        "1111": f"leekim_1111_9999_{NAME}.ipynb",
        "zoe": f"zoe_{NAME}-1.ipynb",
        "x": f"x_{NAME}.ipynb",
    }


def test_people_whose_names_are_alike_stay_apart(tmp_path):
    names = [f"leekim_1111_2222_{NAME}.ipynb", f"leekim_3333_4444_{NAME}.ipynb", f"leekim_{NAME}.ipynb"]
    names += [f"{NAME}_anna.mueller.ipynb", f"{NAME}_anna.schmidt.ipynb", f"team_{NAME}_anna.ipynb"]
    names += [f"team_{NAME}_ben.ipynb", f"{NAME}_group-1.ipynb", f"{NAME}_group-2.ipynb", f"1111_{NAME}.ipynb"]
    names += [f"A b_j_s_attempt_2026-11-24-21-00-05_{NAME}.ipynb", f"A b_k_s_attempt_2026-11-24-21-00-05_{NAME}.ipynb"]
    found = folder_of(tmp_path, *names)
    assert sorted(students(found).values()) == sorted(names) and not found.aside
    assert len({one.student.casefold() for one in found.students}) == len(names)


LETTERS = st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), exclude_characters="/\\\\_-()")
PEOPLE = st.lists(st.text(LETTERS, min_size=1, max_size=12), min_size=1, max_size=6)
NUMBERED = ["{0}_77{1}_555_NAME", "{0}_9{1}_assignsubmission_file_NAME"]
SHAPES = ["{0}_NAME", "NAME_{0}", "{0}", "{0}/NAME", "x_{0}_NAME_{1}", *NUMBERED]


@pytest.mark.slow
@given(PEOPLE, st.sampled_from(SHAPES), st.sampled_from(["", "-1", " (2)", "_final"]))
@settings(max_examples=100, deadline=None)
def test_each_file_has_one_line_and_two_people_are_never_one(tmp_path_factory, names, shape, copied):
    folder, made = tmp_path_factory.mktemp("back"), {}
    for number, name in enumerate(names):
        file = shape.format(name, number).replace("NAME", NAME + copied) + ".ipynb"
        if name.strip(" .") and len(file.encode()) < 200:
            made[file] = name
    lay(folder, *made)
    listed = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    if listed:
        found = files.collect(folder, NAME)
        lines = [str(one.path.relative_to(folder)) for one in found.students]
        assert sorted(lines + [file for file, _ in found.aside + found.lost]) == sorted(listed)
        assert len({one.student.casefold() for one in found.students}) == len(found.students)
        for file, why in found.aside:
            if "an older file" in why:  # the newer one is of a person with the same name
                newer = why.partition("; ")[2].removesuffix(" counts")
                assert _plain(made[file]) == _plain(made[newer]) and shape not in NUMBERED
    shutil.rmtree(folder)


def _plain(name):
    return " ".join(unicodedata.normalize("NFC", name).casefold().split()).strip(" .")


def test_a_name_made_to_take_long_does_not():
    file = records.Student(file=f"a_{NAME}{'--final' * 30}!.ipynb")
    names.claim(file, 0, NAME, names.Roster())
    assert file.name.startswith("a")


def test_the_order_of_files_does_not_matter(tmp_path):
    names = [f"{who}_{NAME}{copy}.ipynb" for who in ("a", "A", "b", "c") for copy in ("", "-1", " (2)", "_final")]
    names += [f"leekim_{user}_{order}_{NAME}.ipynb" for user in (1111, 3333) for order in (2222, 4444)]
    ways = []
    for way in (names, names[::-1], sorted(names)):
        archive = tmp_path / "way.zip"
        with zipfile.ZipFile(archive, "w") as file:
            for name in way:
                file.writestr(zipfile.ZipInfo(name, (2026, 11, 25, 21, 0, len(name) % 60)), TEXT)
        found = files.collect(archive, NAME)
        ways.append(([replace(one, path=one.path.name) for one in found.students], found.aside, found.lost))
    assert ways[0] == ways[1] == ways[2] and len(ways[0][0]) == 5


def test_an_archive_is_read_as_it_is(tmp_path):
    archive = tmp_path / "submissions.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(
            zipfile.ZipInfo(f"Anna Müller_5_assignsubmission_file_/{NAME}.ipynb", (2026, 11, 25, 21, 0, 4)), TEXT
        )
        file.writestr("__MACOSX/._x.ipynb", b"\0\5")
        file.writestr("Ben_6_assignsubmission_onlinetext_/onlinetext.html", "<!DOCTYPE html>")
    found = files.collect(archive, NAME)
    (one,) = found.students
    assert (one.student, one.name, one.when) == ("5", "Anna Müller", "2026-11-25 21:00:04")
    assert len(notebooks.load(one.path).cells) == 8 and os.listdir(tmp_path) == ["submissions.zip"]
    assert [file for file, _ in found.lost] == ["Ben_6_assignsubmission_onlinetext_/onlinetext.html"]
    assert dict(found.aside)["__MACOSX/._x.ipynb"] == "no submission, but of the system"


def test_times_are_kept(tmp_path):
    lay(tmp_path, f"anna_{NAME}.ipynb", f"X_s1_attempt_2026-11-24-21-00-05_{NAME}.ipynb")
    os.utime(tmp_path / f"anna_{NAME}.ipynb", (0, 1_764_104_405))
    when = {one.student: one.when for one in files.collect(tmp_path, NAME).students}
    assert when["s1"] == "2026-11-24 21:00:05" and when["anna"].endswith(":05") and when["anna"][:7] == "2025-11"


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "is empty"),
        (b"%PDF-1.7 ...", "is a PDF"),
        (b"PK\3\4...", "is an archive or an office document"),
        (b"<!DOCTYPE html>", "is a web page"),
        (b"{ this is no notebook", "is no JSON: Expecting property name"),
        (TEXT.encode()[:300], "is no JSON"),
        (b"<<<<<<< HEAD\n{}", "is no JSON"),
        (b'{"a": 1}', "is JSON, but no notebook"),
        (b"[1]", "is JSON, but no notebook"),
        (b'{"cells": [1]}', "is JSON, but no notebook"),
        (b'{"cells": []}', "is a notebook without gradient_of_o"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"cells": [{"cell_type": "code", "source": "\xff"}]}', "is no text in UTF-8"),
    ],
)
def test_what_cannot_be_graded_says_why(tmp_path, data, reason):
    lay(tmp_path, f"anna_{NAME}.ipynb")
    (tmp_path / f"ben_{NAME}.ipynb").write_bytes(data)
    found = files.collect(tmp_path, NAME)
    assert students(found).keys() == {"anna"} and found.aside == []
    ((file, why),) = found.lost
    assert file == f"ben_{NAME}.ipynb" and why.startswith(f"of ben: {reason}")


def test_an_older_file_counts_if_the_newer_cannot_be_graded_and_the_note_says_so(tmp_path):
    lay(tmp_path, f"zoe_{NAME}.ipynb")
    lay(tmp_path, f"zoe_{NAME}-1.ipynb", text="{")
    lay(tmp_path, f"zoe_{NAME}.pdf", text="%PDF")
    found = files.collect(tmp_path, NAME)
    assert students(found) == {"zoe": f"zoe_{NAME}.ipynb"} and not found.lost and len(found.aside) == 2
    assert found.students[0].notes[-1].startswith(f"a newer file, zoe_{NAME}-1.ipynb, is no JSON")


def test_a_link_to_nowhere_and_a_foreign_file_have_their_lines(tmp_path):
    lay(tmp_path, f"anna_{NAME}.ipynb")
    (tmp_path / f"ben_{NAME}.ipynb").symlink_to(tmp_path / "gone")
    (tmp_path / f"cyd_{NAME}.py").write_text("print(1)", encoding="utf-8")
    lost = dict(files.collect(tmp_path, NAME).lost)
    assert "cannot be read: No such file" in lost[f"ben_{NAME}.ipynb"]
    assert lost[f"cyd_{NAME}.py"] == "of cyd: is no notebook, but a .py file"


def test_a_roster_settles_names(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_bytes("id;name\ns1;Kim Lee\ns2;Anna Müller\ns3;Ben Bo\ns4;Ben Bo\n".encode("utf-8-sig"))
    names = [f"leekim_1111_2222_{NAME}.ipynb", f"kim lee_{NAME}.ipynb", f"S2_{NAME}.ipynb", f"ben bo_{NAME}.ipynb"]
    lay(tmp_path, *names, "Anna Müller.ipynb", "homework.ipynb")
    found = files.collect(tmp_path, NAME, roster)
    assert {one.student: one.name for one in found.students} == {
        "s1": "Kim Lee",
        "s2": "Anna Müller",
        "ben-bo": "ben bo",
    }
    assert "not on the roster" in next(one for one in found.students if one.student == "ben-bo").notes[0]
    assert dict(found.lost).keys() == {"homework.ipynb"} and dict(found.aside)["roster.csv"] == "the roster"


def test_a_roster_does_not_make_one_of_two_numbers(tmp_path):
    roster = tmp_path / "roster.csv"
    roster.write_text('ID,Student\n1111,"Lee, Kim"\n3333,"Lee, Kim"\n9,Max Mo\n', encoding="utf-8")
    names = [f"leekim_1111_2222_{NAME}.ipynb", f"leekim_3333_4444_{NAME}.ipynb"]
    names += [f"momax_5555_666_{NAME}.ipynb", f"momax_7777_888_{NAME}.ipynb"]
    found = files.collect(lay(tmp_path / "back", *names), NAME, roster)
    assert {one.student: one.name for one in found.students} == {
        "1111": "Lee, Kim",
        "3333": "Lee, Kim",
        "5555": "momax",
        "7777": "momax",
    }


@pytest.mark.parametrize("text", ["only one column\n", "1,Anna\n2,\n"])
def test_a_roster_that_is_none_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "roster.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="a roster must have lines of id and name, got .*: mend it"):
        files.collect(lay(tmp_path / "back", f"a_{NAME}.ipynb"), NAME, tmp_path / "roster.csv")


def test_a_place_that_is_none_is_refused_in_one_line(tmp_path):
    (tmp_path / "one.ipynb").write_text(TEXT, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    for place, what in [("none", "is not there"), ("one.ipynb", "is neither"), ("empty", "is empty")]:
        with pytest.raises(ValueError, match=f"got .*, which {what}: look at the path"):
            files.collect(tmp_path / place, NAME)


# marks


def source(notebook, grade_id):
    (cell,) = (cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)
    return cell.source


def mended(notebook):
    """Each exercise has one check with the marks of the release, and no mark is there twice."""
    notebooks.mark(notebook, ASKED)
    ours = {cell.metadata.nbgrader["grade_id"]: cell.metadata.nbgrader for cell in marked(released())}
    theirs = [cell.metadata.nbgrader for cell in marked(notebook)]
    assert {one["grade_id"]: one for one in theirs}.items() <= ours.items() and not nbformat.validate(notebook)
    assert {name for name, mark in ours.items() if mark["grade"]} <= {one["grade_id"] for one in theirs}
    assert len({one["grade_id"] for one in theirs}) == len(theirs)


def marked(notebook):
    return [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def again(cell, source):
    """As JupyterLab copies a cell: with its marks, under another id."""
    return new_code_cell(source, metadata=copy.deepcopy(cell.metadata))


def test_an_untouched_notebook_is_left_alone():
    notebook = released()
    mended(notebook)
    assert notebook == released()


def test_of_a_copied_cell_the_last_counts():
    notebook = released()
    notebook.cells[2].source = ANSWER
    notebook.cells.insert(3, again(notebook.cells[2], ANSWER.replace("1", "2")))
    mended(notebook)
    assert source(notebook, "03-3-answer").endswith("2") and len(notebook.cells) == 9


def test_of_a_split_cell_the_part_with_the_function_counts():
    notebook = released()
    notebook.cells[2].source = ANSWER
    notebook.cells.insert(3, again(notebook.cells[2], "walk_back(1, 2, 3)"))
    mended(notebook)
    assert source(notebook, "03-3-answer") == ANSWER


def test_a_copied_check_is_no_harm():
    notebook = released()
    notebook.cells.insert(4, again(notebook.cells[3], notebook.cells[3].source))
    mended(notebook)
    assert source(notebook, "03-3").startswith("checks.check(") and len(notebook.cells) == 9


def test_without_marks_exercises_are_found_by_their_functions():
    notebook = released()
    notebook.cells[2].source = ANSWER
    for cell in notebook.cells:
        cell.metadata = {}
    mended(notebook)
    assert source(notebook, "03-3-answer") == ANSWER and len(marked(notebook)) == 6


def test_a_deleted_check_is_put_back():
    notebook = released()
    del notebook.cells[3], notebook.cells[-2]
    mended(notebook)
    assert source(notebook, "03-3") == 'checks.check("03.3", walk_back)' == notebook.cells[-1].source
    assert len(marked(notebook)) == 5  # an exercise without a cell has no mark for it


def test_two_answers_in_one_cell_both_stay():
    notebook = released()
    notebook.cells[2].source = f"{ANSWER}\n\ndef input_grads(params, dL_da):\n    return 2"
    del notebook.cells[4]
    mended(notebook)
    assert "input_grads" in source(notebook, "03-3-answer") and len(notebook.cells) == 7


def test_an_answer_in_the_cell_of_a_check_is_not_written_over():
    notebook = released()
    notebook.cells[3].source = f"{ANSWER}\n{notebook.cells[3].source}"
    del notebook.cells[2]
    mended(notebook)
    assert source(notebook, "03-3-answer").startswith(ANSWER) and "def" not in source(notebook, "03-3")


def test_foreign_and_broken_marks_go():
    notebook = released()
    notebook.cells.append(new_code_cell("1", metadata=marks("other", grade=True, points=99)))
    notebook.cells[1].metadata["nbgrader"] = {"schema_version": 0}
    notebook.cells[3].metadata["nbgrader"]["points"] = 500
    mended(notebook)


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found.pop("nbformat"),
        lambda found: found.pop("metadata"),
        lambda found: found["metadata"].update(kernelspec={"name": "conda-env-of-anna"}),
        lambda found: [cell.pop("metadata") for cell in found["cells"]],
        lambda found: [cell.pop("id") for cell in found["cells"]],
        lambda found: [cell.update(id="same") for cell in found["cells"]],
        lambda found: [cell.update(id="a b") for cell in found["cells"]],
        lambda found: [cell.pop("outputs", None) for cell in found["cells"]],
        lambda found: found["cells"].append({"cell_type": "code", "source": None}),
        lambda found: found["cells"].append({"cell_type": "code", "source": ["x = 1\n", "\ud800"]}),
        lambda found: found.update(nbformat_minor=2),
        lambda found: found.update(worksheets=[{"cells": _old(found.pop("cells"))}], nbformat=3, nbformat_minor=0),
    ],
)
def test_a_notebook_that_converters_have_been_at_is_read(tmp_path, change):
    found = json.loads(TEXT)
    change(found)
    (tmp_path / f"anna_{NAME}.ipynb").write_text(json.dumps(found), encoding="utf-8-sig")
    (one,) = files.collect(tmp_path, NAME).students
    notebook = notebooks.load(one.path)
    mended(notebook)
    assert nbformat.writes(notebook).encode() and notebook.metadata.kernelspec.name == "python3"
    assert source(notebook, "03-3-answer") == STUBS["03.3"]


def _old(cells):
    return [
        {"language": "python", "input": cell["source"]} | cell if cell["cell_type"] == "code" else cell
        for cell in cells
    ]


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    records.write(tmp_path / "page.html", "old")
    with pytest.raises(UnicodeError):
        records.write(tmp_path / "page.html", "new \ud800")
    monkeypatch.setattr(os, "replace", lambda *given: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        records.write(tmp_path / "page.html", "new")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "old" and os.listdir(tmp_path) == ["page.html"]
