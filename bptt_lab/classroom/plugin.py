"""The step of `nbgrader autograde` that runs a notebook, in another way: with a judge, instead of in one kernel."""

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import nbformat
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float, Integer

from bptt_lab.classroom import report
from bptt_lab.classroom.judge import Judge, Outcome
from bptt_lab.classroom.remote import Limits
from bptt_lab.classroom.twin import Verdict


class Judged(NbGraderPreprocessor):
    """Puts into each graded cell what an autograder reads there: the student's check, and the points as its value."""

    seconds = Float(Limits().seconds, help="for a cell, and for all calls of one check").tag(config=True)
    memory = Integer(Limits().memory, help="bytes, beyond what the notebook itself needs").tag(config=True)
    output = Integer(Limits().output, help="characters printed, and bytes in a file").tag(config=True)

    def preprocess(self, nb: nbformat.NotebookNode, resources: dict) -> tuple[nbformat.NotebookNode, dict]:
        place = resources["nbgrader"]
        paths = [str(Path(kind, place["assignment"], f"{place['notebook']}.ipynb")) for kind in ("source", "release")]
        judge = _judge(*paths, Limits(self.seconds, self.memory, self.output))
        outcomes, handed_in = judge.grade(nb.cells), report.digest(Path(), place["assignment"], place["student"])
        for cell in nb.cells:
            marks = cell.metadata.get("nbgrader", {})
            if cell.cell_type == "code" and marks.get("grade"):
                outcome = outcomes.get(marks["grade_id"], Outcome(Verdict()))
                cell.outputs, cell.execution_count = outputs(outcome, marks["points"], handed_in), None
        return nb, resources


@lru_cache(maxsize=1)
def _judge(source: str, released: str, limits: Limits) -> Judge:
    """One for all submissions of an assignment."""
    return Judge(nbformat.read(source, as_version=4), nbformat.read(released, as_version=4), limits)


def outputs(outcome: Outcome, most: float, handed_in: str) -> list[nbformat.NotebookNode]:
    """The outputs of one graded cell."""
    facts = asdict(outcome.verdict) | {"replaced": list(outcome.replaced), "most": most, "digest": handed_in}
    del facts["forbidden"]
    words = outcome.printed if outcome.printed.endswith("\n") else f"{outcome.printed}\n"
    words += f"on other problems: {outcome.verdict.where}\n"
    points = {"text/plain": str(outcome.verdict.points(most))}
    return [
        new_output("stream", name="stdout", text=words),
        new_output("display_data", {report.VERDICT: facts, "text/plain": outcome.verdict.hint}),
        new_output("execute_result", points, execution_count=None),
    ]
