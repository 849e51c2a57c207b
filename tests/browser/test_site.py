"""A reader with nothing but a browser: the front page, notebooks to their end, the playground, the exercises."""

import json
import re
import subprocess
import sys
from pathlib import Path

import lite
import nbformat
import pytest
from lite import Notebook, until

from bptt_classroom import files
from bptt_lab import exercises
from bptt_lab.exercises import solutions

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
LAST = max(path.name for path in NOTEBOOKS.glob("*.ipynb"))
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
    if not (lite.PUBLIC / "run" / "static" / "pyodide").is_dir():
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


def test_list_of_notebooks_has_no_serious_finding_of_accessibility(browser, site):
    if not AXE.exists():
        pytest.skip("axe-core is not in .venv/axe: npm pack axe-core, and unpack it there")
    for scheme in ("light", "dark"):
        page = site.page(browser, color_scheme=scheme)
        page.goto(f"{site.url}/run/index.html")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (scheme == "dark")
        assert serious(page) == []
        page.evaluate("document.querySelector('img').removeAttribute('alt')")  # a planted one is found
        assert serious(page) == ["image-alt"]
        page.context.close()


def serious(page, exclude: tuple[str, ...] = ()) -> list[str]:
    page.add_script_tag(path=AXE)
    ask = "(exclude) => axe.run({ exclude }, { resultTypes: ['violations'], selectors: false })"
    found = page.evaluate(ask, exclude)["violations"]
    return [finding["id"] for finding in found if finding["impact"] in ("serious", "critical")]


def test_list_of_notebooks_opens_every_notebook_from_a_keyboard(page, site):
    missing = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    page.goto(f"{site.url}/run/index.html")
    page.wait_for_load_state("networkidle")
    assert missing == []  # the icon too
    links = page.locator("a.button[href*='path=']")
    names = [re.search(r"path=([^&]+)$", link.get_attribute("href")) for link in links.all()]
    assert [name[1] for name in names if name] == sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
    first = page.get_by_role("link", name="Start here")
    heights = [link.bounding_box()["height"] for link in links.all()]
    assert first.bounding_box()["height"] > max(heights[1:])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == first.inner_text()
    page.keyboard.press("Enter")
    page.wait_for_url("**/run/notebooks/index.html?path=00_start_here.ipynb")


