"""Build the course as static files: pages to read, and the notebooks to run in a browser. Then serve site/public.

    .venv/bin/python site/build.py [--pyodide DIR] [--output DIR]

The pages are made by Sphinx (see pages.py). In `run`, JupyterLite runs the notebooks, and Pyodide is its Python. The
site takes Pyodide from its usual public address, or from a local copy (see local_pyodide.py).
"""

import argparse
import hashlib
import html
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bptt_lab import __version__
from bptt_lab.validate import missing

try:
    import jupyter_server
    import pages
except ModuleNotFoundError as error:
    sys.exit(missing(error.name, "the site is not built", "pip install -r site/requirements.txt"))

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
KERNEL = "@jupyterlite/pyodide-kernel-extension:kernel"
KERNEL_EXTENSION = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyterlite", "pyodide-kernel-extension")
ICONS = Path(jupyter_server.DEFAULT_STATIC_FILES_PATH, "favicons")
FROM_PYODIDE = ["ssl", "sqlite3", "jedi", "ipython", "micropip", "numpy", "matplotlib"]
PURE = ["comm==0.2.3", "ipywidgets==8.1.7", "tqdm==4.70.1"]  # pure Python; not all of it is in Pyodide
WIDGETS = "jupyterlab_widgets==3.0.15"  # their side of the page, made for the JupyterLab in requirements.txt
TO_ROOT = "../../../../"  # from the folder of the script that loads Pyodide


def build(output: Path, pyodide: Path | None) -> None:
    shutil.rmtree(output, ignore_errors=True)
    pages.build(output)
    output = output / "run"
    with tempfile.TemporaryDirectory() as scratch:
        wheels = make_wheels(Path(scratch))
        versions = course(Path(scratch, "course"))
        settings = {"loadPyodideOptions": {"packages": [*FROM_PYODIDE, *(f"{TO_ROOT}pypi/{w.name}" for w in wheels)]}}
        if pyodide:
            settings["pyodideUrl"] = "./static/pyodide/pyodide.js"
        write_settings(Path(scratch), settings)
        lite = [sys.executable, "-m", "jupyter", "lite", "build", "--lite-dir", scratch, "--output-dir", str(output)]
        lite += ["--contents", str(Path(scratch, "course")), "--no-sourcemaps"]
        lite += ["--apps", "notebooks", "--apps", "lab", "--apps", "tree"]
        lite += ["--ignore-sys-prefix"]  # extensions of this environment may be for another JupyterLab
        for extension in (KERNEL_EXTENSION, *Path(scratch).glob("*.whl")):
            lite.append(f"--LiteBuildConfig.federated_extensions={extension}")
        run(*lite, cwd=scratch)
    if pyodide:
        shutil.copytree(pyodide, output / "static" / "pyodide")
    shutil.copytree(ICONS, output / "static" / "favicons")  # JupyterLite asks for them, and does not bring them
    add_scripts(output / "notebooks" / "index.html")
    for name in ("style.css", *SCRIPTS):
        shutil.copy(HERE / name, output / name)
    (output / "versions.json").write_text(json.dumps(versions), encoding="utf-8")
    (output / "index.html").write_text(front_page(), encoding="utf-8")


def make_wheels(scratch: Path) -> list[Path]:
    """The package itself, and what it needs beside what Pyodide has; in scratch/pypi, where JupyterLite looks."""
    source, wheels = scratch / "source", scratch / "pypi"
    shutil.copytree(ROOT / "bptt_lab", source / "bptt_lab", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip"]
    run(*pip, "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(source))
    run(*pip, "download", "--quiet", "--no-deps", "--dest", str(wheels), *PURE)
    run(*pip, "download", "--quiet", "--no-deps", "--dest", str(scratch), WIDGETS)
    shutil.rmtree(source)
    return sorted(wheels.glob("*.whl"))


def course(folder: Path) -> dict[str, str]:
    """The notebooks as they are shipped, in `folder`; each says its version, which is a hash of its text and code."""
    shutil.copytree(ROOT / "notebooks", folder, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "progress.txt"))
    versions = {}
    for path in sorted(folder.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        sources = json.dumps([cell["source"] for cell in notebook["cells"]])
        versions[path.name] = hashlib.sha256(sources.encode()).hexdigest()[:16]
        in_one_piece(notebook)
        notebook["metadata"]["bptt_lab"] = {"version": versions[path.name]}
        path.write_text(json.dumps(notebook, ensure_ascii=False, indent=1), encoding="utf-8")
    return versions


def in_one_piece(notebook: dict) -> None:
    """Join the lines of stored outputs, as a server of Jupyter does. JupyterLite does not, and shows commas there."""
    for output in (output for cell in notebook["cells"] for output in cell.get("outputs", [])):
        for part in (output, output.get("data", {})):
            for name, value in part.items():
                if isinstance(value, list) and name != "traceback":
                    part[name] = "".join(value)


def write_settings(scratch: Path, kernel: dict) -> None:
    config = {"appName": "bptt-lab", "exposeAppInBrowser": True, "litePluginSettings": {KERNEL: kernel}}
    lite = {"jupyter-lite-schema-version": 0, "jupyter-config-data": config}
    (scratch / "jupyter-lite.json").write_text(json.dumps(lite), encoding="utf-8")
    (scratch / "overrides.json").write_text(json.dumps(SETTINGS), encoding="utf-8")


SETTINGS = {
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},  # every cell can be jumped to
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 2},  # seconds
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},  # dark where the reader's system is
}
SCRIPTS = ("loading.js", "running.js", "bar.js", "answers.js", "newer.js")


def add_scripts(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    tags = '<link rel="stylesheet" href="../style.css">'
    tags += "".join(f'<script defer src="../{name}"></script>' for name in SCRIPTS)
    page.write_text(text.replace("</head>", f"{tags}</head>", 1), encoding="utf-8")


def front_page() -> str:
    """site/index.html with one entry for each notebook on the map of notebook 00."""
    rows = pages.on_the_map()
    start, *entries = [ENTRY.format(title=title, name=name, question=html.escape(text)) for title, name, text in rows]
    page = (HERE / "index.html").read_text(encoding="utf-8").replace("<!-- start -->", START.format(start=start))
    page = page.replace("VERSION", __version__)
    return page.replace("<!-- notebooks -->", "\n".join(f"<li>{entry}</li>" for entry in entries))


ENTRY = """
        <a class="button" href="notebooks/index.html?path={name}">{title}</a>
        <p>{question}</p>
      """
START = '<div class="start">{start}</div>'


def run(*command: str, cwd: str | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:6])} … failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pyodide", type=Path, help="a local copy of Pyodide, as local_pyodide.py makes it")
    parser.add_argument("--output", type=Path, default=HERE / "public")
    arguments = parser.parse_args()
    build(arguments.output.resolve(), arguments.pyodide)
    files = [file.stat().st_size for file in arguments.output.rglob("*") if file.is_file()]
    print(f"{arguments.output}: {len(files)} files, {sum(files) / 1e6:.0f} MB")
