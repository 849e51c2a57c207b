"""Run the README's two commands as they are printed for this system: open the course, and run its tests.

The first one starts JupyterLab: it has worked when the server hands out the notebook that the command names.
"""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOKEN, PORT = "readme", "8899"
SERVER = f"http://127.0.0.1:{PORT}/api"


def commands(readme: str, windows: bool) -> tuple[str, str]:
    """What opens the course, and what runs the tests; for Windows the second by the replacements that README gives."""
    opens = re.search(rf"^{'py' if windows else 'python3'} -m venv .* -m jupyter lab .*$", readme, re.M)[0]
    tests = re.search(r"^python3 -m venv .* -m pytest$", readme, re.M)[0]
    if windows:
        tests = tests.replace(".venv/bin/python", r".venv\Scripts\python").replace("python3", "py")
    return opens, tests


def ask(path: str, **how) -> bytes | None:
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{SERVER}{path}?token={TOKEN}", **how)) as answer:
            return answer.read()
    except OSError:
        return None


def opens(command: str, seconds: float = 900) -> None:
    """Start the command, wait for its notebook, and stop the server."""
    settings = {"JUPYTER_TOKEN": TOKEN, "JUPYTER_PORT": PORT, "BROWSER": "echo"}
    running = subprocess.Popen(command, shell=True, cwd=ROOT, env=os.environ | settings)
    name, deadline = re.split(r"[/\\]", command)[-1], time.monotonic() + seconds
    while not (found := ask(f"/contents/{name}")):
        if running.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the server did not hand out {name}")
        time.sleep(1)
    assert json.loads(found)["type"] == "notebook"
    ask("/shutdown", method="POST")
    running.wait(60)


if __name__ == "__main__":
    first, second = commands((ROOT / "README.md").read_text(encoding="utf-8"), sys.platform == "win32")
    print(first, flush=True)
    opens(first)
    print(second, flush=True)
    sys.exit(subprocess.run(second, shell=True, cwd=ROOT).returncode)
