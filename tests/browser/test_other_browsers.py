"""Firefox and WebKit: pages open without an error, formulas and figures are there, and numbers are those of Python."""

import json

import lite
import nbformat
import numpy as np
import others
import pytest
from lite import until
from test_site import NOTEBOOKS

from bptt_lab import data, model, training

NAME = "00_start_here.ipynb"


@pytest.fixture(scope="module")
def site():
    if not (lite.PUBLIC / "equations.html").exists():
        pytest.skip(lite.MISSING)
    opened = lite.Site(lite.PUBLIC, others.Watched)
    yield opened
    opened.close()


@pytest.fixture(scope="module", params=["firefox", "webkit"])
def other(request, tmp_path_factory):
    if reason := others.why_not(request.param):
        pytest.skip(reason)
    opened = {"firefox": others.Firefox, "webkit": others.WebKit}[request.param](tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


def said(other) -> str:
    """What the first figure of the page says in words."""
    return other.run("return document.querySelector('.live .words')?.textContent ?? ''")


def press(other, slider: str, *keys: str):
    label = f"[...document.querySelectorAll('.live label')].find((label) => label.textContent === '{slider}')"
    other.run(f"{label}.control.focus()")
    for key in keys:
        other.press(key)


def in_python(n_h: int, seed: int) -> str:
    """The playground's words for a run of 20,000 steps, computed by the package."""
    rng = np.random.default_rng(seed)
    params, history = training.train(model.init_params(n_h, rng), rng=rng, n_steps=20_000, learning_rate=0.008)
    x, y = data.all_sums()
    right = (model.digit_accuracy(model.forward(params, x), y) == 8).sum()
    units = f"{n_h} hidden unit{'s' if n_h > 1 else ''}, learning rate 0.008, seed {seed}"
    last = history.correct_digits[-1000:].mean()
    return f"{units}: {last:.3f} of 8 bits right in the last 1,000 of 20,000 steps; {right:,} of 16,129 sums right."


@pytest.mark.parametrize("name", ["index.html", "05_playground.html"])
def test_the_playground_trains_again_with_the_numbers_of_python(other, site, name):
    other.open(f"{site.url}/{name}")
    until(lambda: said(other).startswith("16 hidden units") and "sums right" in said(other))
    assert said(other) == in_python(16, 1)
    press(other, "hidden size", others.HOME, others.RIGHT)
    press(other, "seed", others.RIGHT)
    until(lambda: said(other).startswith("2 hidden units, learning rate 0.008, seed 2: "))
    assert said(other) == in_python(2, 2) != in_python(2, 1)
    assert other.run("return document.querySelector('.live path.curve').getAttribute('d').split('L').length") == 200
    until(lambda: "n_h=2" in other.run("return location.hash"))
    assert other.run("return wrong") == []


def test_a_page_has_its_formulas_its_pictures_and_its_walk(other, site):
    other.open(f"{site.url}/03_backpropagation_through_time.html")
    until(lambda: other.run("return document.querySelectorAll('mjx-container mjx-math').length") > 50)
    until(lambda: said(other))
    assert "t = 4, unit 4: the first road brings −0.400" in said(other)
    press(other, "step t", others.LEFT)
    until(lambda: "+0.647, the second −0.139; together +0.508" in said(other))
    other.run("document.querySelectorAll('img').forEach((image) => (image.loading = 'eager'))")
    until(lambda: other.run("return [...document.images].every((image) => image.naturalWidth > 0)"))
    assert other.run("return document.documentElement.scrollWidth <= innerWidth")
    assert other.run("return wrong") == []


def test_an_error_of_a_page_is_seen(other, site):
    other.open(f"{site.url}/install.html")
    assert other.run("return wrong") == []
    other.run("console.error('planted'); document.body.append(Object.assign(new Image(), { src: 'gone.png' }))")
    until(lambda: len(other.run("return wrong")) == 2)
    other.run("setTimeout(() => nowhere())")
    until(lambda: len(other.run("return wrong")) == 3)


def test_start_here_runs_in_the_browser_edition(other, site):
    if not (lite.PUBLIC / "run" / "static" / "pyodide").is_dir():
        pytest.skip(lite.MISSING)
    other.open(f"{site.url}/run/notebooks/index.html?path={NAME}")
    run_all = "[...document.querySelectorAll('button')].find((button) => button.textContent === 'Run all cells')"
    until(lambda: other.run(f"return {run_all} !== undefined"), 240)
    other.run(f"{run_all}.click()")
    prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
    until(lambda: other.run(f"return {prompts}.every((prompt) => /[0-9]/.test(prompt.textContent))"), 240)
    code = f"{lite.CELL}.filter((cell) => cell.model.type === 'code')"
    outputs = json.loads(other.run(f"return JSON.stringify({code}.map((cell) => cell.model.outputs.toJSON()))"))
    stored = [cell for cell in nbformat.read(NOTEBOOKS / NAME, as_version=4).cells if cell.cell_type == "code"]
    for cell, ours in zip(stored, outputs, strict=True):
        assert not any(output["output_type"] == "error" for output in ours)
        if "nbval-ignore-output" not in cell.metadata.get("tags", []):
            assert lite.words(ours) == lite.words(cell.outputs)
