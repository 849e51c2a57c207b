"""Print the pages as one PDF: their articles on one page, which Chromium prints.

Solutions stand at its end, far from their exercises; figures that move are shown at rest; links between pages lead
inside the PDF. The reference of the package is left out: it is for looking up, and would be a third of all.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from bs4 import BeautifulSoup, Tag

HERE = Path(__file__).resolve().parent
NAME = "bptt-lab.pdf"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --allow-file-access-from-files "
FLAGS += "--no-pdf-header-footer --generate-pdf-document-outline"
WAIT = "--virtual-time-budget=20000"  # milliseconds that pass only while nothing is done: until the formulas are set
OTHERS = ["symbols", "equations"]  # what is printed beside the notebooks
DROPPED = ".headerlink, .actions, .sd-summary-state-marker, .copybtn, script"


def build(output: Path) -> None:
    """Print the pages of `output` into it."""
    page = output / "_paper.html"
    page.write_text(joined(output), encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        command = [CHROMIUM, *FLAGS.split(), WAIT, f"--user-data-dir={profile}", f"--print-to-pdf={output / NAME}"]
        done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True)
    page.unlink()
    if done.returncode or not (output / NAME).exists():
        raise SystemExit(f"Chromium did not print the pages:\n{done.stderr[-2000:]}")


def joined(output: Path) -> str:
    """All that is printed, as one page."""
    names = [*sorted(path.stem for path in output.glob("[0-9][0-9]_*.html")), *OTHERS]
    head = BeautifulSoup((output / "equations.html").read_text(encoding="utf-8"), "html.parser")  # has formulas
    chapters = [article(output / f"{name}.html", names) for name in names]
    answers = "".join(solutions(chapter) for chapter in chapters)
    titles = [(name, chapter.h1.decode_contents()) for name, chapter in zip(names, chapters)] + [END]
    contents = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title in titles)
    course = (HERE / "paper.html").read_text(encoding="utf-8")
    styles = "".join(map(str, head.select("link[rel=stylesheet], head style")))
    math = "".join(map(str, head.find_all("script", string=re.compile("MathJax ="))))
    math += "".join(map(str, head.select("script[src*=mathjax]")))
    course = course.replace("<!-- styles -->", styles).replace("<!-- math -->", math)
    end = f'<article id="{END[0]}"><h1>{END[1]}</h1>{answers}</article>'
    return course.replace("CONTENTS", contents).replace("CHAPTERS", "".join(map(str, chapters)) + end)


END = ("solutions", "Solutions")


def article(path: Path, names: list[str]) -> Tag:
    """The text of one page, whose anchors and links hold on the joined page."""
    tag = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select_one("article")
    for dropped in tag.select(DROPPED):
        dropped.decompose()
    for figure in tag.select("[data-live]"):
        figure.replace_with(figure.img)
    for anchor in tag.select("[id]"):
        anchor["id"] = f"{path.stem}-{anchor['id']}"
    for link in tag.select("a[href]"):
        page, _, place = link["href"].partition("#")
        stem = page.removesuffix(".html") or path.stem
        if stem in names:
            link["href"] = f"#{stem}-{place}" if place else f"#{stem}"
        elif not re.match(r"\w+:", page):
            link.unwrap()  # what is on the site alone
    tag["id"] = path.stem
    return tag


def solutions(chapter: Tag) -> str:
    """Take the folded solutions out of a chapter, which then points to them; hand them back."""
    parts = []
    for box in chapter.select("details:not(:has(.sd-summary-content))"):
        box["open"] = ""  # paper has nothing to click: what may be skipped is printed
    for number, folded in enumerate(chapter.select("details:not([open])"), 1):
        place = f"{chapter['id']}-solution-{number}"
        asked = f'<h3 id="{place}"><a href="#{place}-asked">{chapter["id"][:2]}, solution {number}</a></h3>'
        parts.append(asked + folded.select_one(".sd-summary-content").decode_contents())
        pointer = f'<p id="{place}-asked"><a href="#{place}">Solution {number} is at the end.</a></p>'
        folded.replace_with(BeautifulSoup(pointer, "html.parser"))
    return f"<h2>{chapter.h1.decode_contents()}</h2>{''.join(parts)}" if parts else ""
