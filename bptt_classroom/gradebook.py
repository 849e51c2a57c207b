"""What nbgrader is told and asked: who has handed in and when, how many points each exercise got, and what was changed.

It goes through nbgrader's gradebook, one student at a time: what fails costs nobody else anything.
"""

import warnings
from pathlib import Path

POINTS = 5  # for each exercise
BY_HAND = "by hand"
AGAIN = "by hand, and something new was graded since: look again"


def grade_id(exercise: str) -> str:
    """The name of an exercise in nbgrader, which wants no dot."""
    return exercise.replace(".", "-")


def _opened(folder: Path) -> object:
    warnings.filterwarnings("ignore", module="nbgrader")  # of SQLAlchemy, about how nbgrader uses it
    from nbgrader.api import Gradebook

    return Gradebook(f"sqlite:///{folder / 'gradebook.db'}")


def record(folder: Path, assignment: str, student: str, when: str, points: dict[str, float]) -> None:
    """Write the points of one student; those that a teacher has given by hand stay, and are marked.

    Parameters
    ----------
    when
        such as "2026-11-25 21:00:05 UTC"
    """
    with _opened(folder) as book:
        book.update_or_create_student(student)
        book.update_or_create_submission(assignment, student, timestamp=when)
        for exercise, score in points.items():
            grade = book.find_grade(grade_id(exercise), assignment, assignment, student)
            grade.auto_score = score
            grade.needs_manual_grade = grade.manual_score is not None  # it was given for what came before
        book.db.commit()


def by_hand(folder: Path, assignment: str) -> dict[tuple[str, str], tuple[float, str]]:
    """Points that a teacher gave in nbgrader, by student and `grade_id`, and words that say so.

    nbgrader's mark "needs manual grade" beside such points means that something was graded after them.
    """
    if not (folder / "gradebook.db").exists():
        return {}
    with _opened(folder) as book:
        notebooks = [one for submission in book.assignment_submissions(assignment) for one in submission.notebooks]
        grades = [grade for notebook in notebooks for grade in notebook.grades]
        given = [grade for grade in grades if grade.manual_score is not None or grade.extra_credit]
        words = {True: AGAIN, False: BY_HAND}
        return {(one.student.id, one.name): (one.score, words[one.needs_manual_grade]) for one in given}
