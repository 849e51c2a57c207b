"""Grade one submission: run its cells in a process of their own, and ask its functions from here.

The checks, their references, the seed and the points stay in this process, where no submission can reach them.
"""

import ast
import contextlib
import io
import signal
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import nbformat

from bptt_lab.classroom import course
from bptt_lab.classroom.desk import Desk
from bptt_lab.classroom.inside import run_cell
from bptt_lab.classroom.remote import Limits, Remote, Room, Submission, Trouble
from bptt_lab.classroom.twin import Verdict, twin

GRADER = "it replaces what belongs to the grader: "


@dataclass
class Outcome:
    """What one exercise got."""

    verdict: Verdict
    printed: str = ""  # what the student's own check says
    replaced: tuple[str, ...] = ()


@dataclass
class Question:
    """One exercise: its cell, its check, and the right function."""

    cell: str  # ids
    check: str
    seen: str  # the check, as students see it
    hidden: str
    answer: Callable
    forbidden: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0  # for all calls of the check
    took: float = 0.0  # the longest of those that got an answer


class Judge:
    """Knows one assignment. It runs the notebook twice: here with the solutions, and in the room without them."""

    def __init__(self, source: nbformat.NotebookNode, released: nbformat.NotebookNode, limits: Limits | None = None):
        self.limits, self.namespace = limits or Limits(), {"__name__": "__main__"}
        self.released = [cell.source for cell in released.cells if cell.cell_type == "code"]
        pairs = list(course.exercises(source))
        names = {course.function_name(cell.source) for cell, _ in pairs}
        self.watched = set().union(*(_names(course.split(check.source)[0]) for _, check in pairs)) - names
        self.room = Room(self.released, self.watched)  # both run the notebook, at the same time
        graded = {check.id for _, check in pairs}
        with _quiet():
            for number, cell in enumerate(source.cells):
                if cell.cell_type == "code":
                    seen = course.split(cell.source)[0] if cell.id in graded else cell.source
                    with contextlib.suppress(Exception):  # a cell that needs a browser, say
                        run_cell(seen, f"<course {number}>", self.namespace)
            self.questions = [self._question(*pair) for pair in pairs]
        self.room.forbidden = [pair for question in self.questions for pair in question.forbidden]
        self.room.wait()
        self._try(source)

    def _try(self, source: nbformat.NotebookNode) -> None:
        """The solution must get all points; five times its time is what others may have."""
        for question in self.questions:
            question.seconds = 100 * self.limits.seconds
        for check, outcome in self.grade(source.cells).items():
            if outcome.verdict.share < 1:
                raise ValueError(f"a solution must be right, got “{outcome.verdict.where}” at {check}: see its twin")
        for question in self.questions:
            question.seconds = max(self.limits.seconds, 5 * question.took)

    def close(self) -> None:
        self.room.close()

    def grade(self, cells: Iterable[nbformat.NotebookNode]) -> dict[str, Outcome]:
        """The outcome of each check, by the id of its cell. Nothing that a submission does makes this fail."""
        theirs = [cell for cell in cells if cell.cell_type == "code" and not _is_graded(cell)]
        theirs = [cell for cell in theirs if cell.source not in self.released]  # the others have been run
        desk, outcomes = Desk(self.room, self.limits, theirs), {}
        try:
            for question in self.questions:
                outcomes[question.check] = self._outcome(question, desk)
        finally:
            desk.close()
        return outcomes

    def _outcome(self, question: Question, desk: Desk) -> Outcome:
        try:
            submission = desk.submission()
            if trouble := desk.trouble.get(question.cell):
                raise trouble
            with _alarm(question):
                visible, printed = self._ask(question, submission, hidden=False)
                hidden, _ = self._ask(question, submission, hidden=True)
            replaced = submission.replaced()
        except Trouble as trouble:
            verdict = Verdict(kind=trouble.kind, where=str(trouble), hint=trouble.hint)
            return Outcome(verdict, str(trouble))
        except Exception as error:  # an answer that a check did not foresee
            where = f"the check itself stopped with {type(error).__name__}: {error}"[:1000]
            return Outcome(Verdict(kind="not graded", where=where, hint="What does your function return?"), where)
        if visible.share == 1 > hidden.share:
            where = f"right on the problems in the notebook, not on others: {hidden.where}"
            hidden = replace(hidden, kind="visible only", where=where)
        if replaced:
            hidden = replace(hidden, kind="grader", where=GRADER + ", ".join(replaced))
        return Outcome(hidden, printed, tuple(replaced))

    def _ask(self, question: Question, submission: Submission, hidden: bool) -> tuple[Verdict, str]:
        """Run the check here, with the student's function over there in the place of the right one."""
        remote = Remote(submission, question.answer, question.seconds, question.forbidden)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            verdict = self._verdict(question, remote, hidden)
        question.took = max(question.took, question.seconds - remote.left)
        if remote.trouble:
            raise remote.trouble
        return verdict, printed.getvalue()

    def _verdict(self, question: Question, function: Callable, hidden: bool) -> Verdict:
        namespace = self.namespace | {question.answer.__name__: function}
        if hidden:
            run_cell(question.hidden, "<twin>", namespace)
            return namespace["hidden_verdict"]
        with twin(function, seed=None) as verdict:
            run_cell(question.seen, "<check>", namespace)
        return verdict

    def _question(self, cell: nbformat.NotebookNode, check: nbformat.NotebookNode) -> Question:
        answer = self.namespace[course.function_name(cell.source)]
        question = Question(cell.id, check.id, *course.split(check.source), answer)
        verdict = self._verdict(question, answer, hidden=False)
        question.forbidden = [(one.__module__, one.__name__) for one in verdict.forbidden]
        helpers = _functions(question.seen) - _names(cell.source)  # of the check, and not of the solution
        question.forbidden += [("__main__", name) for name in sorted(helpers)]
        return question


def _is_graded(cell: nbformat.NotebookNode) -> bool:
    return cell.metadata.get("nbgrader", {}).get("grade", False)


def _functions(source: str) -> set[str]:
    """Names of the functions that a cell defines."""
    return {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def _names(source: str) -> set[str]:
    """Names that a cell reads."""
    nodes = ast.walk(ast.parse(source))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


@contextlib.contextmanager
def _alarm(question: Question) -> Iterator[None]:
    """Stop a check that does not come to an end with a strange answer; the submission itself has its own limit."""

    def stop(*_):
        raise TimeoutError("it took too long")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60 + 4 * round(question.seconds))
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _quiet():
    import matplotlib

    matplotlib.use("Agg")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