def test_list_of_notebooks_fits_a_phone(browser, site):
    page = site.page(browser, viewport={"width": 360, "height": 740})
    page.goto(f"{site.url}/run/index.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    heights = [link.bounding_box()["height"] for link in page.locator("a.button").all()]
    assert len(heights) >= 11 and min(heights) >= 44  # for a finger
    page.context.close()


def test_links_from_notebook_to_notebook_open_it_in_the_same_tab(page, site):
    """In three notebooks, the one with most links among them; all others write them alike."""
    led = 0
    for path in (NOTEBOOKS / name for name in ("00_start_here.ipynb", "08_gradient_hospital.ipynb", LAST)):
        text = "".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
        written = re.findall(r"\]\((\w+\.ipynb)[^)]*\)", text)
        open_notebook(page, site, path.name)
        links = page.locator(".jp-RenderedMarkdown a[data-commandlinker-args*=ipynb]")
        links.nth(len(written) - 1).wait_for(state="attached")
        assert links.evaluate_all("links => links.map(leadsTo)") == [f"index.html?path={name}" for name in written]
        led += len(written)
    assert led >= 20
    links.first.click()
    page.wait_for_url(f"**/run/notebooks/index.html?path={written[0]}")
    page.locator(".jp-RenderedMarkdown h1").first.wait_for()
    page.get_by_role("link", name="Read this page").click()
    page.wait_for_url(f"{site.url}/{written[0].removesuffix('.ipynb')}.html", wait_until="commit")
    page.go_back()
    page.locator("#jp-NotebookLogo").click()
    page.wait_for_url(f"{site.url}/run/index.html")
    assert len(page.context.pages) == 1


HELD = """() => {
  const { save } = contents(), held = new Promise((go) => (window.answer = go));
  contents().save = async (...given) => {
    const written = await save.apply(contents(), given);
    await held;
    return written;
  };
  opened().context.model.setMetadata("planted", 1);
  opened().context.save();
}"""  # it is written, but the save does not end before answer() is called


def test_a_save_during_another_one_asks_nothing_and_ends(page, site):
    name = "07_write_it_yourself.ipynb"
    open_cells(page, site, name)
    page.wait_for_function("looked")
    page.evaluate(HELD)
    until(lambda: "planted" in kept(page, name))
    page.evaluate("() => { saveNow().then(() => (window.ended = true)); }")
    kept(page, name)  # by now a second save that did not wait has seen what the first one wrote
    page.evaluate("answer()")
    page.wait_for_function("window.ended || document.querySelector('.jp-Dialog')")
    assert page.locator(".jp-Dialog").count() == 0 and page.evaluate("window.ended && !opened().context.model.dirty")


def test_what_is_typed_during_a_save_is_saved_by_the_next_one(page, site):
    name = "07_write_it_yourself.ipynb"
    notebook = open_cells(page, site, name)
    page.wait_for_function("looked")
    page.evaluate(HELD)
    until(lambda: "planted" in kept(page, name))
    write_answer(notebook)
    page.evaluate("answer()")
    until(lambda: "# mine" in kept(page, name))


@pytest.mark.parametrize("save", ["new Promise(() => {})", "Promise.reject(new Error('planted'))"])
def test_a_link_leads_on_where_nothing_can_be_saved_and_the_browser_asks(page, site, save):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    open_cells(page, site, "07_write_it_yourself.ipynb")
    page.locator(".jp-RenderedMarkdown h1").first.click()  # a page that nobody has touched asks nothing
    page.evaluate(
        f"""() => {{
          contents().save = () => {save};
          opened().context.model.setMetadata("planted", 1);
          setTimeout(() => bar.querySelector("a").click()); // else this call waits for a page that goes
        }}"""
    )
    page.wait_for_url(f"{site.url}/07_write_it_yourself.html")  # whole: a browser that was closed sooner once hung
    assert asked == ["beforeunload"]


def test_no_app_asks_for_a_file_that_is_not_there(page, site):
    missing = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    for app in ("notebooks/index.html?path=00_start_here.ipynb", "lab/index.html", "tree/index.html"):
        page.goto(f"{site.url}/run/{app}")
        page.wait_for_function("window.jupyterapp?.shell.currentWidget")
        page.wait_for_load_state("networkidle")
    assert page.evaluate("fetch('../static/favicons/favicon-notebook.ico').then(answer => answer.status)") == 200
    assert page.evaluate("fetch('../static/favicons/favicon-busy-1.ico').then(answer => answer.status)") == 200
    assert missing == []
    page.evaluate("fetch('../static/planted.ico')")  # a planted one is found
    until(lambda: missing == [f"{site.url}/run/static/planted.ico"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_notebook_and_its_bar_fit_a_phone_in_the_colours_of_its_system(browser, site, scheme):
    page = site.page(browser, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    open_cells(page, site, "00_start_here.ipynb")
    until(lambda: page.evaluate("document.body.dataset.jpThemeLight") == str(scheme == "light").lower())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    bar = page.locator("#bar")
    ends = [box["x"] + box["width"] for box in map(lambda part: part.bounding_box(), bar.locator("a, button").all())]
    assert len(ends) == 5 and max(ends) <= 390
    assert bright(bar, "backgroundColor") == (scheme == "light") and bright(bar, "color") == (scheme == "dark")
    page.context.close()


def bright(element, name):
    red, green, blue = element.evaluate(f"one => getComputedStyle(one).{name}.match(/\\d+/g).map(Number)")[:3]
    return red + green + blue > 3 * 128


def open_cells(page, site, name):
    """A notebook whose cells are there; nothing waits for Python."""
    notebook = open_notebook(page, site, name)
    filled(page)
    return notebook


def filled(page):
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady")
    page.locator(".jp-RenderedMarkdown h1").first.wait_for()
    page.locator(".jp-CodeCell .cm-content").first.wait_for()


def write_answer(notebook):
    """Put a comment into the first code cell; its number."""
    first = next(i for i, source in enumerate(notebook.cells()) if source.startswith(("import", "from")))
    notebook.type(first, "# mine")
    return first


def test_stored_outputs_are_shown_line_by_line(page, site):
    open_cells(page, site, "00_start_here.ipynb")
    stored = nbformat.read(NOTEBOOKS / "00_start_here.ipynb", as_version=4).cells
    texts = [output.text.strip() for cell in stored for output in cell.get("outputs", []) if "text" in output]
    assert any("\n" in text for text in texts)
    shown = page.locator(".jp-OutputArea-output pre")
    until(lambda: [text for text in map(str.strip, shown.all_inner_texts()) if text in texts] == texts)


def kept(page, name):
    """The notebook as this browser keeps it."""
    return page.evaluate(f"contents().get('{name}', {{content: true}}).then(file => JSON.stringify(file.content))")


def test_what_is_typed_is_kept_within_seconds(page, site):
    name = "07_write_it_yourself.ipynb"
    write_answer(open_cells(page, site, name))
    until(lambda: "# mine" in kept(page, name), 60)  # Jupyter's own 120 seconds would fail
    page.reload()
    filled(page)
    assert "# mine" in Notebook(page).cells()


def test_answers_go_to_one_file_and_come_back(page, browser, site, tmp_path):
    name, file = "07_write_it_yourself.ipynb", tmp_path / "answers.json"
    write_answer(open_cells(page, site, name))
    until(lambda: "# mine" in kept(page, name))
    page.evaluate("contents().save('progress.txt', {type: 'file', format: 'text', content: '07.1\\n'})")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save all my answers").click()
    waiting.value.save_as(file)
    saved = json.loads(file.read_text(encoding="utf-8"))
    assert list(saved["notebooks"]) == [name] and saved["progress"] == "07.1\n"

    page = site.page(browser)  # another browser
    other = open_cells(page, site, name)
    other.type(write_answer(other), "# another")
    (tmp_path / "foreign.json").write_text('{"cells": []}', encoding="utf-8")
    page.locator("#bar input[type=file]").set_input_files(tmp_path / "foreign.json")
    page.get_by_text("This file does not hold answers").wait_for()
    page.locator("#bar input[type=file]").set_input_files(file)
    page.get_by_text("Brought back: 1 notebook.").wait_for()
    until(lambda: "# mine" in other.cells())
    assert "# another" in kept(page, "07_write_it_yourself-before.ipynb")  # nothing is lost
    assert json.loads(kept(page, "progress.txt")) == "07.1\n"
    page.context.close()


def test_what_is_handed_in_is_read_by_the_classroom(page, site, tmp_path):
    write_answer(open_cells(page, site, "07_write_it_yourself.ipynb"))
    page.get_by_role("button", name="Hand in").click()
    page.get_by_label("Your name").fill(" Kim Lee/7 ")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the file").click()
    waiting.value.save_as(tmp_path / waiting.value.suggested_filename)
    (came,) = files.collect(tmp_path, "07_write_it_yourself").students
    assert came.name == "Kim Lee 7" and "# mine" in came.path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "choice, mine, beside", [("Keep mine", True, False), ("Take", False, False), ("Both", False, True)]
)
def test_a_newer_version_is_told_and_nothing_is_lost(page, site, choice, mine, beside):
    name = "07_write_it_yourself.ipynb"
    notebook = open_cells(page, site, name)
    page.evaluate("lookForNewer()")
    assert page.get_by_text("A newer version").count() == 0
    first = write_answer(notebook)
    until(lambda: "# mine" in kept(page, name))
    page.evaluate("opened().context.model.setMetadata('bptt_lab', {version: 'older'})")
    page.evaluate("saveNow()")
    page.reload()
    page.get_by_text("A newer version of this notebook is there").wait_for()
    page.get_by_role("button", name=choice).click()
    until(lambda: (notebook.cells()[first] == "# mine") == mine)
    until(lambda: ("# mine" in kept(page, name)) == mine)
    names = page.evaluate("names()")
    assert ("07_write_it_yourself-mine.ipynb" in names) == beside
    if beside:
        page.get_by_role("link", name="07_write_it_yourself-mine.ipynb").click()
        page.wait_for_url("**-mine.ipynb")
        filled(page)
        assert notebook.cells()[first] == "# mine"
    if mine:
        until(lambda: '"version":"older"' not in kept(page, name))  # not asked again


BLOCKED = """const refuse = () => { throw new DOMException("blocked", "SecurityError"); };
Object.defineProperty(window, "localStorage", {get: refuse});
IDBFactory.prototype.open = refuse;"""


def test_where_nothing_can_be_kept_the_page_says_so_and_stops_counting(page, site):
    page.add_init_script(BLOCKED)
    open_notebook(page, site, "00_start_here.ipynb")
    line = page.locator("#loading")
    line.get_by_text("allow cookies and site data").wait_for()
    before = line.inner_text()
    page.wait_for_timeout(2_500)
    assert line.inner_text() == before and line.locator("progress").count() == 0


def test_a_notebook_opened_as_a_file_says_what_to_do(browser):
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto((lite.PUBLIC / "run" / "notebooks" / "index.html").as_uri())
    page.locator("#loading").get_by_text("python3 -m http.server").wait_for()
    page.close()


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
    page.goto(f"{site.url}/run/notebooks/index.html?path={name}")
    return Notebook(page)


def test_start_here_runs_and_the_loss_curve_is_the_same_to_the_last_bit(page, site):
    notebook = open_notebook(page, site, "00_start_here.ipynb")
    notebook.run_all()
    assert notebook.errors() == [] and differences(notebook, "00_start_here.ipynb") == []
    last = max(i for i, source in enumerate(notebook.cells()) if "checks.check(" in source)
    notebook.type(last, HASH)
    native = subprocess.run([sys.executable, "-c", HASH], capture_output=True, text=True, check=True).stdout
    assert notebook.run(last).strip() == native.strip() != ""
    notebook.type(last, "from bptt_lab import proof\nprint(proof.check(proof.shipped('three_units')).reason)")
    assert notebook.run(last).strip().endswith("every bit is right")  # where an index has 32 bits
    notebook.type(last, "raise ValueError('planted')")  # an error is seen
    notebook.run(last)
    assert len(notebook.errors()) == 1 and len(differences(notebook, "00_start_here.ipynb")) == 1


def test_backpropagation_through_time_runs(page, site):
    notebook = open_notebook(page, site, "03_backpropagation_through_time.ipynb")
    notebook.run_all()
    assert notebook.errors() == [] and differences(notebook, "03_backpropagation_through_time.ipynb") == []


def test_from_the_front_page_to_a_moved_slider(page, site):
    page.goto(f"{site.url}/run/index.html")
    page.get_by_role("link", name="Move a slider").click()
    page.locator(".widget-image").wait_for(timeout=240_000)
    playground = page.locator(".jp-OutputArea").filter(has=page.locator(".widget-image")).first
    image, words = playground.locator(".widget-image"), playground.locator(".widget-html-content").first
    stop = playground.get_by_role("button", name="Stop")
    assert page.get_by_text("font cache").count() == 0

    def settled(beginning):
        until(lambda: words.inner_text().startswith(beginning) and "sums right" in words.inner_text())
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

    slider = playground.locator(".widget-hslider").filter(has_text="hidden size")
    active = page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex")
    slider.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")  # the slider moves, and not the cell
    until(lambda: slider.locator(".widget-readout").inner_text() == str(n_h + 1))
    page.keyboard.press("ArrowLeft")
    settled(f"{n_h} hidden units")
    assert page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex") == active

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
    handle.hover()  # waits until it moves no more
    page.mouse.down()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + distance, y, steps=3)
    page.mouse.up()


def test_the_doctor_names_a_mistake_and_the_exercises_of_write_it_yourself_can_be_finished(page, site):
    notebook = open_notebook(page, site, "07_write_it_yourself.ipynb")
    notebook.run_all()
    assert notebook.errors() == [] and differences(notebook, "07_write_it_yourself.ipynb") == []
    solved = solutions.cells(NOTEBOOKS / "solutions" / "07.py")
    names = list(exercises.graded("07"))
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


def test_a_cell_that_runs_long_says_so_and_can_be_stopped(page, site):
    notebook = open_notebook(page, site, "00_start_here.ipynb")
    page.get_by_role("button", name="Close", exact=True).click(timeout=240_000)
    kinds = page.evaluate(f"{lite.CELL}.map(cell => cell.model.type)")
    first, second, third = [place for place, kind in enumerate(kinds) if kind == "code"][1:4]
    line = page.locator("#running")
    notebook.type(first, "kept = 7")
    notebook.run(first)
    assert line.is_hidden()
    for place, way in ((second, line.get_by_role("button", name="Stop")), (third, None)):
        notebook.type(place, "while True:\n    pass")
        page.keyboard.press("Control+Enter")
        line.wait_for()
        assert re.fullmatch(r"Code cell \d+ of \d+ is running\.", line.get_by_role("status").inner_text())
        way.click() if way else page.evaluate("jupyterapp.commands.execute('notebook:interrupt-kernel')")
        until(lambda place=place: "KeyboardInterrupt" in notebook.output(place))
        line.wait_for(state="hidden")
    notebook.type(first, "print(kept)")  # a stop is no restart
    assert notebook.run(first).strip() == "7"
