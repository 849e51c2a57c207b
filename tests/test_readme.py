"""What README.md, requirements.txt and pyproject.toml say of each other."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def bounds(text):
    return dict(re.findall(r"([a-z]+)>=([\d.]+\d)", text))


def test_the_package_asks_for_what_the_requirements_bring():
    required = bounds((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    asked = bounds(
        re.search(r"^dependencies = \[.*?^\]", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.M | re.S)[0]
    )
    assert len(asked) >= 5 and asked.items() <= required.items()


def test_every_notebook_is_on_the_map():
    names = [path.name for path in (ROOT / "notebooks").glob("*.ipynb")]
    start = (ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8")
    assert names and all(f"({name})" in start for name in names)


def test_every_module_is_on_the_package_s_map():
    import bptt_lab

    maps = [Path(bptt_lab.__file__), *Path(bptt_lab.__file__).parent.glob("*/__init__.py")]
    for path in maps:
        modules = {module.stem for module in path.parent.glob("*.py")} - {"__init__"}
        folders = {folder.parent.name for folder in path.parent.glob("*/__init__.py")}
        described = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert set(re.findall(r"^(\w+)  ", described, re.M)) == modules | folders, path


@pytest.mark.parametrize("command", ["jupyter lab notebooks/00_start_here.ipynb", "pytest"])
def test_each_command_is_one_line_that_makes_its_own_environment(command):
    start = "python3 -m venv .venv && .venv/bin/python -m pip install -r requirements.txt && .venv/bin/python -m "
    assert start + command in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()


def test_the_commands_that_are_tried_elsewhere_are_those_of_readme():
    sys.path.insert(0, str(ROOT / ".ci"))
    import commands

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    opens, tests = commands.commands(readme, windows=True)
    assert opens.startswith("py -m venv") and opens in readme.splitlines()
    assert tests == opens.partition(" -m jupyter")[0] + " -m pytest"
    assert all(command in readme.splitlines() for command in commands.commands(readme, windows=False))


def test_the_files_that_readme_shows_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\(([^)#:]+)\)", readme)
    assert shown and all((ROOT / target).exists() for target in shown)
