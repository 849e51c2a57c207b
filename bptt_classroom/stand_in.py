"""Takes the place of the course's checks where a notebook is graded: there, answers are asked for later."""

from bptt_lab.doctor import Convention, Verdict, Words  # noqa: F401


def check(*_: object, **__: object) -> Verdict:
    return Verdict("not attempted", "handed in; it is asked when the notebook has run")


def solution(*_: object) -> Words:
    return Words("handed in")


progress = forget = solution
