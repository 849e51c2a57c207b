"""What came back from students: which file counts for whom, and why the others do not.

A folder or a .zip as Moodle, Canvas or Blackboard gives it, or files that are named STUDENT_07_….ipynb. Each file ends
as a submission, or is set aside with a reason; none is lost without a word, and two people are never taken for one.
"""

import os
import re
import zipfile
import zlib
from datetime import datetime
from pathlib import Path, PurePosixPath

from bptt_classroom.names import Roster, claim
from bptt_classroom.notebooks import defines, load
from bptt_classroom.records import Class, Student
from bptt_lab import exercises

JUNK = re.compile(r"(^|/)(__MACOSX/|\.|Thumbs\.db$|desktop\.ini$|timestamp\.txt$)")  # of systems, Jupyter and nbgrader


def collect(place: Path, notebook: str, roster: Path | None = None) -> Class:
    """One submission for each student; the order of files does not matter.

    Parameters
    ----------
    place
        a folder or a .zip, which is not unpacked
    notebook
        such as "07_write_it_yourself"
    roster
        a CSV file of id and name

    Raises
    ------
    ValueError, OSError
        if there is no such place or roster
    """
    known, came, found, named = Roster(roster), _all_files(place), Class(notebook), []
    functions = [exercise.function for exercise in exercises.graded(notebook[:2]).values()]
    folders = len(os.path.commonprefix([PurePosixPath(one.file).parts[:-1] for one in came]))
    for one in came:
        *_, above, last = ("", *PurePosixPath(one.file).parts)
        one.reason = _why_not(one, functions)
        claim(one, folders, notebook, known)
        if JUNK.search(one.file):
            found.aside.append((one.file, "no submission, but of the system"))
        elif roster and one.path == roster:
            found.aside.append((one.file, "the roster"))
        elif last == f"{above}.ipynb" != f"{notebook}.ipynb":  # as nbgrader keeps them
            found.aside.append((one.file, "of another assignment"))
        elif one.key:
            named.append(one)
        else:
            nameless = f"its name does not say whose it is: rename it to STUDENT_{notebook}.ipynb"
            found.lost.append((one.file, one.reason or nameless))
    for person in known.settle(named):
        _choose(found, person)
    lines = len(found.students) + len(found.aside) + len(found.lost)
    assert lines == len(came), f"each of {len(came)} files must have a line, {lines} have one"
    return found


def _all_files(place: Path) -> list[Student]:
    """All files of a folder or an archive, by their names in it."""
    found = []
    if place.is_dir():
        for path in [Path(folder, name) for folder, _, names in os.walk(place, onerror=_raise) for name in names]:
            when = datetime.fromtimestamp(int(path.lstat().st_mtime)).isoformat(" ")
            found.append(Student(file=path.relative_to(place).as_posix(), path=path, when=when))
    elif zipfile.is_zipfile(place):
        archive = zipfile.ZipFile(place)
        for info in [info for info in archive.infolist() if not info.is_dir()]:
            when = "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(*info.date_time)
            found.append(Student(file=info.filename, path=zipfile.Path(archive, info.filename), when=when))
    else:
        what = "neither" if place.exists() else "not there"
        raise ValueError(f"files must be a folder or a .zip, got {place}, which is {what}: look at the path")
    if not found:
        raise ValueError(f"files must hold submissions, got {place}, which is empty: look at the path")
    return sorted(found, key=lambda one: one.file)


def _raise(error: OSError) -> None:
    raise error


def _why_not(one: Student, functions: list[str]) -> str:
    """Why a file cannot be graded; "" if it can."""
    try:
        cells = load(one.path).cells
    except ValueError as error:
        kind = PurePosixPath(one.file).suffix.lower()
        foreign = str(error).startswith("is no JSON") and kind not in (".ipynb", ".txt", ".json", "")
        return f"is no notebook, but a {kind} file" if foreign else str(error)
    except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:  # RuntimeError: it has a password
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if any(defines(cell.source, function) for cell in cells for function in functions):
        return ""
    return f"is a notebook without {functions[0]} and the other functions of the exercises"


def _choose(found: Class, files: list[Student]) -> None:
    """Let the newest file of one person that can be graded count, and set the others aside.

    The LMS and the numbers of copies say which is newest, because the time of a file is often that of the download.
    """
    one_kind, name = len({bool(one.id) for one in files}) == 1, files[0].name
    files.sort(key=lambda one: (one.order * one_kind, one.when, one.file))
    fit = [one for one in files if not one.reason]
    counts = f"; {fit[-1].file} counts" if fit else ""
    why = {one.file: f"of {name}: {one.reason}" if one.reason else f"an older file of {name}" for one in files}
    rest = [(one.file, f"{why[one.file]}{counts}") for one in files if one not in fit[-1:]]
    (found.aside if fit else found.lost).extend(rest)
    if fit:
        best = fit[-1]
        best.notes += [f"{len(fit)} files came; the newest counts, {best.file}"] * (len(fit) > 1)
        best.notes += [f"a newer file, {files[-1].file}, {files[-1].reason}"] * (files[-1] is not best)
        found.students.append(best)
