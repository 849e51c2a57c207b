"""What stands around the course: its version, citation, licences, forms, and the pages for who changes it."""

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import draw_map
import pytest
import yaml

from bptt_lab import __version__

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "TEACHING.md", "SECURITY.md", "LICENSE-docs.md"]
PAGES += ["site/README.md", "tests/benchmarks/README.md", "site/book/errata.md"]
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))  # all but config.yml


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_version_is_one():
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    assert re.search(r"^## (\S+)", text("CHANGELOG.md"), re.M)[1] == __version__
    assert yaml.safe_load(text("CITATION.cff"))["version"] == __version__
    assert f"Ready: bptt-lab {__version__}, Python" in text("notebooks/00_start_here.ipynb")
    assert "bptt_lab.__version__" in text("pyproject.toml") and __version__ not in text("pyproject.toml")


def test_the_citation_names_what_is_cited_and_both_licences():
    cited = yaml.safe_load(text("CITATION.cff"))  # its schema is checked by CI
    assert {"cff-version", "message", "title", "authors"} <= set(cited) and cited["type"] == "software"
    assert cited["license"][0] in text("pyproject.toml") and cited["license"][1] == "CC-BY-4.0"
    assert "CC BY 4.0" in text("LICENSE-docs.md") and "genesis.txt" in text("LICENSE-docs.md")
    day = cited["date-released"]
    assert re.search(r"^## \S+ \((.*)\)", text("CHANGELOG.md"), re.M)[1] == f"{day.day} {day:%B %Y}"


@pytest.mark.ci
def test_the_wheel_says_that_it_has_types_and_holds_its_data(tmp_path):
    source = tmp_path / "source"  # so that nothing is left in the tree
    for name in ("bptt_lab", "bptt_classroom"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        metadata = archive.read(next(name for name in names if name.endswith("/METADATA"))).decode("utf-8")
    assert wheel.name.startswith(f"bptt_lab-{__version__}-") and "License-Expression: BSD-3-Clause" in metadata
    files = {path.relative_to(source).as_posix() for path in (source / "bptt_lab").rglob("*.*")}
    assert "bptt_lab/py.typed" in files and files <= set(names)


def test_types_are_checked_in_the_core_and_in_files_that_exist():
    listed = re.findall(r'"(bptt_lab/\S+\.py)"', text("pyproject.toml").partition("[tool.mypy]")[2])
    assert {f"bptt_lab/{name}.py" for name in (*draw_map.CORE, "checks", "report")} <= set(listed)
    assert all((ROOT / name).exists() for name in listed)


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_something(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"] and form["description"] and set(form) <= {"name", "description", "title", "labels", "body"}
    ids = [part["id"] for part in form["body"]]
    assert len(set(ids)) == len(ids) and all(part["attributes"]["label"] for part in form["body"])
    assert {part["type"] for part in form["body"]} <= {"input", "textarea"}
    assert any(part.get("validations", {}).get("required") for part in form["body"])


def test_the_form_for_an_erratum_is_named_where_readers_look():
    (name,) = [yaml.safe_load(path.read_text(encoding="utf-8"))["name"] for path in FORMS if path.stem == "erratum"]
    assert name in text("CONTRIBUTING.md") and name in text("site/pages.py")
    assert "ERRATA_LINK" in text("site/book/errata.md")


def lost(page, root=ROOT):
    """Paths with a slash that a page names, and that are not there."""
    found = re.findall(r"`([\w./-]+/[\w./-]*)`", page)
    return [name for name in found if "NN" not in name and not (root / name).exists()]


def links_lost(name):
    links = re.findall(r"\]\(([^)#:]+)\)", text(name))
    return [link for link in links if not ((ROOT / name).parent / link).exists()]


def test_every_file_that_contributors_are_sent_to_exists():
    paths = re.findall(r"`([\w./-]+/[\w./-]*)`", text("CONTRIBUTING.md"))
    assert len(paths) > 10 and lost(text("CONTRIBUTING.md")) == []
    assert lost("see `bptt_lab/nothing.py`, `bptt_lab/data.py` and `docs/`") == ["bptt_lab/nothing.py", "docs/"]
    assert [(name, link) for name in PAGES for link in links_lost(name)] == []


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "site/book/index.md"])
def test_the_count_of_notebooks_is_right(page):
    words = {14: "Fourteen", 15: "Fifteen", 16: "Sixteen", 17: "Seventeen"}
    told = re.findall(r"(\w+) (?:notebooks|pages with)", text(page))
    assert words[len(list((ROOT / "notebooks").glob("*.ipynb")))] in told


def test_readme_fits_a_screen():
    assert len(text("README.md").splitlines()) <= 45


def said_twice(pages):
    """Sentences of eight words or more that stand in these texts more than once."""
    sentences = Counter()
    for page in pages:
        for part in re.split(r"(?<=[.:?]) |\n\n|\n[-#|`]", page):
            words = re.findall(r"\w+", part.lower())
            if len(words) >= 8:
                sentences[" ".join(words)] += 1
    return [sentence for sentence, times in sentences.items() if times > 1]


def test_nothing_is_said_twice():
    assert said_twice(map(text, PAGES)) == []
    twice = "A sentence of eight words{} that stands twice."
    assert len(said_twice([f"One. {twice.format(',')}", twice.format("")])) == 1


def without_encoding(source):
    """Lines that read or write text without saying in which encoding; ruff sees only what it knows to be a Path."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    methods = [call for call in calls if isinstance(call.func, ast.Attribute)]
    told = {"read_text": 1, "write_text": 2}  # arguments, of which the last is the encoding
    return [
        call.lineno
        for call in methods
        if len(call.args) < told.get(call.func.attr, 0) and "encoding" not in [word.arg for word in call.keywords]
    ]


def test_files_are_read_and_written_with_an_encoding():
    folders = ["bptt_lab", "bptt_classroom", "site", ".ci", "tests"]
    found = {path: without_encoding(path.read_text("utf-8")) for one in folders for path in (ROOT / one).rglob("*.py")}
    built = ROOT / "site" / "public"
    assert {path: lines for path, lines in found.items() if lines and built not in path.parents} == {}
    assert without_encoding("a.read_text()\na.read_text('utf-8')") == [1]
    assert without_encoding("a.write_text(b, encoding=c)\na.write_text(b)") == [2]


def test_no_two_files_of_tests_have_one_name():
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert len(names) == len(set(names))
