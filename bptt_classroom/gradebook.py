"""What nbgrader is told: who has handed in and when, how many points each exercise got, and the notebook to show.

It goes through nbgrader's gradebook, one student at a time: what fails costs nobody else anything.
"""

from datetime import datetime, timezone
from pathlib import Path

from bptt_classroom.grading import Result
from bptt_classroom.handout import grade_id


def record(folder: Path, assignment: str, student: str, when: datetime, results: list[Result]) -> None:
    """Write the points of one student; those that a teacher has given by hand stay, and are marked.

    raises   LookupError if the assignment was never handed out in this folder
    """
    from nbgrader.api import Gradebook, MissingEntry

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        try:
            book.update_or_create_student(student)
            moment = when.astimezone(timezone.utc).replace(tzinfo=None)  # as nbgrader keeps it
            book.update_or_create_submission(assignment, student, timestamp=moment)
            for result in results:
                grade = book.find_grade(grade_id(result.id), assignment, assignment, student)
                grade.auto_score = result.points
                grade.needs_manual_grade = grade.manual_score is not None  # it was given for what came before
            book.db.commit()
        except MissingEntry as error:
            raise LookupError(f"{assignment} must be handed out first, nbgrader says: {error}") from None
