"""Docstrings: what they tell of parameters is told of parameters that are there, in the sections that editors show.

That a section has its title, its line and something in it is ruff's work.
"""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted(path for folder in ("bptt_lab", "bptt_classroom") for path in (ROOT / folder).rglob("*.py"))
SECTION = re.compile(r"\nParameters\n-{10}\n((?:.+\n?)+)")


def parameters(node):
    if isinstance(node, ast.ClassDef):
        fields = {line.target.id for line in node.body if isinstance(line, ast.AnnAssign)}
        inits = [line for line in node.body if isinstance(line, ast.FunctionDef) and line.name == "__init__"]
        return fields.union(*map(parameters, inits))
    given = node.args
    starred = {stars + one.arg for stars, one in (("*", given.vararg), ("**", given.kwarg)) if one}
    return {one.arg for one in given.posonlyargs + given.args + given.kwonlyargs} | starred


def faults(source):
    """Names told of that are no parameter, and lists that are aligned by hand and not in sections."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and (text := ast.get_docstring(node)):
            lines = section[1].splitlines() if (section := SECTION.search(text)) else []
            heads = [line.partition(" : ")[0] for line in lines if not line.startswith(" ")]
            told = [name for head in heads for name in head.split(", ")]
            found += [f"{node.name}: {name}" for name in told if name not in parameters(node)]
            found += [f"{node.name}: {line}" for line in re.findall(r"^\w[\w, ]*?  +\S.*", text, re.M)]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_told_is_there(path):
    found = faults(path.read_text(encoding="utf-8"))
    assert not found, f"no such parameter, or a list that is not in a section of numpydoc: {found}"


def test_each_fault_is_found():
    text = '"""Sum.\n\n    Parameters\n    ----------\n    {}\n        what to add\n    """'
    assert faults(f"def f(x, y, *z):\n    {text.format('x, y')}") == []
    assert faults(f"def f(x, *z):\n    {text.format('*z')}") == []
    assert faults(f"def f(x, *z):\n    {text.format('x, y')}") == ["f: y"]
    assert faults(f"def f(x, *z):\n    {text.format('z')}") == ["f: z"]
    assert faults(f"class F:\n    {text.format('size : (n,)')}\n\n    size: int") == []
    assert faults(f"class F:\n    {text.format('size')}\n\n    sizes: int") == ["F: size"]
    assert faults('def f(x):\n    """Sum.\n\n    x   what to add\n    """') == ["f: x   what to add"]
