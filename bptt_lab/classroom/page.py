"""The class on one page: HTML that needs no other file, and no script."""

from html import escape

from bptt_lab.classroom.report import Class

STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; } caption { text-align: left; font-style: italic; }
th, td { border: 1px solid #bbb; padding: .15rem .5rem; text-align: left; vertical-align: top; }
td.n { text-align: right; } .wide { overflow-x: auto; } .heat th.up { height: 13rem; vertical-align: bottom; }
.heat th.up span { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: normal; }
.heat td { text-align: center; min-width: 1.2rem; padding: .1rem; } .heat td.made { background: #F5D9A6; }
"""


def page(results: Class, names: bool = True) -> str:
    """The whole page. Without names, students have numbers, and what they wrote is left out."""
    parts = [
        f"<h1>{escape(results.assignment.replace('_', ' '))}</h1>",
        f"<p>{len(results.students)} submissions, {len(results.exercises)} exercises.</p>",
        *("<h2>To talk about on Monday</h2>", _monday(results)),
        *("<h2>Each exercise</h2>", _exercises(results)),
        *("<h2>Who made which mistake</h2>", _heat(results)),
        *("<h2>Points</h2>", _points(results)),
    ]
    if names:
        parts[4:4] = ["<h2>To look at yourself</h2>", _to_look_at(results)]
        parts += ["<h2>The hint for each</h2>", _hints(results)]
    head = f'<meta charset="utf-8"><title>{escape(results.assignment)}</title><style>{STYLE}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n' + "\n".join(parts) + "\n</body></html>\n"


def _table(caption: str, head: list[str], rows: list[list[object]]) -> str:
    """Numbers stand to the right; the first cell of a row is its head."""
    lines = ["<tr>" + "".join(f'<th scope="col">{escape(text)}</th>' for text in head) + "</tr>"]
    for first, *others in rows:
        cells = "".join(
            f'<td class="n">{cell:g}</td>' if isinstance(cell, int | float) else f"<td>{escape(str(cell))}</td>"
            for cell in others
        )
        lines.append(f'<tr><th scope="row">{escape(str(first))}</th>{cells}</tr>')
    return f'<div class="wide"><table><caption>{escape(caption)}</caption>{"".join(lines)}</table></div>'


def _monday(results: Class) -> str:
    items = []
    for cause, count, answer in results.monday():
        single = len(answer.mistakes) == 1
        said = [f"<strong>{escape(cause)}</strong>: {count} of {len(results.students)}."]
        if single and answer.slip:
            said.append(escape(answer.slip))
        if single and answer.equation:
            said.append(f"Equation ({answer.equation}).")
        if single or not answer.mistakes:
            said.append(f"Ask them: <em>{escape(answer.hint)}</em>" if answer.hint else "")
        items.append(f"<li>{' '.join(said)}</li>")
    return f"<ol>{''.join(items)}</ol>" if items else "<p>Nobody made a mistake.</p>"


def _points(results: Class) -> str:
    rows = []
    for student, answers in results.students.items():
        rows.append([student, *(one.points for one in answers), sum(one.points for one in answers)])
    most = [one.most for one in next(iter(results.students.values()))]
    rows.append(["of", *most, sum(most)])
    caption = "Points for " + ", ".join(f"{n} {name}" for n, name in enumerate(results.exercises, start=1)) + "."
    return _table(caption, ["student", *map(str, range(1, len(most) + 1)), "sum"], rows)


def _exercises(results: Class) -> str:
    rows = []
    for place, exercise in enumerate(results.exercises):
        kinds = [answers[place].kind for answers in results.students.values()]
        plain = [(kind, kinds.count(kind)) for kind in ("right", "not attempted")]
        found = [*plain, *results.counts(exercise).most_common()]
        rows += [[exercise if not line else "", cause, count] for line, (cause, count) in enumerate(found)]
    return _table("How many got it right, and what the others did.", ["exercise", "finding", "students"], rows)


def _heat(results: Class) -> str:
    causes = [cause for cause, _ in results.counts().most_common()]
    head = "".join(f'<th scope="col" class="up"><span>{escape(cause)}</span></th>' for cause in causes)
    lines = [f'<tr><th scope="col">student</th>{head}</tr>']
    for student, answers in results.students.items():
        made = [cause for answer in answers for cause in answer.causes]
        cells = "".join(
            f'<td class="made">{made.count(cause)}</td>' if cause in made else "<td></td>" for cause in causes
        )
        lines.append(f'<tr><th scope="row">{escape(student)}</th>{cells}</tr>')
    caption = "<caption>In how many exercises; an empty field means in none.</caption>"
    return f'<div class="wide"><table class="heat">{caption}{"".join(lines)}</table></div>'


def _to_look_at(results: Class) -> str:
    rows = [[student, one.exercise, one.kind, one.where] for student, one in results.to_look_at]
    head = ["student", "exercise", "kind", "what"]
    return _table("What stopped, hung, or went round the checks.", head, rows) if rows else "<p>Nothing.</p>"


def _hints(results: Class) -> str:
    rows = [
        [student, one.exercise, one.where, one.hint]
        for student, answers in results.students.items()
        for one in answers
        if one.kind != "right"
    ]
    head = ["student", "exercise", "verdict", "hint"]
    return _table("What the check says, and the question that comes with it.", head, rows)
