"""What a submission gets. Its answers come from the sandbox as data; everything that knows the right ones is here."""

import json
import pickle
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode
from tqdm import tqdm

from bptt_classroom import asking, driver, gradebook, notebooks, sandbox
from bptt_classroom.records import Result
from bptt_lab import doctor, exercises
from bptt_lab.doctor import Exercise, Verdict

SLOWER = 2  # than the student's machine, so much may this one be
STARTS = 3  # of the kernel: a cell that ended it, or could not be stopped, is left out from then on
JUDGED = 60  # seconds, for one exercise
COMBINED = ("bptt_lab.doctor.passes", "Pass.__init__")  # a right answer can be put together from the doctor's steps
ASKING = "__import__('bptt_classroom.asking').asking"
STAY = "get_ipython().ask_exit = lambda: None"  # what quit() calls
SHOWN = ("text/plain", "image/png")  # no script of a submission reaches the browser that shows it
KINDS = ("crash", "hang", "not attempted", "reference", "wrong")  # what a sandbox may say of itself
TROUBLES = {  # what became of a cell: the kind, a sentence, a question
    "died": ("died", "ended the process that ran it", "Which line leaves Python?"),
    "hang": ("hang", "took too long and was stopped", "Is there a loop that does not end?"),
    "stuck": ("hang", "took too long and could not be stopped", "Is there a loop that does not end?"),
    "output": ("output", "printed without end and was stopped", "Which line prints inside a loop?"),
    "stopped": ("hang", "was not reached before your notebook was stopped", "Which cell takes long, or leaves Python?"),
}
NOTHING = {"outputs": [], "trouble": "stopped", "answer": ""}  # of a cell that was not run


class Exam:
    """The exercises of one notebook, and all that is asked: the problems that students see, and those of the seed."""

    def __init__(self, notebook: str, seed: int, limits: dict | None = None):
        self.limits, self.files = driver.LIMITS | (limits or {}), sandbox.files()
        self.exercises, self.rounds, self.questions = exercises.graded(notebook), {}, {}
        for name, one in self.exercises.items():
            self.rounds[name] = one.cases(0), one.cases(seed, hidden=True)
            asked = [[one.arguments(case) for case in doctor.questions(one, cases)] for cases in self.rounds[name]]
            self.questions[name] = one.function, not one.parameters, SLOWER * one.seconds, closed(one), asked
        self.closed = sorted({name for question in self.questions.values() for name in question[3]})
        every = [(name, case) for name, rounds in self.rounds.items() for cases in rounds for case in cases]
        for name, case in tqdm(every, desc="right answers", unit="problem", leave=False):  # some train networks
            self.exercises[name].expected(case)


def closed(exercise: Exercise) -> list[tuple[str, str]]:
    """Module and name of what gives the answer away, as far as a submission can see it."""
    names = [(function.__module__, function.__qualname__) for function in (exercise.reference, *exercise.forbidden)]
    return [*(name for name in names if not name[0].startswith("bptt_lab.exercises")), COMBINED]


# one submission


def run(notebook: NotebookNode, exam: Exam, hidden: list[Path], protected: bool = True) -> tuple[list, dict]:
    """What came of each cell of code, and of each question. Nothing that a submission does makes this fail.

    Parameters
    ----------
    hidden
        folders that it must not see
    """
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    rlimits = {name: most for name, most in exam.limits.items() if name.isupper() and (protected or name != "NPROC")}
    cells = [f"{ASKING}.hold({exam.closed!r}, {rlimits!r})\n{STAY}", *code]
    cells += [f"{ASKING}.ask({pickle.dumps(question)!r}, {driver.ANSWER!r})" for question in exam.questions.values()]
    left_out, end = {}, time.monotonic() + exam.limits["total"]
    for _ in range(STARTS):
        limits = exam.limits | {"total": end - time.monotonic()}
        came = read(sandbox.run(exam.files, cells, limits, hidden, protected))[: len(cells)]
        facts = [left_out.get(place, one) for place, one in enumerate(came)]
        if not came or len(came) == len(cells) or came[-1]["trouble"] not in ("died", "stuck"):
            break
        left_out[len(came) - 1], cells[len(came) - 1] = came[-1], ""  # an empty cell is not run
    facts += [NOTHING] * (len(cells) - len(facts))
    return facts[1 : len(code) + 1], dict(zip(exam.questions, facts[len(code) + 1 :]))


def read(text: bytes) -> list[dict]:
    """What the driver said; nothing is taken for granted."""
    found = []
    for line in text.splitlines():
        try:
            came = json.loads(line)
            facts = {name: str(came[name]) for name in ("trouble", "answer")}
            found.append(facts | {"outputs": outputs(came["outputs"])})
        except (ValueError, KeyError, TypeError, RecursionError):
            break
    return found


