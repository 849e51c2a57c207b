"""The course as one PDF: whole, with its formulas set, and nothing beyond the edge of the paper."""

import re
import sys

import lite
import pytest

from bptt_lab.validate import missing

sys.path.insert(0, str(lite.PUBLIC.parent))
WIDTH = 673  # of the text on A4, in pixels: 210 mm without two margins of 16 mm


@pytest.fixture(scope="module")
def paper():
    why_not = missing("Beautiful Soup", "no PDF is looked at", "pip install -r site/requirements.txt")
    pytest.importorskip("bs4", reason=why_not)
    import paper

    if not (lite.PUBLIC / paper.NAME).exists():
        pytest.skip(f"no {paper.NAME} in site/public: site/build.py makes it where Chromium is installed")
    return paper


def titles():
    pages = sorted(lite.PUBLIC.glob("[0-9][0-9]_*.html"))
    return [re.search(r"<h1>(.*?)<a", page.read_text(encoding="utf-8"))[1] for page in pages]


def test_every_notebook_is_in_the_pdf_and_can_be_found_in_its_outline(paper):
    why_not = missing("pypdfium2", "the PDF is not read", "pip install pypdfium2")
    pdfium = pytest.importorskip("pypdfium2", reason=why_not)
    pdf = pdfium.PdfDocument(lite.PUBLIC / paper.NAME)
    notebooks = list((lite.PUBLIC.parents[1] / "notebooks").glob("*.ipynb"))
    assert len(pdf) > 50 and len(titles()) == len(notebooks)
    outline = [entry.get_title() for entry in pdf.get_toc()]
    assert [title for title in [*titles(), "Symbols", "All equations", "Solutions"] if title not in outline] == []
    text = "\n".join(page.get_textpage().get_text_range() for page in pdf)
    assert [title for title in titles() if title not in text] == []
    assert "\\(" not in text and "\\tag" not in text  # formulas that were not set
    assert "cannot move here" not in text and "VBox(" not in text


def test_links_lead_inside_and_solutions_stand_at_the_end(paper):
    page = paper.BeautifulSoup(paper.joined(lite.PUBLIC), "html.parser")
    places = [tag["id"] for tag in page.select("[id]")]
    links = [link["href"] for link in page.select("body a[href]")]
    assert len(places) == len(set(places))
    assert [link for link in links if not re.match(r"https?://|mailto:", link) and link[1:] not in places] == []
    assert "#03_backpropagation_through_time-eq-3" in links
    asked = len(page.find_all("a", string=re.compile(r"^Solution \d+ is at the end.$")))
    assert asked == len(page.select("#solutions h3")) == len(page.select("#solutions pre")) > 40
    assert page.select("details:not([open])") == []  # paper cannot be clicked
    assert not page.select("article:not(#solutions) .sd-summary-content")


def test_nothing_runs_off_the_paper(paper, browser):
    page = browser.new_page(viewport={"width": WIDTH, "height": 900})
    page.emulate_media(media="print")
    (lite.PUBLIC / "_paper.html").write_text(paper.joined(lite.PUBLIC), encoding="utf-8")
    page.goto((lite.PUBLIC / "_paper.html").as_uri(), timeout=240_000)
    (lite.PUBLIC / "_paper.html").unlink()
    page.evaluate("MathJax.startup.promise.then(() => null)")
    assert page.locator("mjx-container").count() > 500
    assert wide(page) == []
    page.evaluate("document.querySelector('pre').style.whiteSpace = 'pre'")
    page.evaluate("document.querySelector('pre').append('x'.repeat(150))")
    page.evaluate("document.querySelector('article p').style.width = '800px'")
    assert len(wide(page)) == 2  # both are found
    page.close()


def wide(page) -> list[str]:
    """Text, code, formulas and pictures that reach beyond the right edge by a millimetre or more."""
    return page.evaluate(
        """(width) => [...document.querySelectorAll("article :is(p, pre, img, th, td, mjx-math)")].filter((element) => {
          const box = element.getBoundingClientRect(), cut = element.tagName === "PRE" && element.clientWidth + 1;
          return box.width > 0 && (box.right > width + 4 || (cut && element.scrollWidth > cut));
        }).map((element) => element.outerHTML.slice(0, 200))""",
        WIDTH,
    )
