"""What nbgrader is told and asked: who has handed in and when, how many points each exercise got, and what was changed.

It goes through nbgrader's gradebook, one student at a time: what fails costs nobody else anything.
"""

import contextlib
import warnings
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

POINTS = 5  # for each exercise
BY_HAND = "by hand"
AGAIN = "by hand, and something new was graded since: look again"


def grade_id(exercise: str) -> str:
    """The name of an exercise in nbgrader, which wants no dot."""
    return exercise.replace(".", "-")


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of SQLAlchemy, about how nbgrader uses it
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
            yield book


def record(folder: Path, assignment: str, student: str, when: datetime, points: dict[str, float]) -> None:
    """Write the points of one student; those that a teacher has given by hand stay, and are marked."""
    with _opened(folder) as book:
        book.update_or_create_student(student)
        moment = when.astimezone(timezone.utc).replace(tzinfo=None)  # as nbgrader keeps it
        book.update_or_create_submission(assignment, student, timestamp=moment)
        for exercise, score in points.items():
            grade = book.find_grade(grade_id(exercise), assignment, assignment, student)
            grade.auto_score = score
            grade.needs_manual_grade = grade.manual_score is not None  # it was given for what came before
        book.db.commit()


def by_hand(folder: Path, assignment: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Points that a teacher gave in nbgrader, by student and exercise, and how to say it.

    nbgrader's mark "needs manual grade" beside such points means that something was graded after them.
    """
    if not (folder / "gradebook.db").exists():
        return {}
    with _opened(folder) as book:
        submissions = book.find_assignment(assignment).submissions
        return {
            (notebook.student.id, grade.name.replace("-", ".")): (grade.score, AGAIN if new else BY_HAND)
            for notebook in [notebook for submission in submissions for notebook in submission.notebooks]
            for grade in notebook.grades
            for new in [grade.needs_manual_grade]
            if grade.manual_score is not None or grade.extra_credit
        }
