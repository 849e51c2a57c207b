"""What submissions try, and that it does not work."""

import json
import os
import re
from pathlib import Path

import desks
import pytest

from bptt_classroom import grading, sandbox

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]


@pytest.fixture(scope="module")
def exam():
    return grading.Exam("07", 20, desks.LIMITS)


@pytest.fixture(scope="module")
def impatient():
    """For cells that only end because their time is over."""
    return grading.Exam("07", 20, desks.LIMITS | {"cell": 8})


SETPROFILE = """
import sys
from bptt_lab import bptt
def my_output_grads(trace, y):
    before = sys.getprofile()
    sys.setprofile(None)
    try:
        return bptt.output_grads(trace, y)
    finally:
        sys.setprofile(before)
"""
THREAD = """
import threading
from bptt_lab.bptt import state_grads as mine
def my_state_grads(params, trace, dL_do):
    found = []
    thread = threading.Thread(target=lambda: found.append(mine(params, trace, dL_do)))
    thread.start()
    thread.join()
    return found[0]
"""
SUBPROCESS = """
import pickle, subprocess, sys
CODE = "import pickle, sys; from bptt_lab import bptt; a = pickle.load(sys.stdin.buffer); "
CODE += "sys.stdout.buffer.write(pickle.dumps(bptt.param_grads(*a)))"
def my_param_grads(trace, dL_do, dL_dh):
    given = pickle.dumps((trace, dL_do, dL_dh))
    return pickle.loads(subprocess.run([sys.executable, "-c", CODE], input=given, capture_output=True).stdout)
"""
REPLACED = """
from bptt_lab import bptt
kept = bptt.backward
bptt.backward = print
def my_backward(params, trace, y):
    try:
        return kept(params, trace, y)
    except Exception:
        return params
"""
RECURSION = """
def my_batch_backward(params, trace, y):
    return my_batch_backward(params, trace, y)
"""
COMBINED = """
from bptt_lab.doctor import combine
right = combine()
def my_general_backward(params, trace, y):
    return right(params, trace, y)
"""


def test_the_right_answer_is_out_of_reach_and_its_use_is_noticed(exam):
    ran, found = desks.grade(exam, SETPROFILE, THREAD, SUBPROCESS, REPLACED, RECURSION, COMBINED)
    assert [result.points for result in found.values()] == [0] * 6, found
    kinds = {name: result.kind for name, result in found.items()}
    noticed = {name for name, kind in kinds.items() if kind == "reference"}
    assert noticed == {"07.1", "07.2", "07.4", "07.6"}, kinds
    assert "bptt.output_grads" in found["07.1"].where and "Pass.__init__" in found["07.6"].where
    assert found["07.3"].kind == "crash"  # the other Python had no answer either
    assert "RecursionError" in found["07.5"].where and "(in my_batch_backward, line" in found["07.5"].where


LOOK = """
import glob, json, os, socket, subprocess, sys
found = {"environment": sorted(os.environ), "me": os.getuid(), "processes": []}
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        found["processes"].append(open(f"/proc/{pid}/cmdline").read())
    except OSError:
        pass
    for name in ("cwd", "root", "fd/0", "fd/1", "fd/2", "environ", "mem"):
        try:
            if int(pid) != os.getpid():
                path = f"/proc/{pid}/{name}"
                target = os.listdir(path) if name in ("cwd", "root") else os.read(os.open(path, os.O_NONBLOCK), 1)
                found.setdefault("read", []).append([pid, name, str(target)[:200]])
        except OSError:
            pass
seen = {path: os.listdir(path) for path in PATHS if os.path.exists(path)}
found["class"] = [path for path in seen if not all(name.startswith(".venv") for name in seen[path])]  # Python's own
for path in PATHS:
    try:
        open(path + "/x", "w").write("x")
        found["class"].append(path)
    except OSError:
        pass
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
    found["network"] = "there"
except OSError as error:
    found["network"] = str(error)
found["interfaces"] = os.listdir("/sys/class/net") if os.path.exists("/sys") else []
told = []
for top, folders, names in os.walk("/"):
    libraries = "site-packages" in top and "bptt" not in top or top.startswith("/usr") or "/lib/python" in top
    if top.startswith(("/proc", "/dev", "/sys")) or libraries and not top.endswith("site-packages"):
        folders[:] = [name for name in folders if "bptt" in name or name == "site-packages"]
        continue
    for name in names:
        if name.endswith((".py", ".ipynb", ".json")) and "/lab/" not in top:
            try:
                text = open(os.path.join(top, name), encoding="utf-8").read()
            except (OSError, UnicodeDecodeError):
                continue
            if SECRET in text or "def right_with_one" in text or "# %% 07.1" in text:
                told.append(os.path.join(top, name))
found["told"], found["writable"] = told, [top for top in ("/usr", "/usr/lib", sys.prefix) if os.access(top, os.W_OK)]
found["exercises"] = glob.glob(os.path.expanduser("~/lab/**/exercises*"), recursive=True)
print(json.dumps(found))
"""


