"""Firefox and WebKit, as far as the tests need them: open a page, run JavaScript in it, press a key.

Firefox is spoken to by WebDriver BiDi over its own port, WebKitGTK's MiniBrowser by Selenium on a display of its own.
"""

import importlib.util
import itertools
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import lite

from bptt_lab.validate import missing

HOME = "\ue011"  # keys, as WebDriver writes them
LEFT = "\ue012"
RIGHT = "\ue014"
WATCH = b"""<script>window.wrong = [];
addEventListener("error", (e) => wrong.push(e.message ?? `not loaded: ${e.target.src ?? e.target.href}`), true);
addEventListener("unhandledrejection", (e) => wrong.push(String(e.reason)));
for (const original = console.error; console.error === original; )
  console.error = (...said) => (wrong.push(said.join(" ")), original(...said));</script>"""


class Watched(lite.Quiet):
    """Pages that keep in `wrong` what their console would show as an error, from before their first script."""

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.suffix != ".html":
            return super().send_head()
        page = re.sub(rb"<head.*?>", lambda head: head[0] + WATCH, path.read_bytes(), count=1)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        file = tempfile.TemporaryFile()
        file.write(page)
        file.seek(0)
        return file


class Firefox:
    def __init__(self, folder: Path):
        import websocket  # one of the packages that Jupyter and Selenium bring

        command = ["firefox-esr", "--headless", "--remote-debugging-port", "0", "--profile", str(folder)]
        self.log = folder / "said.log"
        self.process = subprocess.Popen(
            command, stderr=self.log.open("w", encoding="utf-8"), env=os.environ | {"HOME": str(folder)}
        )
        port = lite.until(lambda: re.search(r"BiDi listening on (ws://\S+)", self.log.read_text(encoding="utf-8")))
        self.socket = websocket.create_connection(f"{port[1]}/session", timeout=300, suppress_origin=True)
        self.numbers = itertools.count()
        self.ask("session.new", capabilities={})
        self.context = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params) -> dict:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        assert "result" in answer, answer
        return answer["result"]

    def open(self, address: str):
        self.ask("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def run(self, body: str):
        """What the body of a function returns in the page."""
        code = f"JSON.stringify((() => {{ {body} }})() ?? null)"
        target = {"context": self.context}
        answer = self.ask("script.evaluate", expression=code, target=target, awaitPromise=False)
        assert answer["type"] == "success", answer
        return json.loads(answer["result"]["value"])

    def press(self, key: str):
        actions = [{"type": kind, "value": key} for kind in ("keyDown", "keyUp")]
        self.ask("input.performActions", context=self.context, actions=[{"type": "key", "id": "k", "actions": actions}])

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(60)


class WebKit:
    FLAGS = ("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "WEBKIT_DISABLE_COMPOSITING_MODE", "LIBGL_ALWAYS_SOFTWARE")

    def __init__(self, folder: Path):
        from selenium import webdriver

        display = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1000x24", "-nolisten", "tcp"]
        self.display = subprocess.Popen(display, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        number = self.display.stdout.readline().strip()
        options = webdriver.WebKitGTKOptions()
        options.binary_location = str(mini_browser())
        options.add_argument("--automation")
        env = os.environ | dict.fromkeys(self.FLAGS, "1") | {"DISPLAY": f":{number}", "HOME": str(folder)}
        service = webdriver.WebKitGTKService(shutil.which("WebKitWebDriver"), env=env)
        self.driver = webdriver.WebKitGTK(options=options, service=service)
        self.driver.set_window_size(1200, 900)

    def open(self, address: str):
        self.driver.get(address)

    def run(self, body: str):
        return self.driver.execute_script(body)

    def press(self, key: str):
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).send_keys(key).perform()

    def close(self):
        self.driver.quit()
        self.display.terminate()
        self.display.wait(60)


def mini_browser() -> Path | None:
    """WebKitGTK's small browser, which stands beside the library."""
    return next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"), None)


def why_not(name: str) -> str | None:
    """Why a browser cannot be driven here, or nothing."""
    if name == "firefox":
        there = shutil.which("firefox-esr")
        return None if there else missing("Firefox", "it is not driven", "apt-get install firefox-esr")
    if not (mini_browser() and shutil.which("WebKitWebDriver") and shutil.which("Xvfb")):
        return missing("WebKit", "it is not driven", "apt-get install webkit2gtk-driver xvfb")
    selenium = importlib.util.find_spec("selenium")
    return None if selenium else missing("Selenium", "WebKit is not driven", "pip install selenium")
