"""Whatever the notebooks print in the browser edition is what they print on a laptop, to the last character.

Pyodide, the packages and the kernel are those of site/public, run by Node instead of a browser: the same WebAssembly,
without a page. The dear notebooks are left out, and named as skipped, unless PRINTED=all is set.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import lite
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
KERNEL = Path(__file__).with_name("kernel.mjs")
# seconds on a quiet machine; the others take 10 to 25 each
DEAR = {"05": 50, "06": 80, "08": 60, "09": 60, "10": 70, "11": 190, "12": 500, "13": 60, "14": 65}
EVERYWHERE = "PRINTED=all python -m pytest -n 0 tests/browser/test_printed.py"


def printed(notebook: Path, seconds: float = 3_600) -> list[list[dict]]:
    """The outputs of each code cell in the browser edition's Python."""
    if not (lite.PUBLIC / "run" / "static" / "pyodide").is_dir():
        pytest.skip(lite.MISSING)
    if shutil.which("node") is None:
        pytest.skip("Node is not installed: apt-get install nodejs")
    command = ["node", str(KERNEL), str(lite.PUBLIC / "run"), str(notebook)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stderr[-2_000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    print(f"{notebook.name}: {sum(line['seconds'] for line in lines):.0f} s of the processor")  # pytest -s shows it
    return [line["outputs"] for line in lines]


def differences(notebook: nbformat.NotebookNode, there: list[list[dict]]) -> list[str]:
    """Cells that say something else than is stored, but for those that differ from machine to machine."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert len(cells) == len(there)
    found = []
    for number, (cell, outputs) in enumerate(zip(cells, there), start=1):
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            outputs, stored = [output for output in outputs if output["output_type"] == "error"], ""
        else:
            stored = told(cell.outputs)
        if told(outputs) != stored:
            found.append(f"code cell {number}:\n{cell.source}\nstored:\n{stored}\nin a browser:\n{told(outputs)}")
    return found


def told(outputs: list[dict]) -> str:
    """All text among a cell's outputs, standard error and errors included; not that of pictures, bars and widgets."""
    parts = []
    for output in outputs:
        data = output.get("data", {})
        if output["output_type"] == "error":
            parts.append(f"{output['ename']}: {output['evalue']}")
        elif output["output_type"] == "stream":
            parts.append(output["text"])
        elif output["output_type"] == "execute_result":
            parts.append(data.get("text/plain", ""))
    return "".join("".join(part) for part in parts).strip()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name[:2])
def test_a_browser_prints_what_is_stored(path):
    if path.name[:2] in DEAR and os.environ.get("PRINTED") != "all":
        pytest.skip(f"about {DEAR[path.name[:2]]} seconds there: {EVERYWHERE} -k {path.name[:2]}")
    found = differences(nbformat.read(path, as_version=4), printed(path))
    assert not found, "\n\n".join(found)


def test_each_kind_of_difference_is_found(tmp_path):
    def cell(source, *outputs, tags=()):
        return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags)} if tags else {})

    one, value = new_output("stream", text="1\n"), new_output("execute_result", {"text/plain": "2"})
    right = [cell("print(1)", one), cell("1 + 1", value), cell("print(3)", one, tags=["nbval-ignore-output"])]
    wrong = [cell("print(1.0)", one), cell("1 + 2", value), cell("import sys; print(4, file=sys.stderr)")]
    wrong += [cell("1 / 0"), cell("1 / 0", tags=["nbval-ignore-output"])]
    notebook = new_notebook(cells=right + wrong)
    nbformat.write(notebook, tmp_path / "planted.ipynb")
    found = differences(notebook, printed(tmp_path / "planted.ipynb"))
    assert [one.splitlines()[0] for one in found] == [f"code cell {number}:" for number in (4, 5, 6, 7, 8)]
