"""Run a notebook with Jupyter's own machinery, inside the sandbox. Started with `BOOT`."""

import asyncio
import contextlib
import ctypes
import json
import os
import sys
from pathlib import Path

from jupyter_client.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError
from nbformat.notebooknode import NotebookNode

# Optional parts of jsonschema and of the kernel that nobody needs here; to load them takes half of the time to start.
UNUSED = ("rfc3987_syntax", "isoduration", "rfc3986_validator", "debugpy", "coverage")
BOOT = f"""
import os, pickle, sys
files, cells, limits = pickle.load(sys.stdin.buffer)
os.ftruncate(0, 0)  # nobody in here reads the questions again
for name, (content, time) in files.items():
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)
    os.utime(name, (time, time))
os.environ["PYTHONPATH"] = os.path.abspath("lab")
sys.path.insert(0, os.path.abspath("lab"))
sys.modules |= dict.fromkeys({UNUSED})
from bptt_classroom import driver
driver.main(cells, limits)
"""
START = f"import sys; sys.modules |= dict.fromkeys({UNUSED}); from ipykernel import kernelapp as it"
COMMAND = [sys.executable, "-c", f"{START}; it.launch_new_instance()", "-f", "{connection_file}"]
ANSWER = "answer.json"  # what a cell of ours leaves in the home
LATE = {"ename": "TimeoutError", "evalue": "", "traceback": []}  # what a cell is given that had to be interrupted
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
        if msg["msg_type"] == "execute_input":
            self.shown = 0
        if msg["msg_type"] not in ("status", "execute_input"):
            before, self.shown = self.shown, self.shown + len(repr(msg["content"]))
            if before <= self.most < self.shown:
                asyncio.ensure_future(ensure_async(self.km.interrupt_kernel()))
            if self.shown > self.most:
                cell.metadata.trouble = "output"
                return None
        return super().process_message(msg, cell, cell_index)


def main(sources: list[str], limits: dict) -> None:
    """Run cells in a fresh kernel, in their order. Prints a line of JSON for each: its outputs, its trouble, and what
    it left as an answer. After one that ended the kernel, or could not be stopped, there are no more."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: the memory of this process is closed to the notebook
    os.makedirs("work", exist_ok=True)
    spec, answer = Path(".local/share/jupyter/kernels/python3/kernel.json"), Path(ANSWER).absolute()
    spec.parent.mkdir(parents=True, exist_ok=True)
    spec.write_text(json.dumps({"argv": COMMAND, "display_name": "Python 3", "language": "python"}), encoding="utf-8")
    cells = [NotebookNode(cell_type="code", source=one, outputs=[], execution_count=None) for one in sources]
    options = dict(allow_errors=True, interrupt_on_timeout=True, error_on_timeout=LATE, shutdown_kernel="immediate")
    options |= dict(raise_on_iopub_timeout=True, iopub_timeout=20, coalesce_streams=True, timeout=limits["cell"])
    notebook = NotebookNode(cells=cells, metadata=NotebookNode(), nbformat=4, nbformat_minor=5)
    client = Client(notebook, kernel_name="python3", resources={"metadata": {"path": "work"}}, **options)
    client.most, client.on_cell_executed = limits["output"], note
    null = os.open(os.devnull, os.O_RDWR)
    with client.setup_kernel(stdout=null, stderr=null):
        for number, cell in enumerate(cells):
            cell.metadata = NotebookNode(trouble="")
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
    """Whether it was interrupted, or asked the kernel to end, as quit() does."""
    content = execute_reply["content"]
    if content.get("ename") == LATE["ename"] and not content.get("traceback"):
        cell.metadata.trouble = "hang"
    if any(one.get("source") == "ask_exit" for one in content.get("payload", [])):
        cell.metadata.trouble = "died"


def take(path: Path) -> str:
    """What a cell left as its answer; empty if it left none."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.is_file() and path.stat().st_size < 20 * 2**20:
            text = path.read_text(encoding="utf-8")
            path.unlink()
            return text
    return ""
