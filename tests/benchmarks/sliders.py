"""From a key on a slider to the new curve, in Chromium: `.venv/bin/python tests/benchmarks/sliders.py`.

Three times the playground: the figure of the pages, notebook 05 in JupyterLab, notebook 05 in the browser edition. Each
key trains anew, 20,000 steps. In a notebook the time ends when the picture and the words of the finished run are there.
Needs site/public (with a Pyodide of its own for the last), Playwright and Chromium.
"""

import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

import lite
from conftest import CHROMIUM, FLAGS, Lab
from playwright.sync_api import sync_playwright

# seconds from the next key to the moment at which `done` holds, looked at each 4 milliseconds
TIME = """(done) => new Promise((told) => addEventListener("keydown", ({ timeStamp }) => {
  const look = () => done() ? told((performance.now() - timeStamp) / 1000) : setTimeout(look, 4);
  look();
}, { once: true, capture: true }))"""
CURVE = "document.querySelector('.live path.curve').getAttribute('d')"
PICTURE = "document.querySelector('.widget-image')"
WORDS = "document.querySelector('.jp-OutputArea .widget-html-content').innerText"
STOP = "[...document.querySelectorAll('.widget-button')].find((button) => button.innerText.trim() === 'Stop')"
FINISHED = f"""() => {PICTURE}.src !== before && {PICTURE}.complete && {STOP}.disabled
  && {WORDS} !== told && {WORDS}.includes("sums right")"""


def seconds(page, handle, before: str, done: str, n: int = 15) -> str:
    """The times of n keys, one after the other."""
    times = []
    for _ in range(n):
        page.wait_for_timeout(1_000)
        handle.focus()
        page.evaluate(f"() => {{ {before}; window.measured = ({TIME})({done}); }}")
        page.keyboard.press("ArrowRight")
        times.append(page.evaluate("measured"))
    return f"median {median(times):.2f} s, most {max(times):.2f} s of {n}"


def notebook(page) -> str:
    page.wait_for_function(
        f"document.querySelector('.widget-image') && {WORDS}.includes('sums right')", timeout=240_000
    )
    slider = page.locator(".widget-hslider").filter(has_text="seed").first
    before = f"window.before = {PICTURE}.src; window.told = {WORDS}"
    return seconds(page, slider.locator(".noUi-handle"), before, FINISHED)


def main() -> None:
    site = lite.Site()
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())

        page = site.page(chromium)
        page.goto(f"{site.url}/index.html")
        page.locator(".live .words", has_text="sums right").wait_for()
        handle = page.get_by_role("slider", name="seed")
        print("pages:          ", seconds(page, handle, f"window.before = {CURVE}", f"() => {CURVE} !== before"))
        page.context.close()

        server = Lab("05_playground.ipynb", Path(folder))
        page = chromium.new_page(viewport={"width": 1400, "height": 1200})
        page.set_default_timeout(120_000)
        server.run_all(page)
        print("JupyterLab:     ", notebook(page))
        page.close()
        server.close()

        page = site.page(chromium)
        page.goto(f"{site.url}/run/index.html")
        page.get_by_role("link", name="Move a slider").click()
        print("browser edition:", notebook(page))
        chromium.close()
    site.close()


if __name__ == "__main__":
    main()
