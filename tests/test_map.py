"""The package's imports keep the rules of the house, and its map shows them as they are."""

import re

import draw_map
import pytest

import bptt_lab

DOOR = '"""A wing.\n\nupper  one room\nlower  another\n"""\n'
HOUSE = {  # a small package without a fault
    "__init__.py": '"""A house."""\n',
    "validate.py": "",
    "model.py": "from bptt_lab import validate\n",
    "training.py": "from bptt_lab import model\nfrom bptt_lab.model import forward\n",
    "plots.py": "import numpy\n",
    "wing/__init__.py": DOOR + "from bptt_lab.wing.upper import door\n",
    "wing/upper.py": "from bptt_lab import training\nfrom bptt_lab.wing.lower import f\n",
    "wing/lower.py": "from bptt_lab.plots import colour\n",
    "annexe/__init__.py": '"""B wing.\n\nonly  one room\n"""\n',
    "annexe/only.py": "from bptt_lab import wing\nfrom bptt_lab.wing import door\n",
}


def house(tmp_path, **changes):
    for name, text in {**HOUSE, **changes}.items():
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
        ("training.py", "from bptt_lab import wing", "the core imports no other room, and training imports wing"),
        ("model.py", "def f():\n    from bptt_lab.plots import x", "the core imports no other room, and model"),
        ("plots.py", "from bptt_lab.wing.lower import f", "entered by its door, and plots imports wing.lower"),
        ("annexe/only.py", "import bptt_lab.wing.upper", "entered by its door, and annexe.only imports wing.upper"),
        ("wing/lower.py", "from bptt_lab.wing import door", "do not import their door, and wing.lower does"),
        ("wing/lower.py", "from bptt_lab.wing import upper", "and in wing lower imports wing.upper"),
        ("validate.py", "from bptt_lab import model", "imports must not go round, got "),
        ("plots.py", "from bptt_lab import annexe", "imports must not go round, got annexe -> wing -> plots -> annexe"),
    ],
)
def test_each_rule_finds_its_planted_fault(tmp_path, name, line, fault):
    assert list(draw_map.faults(house(tmp_path))) == []
    package = house(tmp_path, **{name: f"{HOUSE[name]}{line}\n"})
    assert any(fault in found for found in draw_map.faults(package))


def test_the_map_shows_the_imports(tmp_path):
    package = house(tmp_path)
    lines = [line.split() for line in draw_map.text(package).splitlines()]
    assert lines[:3] == [["[annexe]"], ["[wing]"], ["plots"]] and lines[4:] == [["training"], ["model"], ["validate"]]
    picture = draw_map.svg(package)
    assert "annexe imports wing;" in picture and "wing imports plots, training;" in picture
    assert picture.count("marker-end") == 4  # annexe -> wing -> plots, training -> model -> validate


def test_the_maps_that_are_shown_are_those_of_the_imports():
    again = "run python tests/draw_map.py"
    assert draw_map.text() in bptt_lab.__doc__, again
    assert draw_map.PICTURE.read_text(encoding="utf-8") == draw_map.svg(), again
    assert "(notebooks/images/map.svg)" in (draw_map.ROOT / "README.md").read_text(encoding="utf-8")


def test_the_core_is_what_the_readme_calls_so():
    readme = (draw_map.ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(bptt_lab/(\w+)\.py\)", readme)) == set(draw_map.CORE) - {"validate", "machine"}
