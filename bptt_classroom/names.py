"""Whose a file is: by the name that an LMS gave it, by the notebook's name in it, and by the roster of the class."""

import csv
import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

MOODLE = re.compile(r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_(?:file|onlinetext)(?P<rest>.*)")
CANVAS = re.compile(
    r"(?:(?P<name>.+?)_)??(?P<late>LATE_)?(?P<number>[1-9]\d{2,}|anon_\w{5})_(?P<order>\d{3,})_(?P<rest>.+)"
)
BLACKBOARD = re.compile(r"(?P<name>.+)_attempt_(?P<date>\d{4}(?:-\d\d){5})_?(?P<rest>.*)")
ENDING = re.compile(r"(\.(ipynb|txt|json|pdf|docx?|odt|html?|py|md|rtf|zip|7z|rar|gz|png|jpe?g))+$", re.I)
COPY = r"\((\d+)\)|-(\d{1,2})(?!\d)"  # by a browser, and by Canvas
NOISE = rf"(?:{COPY}|(?<![^\W_])(?:final\d*|copy|kopie|copie|copia|submission|solutions?|v\d+)(?![^\W_])|[\s_.-])*"


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
    parts: tuple[str, ...] = ()  # of the name; the roster may know one of them


def claim(file: str, folders: int, notebook: str, known: "Roster") -> Claim | None:
    """What the name says; None if it does not say whose the file is.

    file      with its folders, of which the first `folders` say nothing, because all files share them
    notebook  such as "07_write_it_yourself"
    """
    parts = PurePosixPath(unicodedata.normalize("NFC", file)).parts
    if parts[-2:-1] == (notebook,) and len(parts) > 2:  # nbgrader's way
        return Claim(file, "name", parts[-3].casefold(), parts[-3], parts=parts[-3:-2])
    for part in parts:
        if said := MOODLE.match(part):
            name = said["name"].replace("_", " ")
            return Claim(file, "number", said["number"], name, _copy(_around(notebook, parts[-1])[1]), parts=(name,))
    if said := CANVAS.fullmatch(parts[-1]):
        name = said["name"] or said["number"]
        return Claim(file, "number", said["number"], name, (int(said["order"]),), "", bool(said["late"]), (name,))
    if said := BLACKBOARD.fullmatch(parts[-1]):  # "_" may stand in a title and in a user: the key is both
        user, date = said["name"].rpartition("_")[2], said["date"]
        order, when = tuple(map(int, date.split("-"))), f"{date[:10]} {date[11:].replace('-', ':')}"
        return Claim(file, "attempt", said["name"].casefold(), user, order, when, parts=(user,))
    return _plain(file, parts, folders, notebook, known)


def _plain(file: str, parts: tuple[str, ...], folders: int, notebook: str, known: "Roster") -> Claim | None:
    before, after, found = _around(notebook, ENDING.sub("", parts[-1]))
    if not found:  # then it may be a name, or anything
        words = [_words(before)] if known.find("name", "", (_words(before),)) else []
    elif re.fullmatch(NOISE, after, re.I):
        words = [_words(before)]
    elif _words(before) or re.search(rf"(?:{COPY})$", after):
        words = [_words(before), _words(after)]
    else:
        words = [_words(re.sub(rf"{NOISE}$", "", after, count=1, flags=re.I))]
    words = [word for word in words if word]
    if not words and len(parts) > folders + 1:  # a folder for each student
        words = [word for word in map(_words, _around(notebook, parts[folders])[:2]) if word]
    name = " ".join(words)
    return Claim(file, "name", name.casefold(), name, _copy(after), parts=(name, *words)) if name else None


def _around(notebook: str, base: str) -> tuple[str, str, bool]:
    """What stands before and after the notebook's name, and whether it stands there."""
    number, *words = notebook.split("_")
    title = r"[\s_-]*".join(words)
    for pattern in (rf"(?<!\d){number}[\s_-]*{title}", title, rf"(?<![^\W_]){number}(?![^\W_])"):
        places = list(re.finditer(pattern, base, re.I)) if pattern else []
        if places:
            return base[: places[-1].start()], base[places[-1].end() :], True
    return base, "", False


def _words(text: str) -> str:
    return re.sub(r"[\s_]+", " ", text).strip(" .-")


def _copy(after: str) -> tuple[int, ...]:
    return tuple(int(one or other) for one, other in re.findall(COPY, after))[-1:] or (0,)


def join_copies(people: dict[tuple[str, str], list[Claim]]) -> None:
    """ "anna (1)" is a copy of "anna", if that is there too."""
    for kind, key in sorted(people):
        plain = re.sub(r"\s*\(\d+\)$", "", key)
        if kind == "name" and plain != key and (kind, plain) in people:
            for one in people.pop((kind, key)):
                one.order, one.name = _copy(key), people[kind, plain][0].name
                people[kind, plain].append(one)


class Roster:
    """Who is in the class: a CSV file of id and name, with a first line that says so or without.

    raises   ValueError for lines that are not so, OSError if it cannot be read
    """

    def __init__(self, path: Path | None = None):
        self.people: dict[str, tuple[str, str]] = {}  # id as it is compared: id, name
        self.forms = defaultdict(set)  # a name without spaces: ids
        rows = _rows(path) if path else []
        turned = bool(rows) and rows[0][0].casefold() in ("name", "student")  # Canvas exports names first
        for row in rows:
            if len(row) < 2 or not (row[0] and row[1]):
                raise ValueError(f"a roster must have lines of id and name, got {','.join(row)!r} in {path}: mend it")
            number, name = row[1::-1] if turned else row[:2]
            if name.casefold() in ("name", "student"):
                continue
            self.people[number.casefold()] = (number, name)
            words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).casefold())
            for turn in range(len(words)):  # Kim Lee; Lee, Kim; leekim
                self.forms["".join(words[turn:] + words[:turn])].add(number.casefold())

    def find(self, kind: str, key: str, parts: Iterable[str]) -> str | None:
        """The id, if the number of an LMS or a name is that of one person."""
        if kind == "number" and key in self.people:
            return key
        for part in parts:
            plain = part.casefold()
            found = {plain} if kind != "number" and plain in self.people else self.forms.get(_letters(plain), ())
            if len(found) == 1:
                return next(iter(found))
        return None

    def settle(self, people: dict[tuple[str, str], list[Claim]]) -> Iterator[tuple[str, str, list[str], list[Claim]]]:
        """A folder's name for each person, the name, what the teacher should know, and the files.

        Two numbers of an LMS are two people, also where the roster knows one of that name.
        """
        ids = {person: self.find(*person, claims[0].parts) for person, claims in people.items()}
        numbers, joined, taken = defaultdict(list), defaultdict(list), set()
        for (kind, key), found in ids.items():
            if kind != "name":
                numbers[found].append(key)
        for person in sorted(people):
            found = ids[person]
            sure = found and (len(numbers[found]) < 2 or person[1] == found)
            joined[("", found) if sure else person] += people[person]
        for (kind, key), claims in sorted(joined.items()):
            newest = max(claims, key=lambda one: (one.order, one.file))
            number, name = (key if kind == "number" else newest.name), newest.name
            if not kind:
                number, name = self.people[key]
            unknown = ["is not on the roster, or not the only one of this name"] if kind and self.people else []
            yield _folder(number, (kind, key), taken), name, unknown, claims


def _rows(path: Path) -> list[list[str]]:
    data = Path(path).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeError:
        text = data.decode("cp1252", "replace")  # Excel in Europe
    mark = max(",;\t", key=text.partition("\n")[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=mark)]
    return [row for row in rows if any(row)]


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name)


def _folder(name: str, person: tuple[str, str], taken: set[str]) -> str:
    """A name for a folder that no other student has."""
    short = re.sub(r"[^\w.@-]+", "-", name).strip("-.")[:80]
    if not short or short.casefold() in taken:
        short = f"{short or 'student'}-{hashlib.sha256(repr(person).encode()).hexdigest()[:8]}"
    taken.add(short.casefold())
    return short
