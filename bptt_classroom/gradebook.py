"""What nbgrader is told and asked: who has handed in and when, how many points each exercise got, and what was changed.

It goes through nbgrader's gradebook, one student at a time: what fails costs nobody else anything.
"""

import contextlib
import warnings
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from bptt_classroom.grading import Result
from bptt_classroom.handout import grade_id

BY_HAND = "by hand"
AGAIN = "by hand, and something new was graded since: look again"


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[object]:
    """raises   LookupError if the assignment that is asked for was never handed out in this folder"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SQLAlchemy, about how nbgrader uses it
        from nbgrader.api import Gradebook, MissingEntry

        with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
            try:
                yield book
            except MissingEntry as error:
                raise LookupError(f"it must be handed out first, nbgrader says: {error}") from None


def record(folder: Path, assignment: str, student: str, when: datetime, results: list[Result]) -> None:
    """Write the points of one student; those that a teacher has given by hand stay, and are marked."""
    with _opened(folder) as book:
        book.update_or_create_student(student)
        moment = when.astimezone(timezone.utc).replace(tzinfo=None)  # as nbgrader keeps it
        book.update_or_create_submission(assignment, student, timestamp=moment)
        for result in results:
            grade = book.find_grade(grade_id(result.id), assignment, assignment, student)
            grade.auto_score = result.points
            grade.needs_manual_grade = grade.manual_score is not None  # it was given for what came before
        book.db.commit()


def by_hand(folder: Path, assignment: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Points that a teacher gave in nbgrader, by student and exercise, and how to say it.

    nbgrader's mark "needs manual grade" beside such points means that something was graded after them.
    """
    if not (folder / "gradebook.db").exists():
        return {}
    with _opened(folder) as book:
        return {
            (notebook.student.id, grade.name.replace("-", ".")): (
                grade.score,
                AGAIN if grade.needs_manual_grade else BY_HAND,
            )
            for submission in book.find_assignment(assignment).submissions
            for notebook in submission.notebooks
            for grade in notebook.grades
            if grade.manual_score is not None or grade.extra_credit
        }
