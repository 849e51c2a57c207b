"""The reading edition, page by page, in a real browser: nothing is cut off, nothing is fetched from elsewhere."""

from pathlib import Path

import lite
import pytest
from test_site import AXE, serious

# Coloured code looks the same on every page, and is most of what takes time: it is asked about on these two
WITH_CODE, CODE = ("02_forward_pass.html", "reference_engine.html"), (".highlight pre", "dt.sig")
PAGES = sorted(path.name for path in lite.PUBLIC.glob("*.html")) or ["index.html"]


@pytest.fixture(scope="module")
def site():
    if not (lite.PUBLIC / "equations.html").exists():
        pytest.skip(lite.MISSING)
    opened = lite.Site()
    yield opened
    opened.close()
    assert not opened.asked_outside


@pytest.fixture(scope="module")
def page(browser, site):
    page = site.page(browser, viewport={"width": 390, "height": 800})
    page.missing = []
    page.on("response", lambda response: page.missing.append(response.url) if response.status >= 400 else None)
    page.on("pageerror", lambda error: page.missing.append(str(error)))
    yield page
    page.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_has_no_serious_finding(page, site, name):
    if not AXE.exists():
        pytest.skip("axe-core is not in .venv/axe: npm pack axe-core, and unpack it there")
    page.missing.clear()
    page.goto(f"{site.url}/{name}")
    page.evaluate("window.MathJax?.startup.promise.then(() => null)")  # formulas have their widths
    for width in (390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is cut off at {width} px"
    assert serious(page, () if name in WITH_CODE else CODE) == []
    assert page.missing == []


FETCH = "fetch('http://elsewhere.example/{}').catch(() => 0)"


def test_who_asks_elsewhere_is_noticed(browser, site):
    own = lite.Site()
    page = own.page(browser)
    page.goto(f"{own.url}/index.html")
    page.evaluate(FETCH.format("page"))
    page.evaluate("code => { new Worker(URL.createObjectURL(new Blob([code]))); }", FETCH.format("worker"))
    both = [f"http://elsewhere.example/{who}" for who in ("page", "worker")]
    lite.until(lambda: page.title() and own.asked_outside == both)  # events come while Playwright is asked something
    page.context.close()
    own.close()


def test_text_can_be_read_before_any_script_has_run(browser, site):
    page = site.page(browser, java_script_enabled=False)
    page.goto(f"{site.url}/03_backpropagation_through_time.html")
    assert page.get_by_text("how does the error travel back?").is_visible()
    assert "VBox" not in page.content()
    page.context.close()


def test_a_link_to_an_equation_leads_to_it_from_another_page(page, site):
    page.goto(f"{site.url}/06_auditing_the_report.html")
    page.locator("a[href$='03_backpropagation_through_time.html#eq-3']").first.click()
    page.wait_for_url("**/03_backpropagation_through_time.html#eq-3")
    lite.until(lambda: 0 <= page.evaluate("document.querySelector('#eq-3').getBoundingClientRect().top") < 400)


def test_a_solution_is_folded_until_it_is_asked_for(page, site):
    page.goto(f"{site.url}/03_backpropagation_through_time.html")
    solution = page.locator("details", has_text="A solution").filter(has_text="def walk_back").first
    code = solution.locator("pre")
    assert not code.is_visible()
    solution.locator("summary").click()
    assert code.is_visible() and "def walk_back" in code.inner_text()


def test_the_search_finds_a_word(page, site):
    page.goto(f"{site.url}/search.html?q=checkpoint")
    lite.until(lambda: page.locator("#search-results li a").count() > 0)
    assert page.locator("#search-results li a", has_text="The price of time").count()


def test_front_page_trains_again_and_leads_three_ways(page, site):
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{site.url}/index.html")
    figure = page.locator("[data-live=playground]")
    lite.until(lambda: "8.000 of 8 bits right" in figure.inner_text())
    figure.get_by_role("slider", name="hidden size").focus()
    page.keyboard.press("Home")
    lite.until(lambda: "1 hidden unit" in figure.inner_text() and "8.000 of 8" not in figure.inner_text())
    page.wait_for_url("**/index.html#playground?n_h=1&*")
    links = [link.get_attribute("href") for link in page.locator(".sd-card a").all()]
    assert links == ["00_start_here.html", "run/index.html", "install.html"]


def test_an_address_gives_the_setting_that_its_sender_saw(browser, page, site):
    page.goto(f"{site.url}/index.html")
    figure = page.locator("[data-live=playground]")
    figure.get_by_role("slider", name="hidden size").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**#playground?n_h=2&*")
    lite.until(lambda: figure.inner_text().count("2 hidden units"))
    other = site.page(browser)  # the receiver's
    other.goto(page.url)
    there = other.locator("[data-live=playground]")
    lite.until(lambda: "2 hidden units" in there.inner_text())
    assert there.locator(".words").all_inner_texts() == figure.locator(".words").all_inner_texts()
    other.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_is_as_dark_as_its_page(browser, site, theme):
    page = site.page(browser, color_scheme="dark" if theme == "light" else "light")  # the reader's choice wins
    page.add_init_script(f"localStorage.setItem('theme', '{theme}')")
    page.goto(f"{site.url}/index.html")
    page.locator(".live .words").first.wait_for()
    lite.until(lambda: page.evaluate("getComputedStyle(document.querySelector('.live')).colorScheme") == theme)
    page.context.close()


def test_every_page_leads_to_its_notebook(page, site):
    for path in sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb")):
        page.goto(f"{site.url}/{path.stem}.html")
        run, download = (page.locator(".actions a").nth(n).get_attribute("href") for n in (0, 1))
        assert run == f"run/notebooks/index.html?path={path.name}"
        assert page.request.get(f"{site.url}/{download}").ok and page.request.get(f"{site.url}/{run}").ok


def test_a_page_that_is_too_wide_and_a_picture_without_words_are_found(page, site):
    page.goto(f"{site.url}/install.html")
    page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<img src=icon.png><pre></pre>')")
    assert "image-alt" in serious(page)
    page.evaluate("document.querySelector('h1').style.cssText = 'width: 3000px; position: absolute'")
    assert page.evaluate("document.documentElement.scrollWidth") > 1280


def test_the_figure_of_the_front_page_waits_for_no_script_of_the_theme(browser, site):
    page, held = site.page(browser), []
    page.route("**/furo.js*", lambda route: held.append(route))  # never answered
    page.goto(f"{site.url}/index.html", wait_until="commit")
    lite.until(lambda: "8.000 of 8 bits right" in page.locator("[data-live=playground]").inner_text())
    assert held
    page.context.close()


def test_a_page_has_one_style_sheet(page, site):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.resource_type == "stylesheet" else None)
    page.goto(f"{site.url}/symbols.html")
    assert len(asked) == 1 and asked[0].startswith(f"{site.url}/_static/all.")
