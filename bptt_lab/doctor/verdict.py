"""What is said about a student's function: a table, a sentence, and hints, one at a time. Never a right value."""

import html
from dataclasses import dataclass, field

import numpy as np

import bptt_lab
from bptt_lab.doctor.exercise import TOLERANCE
from bptt_lab.doctor.localise import symbol
from bptt_lab.model import Array

LEAST = round(-np.log10(TOLERANCE))  # digits that a right gradient has
ENOUGH = 12  # digits; how many more there are differs from machine to machine, and would change stored outputs


class Words(str):
    """Text that a notebook shows without quotes."""

    __repr__ = str.__str__


@dataclass(frozen=True, eq=False, repr=False)
class Verdict:
    """A sentence, and a table where the answer is made of several arrays. Print it, or let a notebook show it."""

    kind: str  # right, mistake (it has a name), wrong (it has none), not attempted, crash, hang, reference
    where: str  # one sentence
    ladder: tuple[str, ...] = ()  # the hints, each says more than the one before
    digits: dict[str, int] = field(default_factory=dict)  # right digits of each gradient; empty if there was none
    mistakes: tuple[str, ...] = ()  # names in the catalogue; empty if none fits
    alternatives: tuple[tuple[str, ...], ...] = ()  # other mistakes that give the same answer
    error: Array | None = None  # (gradients, T), relative, for a heat map; the gradients are the keys of `digits`

    @property
    def correct(self) -> bool:
        return self.kind == "right"

    @property
    def share(self) -> float:
        """The share of the points: each right array earns its part; right numbers that came with damage earn half."""
        right = [digits >= LEAST for digits in self.digits.values()]
        return 1.0 if self.correct else min(float(np.mean(right or [0])), 0.5 if all(right) else 1.0)

    def hints(self, number: int = 1) -> Words:
        """One hint at a time: 1 asks a question, the others say more."""
        if self.correct:
            return Words("Nothing to repair.")
        if number > len(self.ladder):
            return Words(f"There is no hint {number}.")
        return Words(self.ladder[max(number, 1) - 1])

    @property
    def table(self) -> str:
        """A line for each array, and nothing about the cause."""
        return "\n".join(f"{name:6} {mark} {words}" for name, mark, words in self._rows())

    @property
    def version(self) -> str:
        """The version of the course, shown after a crash, for whoever is asked for help."""
        return f"bptt-lab {bptt_lab.__version__}" if self.kind == "crash" else ""

    def __repr__(self) -> str:
        return f"{self.table}\n{self.where}\n{self.version}".strip()

    def _repr_html_(self) -> str:
        head = '<thead><tr><th scope="col">gradient</th><th scope="col">verdict</th></tr></thead>'
        rows = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th><td><span aria-hidden="true">{mark}</span> {words}</td></tr>'
            for name, mark, words in self._rows()
        )
        table = f"<table>{head}<tbody>{rows}</tbody></table>" if rows else ""
        version = f"<p>{self.version}</p>" if self.version else ""
        return f"{table}<p>{html.escape(self.where)}</p>{version}"  # no colour: it reads alike in dark and light

    def _rows(self) -> list[tuple[str, str, str]]:
        good = {name: f"right to {how_many(digits)}" for name, digits in self.digits.items() if digits >= LEAST}
        return [(symbol(name), "✓" if name in good else "✗", good.get(name, "wrong")) for name in self.digits]


def how_many(digits: int) -> str:
    return f"{digits} digits" if digits < ENOUGH else f"{ENOUGH} digits or more"
