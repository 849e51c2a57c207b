"""The sources of the reading edition: made from notebooks as they are stored, with links, folds and figures."""

import ast
import csv
import re
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "site"), str(ROOT / "site" / "book")]
import conf  # noqa: E402
import pages  # noqa: E402

TAGS = {tag: path for tag, path, _ in pages.equations()}
PAPERS = {"Learning to forget": "https://doi.org/10.1162/089976600300015015"}
THERE = pages.numbers()["03"]


def linked(text, path=THERE):
    return pages.with_links(text, path, TAGS, PAPERS)


def test_equations_are_those_of_the_report_and_of_the_lstm():
    assert set(TAGS) == {*map(str, range(1, 13)), "A", "B", "C"}
    assert TAGS["2"].name.startswith("02") and TAGS["7"] == THERE and TAGS["A"].name.startswith("12")


def test_each_code_line_of_the_equations_page_stands_in_the_package():
    rows = list(csv.DictReader((ROOT / "site" / "equations.csv").open(encoding="utf-8")))
    assert [row["equation"] for row in rows] == list(dict.fromkeys(row["equation"] for row in rows))
    assert {row["equation"] for row in rows} == set(TAGS)
    for row in rows:
        assert row["code"] in (ROOT / "bptt_lab" / row["file"]).read_text(encoding="utf-8"), row


def test_numbers_of_equations_are_links_from_any_notebook():
    assert linked("with (7), and (2).") == (
        'with <a href="#eq-7">(7)</a>, and <a href="02_forward_pass.html#eq-2">(2)</a>.'
    )
    for plain in (
        "`f(7)`",
        "$x^{(7)}$",
        "$$f(7)$$",
        "shape(7)",
        "(99)",
        "# Equation (7)",
        "[see (7)](a.html)",
    ):
        assert linked(plain) == plain


def test_an_equation_has_an_anchor_and_lines_stay_lines():
    assert linked("$$a = b \\tag{7}$$").startswith('<a class="eq" id="eq-7"></a>')
    several = linked("$$\\begin{aligned} a &= b \\\\ c &= d \\end{aligned} \\tag{1}$$")
    assert ":nowrap:" in several and "\\begin{equation*}" in several and 'id="eq-1"' in several


def test_other_notebooks_and_papers_are_links():
    assert linked("see notebook 02, and notebook 03.") == ("see [notebook 02](02_forward_pass.ipynb), and notebook 03.")
    assert linked("(Gers, *Learning to forget*, 2000)") == (
        "(Gers, [*Learning to forget*](https://doi.org/10.1162/089976600300015015), 2000)"
    )


@pytest.mark.parametrize("path", pages.NOTEBOOKS, ids=lambda path: path.name)
def test_a_page_has_its_solutions_folded_and_no_text_of_a_widget(path):
    before = path.read_bytes()
    page = pages.page(path, TAGS, PAPERS)
    text = nbformat.writes(page)
    folded = [cell.source for cell in page.cells if cell.source.startswith(":::{dropdown} A solution")]
    checks = re.findall(r"checks\.check\(\\\"\d\d\.(\w+)\\\", \w+\)\"", text)
    assert len(folded) == len(checks) >= 2  # a function, or the answer to a question
    assert all(("def " in source) == number.isdecimal() for source, number in zip(folded, checks))
    assert "VBox(" not in text and pages.WIDGET not in text
    assert (
        page.cells[0].source.startswith(f"# {path.name[:2]} ") and f"run/notebooks/index.html?path={path.name}" in text
    )
    assert path.read_bytes() == before


def test_figures_stand_in_their_notebooks():
    found = {
        path.name[:2]: re.findall(r'data-live=\\"(\w+)', nbformat.writes(pages.page(path, TAGS, PAPERS)))
        for path in pages.NOTEBOOKS
    }
    assert {number: names for number, names in found.items() if names} == {
        "00": ["playground"],
        "03": ["walk"],
        "04": ["playground"],
        "05": ["playground"],
        "10": ["vanish"],
        "11": ["checkpoints"],
        "13": ["desk"],
    }


def test_every_symbol_is_on_the_page_of_symbols_once():
    rows = [line for line in pages.symbols().splitlines() if line.startswith("| $") or line.startswith("| mar")]
    names = [row.split(" | ")[0] for row in rows]
    assert len(names) == len(set(names)) > 30 and all(row.count(" | ") == 4 for row in rows)
    assert "| $\\tau$ | number of steps" in pages.symbols()


def test_every_module_is_in_the_reference_once_and_each_folder_has_a_page():
    texts = pages.reference()
    named = re.findall(r"automodule:: ([\w.]+)", "".join(texts.values()))
    files = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "bptt_lab").rglob("*.py")]
    assert sorted(named) == sorted(".".join(file.parts).removesuffix(".__init__") for file in files)
    folders = {f"reference_{file.parts[1]}" for file in files if len(file.parts) > 2}
    assert set(texts) == {"reference"} | folders and all(f"\n{name}\n" in texts["reference"] for name in folders)
    titles = [re.findall(r"^#+ (.+)$", text, re.M) for text in texts.values()]
    assert all(len(some) == len(set(some)) for some in titles)


def shown(lines):
    """What Sphinx shows of lines of a docstring, and whether it complains."""
    docutils = pytest.importorskip("docutils.core")
    settings = {"report_level": 5, "smart_quotes": True}
    document = docutils.publish_doctree(
        "\n".join([".. default-role:: literal", "", *lines]), settings_overrides=settings
    )
    return " ".join(document.astext().split()), "system_message" in str(document)


@pytest.mark.ci
def test_formulas_in_docstrings_are_shown_as_they_stand():
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "bptt_lab").rglob("*.py")]
    nodes = [node for text in files for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    firsts = [text.partition("\n\n")[0] for node in nodes if (text := ast.get_docstring(node))]
    assert len(firsts) > 500
    markup = "*q or r*, |z| and W_"
    for text in [*firsts, markup]:
        conf.as_words(None, "function", "", None, None, lines := text.splitlines())
        assert shown(lines) == (" ".join(text.replace("`", "").split()), False)
    assert shown([markup]) != (markup, False)


def test_the_map_of_notebook_00_is_read_for_the_front_page():
    rows = pages.on_the_map()
    assert [name for _, name, _ in rows] == [path.name for path in pages.NOTEBOOKS]
    assert rows[0] == ("00 Start here", "00_start_here.ipynb", "Can random numbers learn to add?")


def test_an_error_can_be_reported_with_and_without_a_known_repository():
    assert "https://github.com/one/course/issues/new?template=erratum.yml" in pages.where_to_report("one/course")
    assert "github.com" not in pages.where_to_report("") and "An error in a notebook" in pages.where_to_report("")


def test_the_page_that_installs_has_both_commands_and_no_link_into_the_tree():
    text = pages.install()
    assert "jupyter lab notebooks/00_start_here.ipynb\n" in text and "-m pytest\n" in text
    assert not re.search(r"\]\((?!http)", text)


def test_titles_of_papers_in_the_notebooks_are_in_the_list():
    titles = [row["title"] for row in csv.DictReader((ROOT / "site" / "papers.csv").open(encoding="utf-8"))]
    cells = [cell for path in pages.NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells]
    text = " ".join(" ".join(cell.source.split()) for cell in cells).lower()
    assert titles and [title for title in titles if title.lower() not in text] == []
