"""JupyterLab on a port of its own, and a page of Chromium that looks at it."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from bptt_lab.validate import missing

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
FLAGS += "--disable-component-update --disable-sync --disable-dev-shm-usage"
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # nothing outside is reached
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser():
    why_not = missing("Playwright", "no browser is driven", "pip install playwright")
    playwright = pytest.importorskip("playwright.sync_api", reason=why_not)
    if CHROMIUM is None:
        pytest.skip(missing("Chromium", "no browser is driven", "apt-get install chromium"))
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS.split(), ALONE])
        yield chromium
        chromium.close()


class Lab:
    """A JupyterLab server over a copy of one notebook."""

    def __init__(self, notebook: str, folder: Path):
        shutil.copy(NOTEBOOKS / notebook, folder / notebook)  # the server saves into it
        settings = folder / "settings" / "@jupyterlab"
        for plugin, values in {
            "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
            "notebook-extension/tracker": {"windowingMode": "none"},
        }.items():
            path = settings / f"{plugin}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values), encoding="utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.token, self.url = secrets.token_hex(8), f"http://127.0.0.1:{port}"
        self.page_url = f"{self.url}/lab/tree/{notebook}?reset&token={self.token}"
        names = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_WORKSPACES_DIR", "IPYTHONDIR")
        places = {name: str(folder / name.lower()) for name in names}
        self.log = folder / "server.log"
        command = f"-m jupyter lab --no-browser --allow-root --ip=127.0.0.1 --port={port}"
        command += f" --IdentityProvider.token={self.token} --ServerApp.port_retries=0"
        self.server = subprocess.Popen(
            [sys.executable, *command.split(), f"--ServerApp.root_dir={folder}"],
            env=os.environ | places | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings")},
            stdout=self.log.open("w", encoding="utf-8"),
            stderr=subprocess.STDOUT,
        )
        self.until(lambda: self.get("/api/status"))

    def get(self, path: str):
        try:
            with urllib.request.urlopen(f"{self.url}{path}?token={self.token}") as answer:
                return json.load(answer)
        except OSError:
            return None

    def until(self, condition, seconds: float = 120):
        deadline = time.monotonic() + seconds
        while not (value := condition()):
            assert self.server.poll() is None, self.log.read_text(encoding="utf-8")[-2000:]
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")[-2000:]
            time.sleep(0.1)
        return value

    def run_all(self, page):
        """Open the notebook, wait until its kernel listens, run every cell, wait until every cell has run."""
        page.goto(self.page_url)
        page.locator("#jupyterlab-splash").wait_for(state="detached")
        self.until(
            lambda: any(k["execution_state"] == "idle" and k["connections"] for k in self.get("/api/kernels") or [])
        )
        page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').first.wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt")
        self.until(lambda: all(re.fullmatch(r"\[\d+\]:", text.strip()) for text in prompts.all_inner_texts()))

    def close(self):
        self.server.terminate()
        self.server.wait(60)


@pytest.fixture
def lab(tmp_path):
    opened = []

    def open_notebook(name):
        opened.append(Lab(name, tmp_path))
        return opened[-1]

    yield open_notebook
    for server in opened:
        server.close()
