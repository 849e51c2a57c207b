"""A reader with nothing but a browser: the front page, notebooks to their end, the playground, the exercises."""

import re
import subprocess
import sys
from pathlib import Path

import lite
import nbformat
import pytest
from lite import Notebook, until

from bptt_lab import exercises
from bptt_lab.exercises import solutions

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
AXE = Path(__file__).resolve().parents[2] / ".venv" / "axe" / "package" / "axe.min.js"
HASH = """import hashlib
import numpy as np
from bptt_lab import model, training
rng = np.random.default_rng(0)
run = training.train(model.init_params(16, rng), rng=rng, n_steps=20_000, engine="numba")
print(hashlib.sha256(b"".join(a.tobytes() for half in run for a in half)).hexdigest())"""
FORGETS_THE_FUTURE = """def my_general_backward(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    dL_da = (dL_do @ params.V) * (1 - trace.h**2)
    do, da, x, h_prev, h = (a.reshape(-1, a.shape[-1]) for a in (dL_do, dL_da, trace.x, trace.h_prev, trace.h))
    return Params(da.T @ x, da.T @ h_prev, do.T @ h, da.sum(axis=0), do.sum(axis=0))"""


@pytest.fixture(scope="module")
def site():
    if not (lite.PUBLIC / "static" / "pyodide").is_dir():
        pytest.skip(lite.MISSING)
    opened = lite.Site()
    yield opened
    opened.close()
    assert not opened.asked_outside


@pytest.fixture
def page(browser, site):
    page = site.page(browser)
    yield page
    page.context.close()


def test_front_page_has_no_serious_finding_of_accessibility(page, site):
    if not AXE.exists():
        pytest.skip("axe-core is not in .venv/axe: npm pack axe-core, and unpack it there")
    page.goto(site.url)
    assert serious(page) == []
    page.evaluate("document.querySelector('img').removeAttribute('alt')")  # a planted one is found
    assert serious(page) == ["image-alt"]


def serious(page) -> list[str]:
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run()")["violations"]
    return [finding["id"] for finding in found if finding["impact"] in ("serious", "critical")]


def test_front_page_opens_every_notebook_from_a_keyboard(page, site):
    page.goto(site.url)
    links = page.locator("ol a.button")
    names = [re.search(r"path=(.+)", link.get_attribute("href"))[1] for link in links.all()]
    assert names == sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == links.first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/notebooks/index.html?path={names[0]}")


