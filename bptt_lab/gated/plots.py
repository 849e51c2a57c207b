"""Pictures of gated cells, as functions of (ax, arrays) that return what they drew."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bptt_lab.plots import FIRST, HIDDEN, INK, SECOND, SUM

MARKS = {"plain": ("o", SECOND), "gru": ("s", SUM), "lstm": ("^", HIDDEN), "attention": ("D", FIRST)}


def reach(ax: Axes, reaches: dict[str, list[int]]) -> list:
    """One dot for each seed, a row for each cell, a bar at the median; the axis is logarithmic.

    Parameters
    ----------
    reaches
        name of a cell to the distance that each seed solved

    Returns
    -------
    the dots of each cell
    """
    drawn = []
    for row, (name, values) in enumerate(reaches.items()):
        mark, colour = MARKS[name.split(",")[0]]
        height = row + 0.25 * np.linspace(-1, 1, len(values))  # in seed order, so that equal values stay visible
        drawn.append(ax.plot(values, height, mark, color=colour, markersize=6, alpha=0.8)[0])
        ax.plot([np.median(values)] * 2, [row - 0.35, row + 0.35], color=INK, linewidth=2)
    ax.set(xscale="log", xlabel="largest distance solved", yticks=range(len(reaches)), yticklabels=list(reaches))
    ax.set_xticks([3, 5, 10, 20, 40, 80, 160], labels=[3, 5, 10, 20, 40, 80, 160])
    ax.minorticks_off()
    ax.invert_yaxis()
    return drawn


def felt(ax: Axes, shares: dict[str, ArrayLike]) -> list:
    """What the last error gives to each state, on a logarithmic axis; one line for each cell."""
    drawn = []
    styles = ["-", "--", "-.", ":"]
    for name, share in shares.items():
        mark, colour = MARKS[name.split(",")[0]]
        style = styles[sum(line.get_color() == colour for line in drawn)]
        (line,) = ax.plot(np.arange(len(share)) + 1, share, style, marker=mark, color=colour, label=name, markevery=4)
        drawn.append(line)
    ax.set(xlabel="step $t$", ylabel="credit, last state = 1", yscale="log")
    ax.legend()
    return drawn


def kept(ax: Axes, s: ArrayLike, bits: ArrayLike, most: int = 15) -> list:
    """One unit's cell over time, a line for each sequence: whole lines where the bit was 1, dashed where it was 0.

    Parameters
    ----------
    s, bits : (T, B) and (B,)

    Returns
    -------
    the lines
    """
    steps, drawn = np.arange(len(s)) + 1, []
    for bit, style, colour in ((1, "-", SUM), (0, "--", SECOND)):
        lines = ax.plot(steps, np.asarray(s)[:, np.asarray(bits) == bit][:, :most], style, color=colour, linewidth=1)
        lines[0].set_label(f"first bit {bit}")
        drawn += lines
    ax.set(xlabel="step $t$", ylabel="cell $s^{(t)}$ of one unit")
    ax.legend()
    return drawn
