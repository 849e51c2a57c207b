import sys
from functools import cache
from pathlib import Path

import pytest

from bptt_classroom import sandbox

sys.path.append(str(Path(__file__).resolve().parent.parent / "doctor"))  # for right_styles

why_no_sandbox = cache(sandbox.why_not)  # to ask takes a second: only who needs one asks, and once


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if item.get_closest_marker("sandbox") and why_no_sandbox():
        pytest.skip(why_no_sandbox())
