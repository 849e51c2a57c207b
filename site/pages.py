"""Lay out the pages of the reading edition from the notebooks as they are stored, and let Sphinx build them.

    .venv/bin/python site/pages.py [--output DIR]

Nothing is run. A notebook itself is not touched: its page gets links, solutions folded under their exercises, and a
figure that moves where the notebook has a widget.
"""

import argparse
import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import live_data
import nbformat
import paper
from nbformat.v4 import new_markdown_cell, new_output

from bptt_lab.exercises import solutions

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIGURES = {  # what stands in the place of a widget: a cell that contains this text, and the figure's name
    "widgets.Playground()": "playground",
    "through_time.sliders.SpectralRadius": "vanish",
    "text.widgets.Desk": "desk",
}
AFTER = {  # figures that a notebook has no widget for: below the text that follows a cell with these words
    "curve = plots.right_bits(": "playground",
    "line, mean = plots.accuracies(": "playground",
    "plots.two_roads": "walk",
    "through_time.schedule(": "checkpoints",
}
WIDGET = "application/vnd.jupyter.widget-view+json"
PROTECTED = re.compile(  # where no link may be put
    r"```.*?```|\$\$.*?\$\$|\$[^$\n]*\$|`[^`\n]*`|!?\[[^\]]*\]\([^)]*\)|<[^>]+>|^#.*?$", re.S | re.M
)


def numbers() -> dict[str, Path]:
    """Each notebook by its number."""
    return {path.name[:2]: path for path in NOTEBOOKS}


def equations() -> Iterator[tuple[str, Path, str]]:
    """Number, notebook and formula of every equation that has a number."""
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                for formula in re.findall(r"\$\$(.*?)\$\$", cell.source, re.S):
                    if tag := re.search(r"\\tag\{(\w+)\}", formula):
                        yield tag[1], path, formula.strip()


def page(path: Path, tags: dict[str, Path], papers: dict[str, str]) -> nbformat.NotebookNode:
    """A notebook as the pages show it."""
    notebook, cells, waiting = nbformat.read(path, as_version=4), [], []
    solved = solutions.cells(ROOT / "notebooks" / "solutions" / f"{path.name[:2]}.py")
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_links(cell.source, path, tags, papers)
            cells += [cell, *(new_markdown_cell(live_data.markup(name, LIVE)) for name in waiting)]
            waiting = []
            continue
        with_figure(cell)
        cells.append(cell)
        if check := re.fullmatch(r'checks\.check\("([\w.]+)", \w+\)', cell.source):
            cells.append(new_markdown_cell(FOLDED.format(code=solved[check[1]])))
        waiting += [name for text, name in AFTER.items() if text in cell.source]
    title, _, rest = cells[0].source.partition("\n")
    title = title.replace("# ", f"# {path.name[:2]} ", 1)
    cells[0].source = f"{title}\n\n{ACTIONS.format(name=path.name)}\n{rest}"
    notebook.cells = cells
    return notebook


LIVE = "_static/live"
PAPER = f'<a href="{paper.NAME}" download>The whole course as one PDF</a>, to print or to read without a network.'
FOLDED = ":::{{dropdown}} A solution\n```python\n{code}\n```\n:::"
ACTIONS = (
    '<p class="actions"><a href="run/notebooks/index.html?path={name}">Run it in this browser</a> '
    '<a href="notebooks/{name}" download>Download the notebook</a> '
    '<a href="errata.html">Report an error</a></p>\n'
)


def with_figure(cell: nbformat.NotebookNode) -> None:
    """Drop the stored text of widgets, and put a figure that moves in the place of those that have one."""
    name = next((name for text, name in FIGURES.items() if text in cell.source), None)
    kept = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
    if name and len(kept) < len(cell.outputs):
        kept.append(new_output("display_data", {"text/html": live_data.markup(name, LIVE)}))
    cell.outputs = kept
    for output in kept:
        if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
            cell.metadata["mystnb"] = {"image": {"alt": alt}}


def display(formula: str) -> str:
    """A displayed formula for Sphinx; one of several lines must not be wrapped in lines of its own."""
    if "\\\\" not in formula:
        return f"$${formula}$$"
    return f"```{{math}}\n:nowrap:\n\n\\begin{{equation*}}\n{formula.strip()}\n\\end{{equation*}}\n```"


