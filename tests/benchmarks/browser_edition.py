"""How fast the browser edition is here: `.venv/bin/python tests/benchmarks/browser_edition.py`.

Needs what tests/browser/test_site.py needs: site/public with a Pyodide of its own, Playwright and Chromium.
"""

import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "browser"))

from conftest import CHROMIUM, FLAGS
from lite import Notebook, Site, until
from playwright.sync_api import sync_playwright

from bptt_lab import model, training

RUN = """import time
import numpy as np
from bptt_lab import model, training
def run():
    rng = np.random.default_rng(0)
    params = model.init_params(16, rng)
    began = time.perf_counter()
    training.train(params, rng=rng, n_steps=20_000)
    return time.perf_counter() - began
print(run(), run())"""


def native() -> float:
    rng = np.random.default_rng(0)
    params = model.init_params(16, rng)
    began = time.perf_counter()
    training.train(params, rng=rng, n_steps=20_000)
    return time.perf_counter() - began


def cold_load(page, site) -> tuple[float, float]:
    """Seconds until the page is drawn, and until there is a first picture."""
    began = time.perf_counter()
    page.goto(f"{site.url}/run/index.html")
    page.get_by_role("link", name="Move a slider").click()
    page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
    drawn = time.perf_counter() - began
    page.locator(".widget-image").wait_for(timeout=240_000)
    until(lambda: "sums right" in page.locator(".jp-OutputArea .widget-html-content").first.inner_text())
    return drawn, time.perf_counter() - began


if __name__ == "__main__":
    site = Site()
    native()  # compiles
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        page = site.page(chromium)
        print("cold load: page {:.1f} s, first picture {:.1f} s".format(*cold_load(page, site)))
        notebook_page = site.page(chromium)
        notebook_page.goto(f"{site.url}/run/notebooks/index.html?path=00_start_here.ipynb")
        notebook = Notebook(notebook_page)
        notebook.page.get_by_role("button", name="Close", exact=True).click(timeout=240_000)
        code = next(i for i, source in enumerate(notebook.cells()) if source.startswith("import"))
        notebook.type(code, RUN)
        ratios = []
        for i in range(9):
            there = [float(seconds) for seconds in notebook.run(code).split()]
            here = min(native(), native())
            ratios.append(there[1] / here)
            if i == 0:
                print(f"the first 20,000 steps in a page: {there[0]:.2f} s")
        print(f"20,000 steps: {there[1]:.2f} s, {median(ratios):.1f} times the native run (median of {len(ratios)})")
        chromium.close()
    site.close()
