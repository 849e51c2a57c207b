"""Run a notebook with Jupyter's own machinery, inside the sandbox. `BOOT` starts it."""

import bptt_classroom.light  # noqa: F401  it comes first

# isort: split
import asyncio
import contextlib
import ctypes
import json
import os
import sys
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

BOOT = """
import io, os, pickle, sys, tarfile
files, cells, limits = pickle.load(sys.stdin.buffer)
os.ftruncate(0, 0)  # nobody in here reads the questions again
tarfile.open(fileobj=io.BytesIO(files)).extractall()
os.environ["PYTHONPATH"] = os.path.abspath("lab")
sys.path.insert(0, os.environ["PYTHONPATH"])
from bptt_classroom import driver
driver.main(cells, limits)
"""
ANSWER = "answer.json"  # what a cell of ours leaves in the home
LIMITS = {  # what a submission may use
    "cell": 60,  # seconds
    "total": 600,  # seconds
    "output": 2 * 2**20,  # characters that a cell shows
    "AS": 4 * 2**30,  # bytes of address space, for a process
    "FSIZE": 50 * 2**20,  # bytes of a file
    "NPROC": 200,  # processes, with all their threads
    "CORE": 0,
}


class Client(NotebookClient):
    """Stops a cell that shows too much."""

    shown, most = 0, 0

    def process_message(self, msg: dict, cell: NotebookNode, cell_index: int) -> object:
        if msg["msg_type"] not in ("status", "execute_input"):
            before, self.shown = self.shown, self.shown + len(repr(msg["content"]))
            if before <= self.most < self.shown:
                asyncio.ensure_future(self.km.interrupt_kernel())
            if self.shown > self.most:
                cell.metadata.trouble = "output"
                return None
        return super().process_message(msg, cell, cell_index)


def main(sources: list[str], limits: dict) -> None:
    """Run cells in a fresh kernel, in their order, and print a line of JSON for each.

    A line holds the outputs of the cell, its trouble, and what it left as an answer. After a cell that ended the
    kernel, or could not be stopped, there are no more lines.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: the memory of this process is closed to the notebook
    os.makedirs("work", exist_ok=True)
    answer, null = Path(ANSWER).absolute(), os.open(os.devnull, os.O_RDWR)
    options = dict(allow_errors=True, interrupt_on_timeout=True, shutdown_kernel="immediate", coalesce_streams=True)
    options |= dict(raise_on_iopub_timeout=True, iopub_timeout=20, timeout=limits["cell"], kernel_name="python3")
    options |= dict(error_on_timeout={"trouble": "hang"}, resources={"metadata": {"path": "work"}})
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    client = Client(notebook, on_cell_executed=note, **options)
    client.most = limits["output"]
    with client.setup_kernel(stdout=null, stderr=null):
        for number, cell in enumerate(notebook.cells):
            client.shown, cell.metadata.trouble = 0, ""
            try:
                client.execute_cell(cell, number)
            except CellTimeoutError:  # it could not be interrupted
                cell.metadata.trouble = "stuck"
            except Exception:  # it ended the kernel, or what it started there writes into Jupyter's own messages
                cell.metadata.trouble = "died"
            facts = {"outputs": cell.outputs, "trouble": cell.metadata.trouble, "answer": take(answer)}
            print(json.dumps(facts), flush=True)
            if cell.metadata.trouble in ("died", "stuck"):
                break


def note(cell: NotebookNode, cell_index: int, execute_reply: dict) -> None:
    """Note in a cell whether it had to be interrupted."""
    cell.metadata.trouble = execute_reply["content"].get("trouble", cell.metadata.trouble)


def take(path: Path) -> str:
    """What a cell left as its answer; empty if it left none."""
    text = ""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            path.unlink()
    return text
