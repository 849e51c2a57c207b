"""What each page of site/public weighs, and how long it takes on a slow line and a slow processor, in Chromium.

    .venv/bin/python tests/benchmarks/page_weights.py [PAGE ...]

10 Mbit/s with 40 ms of delay, a processor slowed four times, nothing kept from an earlier visit. `text` is the first
paint of contents; `alive` is when a slider of the front page, moved as soon as it is there, has its new curve. Times
mean little on a machine that does something else; kilobytes are exact, as servers send them that compress text.
"""

import gzip
import io
import sys
import time
from functools import cache
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))
import lite
from conftest import CHROMIUM, FLAGS

LINE = {"offline": False, "latency": 40, "downloadThroughput": 10e6 / 8, "uploadThroughput": 10e6 / 8}
PAINTED = 'performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0'
COMPRESSED = {".html", ".js", ".css", ".json", ".svg", ".wasm"}


@cache
def packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes())


class Compressing(lite.Quiet):
    """What is text is sent compressed, over connections that stay open, as GitHub Pages does."""

    protocol_version = "HTTP/1.1"

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.suffix not in COMPRESSED or not path.is_file():
            return super().send_head()
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed(path))))
        self.end_headers()
        return io.BytesIO(packed(path))


def visit(browser, site, name: str) -> tuple[float, float, float | None]:
    """Kilobytes that came, seconds until text is there, and seconds until a moved slider has its new curve."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})  # `site.page` would look at each request
    session, came = page.context.new_cdp_session(page), []
    session.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(f"{site.url}/{name}", wait_until="commit")
    began, alive = time.monotonic(), None
    if name == "index.html":
        slider = page.get_by_role("slider", name="hidden size")
        slider.press("Home", timeout=120_000)
        page.locator(".live .words", has_text="1 hidden unit").wait_for(timeout=120_000)
        alive = time.monotonic() - began
    page.wait_for_load_state("networkidle", timeout=120_000)
    text = page.wait_for_function(PAINTED, timeout=120_000).json_value() / 1000
    page.close()
    return sum(came) / 1000, text, alive


def main() -> None:
    names = sys.argv[1:] or sorted(path.name for path in lite.PUBLIC.glob("*.html"))
    site = lite.Site(lite.PUBLIC, Compressing)
    for path in filter(Path.is_file, lite.PUBLIC.rglob("*")):
        if path.suffix in COMPRESSED:
            packed(path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        for name in names:
            weight, text, alive = visit(browser, site, name)
            print(f"{name:42}{weight:8.0f} kB   text {text:5.2f} s" + (f"   alive {alive:5.2f} s" if alive else ""))
        browser.close()
    site.close()


if __name__ == "__main__":
    main()