def outputs(found: list) -> list[NotebookNode]:
    """The outputs of one cell, if they are what a notebook may hold."""
    try:
        nodes = [nbformat.from_dict(output) for output in found]
        nbformat.validate(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=nodes)]))
    except Exception:
        return []
    for node in [node for node in nodes if "data" in node]:
        node.data, node.metadata = {kind: node.data[kind] for kind in SHOWN if kind in node.data}, {}
    return nodes


def judge(notebook: NotebookNode, exam: Exam, facts: list[dict], answers: dict) -> list[Result]:
    """The results of the notebook. It gets the outputs of its run, and below each check what is said of the answer."""
    cells, results = [cell for cell in notebook.cells if cell.cell_type == "code"], []
    for cell, came in zip(cells, facts):
        cell.outputs = came["outputs"]
    verdicts = {name: _verdict(one, exam, cells, facts, answers[name]) for name, one in exam.exercises.items()}
    for name, verdict in verdicts.items():
        exercise, points = exam.exercises[name], round(gradebook.POINTS * verdict.share, 2)
        made = sum(notebooks.defines(cell.source, exercise.function) for cell in cells)
        notes = [f"{made} cells make {exercise.function}: the last one counts"] * (made > 1)
        notes += _needed(name, verdicts, exam)
        said = [part for part in (verdict.table, verdict.where, *notes, *verdict.ladder[:1]) if part]
        for cell in [cell for cell in cells if notebooks.asks(cell.source, name)][-1:]:
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="\n".join([*said, ""]))]
        told = verdict.kind, verdict.where, list(verdict.mistakes), list(verdict.ladder)
        results.append(Result(name, exercise.title, points, *told, notes))
    return results


def _verdict(exercise: Exercise, exam: Exam, cells: list[NotebookNode], facts: list[dict], came: dict) -> Verdict:
    try:
        if rounds := json.loads(came["answer"] or "[]"):
            return _judged(exercise, exam.rounds[exercise.id], rounds)
    except Exception as error:  # an answer that the exercise did not foresee
        where = f"the check itself stopped with {type(error).__name__}: {error}"[:500]
        return Verdict("not graded", where, ("What does your function return?",))
    made = [pair for pair in zip(cells, facts) if notebooks.defines(pair[0].source, exercise.function)][-1:]
    for what, trouble in [("function", came["trouble"]), *(("cell", one["trouble"]) for _, one in made)]:
        if trouble:
            kind, words, hint = TROUBLES.get(trouble, TROUBLES["died"])
            return Verdict(kind, f"your {what} {words}", (hint,))
    if not made:
        return Verdict("not attempted", f"no cell makes {exercise.function}", ("Was it renamed, or deleted?",))
    for output in made[0][0].outputs:
        if output.output_type == "error":
            said = re.sub(r"\([^()\s]+, line (\d+)\)", r"(line \1)", f"{output.ename}: {output.evalue}")
            return Verdict("crash", f"your cell stopped with {said[:300]}", ("What does that line say?",))
    where = f"your notebook ran, and {exercise.function} was not there after it"
    return Verdict("crash", where, ("Is it deleted again?",))


def _judged(exercise: Exercise, rounds: tuple[list, list], answers: list) -> Verdict:
    """The worse of the verdicts on the problems that students see and on the others."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(JUDGED)
    try:
        with np.errstate(all="ignore"):
            told = zip(rounds, answers, strict=True)
            visible, hidden = (doctor.judge(exercise, cases, _recorded(one)) for cases, one in told)
    finally:
        signal.alarm(0)
    if visible.correct and not hidden.correct:
        where = f"right on the problems in the notebook, not on others: {hidden.where}"
        return replace(hidden, kind="visible only", where=where)
    return visible if visible.share <= hidden.share else replace(hidden, kind=visible.kind, where=visible.where)


def _too_long(*_: object) -> None:
    raise TimeoutError("your answer takes too long to be judged")


def _recorded(answers: list) -> Callable[[list], list]:
    """A function that looks up what was answered, in the order of `doctor.questions`."""
    left = iter(answers)

    def ask(asked: list) -> list[doctor.Outcome | doctor.Trouble]:
        found = []
        for one in islice(left, len(asked)):
            if "trouble" in one:
                sentence, hint, kind = map(str, one["trouble"])
                return [*found, doctor.Trouble(sentence[:500], hint[:500], kind if kind in KINDS else "crash")]
            found.append(doctor.Outcome(asking.unpack(one["answer"]), [str(name)[:100] for name in one["changed"]]))
        if len(found) < len(asked):
            found.append(doctor.Trouble("your code ended before it had answered", "Which line leaves Python?"))
        return found

    return ask


def _needed(name: str, verdicts: dict[str, Verdict], exam: Exam) -> Iterator[str]:
    """Which other function has to be mended first."""
    for other, verdict in verdicts.items():
        function = exam.exercises[other].function
        if other != name and not verdict.correct and re.search(rf"\b{function}\b", verdicts[name].where):
            yield f"it needs {function} of exercise {other}: {verdict.where}"
