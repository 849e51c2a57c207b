"""The class on one page: HTML that needs no other file, and no script."""

import textwrap
from html import escape
from pathlib import Path

from bptt_classroom import files, report
from bptt_classroom.gradebook import AGAIN
from bptt_classroom.grading import Result
from bptt_classroom.report import Class, causes

WIDEST = 14  # columns of the heat map, so that it fits on paper
STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def write_all(folder: Path, results: Class) -> list[Path]:
    """The page and the tables, each file whole or not at all.

    raises   OSError, as when the disk is full
    """
    made = {".html": page(results), ".csv": report.table(results), "_long.csv": report.long_table(results)}
    for ending, text in made.items():  # Excel knows UTF-8 by the mark at its start
        files.write(folder / f"{results.assignment}{ending}", text, "utf-8-sig" if ".csv" in ending else "utf-8")
    return [folder / f"{results.assignment}{ending}" for ending in made]


def page(results: Class) -> str:
    """The whole page."""
    title, whole, left = results.assignment.replace("_", " "), results.graded, len(results.not_graded)
    seen = ' <strong>See <a href="#not-graded">who is not, and why</a>.</strong>' if left else ""
    aside = [(file, why) for file, why in results.set_aside if file not in results.lost]
    parts = [
        f"<h1>{escape(title)}</h1><p>{whole} of {whole + left} graded.{seen}</p>",
        f"<h2>To talk about on Monday</h2>{_monday(results)}{_exercises(results)}",
        f'<h2 class="next">Points, and what to tell each</h2>{_points(results)}',
        f'<h2 class="next">Who made which mistake</h2>{_heat(results)}',
        f'<h2 id="not-graded">Not graded</h2>{_pairs("who or what", results.not_graded)}',
        f"<h2>Files that do not count</h2>{_pairs('file', aside)}",
    ]
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    head += f"<title>{escape(title)}</title><style>{STYLE}</style>"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _table(caption: str, head: list[str], rows: list[list[str]], kind: str = "") -> str:
    """Of cells in HTML; the first of a row is its head. On a phone it scrolls alone."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    lines = ""
    for first, *others in rows:
        cells = "".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in others)
        lines += f'<tr><th scope="row">{first}</th>{cells}</tr>'
    inside = f"<caption>{caption}</caption><thead><tr>{top}</tr></thead><tbody>{lines}</tbody>"
    label = f'role="region" tabindex="0" aria-label="{caption}"'
    return f'<div class="wide" {label}><table class="{kind}">{inside}</table></div>'


def _number(value: object) -> str:
    return f'<td class="n">{value}</td>'


def _monday(results: Class) -> str:
    items = []
    for cause, students, answer in results.causes()[:5]:
        said = [f"<strong>{escape(cause)}</strong>: {len(students)} of {len(results.students)}."]
        if len(answer.mistakes) < 2 and answer.hints:  # else the hints are about other mistakes too
            said.append(f"Ask: “{escape(answer.hints[0])}”")
            said += [f"Then: “{escape(hint)}”" for hint in answer.hints[2:3] if answer.mistakes]
        items.append(f"<li>{' '.join(said)}</li>")
    return f"<ol>{''.join(items)}</ol>" if items else "<p>Nobody made a mistake.</p>"


def _exercises(results: Class) -> str:
    rows = []
    for place, one in enumerate(results.exercises):
        kinds = [student.results[place].kind for student in results.students if student.results]
        right, empty = kinds.count("right"), kinds.count("not attempted")
        rows.append([escape(f"{one.id} {one.title}"), *map(_number, (right, len(kinds) - right - empty, empty))])
    return _table("How many students", ["exercise", "right", "not right", "not attempted"], rows)


def _points(results: Class) -> str:
    rows = []
    for one in results.students:
        cells = [_number(_points_of(answer)) for answer in one.results] or ["<td></td>"] * len(results.exercises)
        total = _number("" if one.points is None else f"<strong>{one.points:g}</strong>")
        late = f" <small>late, {escape(one.when)}</small>" if one.late else ""
        told = f'<td class="told">{"<br>".join(map(escape, one.advice()))}</td>'
        rows.append([f"{escape(one.name)}{late}", *cells, total, told])
    most = [f"{one.id}<br><small>of {one.most:g}</small>" for one in results.exercises]
    total = f"sum<br><small>of {sum(one.most for one in results.exercises):g}</small>"
    caption = "– is not attempted; ✎ is given by hand; ✎! too, but something new was graded since"
    return _table(caption, ["student", *most, total, "to tell"], rows)


def _points_of(answer: Result) -> str:
    if answer.kind == "not attempted" and not answer.hand:
        return "–"
    return f"{answer.points:g}" + {"": "", AGAIN: " ✎!"}.get(answer.hand, " ✎")


def _heat(results: Class) -> str:
    known = [cause for cause, _, _ in results.causes()]
    columns = {cause: {cause} for cause in known[:WIDEST]}
    if known[WIDEST:]:
        columns["all others"] = set(known[WIDEST:])
    rows = []
    for student in results.students:
        made = [cause for answer in student.results for cause in causes(answer)]
        counts = [sum(cause in column for cause in made) for column in columns.values()]
        if made:
            rows.append([escape(student.name), *(f'<td class="made">{n}</td>' if n else "" for n in counts)])
    head = [f'<span class="up">{escape(textwrap.shorten(cause, 45))}</span>' for cause in columns]
    caption = "In how many exercises; who is not here made none"
    return _table(caption, ["student", *head], rows, "heat") if rows else "<p>Nobody.</p>"


def _pairs(what: str, pairs: list[tuple[str, str]]) -> str:
    rows = [[escape(one), escape(why)] for one, why in pairs]
    return _table("With the reason", [what, "why"], rows) if rows else "<p>None.</p>"