def with_links(source: str, path: Path, tags: dict[str, Path], papers: dict[str, str]) -> str:
    """Anchors at equations; links from their numbers, from other notebooks, and from the titles of papers."""

    def formula(found: re.Match) -> str:
        tag = re.search(r"\\tag\{(\w+)\}", found[1])
        return (f'<a class="eq" id="eq-{tag[1]}"></a>\n\n' if tag else "") + display(found[1])

    source = re.sub(r"\$\$(.*?)\$\$", formula, source, flags=re.S)
    for title, address in papers.items():
        words = r"\s+".join(map(re.escape, title.split()))
        source = re.sub(rf'(["*]){words},?\1', rf"[\g<0>]({address})", source, flags=re.I)

    def equation(found: re.Match) -> str:
        if found[1] not in tags:
            return found[0]
        target = "" if tags[found[1]] == path else f"{tags[found[1]].stem}.html"
        return f'<a href="{target}#eq-{found[1]}">({found[1]})</a>'

    def notebook(found: re.Match) -> str:
        target = numbers().get(found[2])
        return found[0] if target in (None, path) else f"[{found[0]}]({target.name})"

    source = outside(source, lambda text: re.sub(r"\b([Nn]otebook) (\d\d)\b", notebook, text))
    return outside(source, lambda text: re.sub(r"(?<![\w\])])\((\d{1,2}|[A-C])\)", equation, text))


