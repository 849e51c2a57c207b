"""A live picture of vanishing and exploding. The numbers come from `measure`; the widget shows them.

As in `bptt_lab.widgets`: a figure of its own, drawn into a PNG; pyplot is not safe where widgets are called back.
"""

import io
from typing import NamedTuple

import ipywidgets as w
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bptt_lab import model
from bptt_lab.model import Array
from bptt_lab.panels import bundle
from bptt_lab.through_time import plots, reach

N_H, T, B = 32, 60, 20


class Measured(NamedTuple):
    eigenvalues: Array  # (n_h,)
    norms: Array  # (B, T), ‖∂h^(T)/∂h^(T-k)‖ for k = 0 … T-1, of B sequences
    radius: float  # ρ(W)
    bound: float  # ‖W‖
    slope: float  # mean of tanh′ over all states


def measure(radius: float, drive: float = 1.0, seed: int = 0) -> Measured:
    """Products of Jacobians of a random network of 32 units with ρ(W) = radius, on random bits.

    Parameters
    ----------
    drive
        what U is multiplied by: the larger, the flatter the tanh where the states are
    """
    rng = np.random.default_rng(seed)
    params = reach.with_spectral_radius(model.init_params(N_H, rng), radius)
    params = params._replace(U=drive * params.U)
    trace = model.forward(params, rng.integers(0, 2, (T, B, 2)).astype(float))
    norms = reach.matrix_norm(reach.products(params, trace)).T
    eigenvalues = np.linalg.eigvals(params.W)
    return Measured(eigenvalues, norms, radius, float(reach.matrix_norm(params.W)), float(np.mean(1 - trace.h**2)))


class SpectralRadius:
    """Sliders for ρ(W) and for the drive of the inputs, and what becomes of gradients; a cell shows it."""

    def __init__(self, radius: float = 0.9, drive: float = 0.1):
        style = {"description_width": "11em"}
        wide = w.Layout(width="420px")
        self.radius = w.FloatSlider(
            radius, min=0.1, max=2.5, step=0.05, description="spectral radius of W", style=style, layout=wide
        )
        self.drive = w.FloatSlider(
            drive, min=0, max=2, step=0.1, description="size of the inputs", style=style, layout=wide
        )
        self.words = w.HTML("")
        self.picture = w.Image(format="png", layout=w.Layout(max_width="100%"))
        self.figure = Figure(figsize=(7.4, 3.6), dpi=100)
        FigureCanvasAgg(self.figure)
        for slider in (self.radius, self.drive):
            slider.observe(lambda _: self.show(), "value")
        self.view = w.VBox([self.radius, self.drive, self.words, self.picture])
        self.show()

    def _repr_mimebundle_(self, **_) -> dict[str, object]:
        return bundle(self.view, self.picture.value, self.words.value)

    def show(self) -> None:
        """Measure and draw for what the sliders say now."""
        found = measure(self.radius.value, self.drive.value)
        self.figure.clear()
        left, right = self.figure.subplots(1, 2, width_ratios=(2, 3))
        self.figure.subplots_adjust(left=0.1, right=0.98, top=0.91, bottom=0.16, wspace=0.36)
        plots.vanishing(left, right, found.eigenvalues, found.norms, found.radius, found.bound)
        png = io.BytesIO()
        self.figure.savefig(png, format="png")
        self.picture.value = png.getvalue()
        self.words.value = in_words(found)


def in_words(found: Measured) -> str:
    """Vanish, hold or explode, by the median over the last third of the distances."""
    median = np.median(found.norms, axis=0)
    far = len(median) - 1
    word = "vanishes" if median[-1] < 0.01 else "explodes" if median[-1] > 100 else "holds"
    return f"Over {far} steps the gradient <b>{word}</b>: times {median[-1]:.1e}. Mean tanh′: {found.slope:.2f}"
