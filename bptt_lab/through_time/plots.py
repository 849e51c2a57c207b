"""Pictures of gradients through time, as functions of (ax, arrays) that return what they drew."""

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import ArrayLike

from bptt_lab.plots import CARRY, FIRST, HIDDEN, INK, LOSS, PALE, SECOND, SUM

COLOURS = {  # of each algorithm, and its marker, so that grey print tells them apart
    "full": (FIRST, "o"),
    "truncated": (CARRY, "s"),
    "checkpointed": (SUM, "^"),
    "RTRL": (SECOND, "D"),
    "UORO": (LOSS, "v"),
}


def credit_map(
    ax: Axes,
    sizes: ArrayLike,
    labels: list[str] | None = None,
    *,
    top: float | None = None,
    decades: float = 3,
    name: str = r"$\|\partial L^{(s)} / \partial h^{(t)}\|$",
    scale: bool = True,
) -> object:
    """How much the error of each step (row) says about each state (column), on a logarithmic colour scale.

    Parameters
    ----------
    sizes : (T, T)
        row s and column t; what is 0 stays white, as all above the diagonal
    labels
        words below the columns, one for each step; its number if not given
    top
        the upper end of the scale; the largest size if not given
    decades
        how many powers of ten there are from `top` down to the darkest colour
    name
        the label of the scale
    scale
        draw a colour scale beside it

    Returns
    -------
    the image
    """
    sizes = np.asarray(sizes)
    T, top = len(sizes), top or sizes.max()
    norm = LogNorm(vmin=top / 10**decades, vmax=top)
    shown = np.ma.masked_where(sizes <= 0, np.maximum(sizes, norm.vmin))
    image = ax.imshow(shown, cmap="cividis", norm=norm, interpolation="nearest")
    steps = [str(t + 1) for t in range(T)]
    ax.set(xticks=range(T), xticklabels=labels or steps, yticks=range(T), yticklabels=steps)
    ax.set(xlabel="state of step $t$", ylabel="error of step $s$")
    if scale:
        ax.figure.colorbar(image, ax=ax, label=name)
    return image


def fan(ax: Axes, values: ArrayLike, color: str = HIDDEN, label: str = "") -> list:
    """Many curves on a logarithmic axis against the distance k, and their median as a thick line.

    Parameters
    ----------
    values : (n_curves, K)
        for k = 0 … K-1

    Returns
    -------
    the thin lines and the line of the median
    """
    values = np.asarray(values)
    distance = np.arange(values.shape[1])
    thin = ax.semilogy(distance, values.T, color=color, alpha=0.25, linewidth=0.8)
    (median,) = ax.semilogy(distance, np.median(values, axis=0), color=color, linewidth=2.5, label=label)
    ax.set(xlabel="distance $k$ in steps")
    return [*thin, median]


def log_log(ax: Axes, sizes: ArrayLike, costs: ArrayLike, name: str, slope: float | None = None) -> object:
    """Cost against size, both logarithmic, in the colour of the algorithm; with a dashed line of the slope of theory.

    Parameters
    ----------
    name
        one of `COLOURS`
    slope
        slope of the dashed line, which ends in the last point

    Returns
    -------
    the line of the measured points
    """
    sizes, costs = np.asarray(sizes, float), np.asarray(costs, float)
    colour, marker = COLOURS[name]
    (line,) = ax.loglog(sizes, costs, marker + "-", color=colour, markersize=5, linewidth=1, label=name)
    if slope is not None:
        ax.loglog(sizes, costs[-1] * (sizes / sizes[-1]) ** slope, "--", color=PALE, linewidth=1.5, zorder=0)
    return line


def moves(ax: Axes, schedule: Iterable[tuple[str, int, int]]) -> list:
    """What a checkpointing schedule does: from top to bottom in time, each move over the steps that it goes through.

    Parameters
    ----------
    schedule
        as from `through_time.schedule`

    Returns
    -------
    the lines of the moves, in order
    """
    looks = {"run": (HIDDEN, "-"), "reverse": (SECOND, "-")}
    drawn = []
    for row, (kind, start, stop) in enumerate(schedule):
        colour, style = looks[kind]
        begin, end = (start, stop) if kind == "run" else (stop, start)
        (line,) = ax.plot([start, stop], [row, row], style, color=colour, linewidth=4 if kind == "reverse" else 2)
        ax.plot(end, row, ">" if kind == "run" else "<", color=colour, markersize=6)
        if kind == "run":
            ax.plot(stop, row, "o", color=INK, markersize=3, zorder=3)
        drawn.append(line)
    ax.invert_yaxis()
    ax.set(xlabel="step $t$", ylabel="moves, from first to last", yticks=[])
    return drawn


def vanishing(left: Axes, right: Axes, eigenvalues: ArrayLike, norms: ArrayLike, radius: float, bound: float) -> list:
    """Left the eigenvalues of W in the complex plane with the unit circle; right norms of the products of Jacobians.

    Parameters
    ----------
    eigenvalues : (n_h,)
        complex
    norms : (n_curves, K)
        norms of the products over k = 0 … K-1 steps
    radius
        ρ(W), drawn as the line ρ^k
    bound
        the largest singular value of W, drawn as the line bound^k

    Returns
    -------
    the points of the eigenvalues and the line of the median
    """
    circle = np.exp(1j * np.linspace(0, 2 * np.pi, 200))
    left.plot(circle.real, circle.imag, color=INK, linewidth=1)
    (points,) = left.plot(np.real(eigenvalues), np.imag(eigenvalues), "o", color=SECOND, markersize=5)
    reach = max(1.6, 1.1 * np.abs(eigenvalues).max())
    left.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", title="eigenvalues of $W$")
    left.set(xlabel="real part", ylabel="imaginary part")
    distance = np.arange(np.shape(norms)[1])
    *_, median = fan(right, norms, label="measured, with tanh")
    right.semilogy(distance, radius**distance, "--", color=SECOND, label=r"$\rho(W)^k$: $W$ alone")
    right.semilogy(distance, bound**distance, ":", color=INK, label=r"$\|W\|^k$: no more than that")
    right.set(ylim=(1e-8, 1e8), ylabel=r"$\|\partial h^{(T)} / \partial h^{(T-k)}\|$")
    right.legend(loc="best")  # lines rise or fall
    return [points, median]
