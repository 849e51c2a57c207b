"""What it takes to grade a class in notebook 07, by the real commands: python tests/benchmarks/class_of_300.py [300]

All students have written all functions; every second one makes a mistake in the last. It needs Linux, bubblewrap and
the extra "teaching". Processor time is what a busy machine changes least.
"""

import copy
import ctypes
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import nbformat

sys.path += [str(Path(__file__).resolve().parent.parent / name) for name in ("classroom", "doctor")]

import desks
import synthetic_class

from bptt_classroom import grading, notebooks
from bptt_lab import exercises

NAME, SEED, PARTS = "07_write_it_yourself", 300, 6  # the parts of so many submissions are measured


def main(number: int) -> None:
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: bubblewrap leaves before what it has started
    with tempfile.TemporaryDirectory() as place:
        folder, given = Path(place, "class"), Path(place, "given")
        given.mkdir()
        command(["hand-out", folder, "07", "--seed", SEED])
        released = nbformat.read(folder / "release" / NAME / f"{NAME}.ipynb", as_version=4)
        made = [submission for _, submission in zip(range(number), cycle(submissions(released)))]
        for place, one in enumerate(made):
            nbformat.write(one, given / f"student{place:04}_{NAME}.ipynb")
        begun, before = time.perf_counter(), spent()
        command(["grade", folder, "07", "--files", given])
        elapsed, used = time.perf_counter() - begun, spent() - before
    print(f"{number} submissions: {elapsed:.0f} s by the clock, {os.cpu_count()} processors")
    print(f"processor time: {used / number:.2f} s for each, of which (mean of {len(made[:PARTS])})")
    for name, seconds in parts(made[:PARTS]).items():
        print(f"  {seconds:5.2f} s {name}")


def submissions(released: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """One that is right, one with a mistake, and so on."""
    made, right = [], desks.solved("07")
    for wrong, slip, *_ in synthetic_class.SLIPS.values():
        body = synthetic_class.RIGHT.replace(wrong, slip)
        for last in (right["07.6"], f"{right['07.6'].partition('def ')[0]}{synthetic_class.HEAD}{body}"):
            notebook = copy.deepcopy(released)
            for name, code in (right | {"07.6": last}).items():
                function = exercises.find(name).function
                next(one for one in notebook.cells if notebooks.defines(one.source, function)).source = code
            made.append(notebook)
    return made


def parts(made: list[nbformat.NotebookNode]) -> dict[str, float]:
    """Seconds of the processor, a submission. Each part is what one more of them adds."""
    exam = grading.Exam("07", SEED)
    silent = copy.copy(exam)
    silent.questions = {}
    start, cells, whole = (
        measured(lambda one, what=what: grading.run(one, what, []), notebook)
        for what, notebook in ((silent, [nbformat.v4.new_notebook()] * len(made)), (silent, made), (exam, made))
    )
    came = [(one, exam, *grading.run(one, exam, [])) for one in made]
    judging = measured(lambda one: grading.judge(*one), came)
    return {"start of the kernel": start, "notebook": cells - start, "questions": whole - cells, "judging": judging}


def measured(work: object, given: list) -> float:
    before = spent()
    for one in given:
        work(one)
    return (spent() - before) / len(given)


def spent() -> float:
    """Seconds of the processor so far, of this process and of all that it has started."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def command(words: list[object]) -> None:
    subprocess.run([sys.executable, "-m", "bptt_classroom", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
