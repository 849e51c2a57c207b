"""What the figures that move need beside their JavaScript, and how they stand in a page.

    .venv/bin/python site/live_data.py FOLDER

writes into FOLDER what `site/live/*.js` fetch, and a picture of each figure at rest.
"""

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from bptt_lab import bptt, data, model, plots, text, through_time, widgets
from bptt_lab.engine import wasm
from bptt_lab.through_time import reach, sliders

SCRIPTS = Path(__file__).with_name("live")
AT_REST = {  # what each picture shows, for those who do not see it
    "playground": "One training run at the report's settings: right bits and loss while it learns, the map of all "
    "sums, the hidden states on 77 + 58.",
    "walk": "The walk back over 6 + 3 with four bits, at t = 3: one road comes down from the output, one back from the "
    "next state.",
    "vanish": "Eigenvalues of W with the circle of radius 1, and norms of products of Jacobians over 60 steps, for a "
    "spectral radius of 1.2 and inputs of size 0.3.",
    "checkpoints": "The moves that reverse 30 steps with 5 kept states, from top to bottom.",
    "desk": "The likeliest next characters after “and god said, ” at temperature 0.7, as bars.",
}


def markup(name: str, folder: str = "live") -> str:
    """The element that `live.js` brings to life, and its style; its picture is fetched only where that cannot be.

    name    one of `AT_REST`
    folder  where `write` wrote to, as seen from the page
    """
    picture = f'<img src="{folder}/{name}.png" alt="{AT_REST[name]}" style="max-width: 100%" />'
    early = "".join(f'<link rel="modulepreload" href="{folder}/{script}">' for script in imported(f"{name}.js"))
    if name == "playground":  # stands where a reader looks first
        early += f'<link rel="preload" as="fetch" crossorigin href="{folder}/loop.wasm">'
    style = f'<link rel="stylesheet" href="{folder}/live.css">'
    return f'{style}<div data-live="{name}">{early}<noscript>{picture}</noscript></div>'


def imported(script: str) -> list[str]:
    """A script and all that it imports: a browser that knows them at once need not find one behind the other."""
    found = [script]
    for one in found:
        imports = re.findall(r' from "\./(\w+\.js)"', (SCRIPTS / one).read_text(encoding="utf-8"))
        found += [name for name in dict.fromkeys(imports) if name not in found]
    return found


def write(folder: Path, pictures: bool = True) -> None:
    """The scripts, the loops, `vanish.json`, `writer.json`, `writer.bin`, and `NAME.png` for each figure."""
    folder.mkdir(parents=True, exist_ok=True)
    for script in SCRIPTS.iterdir():
        shutil.copy(script, folder)
    for name in ("loop.wasm", "optimisers.wasm"):
        shutil.copy(wasm.FOLDER / name, folder)
    (folder / "vanish.json").write_text(json.dumps(radius_and_norm()), encoding="utf-8")
    symbols, weights = writer()
    (folder / "writer.json").write_text(
        json.dumps({"symbols": symbols, "n_h": int(len(weights["b"]) / 3)}), encoding="utf-8"
    )
    (folder / "writer.bin").write_bytes(b"".join(weights[name].astype("<f4").tobytes() for name in "UWVbc"))
    for name, draw in PICTURES.items() if pictures else ():
        (folder / f"{name}.png").write_bytes(draw())


def radius_and_norm() -> dict:
    """Eigenvalues, ρ(W) and ‖W‖ of the W that seed 0 draws for `sliders.measure`. All three grow with W."""
    W = model.init_params(sliders.N_H, np.random.default_rng(0)).W
    eigenvalues = [[value.real, value.imag] for value in np.linalg.eigvals(W)]
    return {"eigenvalues": eigenvalues, "radius": reach.spectral_radius(W), "norm": float(reach.matrix_norm(W))}


def writer() -> tuple[str, dict]:
    """The characters that the stored network knows, and its parameters by name, in single precision."""
    with np.load(text.DATA / "writer.npz") as stored:
        return text.read(text.DATA / "genesis.txt").symbols, dict(stored)


def _playground() -> bytes:
    playground = widgets.Playground()
    playground.worker.wait()
    return playground.picture.value


def _walk() -> bytes:
    rng = np.random.default_rng(0)
    params = model.init_params(5, rng)
    params = params._replace(b=rng.uniform(-1, 1, 5), c=rng.uniform(-1, 1, 1))
    x, y = data.encode_sums([6], [3], n_bits=4)
    trace = model.forward(params, x)
    errors = bptt.output_grads(trace, y)
    first, whole = errors @ params.V, bptt.state_grads(params, trace, errors)
    return _picture(lambda ax: plots.two_roads(ax, 3, first[:, 0, 3], (whole - first)[:, 0, 3]), (7, 2.8))


def _desk() -> bytes:
    symbols, weights = writer()
    cell = text.writer.gated.gru
    params = cell.Params(*(weights[name].astype(float) for name in cell.Params._fields))
    return text.widgets.Desk(text.writer.Writer(cell, params, symbols)).picture.value


def _picture(draw: Callable, size: tuple[float, float]) -> bytes:
    figure, ax = plt.subplots(figsize=size, layout="constrained")
    draw(ax)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=100)
    plt.close(figure)
    return png.getvalue()


PICTURES = {
    "playground": _playground,
    "walk": _walk,
    "vanish": lambda: sliders.SpectralRadius(1.2, 0.3).picture.value,
    "checkpoints": lambda: _picture(lambda ax: through_time.plots.moves(ax, through_time.schedule(30, 5)), (8, 3.4)),
    "desk": _desk,
}

if __name__ == "__main__":
    write(Path(sys.argv[1]))
