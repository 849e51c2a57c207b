"""Whose file it is: by the name that an LMS gave it, by the notebook's name in it, and by the roster of the class."""

import contextlib
import csv
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath

from bptt_classroom.records import Student

LMS = (  # how Moodle, Canvas and Blackboard name what they hand out
    r"(?P<name>[^/]+)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)",
    r"(?:(?P<name>[^/]+?)_)??(?P<late>LATE_)?(?P<id>[1-9]\d{2,}|anon_\w{5})_(?P<order>\d{3,})_[^/]+$",
    r"(?P<title>[^/]+_)?(?P<id>[^/_]+)_attempt_(?P<order>\d{4}(?:-\d\d){5})[^/]*$",
)
ENDING = re.compile(r"(\.\w{2,5})?\.\w{2,5}$")
COPY = re.compile(r"\s*\((\d+)\)|-(\d{1,2})(?!\d)")  # as a browser and as Canvas number copies
FINAL = re.compile(r"[\s_-]*(final|copy)\d*$", re.I)


def claim(file: Student, folders: int, notebook: str, roster: "Roster") -> None:
    """Find what the name says.

    Parameters
    ----------
    folders
        how many of the outer folders say nothing, because all files lie in them
    notebook
        such as "07_write_it_yourself"
    """
    path = unicodedata.normalize("NFC", file.file)
    parts, lms = PurePosixPath(path).parts, (re.search(f"(?:^|/){one}", path) for one in LMS)
    before, after = _around(notebook, ENDING.sub("", parts[-1]))
    copied = COPY.match(after or "") or re.search(r"\s*\((\d+)\)$", after or "")
    file.order = int(copied[copied.lastindex]) if copied else 0
    if parts[-2:-1] == (notebook,) and len(parts) > 2:  # nbgrader's way
        file.name = parts[-3]
        with contextlib.suppress(OSError, ValueError, KeyError):  # when it was submitted, in UTC
            said = datetime.fromisoformat((file.path.parent / "timestamp.txt").read_text("utf-8")[:19] + "+00:00")
            file.when = said.astimezone().replace(tzinfo=None).isoformat(" ")
    elif found := next(filter(None, lms), None):
        said = dict.fromkeys(("title", "name", "late", "order"), "") | found.groupdict("")
        file.id, file.name, file.late = said["id"], said["name"].replace("_", " ") or said["id"], bool(said["late"])
        file.key = (said["title"] + file.id).casefold()  # "_" may stand in Blackboard's title and in its user
        file.order = int(said["order"].replace("-", "") or file.order)
        if "-" in said["order"]:
            file.when = f"{said['order'][:10]} {said['order'][11:].replace('-', ':')}"
    elif after is not None:
        file.name = _words(f"{before} {FINAL.sub('', after.replace(copied[0], '', 1) if copied else after)}")
    elif roster.find("", _words(before)):  # without the notebook's name it may be a name, or anything
        file.name = _words(before)
    if not file.name and len(parts) > folders + 1:  # a folder for each student
        file.name = _words(" ".join(filter(None, _around(notebook, parts[folders]))))
    file.key = file.key or file.name.casefold()


def _around(notebook: str, base: str) -> tuple[str, str | None]:
    """What stands before and after the notebook's name; None for the second if it does not stand there."""
    number, *words = notebook.split("_")
    title = r"[\s_-]*".join(words)
    for pattern in (rf"(?<!\d){number}[\s_-]*{title}", title, rf"(?<![^\W_]){number}(?![^\W_])"):
        if places := list(re.finditer(pattern, base, re.I)):
            return base[: places[-1].start()], base[places[-1].end() :]
    return base, None


def _words(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text).strip(" .-")


class Roster:
    """Who is in the class: a CSV file of id and name.

    Raises
    ------
    ValueError
        for lines of another form
    OSError
        if it cannot be read
    """

    def __init__(self, path: Path | None = None):
        self.people: dict[str, tuple[str, str]] = {}  # id as it is compared: id, name
        self.forms = defaultdict(set)  # a name without spaces: ids
        text = path.read_text("utf-8-sig") if path else ""
        mark = max(",;\t", key=text.partition("\n")[0].count)
        for row in filter(None, csv.reader(text.splitlines(), delimiter=mark)):
            number, name = [*map(str.strip, row), ""][:2]
            if not (number and name):
                raise ValueError(f"a roster must have lines of id and name, got {','.join(row)!r} in {path}: mend it")
            if name.casefold() not in ("name", "student"):
                self.people[number.casefold()] = (number, name)
                words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).casefold())
                for turn in range(len(words)):  # Kim Lee; Lee, Kim; leekim
                    self.forms["".join(words[turn:] + words[:turn])].add(number.casefold())

    def find(self, key: str, name: str) -> str | None:
        """The id, if this number of an LMS or this name belongs to exactly one person."""
        named = self.forms.get(re.sub(r"[\W_]+", "", name.casefold()), ())
        sure = [one for one in (key, name.casefold()) if one in self.people]
        return next(iter(sure or named)) if sure or len(named) == 1 else None

    def settle(self, files: list[Student]) -> Iterator[list[Student]]:
        """The files of each person, marked with the name of a folder, the person's name, and notes for the teacher.

        Two numbers of an LMS are two people, even if the roster has only one of that name.
        """
        people, taken = defaultdict(list), set()
        ids = {(bool(file.id), file.key): self.find(file.key, file.name) for file in files}
        numbers = [found for (is_number, _), found in ids.items() if is_number]
        for file in files:
            found = ids[bool(file.id), file.key]
            sure = found and (numbers.count(found) < 2 or file.key == found)
            people["known" if sure else "lms" if file.id else "name", found if sure else file.key].append(file)
        for (kind, key), of in sorted(people.items()):
            number, name = self.people[key] if kind == "known" else (of[-1].id or of[-1].name, of[-1].name)
            unknown = ["is not on the roster, or not the only one of this name"] * bool(kind != "known" and self.people)
            short = re.sub(r"[^\w.@-]+", "-", number).strip("-.")[:80]  # of a folder that no other student has
            if not short or short.casefold() in taken:
                short = f"{short or 'student'}-{hashlib.sha256(repr((kind, key)).encode()).hexdigest()[:8]}"
            taken.add(short.casefold())
            for one in of:
                one.student, one.name, one.notes = short, name, list(unknown)
            yield of