def outside(source: str, change: Callable[[str], str]) -> str:
    """Change the text that is neither code nor formula nor link."""
    parts, at = [], 0
    for found in PROTECTED.finditer(source):
        parts += [change(source[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, change(source[at:])])


def symbols() -> str:
    """Every symbol of the notebooks' tables, where it first appears."""
    rows, seen = [], set()
    for path in NOTEBOOKS:
        first, *others = (c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown")
        tables = re.findall(r"^\| symbol \|.*\n(?:\|.*\n?)+", "\n\n".join(others), re.M)
        for line in re.findall(r"^\|(.+)\|$", "\n".join([first, *tables]), re.M):
            fields = [field.strip() for field in line.replace("\\|", "&#124;").split("|")]
            if fields[0] in ("symbol", "---") or fields[0] in seen or not set(line) & set("$*`("):
                continue
            seen.add(fields[0])
            fields = fields if len(fields) == 4 else [*fields[:2], "", fields[-1]]
            rows.append(f"| {' | '.join(fields)} | [{path.name[:2]}]({path.name}) |")
    return "\n".join(["# Symbols", "", SYMBOLS, "", *HEAD, *rows, ""])


SYMBOLS = (
    "Every symbol of the course, with the notebook where it first appears. A letter with two meanings has two lines."
)
HEAD = ["| symbol | meaning | shape | in code | first in |", "|---|---|---|---|---|"]


def all_equations() -> str:
    """Every equation that has a number, and beside it the line of code that computes it."""
    lines = list(csv.DictReader((HERE / "equations.csv").open(encoding="utf-8")))
    parts = ["# All equations\n", "Each with the notebook that derives it, and a line of the code that computes it.\n"]
    for tag, path, formula in equations():
        line = next(line for line in lines if line["equation"] == tag)
        code = f"```python\n{line['code']}\n```\n`bptt_lab/{line['file']}`"
        parts += [f"## ({tag})", display(formula), f"[Notebook {path.name[:2]}]({path.name})\n", code, ""]
    return "\n".join(parts)


def reference() -> dict[str, str]:
    """The package for autodoc, one page for what stands at its top and one for each folder, by their names."""
    found = {}
    for path in sorted((ROOT / "bptt_lab").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        page = f"reference_{parts[1]}" if len(parts) > 2 else "reference"
        found.setdefault(page, []).append(".".join(parts).removesuffix(".__init__"))
    folders = [name for name in found if name != "reference"]
    texts = {name: ["# " + name.replace("reference_", "bptt_lab."), ""] for name in folders}
    texts["reference"] = ["# The package", "", PACKAGE, "", "```{toctree}", ":maxdepth: 1", *folders, "```", ""]
    for page, names in found.items():
        for name in names:
            title = [] if page == "reference_" + name.removeprefix("bptt_lab.") else [f"## {name}", ""]
            texts[page] += [*title, f"```{{eval-rst}}\n.. automodule:: {name}\n   :noindex:\n```", ""]
    return {name: "\n".join(lines) for name, lines in texts.items()}


PACKAGE = "What `bptt_lab` holds, from its docstrings, with links to the source: its own modules, and folders on pages:"


def install() -> str:
    """What README says about running the course and its tests."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    parts = [re.search(rf"^## {title}\n.*?(?=^## |\Z)", readme, re.M | re.S)[0] for title in ("Run it", "Test it")]
    return "\n".join(["# Install the course\n", "The course is a folder. Open a terminal in it.\n", *parts])


def on_the_map() -> list[tuple[str, str, str]]:
    """Title, file and question of each notebook, from the map in notebook 00."""
    cells = nbformat.read(NOTEBOOKS[0], as_version=4).cells
    text = next(cell.source for cell in cells if "## The map" in cell.source)
    return re.findall(r"^\| \[(.+?)\]\((.+?)\) \| (.+?) \| \d+ \|$", text, re.M)


def where_to_report(repository: str) -> str:
    """The sentence that says where to report an error; `repository` is OWNER/NAME, as a workflow of GitHub knows it."""
    if not repository:
        return "Write to whoever gave you the course. " + FORM
    address = f"https://github.com/{repository}/issues/new?template=erratum.yml"
    return f"[Open the form for an erratum]({address}). It asks for no more than that."


FORM = "Where it is kept on a server with issues, choose there the form “An error in a notebook”."


def lay_out(folder: Path) -> None:
    """Sources for Sphinx in `folder`."""
    tags = {tag: path for tag, path, _ in equations()}
    papers = {row["title"]: row["address"] for row in csv.DictReader((HERE / "papers.csv").open(encoding="utf-8"))}
    shutil.copytree(HERE / "book", folder, dirs_exist_ok=True)
    front = folder / "index.md"
    errata = folder / "errata.md"
    sentence = where_to_report(os.environ.get("GITHUB_REPOSITORY", ""))
    errata.write_text(errata.read_text(encoding="utf-8").replace("ERRATA_LINK", sentence), encoding="utf-8")
    text = front.read_text(encoding="utf-8").replace("PLAYGROUND", live_data.markup("playground", LIVE))
    front.write_text(text.replace("PAPER", PAPER if paper.CHROMIUM else ""), encoding="utf-8")
    for path in NOTEBOOKS:
        nbformat.write(page(path, tags, papers), folder / path.name)
    shutil.copytree(ROOT / "notebooks" / "images", folder / "images")
    texts = {"symbols": symbols(), "equations": all_equations(), "install": install()} | reference()
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    extra = folder / "extra" / "notebooks"
    extra.mkdir(parents=True)
    for path in NOTEBOOKS:
        shutil.copy(path, extra)


MATHJAX = "mathjax@3.2.2"


def math(folder: Path) -> None:
    """MathJax, so that a page fetches nothing from elsewhere; it comes from npm."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["npm", "pack", "--silent", MATHJAX, "--pack-destination", scratch], check=True)
        with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
            for member in archive.getmembers():
                name = member.name.removeprefix("package/es5/")
                if name == "tex-chtml-full.js" or name.startswith("output/chtml/fonts/woff-v2/"):
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (folder / name).write_bytes(archive.extractfile(member).read())


WAITS = re.compile(r'<script (?!defer|type="module")(?=[^>]*src=)')  # scripts run in their order, behind all text
SHEET = re.compile(r'<link rel="stylesheet" type="text/css" href="([^"?]+)[^"]*" />\s*')


def one_sheet(page: str, output: Path) -> str:
    """A page that asks for one style sheet instead of seven, in which all their rules stand in the same order."""
    names = SHEET.findall(page)
    rules = "\n".join((output / name).read_text(encoding="utf-8") for name in names)
    sheet = f"_static/all.{hashlib.sha256(rules.encode()).hexdigest()[:8]}.css"
    (output / sheet).write_text(rules, encoding="utf-8")
    return SHEET.sub("", page).replace("</title>", f'</title><link rel="stylesheet" href="{sheet}" />', 1)


def build(output: Path) -> None:
    """All pages, in `output`."""
    with tempfile.TemporaryDirectory() as scratch:
        lay_out(Path(scratch, "source"))
        math(Path(scratch, "source", "_static", "mathjax"))
        live_data.write(Path(scratch, "source", LIVE))
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-j", "2"]
        done = subprocess.run([*command, "-d", str(Path(scratch, "kept")), str(Path(scratch, "source")), str(output)])
    if done.returncode:
        raise SystemExit("the pages were not built: see the lines above")
    for path in output.glob("*.html"):  # what the theme leaves out for readers who hear a page or use its keys
        text = path.read_text(encoding="utf-8").replace('class="caption" role="heading"', 'class="caption"')
        text = one_sheet(text, output).replace("<pre>", '<pre tabindex="0">')
        path.write_text(WAITS.sub("<script defer ", text), encoding="utf-8")
    if paper.CHROMIUM:
        paper.build(output)
    else:
        print("no PDF of the pages: it is printed by Chromium, which is not installed here")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=HERE / "public")
    build(parser.parse_args().output.resolve())
