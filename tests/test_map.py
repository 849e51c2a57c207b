"""The package's imports keep the rules, and its map shows them as they are."""

import re

import draw_map
import pytest

import bptt_lab

MAP = '"""A subpackage.\n\nupper  one module\nlower  another\n"""\n'
SMALL = {  # a small package without a fault
    "__init__.py": '"""A package."""\n',
    "validate.py": "",
    "model.py": "from bptt_lab import validate\n",
    "training.py": "from bptt_lab import model\nfrom bptt_lab.model import forward\n",
    "plots.py": "import numpy\n",
    "wing/__init__.py": MAP + "from bptt_lab.wing.upper import f\n",
    "wing/upper.py": "from bptt_lab import training\nfrom bptt_lab.wing.lower import f\n",
    "wing/lower.py": "from bptt_lab.plots import colour\n",
    "annexe/__init__.py": '"""Another.\n\nonly  one module\n"""\n',
    "annexe/only.py": "from bptt_lab import wing\nfrom bptt_lab.wing import f\n",
}


def small(tmp_path, **changes):
    for name, text in {**SMALL, **changes}.items():
        path = tmp_path / "bptt_lab" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "bptt_lab"


def test_imports_keep_the_rules():
    assert list(draw_map.faults()) == []
    assert len(draw_map.imports()) > 20


@pytest.mark.parametrize(
    ("name", "line", "fault"),
    [
        ("training.py", "from bptt_lab import wing", "the core imports no other module, and training imports wing"),
        ("model.py", "def f():\n    from bptt_lab.plots import x", "the core imports no other module, and model"),
        ("plots.py", "from bptt_lab.wing.lower import f", "entered by its __init__.py, and plots imports wing.lower"),
        (
            "annexe/only.py",
            "import bptt_lab.wing.upper",
            "by its __init__.py, and annexe.only imports wing.upper",
        ),
        ("wing/lower.py", "from bptt_lab.wing import f", "do not import its __init__.py, and wing.lower does"),
        ("wing/lower.py", "from bptt_lab.wing import upper", "and in wing lower imports wing.upper"),
        ("validate.py", "from bptt_lab import model", "imports must not go round, got "),
        ("plots.py", "from bptt_lab import annexe", "imports must not go round, got annexe -> wing -> plots -> annexe"),
    ],
)
def test_each_rule_finds_its_planted_fault(tmp_path, name, line, fault):
    assert list(draw_map.faults(small(tmp_path))) == []
    package = small(tmp_path, **{name: f"{SMALL[name]}{line}\n"})
    assert any(fault in found for found in draw_map.faults(package))


def test_the_map_shows_the_imports(tmp_path):
    package = small(tmp_path)
    lines = [line.split() for line in draw_map.text(package).splitlines()]
    assert lines[:3] == [["[annexe]"], ["[wing]"], ["plots"]] and lines[4:] == [["training"], ["model"], ["validate"]]
    picture = draw_map.svg(package)
    assert "annexe imports wing;" in picture and "wing imports plots, training;" in picture
    assert picture.count("marker-end") == 4  # annexe -> wing -> plots, training -> model -> validate


@pytest.mark.slow
def test_the_maps_that_are_shown_are_those_of_the_imports():
    again = "run python tests/draw_map.py"
    assert draw_map.text() in bptt_lab.__doc__, again
    assert draw_map.PICTURE.read_text(encoding="utf-8") == draw_map.svg(), again
    assert "(notebooks/images/map.svg)" in (draw_map.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_core_is_what_contributors_are_told():
    told = (draw_map.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(bptt_lab/(\w+)\.py\)", told)) == set(draw_map.CORE) - {"validate", "machine"}
