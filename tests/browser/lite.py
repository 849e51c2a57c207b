"""The browser edition on a port of its own, and a reader's hands on one of its notebooks."""

import re
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PUBLIC = Path(__file__).resolve().parents[2] / "site" / "public"
CELL = "window.jupyterapp.shell.currentWidget.content.widgets"
MISSING = (
    "no site with a Pyodide of its own in site/public: .venv/bin/python site/local_pyodide.py .venv/pyodide && "
    ".venv/bin/python site/build.py --pyodide .venv/pyodide"
)


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # one connection for many files

    def log_message(self, *_):
        pass


class Site:
    """Static files on 127.0.0.1, and every address outside that a page asked for."""

    def __init__(self, folder: Path = PUBLIC, handler=Quiet):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.asked_outside = []

    def page(self, browser, **settings):
        """A page whose browser has never been here: nothing is kept from one page to the next."""
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 1400}} | settings)
        context.set_default_timeout(120_000)  # milliseconds; a busy machine takes a minute to draw a notebook
        context.on("request", self._note)  # and not `route`, which would make every file wait for Python
        return context.new_page()

    def _note(self, request):
        if request.url.startswith("http") and not request.url.startswith(self.url):
            self.asked_outside.append(request.url)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Notebook:
    """A notebook that opens in `page`. Cells are counted as they stand, text and code alike."""

    def __init__(self, page):
        self.page = page

    def run_all(self, seconds: float = 240):
        """As soon as the page offers it."""
        self.page.get_by_role("button", name="Run all cells", exact=True).click(timeout=240_000)
        self.finish(seconds)

    def finish(self, seconds: float = 240):
        """Wait until every code cell has run."""
        prompts = self.page.locator(".jp-CodeCell .jp-InputPrompt")
        until(lambda: all(re.fullmatch(r"\[\d+\]:", text.strip()) for text in prompts.all_inner_texts()), seconds)

    def errors(self) -> list[str]:
        """What every cell that failed says."""
        outputs = self.page.evaluate(f"{CELL}.flatMap(cell => cell.model.outputs?.toJSON() ?? [])")
        return [f"{output['ename']}: {output['evalue']}" for output in outputs if output["output_type"] == "error"]

    def printed(self) -> list[str]:
        """What every code cell printed and returned, as text."""
        code = f"{CELL}.filter(cell => cell.model.type === 'code')"
        return [words(outputs) for outputs in self.page.evaluate(f"{code}.map(cell => cell.model.outputs.toJSON())")]

    def cells(self) -> list[str]:
        """The source of every cell."""
        return self.page.evaluate(f"{CELL}.map(cell => cell.model.sharedModel.getSource())")

    def cell(self, number: int):
        return self.page.locator(".jp-Notebook .jp-Cell").nth(number)

    def output(self, number: int) -> str:
        return "\n".join(self.cell(number).locator(".jp-OutputArea-output").all_inner_texts())

    def type(self, number: int, text: str):
        """Replace what stands in a cell, as a reader does."""
        self.cell(number).scroll_into_view_if_needed()
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)
        until(lambda: self.cells()[number] == text)

    def run(self, number: int, seconds: float = 120) -> str:
        """Run one cell, and hand back what it says."""
        before = self._count(number)
        self.cell(number).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        until(lambda: self._count(number) not in ("[ ]:", "[*]:", before), seconds)
        return self.output(number)

    def _count(self, number: int) -> str:
        return self.cell(number).locator(".jp-InputPrompt").inner_text().strip().replace("\xa0", " ")


def words(outputs: list[dict]) -> str:
    """The text among a cell's outputs: standard output, and values. Progress bars and pictures are none."""
    parts = [output.get("text", output.get("data", {}).get("text/plain", "")) for output in outputs if is_text(output)]
    return "".join("".join(part) for part in parts).strip()


def is_text(output: dict) -> bool:
    return output.get("name") == "stdout" or output["output_type"] == "execute_result"


def until(condition, seconds: float = 120):
    """Wait for something, looking at it ten times a second; what it came to."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.1)
    return value
