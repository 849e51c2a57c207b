"""The package's map shows its modules, and nothing that students read needs it."""

import os
import re
import sys
from pathlib import Path

import bptt_classroom
from bptt_classroom import light

HOME = Path(bptt_classroom.__file__).parent


def test_the_map_names_each_module_in_the_order_of_use():
    named = re.findall(r"^(\w+) +\S.*$", bptt_classroom.__doc__.partition("\n\n")[2], re.M)
    assert sorted(named) == sorted(path.stem for path in HOME.glob("*.py") if path.stem != "__init__")
    for path in HOME.glob("*.py"):
        used = re.findall(r"^\s*from bptt_classroom(?:\.(\w+))? import (.+)$", path.read_text(encoding="utf-8"), re.M)
        below = {one for module, names in used for one in ([module] if module else re.findall(r"\w+", names))}
        if path.stem in named:
            assert below <= set(named[named.index(path.stem) + 1 :]) | {path.stem}, path.name


def test_no_notebook_and_no_module_of_the_course_imports_the_classroom():
    root = HOME.parent
    for path in [
        *root.glob("notebooks/*.ipynb"),
        *root.glob("notebooks/solutions/*.py"),
        *root.rglob("bptt_lab/**/*.py"),
    ]:
        assert "bptt_classroom" not in path.read_text(encoding="utf-8"), path


def test_what_nobody_needs_was_left_out_before_anybody_could_load_it():
    assert all(sys.modules[name] is None for name in light.UNUSED)


def test_a_kernel_of_the_tests_takes_one_thread_for_a_product():
    assert light.ONE_THREAD.keys() <= os.environ.keys()