def test_front_page_fits_a_phone(browser, site):
    page = site.page(browser, viewport={"width": 360, "height": 740})
    page.goto(site.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    heights = [link.bounding_box()["height"] for link in page.locator("a.button").all()]
    assert len(heights) >= 11 and min(heights) >= 44  # for a finger
    page.context.close()


def differences(notebook, name):
    """Cells whose text is not what a laptop printed, beyond those that differ from machine to machine."""
    stored = [cell for cell in nbformat.read(NOTEBOOKS / name, as_version=4).cells if cell.cell_type == "code"]
    printed = notebook.printed()
    assert len(printed) == len(stored)
    fixed = [
        (cell, text)
        for cell, text in zip(stored, printed)
        if "nbval-ignore-output" not in cell.metadata.get("tags", [])
    ]
    return [(cell.source, text) for cell, text in fixed if text != lite.words(cell.outputs)]


def open_notebook(page, site, name):
    page.goto(f"{site.url}/notebooks/index.html?path={name}")
    return Notebook(page)


def test_start_here_runs_and_the_loss_curve_is_the_same_to_the_last_bit(page, site):
    notebook = open_notebook(page, site, "00_start_here.ipynb")
    notebook.run_all()
    assert notebook.errors() == [] and differences(notebook, "00_start_here.ipynb") == []
    last = max(i for i, source in enumerate(notebook.cells()) if "checks.check(" in source)
    notebook.type(last, HASH)
    native = subprocess.run([sys.executable, "-c", HASH], capture_output=True, text=True, check=True).stdout
    assert notebook.run(last).strip() == native.strip() != ""
    notebook.type(last, "raise ValueError('planted')")  # an error is seen
    notebook.run(last)
    assert len(notebook.errors()) == 1 and len(differences(notebook, "00_start_here.ipynb")) == 1


def test_backpropagation_through_time_runs(page, site):
    notebook = open_notebook(page, site, "03_backpropagation_through_time.ipynb")
    notebook.run_all()
    assert notebook.errors() == [] and differences(notebook, "03_backpropagation_through_time.ipynb") == []


def test_from_the_front_page_to_a_moved_slider(page, site):
    page.goto(site.url)
    page.get_by_role("link", name="Move a slider").click()
    page.locator(".widget-image").wait_for(timeout=240_000)
    playground = page.locator(".jp-OutputArea").filter(has=page.locator(".widget-image")).first
    image, words = playground.locator(".widget-image"), playground.locator(".widget-html-content").first
    stop = playground.get_by_role("button", name="Stop")

    def settled(beginning):
        until(lambda: words.inner_text().startswith(beginning) and "sums right" in words.inner_text(), 120)
        until(stop.is_disabled)
        return words.inner_text(), image.get_attribute("src")

    told, drawn = settled("16 hidden units")
    assert "8.000 of 8 bits right" in told
    move(page, playground, "hidden size", 8)
    n_h = int(
        playground.locator(".widget-hslider").filter(has_text="hidden size").locator(".widget-readout").inner_text()
    )
    assert n_h > 16
    told_2, drawn_2 = settled(f"{n_h} hidden units")
    assert told_2 != told and drawn_2 != drawn

    move(page, playground, "batch size", 400)  # a run that lasts
    until(stop.is_enabled)
    stop.click()
    told_3, _ = settled(f"{n_h} hidden units")
    steps = int(re.search(r"of ([\d,]+) iterations", told_3)[1].replace(",", ""))
    assert 0 < steps < 20_000
    page.get_by_role("button", name="Reset").click()
    settled("16 hidden units")

    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    notebook = Notebook(page)
    notebook.finish()
    assert notebook.errors() == [] and differences(notebook, "05_playground.ipynb") == []


def move(page, playground, name, distance):
    """Drag the handle of a slider some pixels to the right."""
    handle = playground.locator(".widget-hslider").filter(has_text=name).locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + distance, y, steps=3)
    page.mouse.up()


def test_the_doctor_names_a_mistake_and_the_exercises_of_write_it_yourself_can_be_finished(page, site):
    notebook = open_notebook(page, site, "07_write_it_yourself.ipynb")
    notebook.run_all()
    assert notebook.errors() == [] and differences(notebook, "07_write_it_yourself.ipynb") == []
    solved = solutions.cells(NOTEBOOKS / "solutions" / "07.py")
    names = list(solved)[1:]
    stubs = [i for i, source in enumerate(notebook.cells()) if "raise NotImplementedError" in source]
    assert len(stubs) == len(names) and all(notebook.output(i + 1).startswith("not attempted yet") for i in stubs)

    last = stubs[-1]
    notebook.type(last, FORGETS_THE_FUTURE)
    notebook.run(last)
    notebook.type(last + 1, 'print(verdict := checks.check("07.6", my_general_backward), verdict.hints(2), sep="\\n")')
    assert "Your answer is that of “recurrent term missing”" in notebook.run(last + 1)

    for name, i in zip(names, stubs):
        notebook.type(i, f"{solved['']}\n\n\n{solved[name]}")
        notebook.run(i)
        notebook.type(i + 1, f'print(checks.check("{name}", {exercises.find(name).function}).where)')
        assert notebook.run(i + 1).startswith("right, to 12 digits or more")

    notebook.type(last + 1, "print(checks.progress())")  # what is done is kept in this browser
    assert f"{len(names)} of {len(exercises.ids())} are done" in notebook.run(last + 1)
    page.reload()
    again = Notebook(page)
    again.run_all()
    again.type(last + 1, "print(checks.progress())")
    assert f"{len(names)} of {len(exercises.ids())} are done" in again.run(last + 1)
