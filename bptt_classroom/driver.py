"""Run a notebook with Jupyter's own machinery, inside the sandbox. Started with `BOOT`, given a `Job`."""

import asyncio
import contextlib
import ctypes
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import nbformat
from jupyter_client.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError
from nbformat.v4 import new_code_cell

BOOT = """
import os, pickle, sys
for name, (content, time) in pickle.load(sys.stdin.buffer).items():
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)
    os.utime(name, (time, time))
os.environ["PYTHONPATH"] = os.path.abspath("lab")
sys.path.insert(0, os.path.abspath("lab"))
sys.modules["rfc3987_syntax"] = None  # of jsonschema, which does without: its grammar takes half of the time to start
from bptt_classroom import driver
driver.main(pickle.load(sys.stdin.buffer))
"""
ASKING = "__import__('bptt_classroom.asking').asking"
LATE = {"ename": "TimeoutError", "evalue": "", "traceback": []}  # what a cell is given that had to be interrupted
SHOWN = ("text/plain", "image/png")  # no script of a submission reaches the browser that shows it


class Limits(NamedTuple):
    """What a submission may use."""

    cell: float = 60.0  # seconds
    total: float = 600.0  # seconds
    memory: int = 4 * 2**30  # bytes of address space, for a process
    file: int = 50 * 2**20  # bytes
    output: int = 2 * 2**20  # characters that a cell shows
    processes: int = 200  # with all their threads
    starts: int = 3  # of the kernel: a cell that ended it, or could not be stopped, is left out from then on


class Job(NamedTuple):
    """What is to be run and asked. It says nothing of a class."""

    notebook: str  # JSON
    questions: dict[str, str]  # by the exercise's id, as `asking.ask` reads them; they are asked in this order
    closed: list[tuple[str, str]]  # functions that give some answer away: module, name
    limits: Limits


class Client(NotebookClient):
    """Stops a cell that shows too much."""

    shown, most = 0, 0

    def process_message(self, msg: dict, cell: nbformat.NotebookNode, cell_index: int) -> object:
        if msg["msg_type"] == "execute_input":
            self.shown = 0
        if msg["msg_type"] not in ("status", "execute_input"):
            before, self.shown = self.shown, self.shown + len(repr(msg["content"]))
            if before <= self.most < self.shown:
                asyncio.ensure_future(ensure_async(self.km.interrupt_kernel()))
            if self.shown > self.most:
                cell.metadata["trouble"] = "output"
                return None
        return super().process_message(msg, cell, cell_index)


def main(job: Job) -> None:
    """Print what came, as JSON: the outputs and the trouble of each cell, and the answers to each exercise."""
    limit(job.limits)
    notebook = nbformat.reads(job.notebook, as_version=4)
    os.makedirs("work", exist_ok=True)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.outputs, cell.execution_count, cell.metadata = [], None, nbformat.NotebookNode()
    folder = tempfile.mkdtemp()
    asking = [new_code_cell(f"{ASKING}.ask({text!r}, {folder!r})") for text in job.questions.values()]
    run(new_code_cell(f"{ASKING}.hold({job.closed!r})"), [*cells, *asking], job.limits)
    answers = {
        name: {"text": answer(Path(folder, f"{name}.json")), "trouble": cell.metadata.get("trouble", "")}
        for name, cell in zip(job.questions, asking)
    }
    facts = [{"outputs": shown(cell), "trouble": cell.metadata.get("trouble", "")} for cell in cells]
    print(json.dumps({"cells": facts, "answers": answers}))


def run(first: nbformat.NotebookNode, cells: list[nbformat.NotebookNode], limits: Limits) -> None:
    """All cells in one kernel; again without the one that ended it, as often as is allowed."""
    package = {path: path.read_bytes() for path in Path("lab").rglob("*.py")}
    for _ in range(limits.starts):
        culprit = once([first, *cells], limits)
        if culprit is None or culprit is first:
            break
        for path, content in package.items():  # some of it may be closed
            path.write_bytes(content)
        culprit.metadata["source"], culprit.source = culprit.source, ""  # an empty cell is not run
    for cell in cells:
        cell.source = cell.metadata.pop("source", cell.source)


def once(cells: list[nbformat.NotebookNode], limits: Limits) -> nbformat.NotebookNode | None:
    """Run the cells in a fresh kernel, in their order. If it did not come to the end: the cell that is to blame."""
    options = dict(allow_errors=True, interrupt_on_timeout=True, error_on_timeout=LATE)
    options |= dict(raise_on_iopub_timeout=True, iopub_timeout=20, coalesce_streams=True)
    client = Client(nbformat.v4.new_notebook(cells=cells), kernel_name="python3", timeout=int(limits.cell), **options)
    client.resources = {"metadata": {"path": os.path.abspath("work")}}
    client.most = limits.output
    null = os.open(os.devnull, os.O_RDWR)
    client.on_cell_executed = note
    with client.setup_kernel(stdout=null, stderr=null):
        if limits.processes and sys.platform == "linux":  # this process itself must still be able to start threads
            import resource

            most = (limits.processes, limits.processes)
            resource.prlimit(client.km.provisioner.process.pid, resource.RLIMIT_NPROC, most)
        for number, cell in enumerate(cells):
            try:
                client.execute_cell(cell, number)
            except CellTimeoutError:  # it could not be interrupted
                cell.metadata["trouble"] = "hang"
                with contextlib.suppress(Exception):
                    client.km.provisioner.process.kill()
                return cell
            except Exception:  # it ended the kernel, or what it started there writes into Jupyter's own messages
                cell.metadata["trouble"] = "died"
                return cell
            if cell.source and cell.metadata.get("trouble") == "died":
                return cell
    return None


def note(cell: nbformat.NotebookNode, cell_index: int, execute_reply: dict) -> None:
    """Whether it was interrupted, or asked the kernel to end, as quit() does."""
    content = execute_reply["content"]
    if content.get("ename") == LATE["ename"] and not content.get("traceback"):
        cell.metadata["trouble"] = "hang"
    if any(one.get("source") == "ask_exit" for one in content.get("payload", [])):
        cell.metadata["trouble"] = "died"


def answer(path: Path) -> str:
    """What was written for an exercise; empty if nothing was."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.stat().st_size < 20 * 2**20:
            return path.read_text(encoding="utf-8")
    return ""


def shown(cell: nbformat.NotebookNode) -> list[dict]:
    outputs = []
    for output in cell.outputs:
        if "data" in output:
            output.data = {kind: value for kind, value in output.data.items() if kind in SHOWN}
            output.metadata = {}
        outputs.append(output)
    return outputs


def limit(limits: Limits) -> None:
    """Limits that no process in here can raise; and the memory of this one, with the questions, is closed to them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
    import resource

    allowed = {"AS": limits.memory, "FSIZE": limits.file, "CORE": 0}
    for name, most in allowed.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):  # macOS has not all of them
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