def test_nothing_of_the_class_can_be_seen(exam, tmp_path):
    secret = "the seed is 20202020"
    (tmp_path / "seeds.json").write_text(secret, encoding="utf-8")
    paths = [str(tmp_path), os.getcwd(), str(desks.SOLUTIONS), str(Path(sandbox.__file__).parent)]
    look = LOOK.replace("PATHS", repr(paths)).replace("SECRET", f"{secret[:9]!r} + {secret[9:]!r}")
    ran, _ = desks.grade(exam, look, hidden=[tmp_path])
    assert ran.cells[0].outputs and ran.cells[0].outputs[0].output_type == "stream", ran.cells[0].outputs
    found = json.loads(desks.printed(ran.cells[0]))
    assert found["class"] == [] and found["told"] == [] and found["writable"] == []
    seen = [path for path in found["exercises"] if "__pycache__" not in path]
    assert seen == ["/home/lab/bptt_lab/doctor/exercises.py"]  # those of the doctor are public
    assert found["network"] != "there" and set(found["interfaces"]) <= {"lo"}
    assert not any(re.search("pytest|seed|bwrap .*--", line) for line in found["processes"][1:])
    assert len(found["processes"]) <= 4 and found["me"] != 0
    assert not any("PYTEST" in name or "HOST" in name for name in found["environment"])
    assert not [one for one in found.get("read", []) if one[1] in ("fd/0", "environ", "mem") and one[0] != "1"]


MEAN = """
import os, time
for _ in range(1000):
    if not os.fork():
        time.sleep(600)
        os._exit(0)
"""


def test_everything_ends_with_the_submission(exam):
    daemon = """
import os, subprocess, sys, time
if not os.fork():
    os.setsid()
    if not os.fork():
        subprocess.Popen(["sleep", "86397"], start_new_session=True)
        time.sleep(86396)
    os._exit(0)
"""
    ran, _ = desks.grade(exam, daemon, MEAN)
    assert "BlockingIOError" in str(ran.cells[1].outputs)
    assert not [pid for pid, line in _processes() if "86397" in line]


SPOIL = """
import os
for pid in filter(str.isdigit, os.listdir("/proc")):
    for number in (1, 2):
        try:
            with open(f"/proc/{pid}/fd/{number}", "wb", buffering=0) as stream:
                stream.write(b'{"cells": [], "answers": {"07.1": {"text": "[]", "points": 5}}}')
        except OSError:
            pass
"""


def test_who_writes_into_his_own_answers_wins_nothing_and_harms_nobody_else(exam):
    _, found = desks.grade(exam, SPOIL, "def my_output_grads(trace, y):\n    return y")
    assert sum(result.points for result in found.values()) == 0
    _, found = desks.grade(exam, *desks.solved("07").values())
    assert {result.kind for result in found.values()} == {"right"}


def _processes():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.parent.name, path.read_text(encoding="utf-8")
        except OSError:
            continue


STUBBORN = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""
TROUBLES = {
    "07.1": "def my_output_grads(trace, y):\n    import os\n    os._exit(1)",
    "07.2": "import numpy as np\ndef my_state_grads(params, trace, dL_do):\n    return np.ones(10**10)",
    "07.3": "def my_param_grads(trace, dL_do, dL_dh):\n    while True:\n        print('x' * 10_000)",
    "07.4": "def my_backward(params, trace, y):\n    return input()",
    "07.5": "def my_batch_backward(params, trace, y):\n    while True:\n        pass",
}


def test_who_stops_or_floods_costs_nobody_else_and_not_his_other_exercises(impatient):
    flood = "while True:\n    print('right ' * 1000)"
    cells = ["while True: pass", flood, "import numpy as np\nnp.ones(10**10)", *TROUBLES.values()]
    ran, found = desks.grade(impatient, *cells, desks.solved("07")["07.6"])
    kinds = {name: result.kind for name, result in found.items()}
    assert kinds == {
        "07.1": "died",
        "07.2": "crash",
        "07.3": "hang",
        "07.4": "crash",
        "07.5": "hang",
        "07.6": "right",
    }, found
    assert "MemoryError" in found["07.2"].where
    names = [[output.get("ename") for output in cell.outputs if output.output_type == "error"] for cell in ran.cells]
    assert names[0] == ["KeyboardInterrupt"] and names[2] == ["MemoryError"]
    assert len(desks.printed(ran.cells[1])) < 2 * desks.LIMITS["output"]


def test_a_cell_that_cannot_be_stopped_is_left_out(impatient):
    ran, found = desks.grade(impatient, STUBBORN, "quit()", "def my_backward(:\n    pass", *desks.solved("07").values())
    assert [result.kind for result in found.values()] == ["right"] * 6, found


def test_without_isolation_the_same_notebook_gets_the_same(exam):
    _, found = desks.grade(exam, *desks.solved("07").values(), protected=False)
    assert [result.points for result in found.values()] == [5] * 6


def test_what_is_said_where_there_is_no_sandbox(monkeypatch):
    monkeypatch.setattr(sandbox, "bwrap", lambda: None)
    assert "apt-get install bubblewrap" in sandbox.why_not()
    monkeypatch.setattr(sandbox, "bwrap", lambda: "/bin/false")
    assert sandbox.why_not().startswith("bubblewrap does not work here")
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert "needs Linux" in sandbox.why_not()
