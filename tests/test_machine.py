"""What there is, and how Numba comes in."""

import os
import subprocess
import sys
from pathlib import Path

import bptt_lab

# A package that takes its time, as Numba does, and then looks which threads wait inside the machinery of imports
SLOW_NUMBA = """
import sys, threading, time, traceback
time.sleep(0.5)
stacks = [traceback.walk_stack(frame) for frame in sys._current_frames().values()]
print(sum(any("importlib" in frame.f_code.co_filename for frame, _ in stack) for stack in stacks))
"""
EVENT = """
from contextlib import nullcontext
Listener, install_listener = object, lambda *_: nullcontext()
"""
TWO_AT_ONCE = """
import sys, threading, time
from bptt_lab import machine

def announce():
    with machine.announcing(print):
        pass

first = threading.Thread(target=announce)
first.start()
while "numba" not in sys.modules:  # until it has begun
    time.sleep(0.01)
announce()
first.join()
"""


def test_of_two_threads_that_need_numba_one_imports_it(tmp_path):
    """Two that import parts of it can wait for each other for ever."""
    for name, text in {"__init__": SLOW_NUMBA, "core/__init__": "", "core/event": EVENT}.items():
        path = tmp_path / "numba" / f"{name}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(bptt_lab.__file__).parents[1])])}
    command = [sys.executable, "-c", TWO_AT_ONCE]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "1", done.stderr
