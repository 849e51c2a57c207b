"""Whose a file is: by the name that an LMS gave it, by the notebook's name in it, and by the roster of the class."""

import csv
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)")
CANVAS = re.compile(
    r"(?:(?P<name>.+?)_)??(?P<late>LATE_)?(?P<number>[1-9]\d{2,}|anon_\w{5})_(?P<order>\d{3,})_(?P<rest>.+)"
)
BLACKBOARD = re.compile(r"(?P<name>.+)_attempt_(?P<date>\d{4}(?:-\d\d){5})")
ENDING = re.compile(r"(\.\w{2,5})?\.\w{2,5}$")
COPY = re.compile(r"\s*\((\d+)\)|-(\d{1,2})(?!\d)")  # as a browser and as Canvas number copies
FINAL = re.compile(r"[\s_-]*(final|copy)\d*$", re.I)


@dataclass
class Claim:
    """What the name of a file says."""

    file: str
    kind: str  # number (of an LMS), attempt (of Blackboard), name
    key: str  # the same for the same person
    name: str
    order: tuple[int, ...] = (0,)  # the later of two files of a person has the larger one
    when: str = ""
    late: bool = False


def claim(file: str, folders: int, notebook: str, known: "Roster") -> Claim | None:
    """What the name says; None if it does not say whose the file is.

    file      with its folders, of which the first `folders` say nothing, because all files share them
    notebook  such as "07_write_it_yourself"
    """
    parts = PurePosixPath(unicodedata.normalize("NFC", file)).parts
    before, after = _around(notebook, ENDING.sub("", parts[-1]))
    if parts[-2:-1] == (notebook,) and len(parts) > 2:  # nbgrader's way
        return Claim(file, "name", parts[-3].casefold(), parts[-3])
    if said := next(filter(None, map(MOODLE.match, parts)), None):
        return Claim(file, "number", said["number"], said["name"].replace("_", " "), _copy(after or ""))
    if said := CANVAS.fullmatch(parts[-1]):
        name = said["name"] or said["number"]
        return Claim(file, "number", said["number"], name, (int(said["order"]),), "", bool(said["late"]))
    if said := BLACKBOARD.match(parts[-1]):  # "_" may stand in a title and in a user: the key is both
        user, date = said["name"].rpartition("_")[2], said["date"]
        when = f"{date[:10]} {date[11:].replace('-', ':')}"
        return Claim(file, "attempt", said["name"].casefold(), user, tuple(map(int, date.split("-"))), when)
    if after is None:  # then it may be a name, or anything
        name = _words(before) if known.find("", _words(before)) else ""
    else:
        name = _words(f"{before} {FINAL.sub('', COPY.sub('', after) if COPY.match(after) else after)}")
    if not name and len(parts) > folders + 1:  # a folder for each student
        name = _words(" ".join(filter(None, _around(notebook, parts[folders]))))
    return Claim(file, "name", name.casefold(), name, _copy(after or "")) if name else None


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


def _copy(after: str) -> tuple[int]:
    said = COPY.match(after)
    return (int(said[1] or said[2]) if said else 0,)


def join_copies(people: dict[tuple[str, str], list[Claim]]) -> None:
    """ "anna (1)" is a copy of "anna", if that is there too."""
    for kind, key in sorted(people):
        plain = re.sub(r"\s*\(\d+\)$", "", key)
        if kind == "name" and plain != key and (kind, plain) in people:
            for one in people.pop((kind, key)):
                one.order, one.name = _copy(key.removeprefix(plain)), people[kind, plain][0].name
                people[kind, plain].append(one)


class Roster:
    """Who is in the class: a CSV file of id and name.

    raises   ValueError for lines that are not so, OSError if it cannot be read
    """

    def __init__(self, path: Path | None = None):
        self.people: dict[str, tuple[str, str]] = {}  # id as it is compared: id, name
        self.forms = defaultdict(set)  # a name without spaces: ids
        text = Path(path).read_text("utf-8-sig") if path else ""
        mark = max(",;\t", key=text.partition("\n")[0].count)
        for row in csv.reader(text.splitlines(), delimiter=mark):
            number, name = [*map(str.strip, row), "", ""][:2]
            if row and not (number and name):
                raise ValueError(f"a roster must have lines of id and name, got {','.join(row)!r} in {path}: mend it")
            if not row or name.casefold() in ("name", "student"):
                continue
            self.people[number.casefold()] = (number, name)
            words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).casefold())
            for turn in range(len(words)):  # Kim Lee; Lee, Kim; leekim
                self.forms["".join(words[turn:] + words[:turn])].add(number.casefold())

    def find(self, key: str, name: str) -> str | None:
        """The id, if the number of an LMS or a name is that of one person."""
        for one in (key, name.casefold()):
            if one in self.people:
                return one
        found = self.forms.get(re.sub(r"[\W_]+", "", name.casefold()), ())
        return next(iter(found)) if len(found) == 1 else None

    def settle(self, people: dict[tuple[str, str], list[Claim]]) -> Iterator[tuple[str, str, list[str], list[Claim]]]:
        """A folder's name for each person, the name, what the teacher should know, and the files.

        Two numbers of an LMS are two people, also where the roster knows one of that name.
        """
        ids = {person: self.find(person[1], claims[0].name) for person, claims in people.items()}
        numbers = [ids[person] for person in people if person[0] != "name"]
        joined, taken = defaultdict(list), set()
        for person in sorted(people):
            sure = ids[person] and (numbers.count(ids[person]) < 2 or person[1] == ids[person])
            joined[("", ids[person]) if sure else person] += people[person]
        for (kind, key), claims in sorted(joined.items()):
            name = max(claims, key=lambda one: (one.order, one.file)).name
            number, name = (key if kind == "number" else name, name) if kind else self.people[key]
            unknown = ["is not on the roster, or not the only one of this name"] if kind and self.people else []
            yield _folder(number, (kind, key), taken), name, unknown, claims


def _folder(name: str, person: tuple[str, str], taken: set[str]) -> str:
    """A name for a folder that no other student has."""
    short = re.sub(r"[^\w.@-]+", "-", name).strip("-.")[:80]
    if not short or short.casefold() in taken:
        short = f"{short or 'student'}-{hashlib.sha256(repr(person).encode()).hexdigest()[:8]}"
    taken.add(short.casefold())
    return short
