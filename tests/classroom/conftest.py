import sys
from pathlib import Path

import pytest

from bptt_classroom import sandbox

sys.path.append(str(Path(__file__).resolve().parent.parent / "doctor"))  # for right_styles


@pytest.fixture(scope="session")
def locked_up():
    """Skips what needs a sandbox where there is none. To ask takes a second: only who needs it asks, and once."""
    if reason := sandbox.why_not():
        pytest.skip(reason)
