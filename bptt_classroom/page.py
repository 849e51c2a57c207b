"""What a teacher gets: the class on one page, HTML that needs no other file and no script; and its tables, CSV."""

import csv
import io
from pathlib import Path

import jinja2

from bptt_classroom.gradebook import AGAIN, POINTS
from bptt_classroom.records import Class, Result, write

WIDEST = 14  # columns of the heat map, so that it fits on paper
TEMPLATE = Path(__file__).with_name("page.html")


def write_all(folder: Path, results: Class) -> list[Path]:
    """Write the page and the tables, each file whole or not at all; return their paths.

    Raises
    ------
    OSError
        as when the disk is full
    """
    made = {".html": page(results), ".csv": table(results), "_long.csv": long_table(results)}
    for ending, text in made.items():  # Excel knows UTF-8 by the mark at its start
        write(folder / f"{results.assignment}{ending}", text, "utf-8-sig" if ".csv" in ending else "utf-8")
    return [folder / f"{results.assignment}{ending}" for ending in made]


def page(results: Class) -> str:
    """The whole page."""
    causes = results.causes()
    columns = {cause: {cause} for cause, _, _ in causes[:WIDEST]}
    if causes[WIDEST:]:
        columns["all others"] = {cause for cause, _, _ in causes[WIDEST:]}
    heat = []
    for student in results.students:
        made = [cause for answer in student.results for cause in answer.causes]
        heat += [(student.name, [sum(cause in one for cause in made) for one in columns.values()])] * bool(made)
    counts = []
    for number, one in enumerate(results.exercises):
        kinds = [student.results[number].kind for student in results.students if student.results]
        right, empty = kinds.count("right"), kinds.count("not attempted")
        counts.append((f"{one.id} {one.title}", (right, len(kinds) - right - empty, empty)))
    options = dict(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    given = dict(results=results, causes=causes[:5], columns=list(columns), heat=heat, counts=counts)
    return jinja2.Template(TEMPLATE.read_text("utf-8"), **options).render(given, most=POINTS, points=points)


def points(answer: Result) -> str:
    if answer.kind == "not attempted" and not answer.hand:
        return "–"
    return f"{answer.points:g}" + {"": "", AGAIN: " ✎!"}.get(answer.hand, " ✎")


def table(results: Class) -> str:
    """One line for each student, as Canvas and Moodle import it; nothing is in it that they would take for a student.

    Canvas needs Student, ID and Section in this order, and takes every other column for an assignment, unless it is
    called a "Current Score" or alike. Moodle gives a line without an ID to the student of the line above it.
    """
    title = results.assignment.replace("_", " ")
    parts = [f"{one.id} (Current Score)" for one in results.exercises]
    rows = [["Student", "ID", "Section", title, *parts, "remarks (Current Score)"]]
    for one in results.students:
        each = [answer.points for answer in one.results] or [""] * len(parts)
        remarks = [f"late, {one.when}"] * one.late + one.notes + [f"not graded: {one.missing}"] * bool(one.missing)
        rows.append([one.name, one.student, "", "" if one.points is None else one.points, *each, "; ".join(remarks)])
    return _csv(rows)


def long_table(results: Class) -> str:
    """A line for each answer, and for each file that does not count."""
    rows = [["student", "name", "when", "late", "exercise", "points", "most", "kind", "mistakes", "what", "hint"]]
    for one in results.students:
        who = [one.student, one.name, one.when, "late" * one.late]
        for each in one.results:
            words = "; ".join(filter(None, [each.where, *each.notes, each.hand and f"points {each.hand}"]))
            facts = [each.id, each.points, POINTS, each.kind, " ".join(each.mistakes)]
            rows.append([*who, *facts, words, "".join(each.hints[:1])])
        rows += [] if one.results else [[*who, "", "", "", "not graded", "", one.missing, ""]]
    for kind, pairs in (("set aside", results.aside), ("not graded", results.lost)):
        rows += [["", file, *[""] * 5, kind, "", why, ""] for file, why in pairs]
    return _csv(rows)


def _csv(rows: list[list[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([[_harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def _harmless(cell: object) -> object:
    """The cell, changed if it begins like a formula, which spreadsheets would run."""
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip().startswith(("=", "+", "-", "@")) else cell
