"""What came back from students: which file counts for whom, and why the others do not.

A folder or a .zip as Moodle, Canvas or Blackboard gives it, or files that are named STUDENT_07_….ipynb. Each file ends
as a submission, or is set aside with a reason; none is lost without a word, and two people are never taken for one.
"""

import os
import re
import tempfile
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from bptt_classroom.names import Claim, Roster, claim, join_copies
from bptt_classroom.notebooks import defines, load
from bptt_lab import exercises

LARGEST = 50_000_000  # bytes; no notebook of this course comes near
JUNK = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$|timestamp\.txt$)")  # of systems, Jupyter and nbgrader


class Entry(NamedTuple):
    """One file that came back."""

    path: Path | zipfile.Path
    when: str  # "2026-11-25 21:00:05", local time
    size: int  # bytes


class Submission(NamedTuple):
    """The file that counts for a student. `load` reads its `path`, which may lie in an archive."""

    student: str  # the number of the LMS or the roster, or a name; fit for a folder
    name: str
    path: Path | zipfile.Path
    when: str
    late: bool
    notes: list[str]


@dataclass
class Collected:
    submissions: list[Submission] = field(default_factory=list)
    set_aside: list[tuple[str, str]] = field(default_factory=list)  # file and reason
    lost: list[str] = field(default_factory=list)  # those of the files for which somebody is not graded


def collect(place: Path, notebook: str, roster: Path | None = None) -> Collected:
    """One submission for each student; the order of files does not matter.

    place     a folder or a .zip, which is not unpacked
    notebook  such as "07_write_it_yourself"
    roster    a CSV file of id and name
    raises    ValueError or OSError if there is no such place or roster
    """
    known, entries = Roster(roster), _entries(Path(place))
    functions = [exercise.function for exercise in exercises.graded(notebook[:2]).values()]
    folders = len(os.path.commonprefix([PurePosixPath(file).parts[:-1] for file in entries]))
    found, people, reasons = Collected(), defaultdict(list), {}
    for file, entry in entries.items():
        said, reasons[file] = claim(file, folders, notebook, known), _why_not(file, entry, functions)
        parts = PurePosixPath(file).parts
        if JUNK.search(file) or (roster and entry.path == Path(roster)):
            found.set_aside.append((file, "no submission, but of the system" if JUNK.search(file) else "the roster"))
        elif parts[-1] == f"{''.join(parts[-2:-1])}.ipynb" != f"{notebook}.ipynb":  # as nbgrader keeps them
            found.set_aside.append((file, "of another assignment"))
        elif said:
            said.when = said.when or entry.when
            people[said.kind, said.key].append(said)
        else:
            nameless = f"its name does not say whose it is: rename it to STUDENT_{notebook}.ipynb"
            found.set_aside.append((file, reasons[file] or nameless))
            found.lost.append(file)
    join_copies(people)
    for student, name, notes, claims in known.settle(people):
        _choose(found, student, name, notes, claims, reasons, entries)
    came = len(found.set_aside) + len(found.submissions)
    assert came == len(entries), f"each of {len(entries)} files must have a line, {came} have one"
    found.submissions.sort()
    found.set_aside.sort()
    return found


def _entries(place: Path) -> dict[str, Entry]:
    """All files of a folder or an archive, by their names in it."""
    found = {}
    if place.is_dir():
        for folder, _, names in os.walk(place, onerror=_raise):
            for path in (Path(folder, name) for name in names):
                facts = path.lstat()
                when = datetime.fromtimestamp(int(facts.st_mtime)).isoformat(" ")
                found[path.relative_to(place).as_posix()] = Entry(path, when, facts.st_size)
    elif place.is_file() and zipfile.is_zipfile(place):
        archive = zipfile.ZipFile(place)
        for info in archive.infolist():
            if not info.is_dir():
                when = "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)
                found[info.filename] = Entry(zipfile.Path(archive, info.filename), when, info.file_size)
    else:
        what = "neither" if place.exists() else "not there"
        raise ValueError(f"files must be a folder or a .zip, got {place}, which is {what}: look at the path")
    if not found:
        raise ValueError(f"files must hold submissions, got {place}, which is empty: look at the path")
    return dict(sorted(found.items()))


def _raise(error: OSError) -> None:
    raise error


def _why_not(file: str, entry: Entry, functions: list[str]) -> str:
    """Why a file cannot be graded; "" if it can."""
    if entry.size > LARGEST:
        return f"is larger than {LARGEST // 10**6} MB"
    try:
        cells = load(entry.path).cells
    except ValueError as error:
        kind = PurePosixPath(file).suffix.lower()
        foreign = str(error).startswith("is no JSON") and kind not in (".ipynb", ".txt", ".json", "")
        return f"is no notebook, but a {kind} file" if foreign else str(error)
    except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:  # RuntimeError: it has a password
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if any(defines(cell.source, function) for cell in cells for function in functions):
        return ""
    return f"is a notebook without {functions[0]} and the other functions of the exercises"


def _choose(
    found: Collected, student: str, name: str, notes: list, claims: list[Claim], reasons: dict, entries: dict
) -> None:
    """The newest file that can be graded counts; the others are set aside.

    The LMS and copies' numbers say what is newest, because the times of files are often those of the download.
    """
    one_kind = len({one.kind for one in claims}) == 1
    ordered = sorted(claims, key=lambda one: (one.order if one_kind else (), one.when, one.file))
    fit = [one for one in ordered if not reasons[one.file]]
    counts = f"; {fit[-1].file} counts" if fit else ""
    for one in ordered:
        why = f"of {name}: {reasons[one.file]}" if reasons[one.file] else f"an older file of {name}"
        found.set_aside += [(one.file, f"{why}{counts}")] if one not in fit[-1:] else []
    if not fit:
        found.lost += [one.file for one in ordered]
        return
    if len(fit) > 1:
        notes = [*notes, f"{len(fit)} files came; the newest counts, {fit[-1].file}"]
    if ordered[-1] is not fit[-1]:
        notes = [*notes, f"a newer file, {ordered[-1].file}, {reasons[ordered[-1].file]}"]
    path, best = entries[fit[-1].file].path, fit[-1]
    found.submissions.append(Submission(student, name, path, best.when, best.late, notes))


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write all of a file, or nothing. Raises OSError, as when the disk is full."""
    handle, half = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding=encoding, newline="") as file:
            file.write(text)
        os.chmod(half, 0o644)
        os.replace(half, path)
    except BaseException:
        os.unlink(half)
        raise
