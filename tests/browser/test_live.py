"""The figures that move: the same numbers as Python's, and a reader's hands on each of them. No notebook runs here."""

import hashlib
import re
import sys
from pathlib import Path

import lite
import numpy as np
import pytest
from lite import until

from bptt_lab import bptt, data, model, text, training, widgets
from bptt_lab.through_time import checkpointed, sliders
from bptt_lab.validate import missing

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / ".venv" / "axe" / "package" / "axe.min.js"
sys.path.insert(0, str(ROOT / "site"))
import live_data  # noqa: E402

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8" /><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1" /><link rel="icon" href="data:," />
<style>:root {{ color-scheme: light dark }} body {{ margin: 1rem; background: light-dark(#fff, #14181e) }}</style>
</head><body><main><h1>Figures</h1>{figures}</main>
<script type="module" src="live/live.js"></script></body></html>"""
HASH = """const hash = async (...arrays) => {
  const parts = arrays.map((a) => new Uint8Array(a.buffer.slice(a.byteOffset, a.byteOffset + a.byteLength)));
  const bytes = await new Blob(parts).arrayBuffer();
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
};"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    live_data.write(folder / "live", pictures=False)
    for name in live_data.AT_REST:
        (folder / f"{name}.html").write_text(PAGE.format(figures=live_data.markup(name)), encoding="utf-8")
    (folder / "all.html").write_text(
        PAGE.format(figures="".join(map(live_data.markup, live_data.AT_REST))), encoding="utf-8"
    )
    (folder / "empty.html").write_text(
        PAGE.format(figures="").replace("live/live.js", "live/random.js"), encoding="utf-8"
    )
    opened = lite.Site(folder)
    yield opened
    opened.close()
    assert not opened.asked_outside


@pytest.fixture
def page(browser, site):
    page = site.page(browser)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: line.type == "error" and wrong.append(line.text))
    yield page
    page.context.close()
    assert wrong == []


@pytest.fixture
def compute(page, site):
    """Run the body of an asynchronous function in the browser; it may `load` the modules of the figures."""
    page.goto(f"{site.url}/empty.html")
    load = f"const load = (name) => import(`{site.url}/live/${{name}}.js`);"
    return lambda body, *given: page.evaluate(f"async (given) => {{ {load}{HASH}{body} }}", given)


def sha(*arrays) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


# ---- the same numbers as Python's


@pytest.mark.parametrize("seed", [0, 1, 7, 12_345, 2**32 - 1])
def test_random_numbers_are_those_of_numpy(compute, seed):
    rng, ours = np.random.default_rng(seed), compute(
        """const { Rng } = await load("random"), rng = new Rng(given[0]);
        return [rng.random(), ...rng.uniform(-1, 1, 3), ...Array.from({ length: 401 }, () => rng.below(127)),
          rng.random(), ...Array.from({ length: 99 }, () => rng.below(2)),
          ...Array.from({ length: 99 }, () => rng.below(1e6))];""",
        seed,
    )  # fmt: skip
    first = [rng.random(), *rng.uniform(-1, 1, 3), *rng.integers(0, 127, 401), rng.random(), *rng.integers(0, 2, 99)]
    assert ours == [*first, *rng.integers(0, 10**6, 99)]


TRAIN = """const { Loop, OPTIMISERS } = await load("loop"), { Rng } = await load("random"), adder = await load("adder");
  const [settings] = given, loop = await Loop.load();
  const its = settings.optimiser ? await Loop.load(OPTIMISERS[settings.optimiser].file) : loop;
  for (var run of adder.train(its, settings, new Rng(settings.seed)));
  const { U_T, W_T, V, b, c } = run.params;"""


@pytest.mark.parametrize(
    "n_h, learning_rate, seed, n_steps, optimiser",
    [(16, 0.008, 1, 20_000, "SGD"), (3, 0.03, 5, 4_001, "SGD"), (37, 0.3, 99, 2_500, "SGD")]
    + [(16, 0.008, 1, 5_000, "Momentum"), (5, 0.01, 7, 3_001, "Adam")],
)
def test_training_gives_every_bit_of_numpy_and_numba(compute, n_h, learning_rate, seed, n_steps, optimiser):
    pytest.importorskip("numba", reason=missing("Numba", "bits are not compared", "pip install numba"))
    settings = {"learning_rate": learning_rate, "n_steps": n_steps}
    ours, right, loss, wrong = compute(
        TRAIN + "return [await hash(U_T, W_T, V, b, c), await hash(run.right), [...run.loss], "
        "await hash(adder.allSums(loop, run.params))];",
        settings | {"n_h": n_h, "seed": seed, "optimiser": optimiser},
    )
    rng, by = np.random.default_rng(seed), widgets.OPTIMISERS[optimiser]
    params, history = training.train(model.init_params(n_h, rng), rng=rng, optimiser=by, engine="numba", **settings)
    assert ours == sha(params.U.T, params.W.T, params.V, params.b, params.c)
    assert right == sha(history.correct_digits.astype(np.uint8))
    np.testing.assert_allclose(loss, history.loss, rtol=1e-12)
    x, y = data.all_sums()
    assert wrong == sha((8 - model.digit_accuracy(model.forward(params, x), y)).astype(np.uint8))


def test_a_changed_digit_changes_the_hash(compute):
    plain, off = compute(
        "const a = new Float64Array([1, 2]); return [await hash(a), await hash(a.map((v) => v * (1 + 2 ** -52)))];"
    )
    assert plain == sha(np.array([1.0, 2.0])) != off


def test_the_report_of_the_playground_is_that_of_python(compute):
    rates, settings, guessing, no_memory = compute(
        'const p = await load("playground"); return [p.RATES, p.REPORT, p.GUESSING, p.NO_MEMORY];'
    )
    assert rates == widgets.RATES
    assert settings == {name: getattr(widgets.REPORT, name) for name in ("n_h", "learning_rate", "seed", "n_steps")} | {
        "first": 77,
        "second": 58,
    }
    x, y = data.all_sums()
    best = sum(_share_of_the_commoner(x[t], y[t, :, 0]) for t in range(8))
    assert guessing == 4 and no_memory == round(best, 2)


def _share_of_the_commoner(x, y):
    """The right share of the best answer to the two bits that a step reads."""
    groups = [y[(x == pair).all(axis=1)] for pair in ((0, 0), (0, 1), (1, 0), (1, 1))]
    return sum(max(group.sum(), (1 - group).sum()) for group in groups) / len(y)


def test_a_sum_is_read_as_python_reads_it(compute):
    steps = compute(
        TRAIN
        + """const { reading } = await load("sum");
        return reading(loop, run.params, 77, 58).map((s) => ({ ...s, h: [...s.h] }));""",
        {"n_h": 5, "learning_rate": 0.008, "n_steps": 3_000, "seed": 2},
    )
    rng = np.random.default_rng(2)
    params, _ = training.train(model.init_params(5, rng), rng=rng, n_steps=3_000)
    x, y = data.encode_sums([77], [58])
    trace, carry = model.forward(params, x), data.carries(x)[:, 0]
    np.testing.assert_allclose([s["h"] for s in steps], trace.h[:, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose([s["y_hat"] for s in steps], trace.y_hat[:, 0, 0], rtol=0, atol=1e-12)
    assert [s["carry"] for s in steps] == list(carry) and [s["carry_in"] for s in steps] == [0, *carry[:-1]]
    assert [[s["first"], s["second"]] for s in steps] == x[:, 0].tolist()
    assert [s["sum"] for s in steps] == y[:, 0, 0].tolist()
    assert [s["says"] for s in steps] == (trace.o[:, 0, 0] > 0).tolist()


@pytest.mark.parametrize("first, second", [(6, 3), (0, 0), (126, 125), (17, 90)])
def test_the_walk_has_the_numbers_of_python(compute, first, second):
    found = compute(
        """const { numbersOf } = await load("walk"), rows = (list) => list.map((row) => [...row]);
        const { T, y_hat, dL_do, first, second, terms, dL_dh } = numbersOf(...given);
        return { T, y_hat, dL_do, first: rows(first), second: rows(second), dL_dh: rows(dL_dh),
          terms: terms.map(rows) };""",
        first,
        second,
    )
    rng = np.random.default_rng(0)  # the network of notebook 03
    params = model.init_params(5, rng)
    params = params._replace(b=rng.uniform(-1, 1, 5), c=rng.uniform(-1, 1, 1))
    x, y = data.encode_sums([first], [second], n_bits=max(4, (first + second).bit_length()))
    trace = model.forward(params, x)
    dL_do = bptt.output_grads(trace, y)
    dL_dh, first_road = bptt.state_grads(params, trace, dL_do)[:, 0], (dL_do @ params.V)[:, 0]
    right = {"y_hat": trace.y_hat[:, 0, 0], "dL_do": dL_do[:, 0, 0], "first": first_road, "dL_dh": dL_dh}
    assert found["T"] == len(x)
    for name, expected in (right | {"second": dL_dh - first_road}).items():
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(np.sum(found["terms"][:-1], axis=1), found["second"][:-1], rtol=0, atol=1e-12)


def test_the_walk_lights_lines_of_its_notebook(compute):
    notebook = (ROOT / "notebooks" / "03_backpropagation_through_time.ipynb").read_text(encoding="utf-8")
    lines = compute('return (await load("walk")).CODE')
    assert len(lines) == 4 and all(line.split("  #")[0] in notebook for line in lines)


@pytest.mark.parametrize("radius, drive", [(1.2, 0.3), (0.1, 0.0), (0.9, 1.0), (1.0, 0.0), (1.85, 2.0), (2.5, 0.1)])
def test_norms_and_eigenvalues_are_those_of_python(compute, radius, drive):
    found = compute(
        'return (await load("vanish")).measure(...given)',
        live_data.radius_and_norm(),
        radius,
        drive,
    )
    right = sliders.measure(radius, drive)
    assert abs(found["bound"] / right.bound - 1) < 1e-12
    eigenvalues = [complex(*parts) for parts in found["eigenvalues"]]
    assert np.abs(np.subtract.outer(eigenvalues, right.eigenvalues)).min(axis=1).max() < 1e-12
    # An error in the first state reaches the last one as many times larger as the largest norm says
    tolerance = 1e-12 * max(1, right.norms.max())
    assert abs(found["slope"] - right.slope) < tolerance
    np.testing.assert_allclose(found["norms"], right.norms, rtol=tolerance)


def test_the_schedule_is_that_of_python(compute):
    cases = [(T, budget) for T in (2, 3, 5, 17, 30, 100) for budget in range(2, T + 1, max(1, T // 6))] + [(1_000, 9)]
    ours = compute(
        """const { schedule, forwardSteps, keptAfter } = await load("checkpoints");
        return given[0].map(([T, budget]) => {
          const moves = schedule(T, budget);
          return [moves, forwardSteps(T, budget), Math.max(...moves.map((_, n) => keptAfter(moves, n).length - 1))];
        });""",
        cases,
    )
    for (T, budget), (moves, steps, most) in zip(cases, ours):
        assert [tuple(move) for move in moves] == list(checkpointed.schedule(T, budget))
        assert steps == checkpointed.forward_steps(T, budget) and most <= budget


@pytest.mark.parametrize("temperature", [0.2, 0.7, 1.5])
def test_the_desk_writes_what_python_writes(compute, temperature):
    written, p, h = compute(
        """const { load: weights } = await load("gru"), { Author } = await load("desk");
        const author = new Author(await weights());
        author.begin("and god said, ");
        for (let k = 0; k < 150; k++) author.write(given[0]);
        return [author.text.slice(14), [...author.next(given[0])], author.states.map((h) => [...h])];""",
        temperature,
    )
    symbols, weights = live_data.writer()
    cell = text.writer.gated.gru
    author = text.Writer(cell, cell.Params(*(weights[name].astype(float) for name in cell.Params._fields)), symbols)
    assert written == text.write(author, "and god said, ", 150, np.random.default_rng(0), temperature)
    whole = "and god said, " + written
    np.testing.assert_allclose(p, text.next_character(author, whole, temperature), rtol=0, atol=1e-12)
    np.testing.assert_allclose(h, text.states(author, text.encode(whole, symbols)), rtol=0, atol=1e-12)


# ---- a reader's hands


def opened(page, site, name, settings=""):
    page.goto("about:blank")
    page.goto(f"{site.url}/{name}.html{settings}")
    page.locator(".live .words").first.filter(has_text=".").wait_for()
    return page


def said(page, place=0) -> str:
    return page.locator(".live .words").nth(place).inner_text()


def test_the_playground_trains_again_as_a_slider_moves_and_the_address_keeps_it(page, site):
    opened(page, site, "playground")
    assert "8.000 of 8 bits right in the last 1,000 of 20,000 steps; 16,129 of 16,129 sums right" in said(page)
    page.get_by_label("hidden size", exact=True).focus()
    for _ in range(14):
        page.keyboard.press("ArrowLeft")
    until(lambda: said(page).startswith("2 hidden units"))
    assert re.search(r"[4-7]\.\d{3} of 8 bits", said(page)) and "are wrong" in page.locator(".legend").inner_text()
    until(lambda: "n_h=2&" in page.evaluate("location.hash"))
    told, wrong = said(page), page.locator(".live .map canvas").get_attribute("aria-label")

    opened(page, site, "playground", page.url[page.url.index("#") :])  # the link shows what its sender saw
    assert said(page) == told and page.locator(".live .map canvas").get_attribute("aria-label") == wrong
    assert page.get_by_label("hidden size", exact=True).input_value() == "2"
    page.get_by_role("button", name="Reset").click()
    until(lambda: "8.000 of 8 bits" in said(page))


def test_the_playground_trains_by_another_optimiser(page, site):
    opened(page, site, "playground")
    page.get_by_label("optimiser", exact=True).select_option("Adam")
    until(lambda: "seed 1, Adam: " in said(page))
    until(lambda: "optimiser=Adam" in page.evaluate("location.hash"))


def test_an_optimiser_that_cannot_be_loaded_is_told_and_can_be_chosen_again(browser, site):
    page = site.page(browser)
    page.route("**/optimisers.wasm", lambda route: route.abort())
    opened(page, site, "playground")
    box = page.get_by_label("optimiser", exact=True)
    box.select_option("Adam")
    until(lambda: said(page).startswith("Adam could not be loaded"))
    page.unroute("**/optimisers.wasm")
    box.select_option("Momentum")
    until(lambda: "seed 1, Momentum: " in said(page))
    page.context.close()


def test_the_front_figure_is_light(page, site):
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    opened(page, site, "playground")
    assert 21_226 < sum(len(answer.body()) for answer in answers) < 100_000  # the loop, and what moves it


def test_a_run_that_diverges_says_so_and_the_next_one_is_sound(page, site):
    opened(page, site, "playground", "#playground?learning_rate=8&n_h=20&n_steps=5000")
    assert "smaller learning rate" in said(page)
    page.get_by_role("button", name="Reset").click()
    until(lambda: "8.000 of 8 bits" in said(page))


def test_any_two_numbers_can_be_typed(page, site):
    opened(page, site, "playground")
    page.get_by_label("first number", exact=True).fill("126")
    page.get_by_label("second number", exact=True).fill("1")
    assert "126 + 1 = 127, says the network: right." == said(page, 1)
    rows = page.locator("table.sum tr").all_inner_texts()
    assert re.split(r"\s+", rows[1])[-8:] == list("01111110")  # lowest bit first
    page.get_by_label("second number", exact=True).fill("127")  # outside: not taken
    page.get_by_label("second number", exact=True).press("Tab")
    assert page.get_by_label("second number", exact=True).input_value() == "1"
    page.locator(".live").get_by_label("step", exact=True).press("End")
    told = page.locator(".live").get_by_label("step", exact=True).get_attribute("aria-valuetext")
    assert told.startswith("Step 8 reads 0 and 0, and the carry 0 comes in.") and told in page.inner_text("main")
    page.locator(".live .map canvas").click(position={"x": 1, "y": 1})  # top left: the largest first number
    assert said(page, 1).startswith("126 + 0 = 126")


def test_the_walk_goes_back_and_forth(page, site):
    opened(page, site, "walk")
    lit = page.locator(".code .lit")
    assert "t = 4, unit 4: the first road brings −0.400" in said(page) and "dL_do @ params.V" in lit.inner_text()
    page.get_by_role("button", name="On to the earlier step").press("Enter")
    assert "+0.647, the second −0.139; together +0.508" in said(page) and "dh_da[t + 1]" in lit.inner_text()
    page.get_by_role("button", name="Back to the later step").click()
    assert "t = 4" in said(page)
    page.get_by_label("first number", exact=True).fill("100")
    assert "t = 7" in said(page)
    until(lambda: "first=100" in page.evaluate("location.hash"))


def test_the_spectral_radius_decides(page, site):
    opened(page, site, "vanish")
    assert "holds" in said(page)
    page.get_by_label("size of inputs", exact=True).press("Home")
    until(lambda: "explodes" in said(page))
    page.get_by_label("spectral radius", exact=True).press("Home")
    until(lambda: "vanishes" in said(page))


def test_the_schedule_follows_its_sliders(page, site):
    opened(page, site, "checkpoints")
    assert said(page).startswith("30 steps with 5 states: 21 moves, 80 steps forward in all.")
    assert "Before it, kept beside h⁽⁰⁾: 15, 24, 27, 29" in said(page, 1)
    page.get_by_label("states to keep", exact=True).press("End")
    assert said(page).startswith("30 steps with 30 states: 1 move, 30 steps forward")
    page.get_by_label("steps T", exact=True).press("Home")
    assert said(page).startswith("2 steps with 2 states")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_the_desk_writes_in_view(browser, site, motion):
    page = opened(site.page(browser, reduced_motion=motion), site, "desk")
    assert "Next: t 23 %" in said(page)
    page.get_by_role("button", name="1 character").click()
    assert said(page).startswith("It wrote: ")
    page.get_by_role("button", name="Start again").click()
    page.get_by_role("button", name="100 characters").click()
    until(lambda: len(said(page)) > 100)
    assert len(re.search("It wrote: “(.{100})”. Next", said(page), re.S)[1]) == 100
    page.get_by_label("beginning", exact=True).fill("and 7")
    assert "does not know 7" in said(page) and page.get_by_role("button", name="100 characters").is_disabled()
    page.get_by_label("beginning", exact=True).fill("and god sai")
    assert "Next: d 100 %" in said(page)
    page.context.close()


@pytest.mark.parametrize("name", live_data.AT_REST)
def test_a_page_knows_all_code_of_its_figure_before_any_has_run(page, site, name):
    asked = []
    page.on("request", lambda request: asked.append(Path(request.url).name))

    def code():
        page.wait_for_load_state("networkidle")
        return sorted(name for name in asked if name.endswith((".js", ".css", ".wasm")))

    page.route("**/live.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto(f"{site.url}/{name}.html")
    early = code()
    page.unroute("**/live.js")
    asked.clear()
    page.reload()
    until(page.locator(".live").count)
    assert early == code()
    assert {f"{name}.js", "live.js", "live.css"} < set(early) and len(early) == len(set(early)) > 4


def test_a_page_without_webassembly_shows_the_figure_at_rest(browser, site):
    page = site.page(browser)
    page.add_init_script("delete globalThis.WebAssembly")
    page.goto(f"{site.url}/playground.html")
    page.get_by_text("cannot move here").wait_for()
    assert page.locator("[data-live] img").get_attribute("alt") == live_data.AT_REST["playground"]
    page.context.close()


def test_a_page_without_javascript_shows_the_figure_at_rest(browser, site):
    page = site.page(browser, java_script_enabled=False)
    page.goto(f"{site.url}/walk.html")
    assert page.locator("[data-live] img").get_attribute("src") == "live/walk.png"
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_figures_fit_and_have_no_serious_finding_of_accessibility(browser, site, width, scheme):
    if not AXE.exists():
        pytest.skip("axe-core is not in .venv/axe: npm pack axe-core, and unpack it there")
    page = site.page(browser, viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened(page, site, "all", "#playground?n_h=3&seed=2")  # a network that is wrong at times
    until(lambda: page.locator("[data-live].live").count() == 5 and "sums right" in page.inner_text("main"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert serious(page) == []
    page.evaluate("document.querySelector('.live canvas').removeAttribute('aria-label')")  # a planted one is found
    assert serious(page) == ["role-img-alt"]
    page.context.close()


def serious(page) -> list[str]:
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
    for finding in found:
        print(finding["id"], *[node["html"] for node in finding["nodes"]], sep="\n  ")
    return [finding["id"] for finding in found if finding["impact"] in ("serious", "critical")]
