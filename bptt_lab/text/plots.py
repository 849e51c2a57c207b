"""Pictures of texts and of what may come next, as functions of (ax, arrays) that return what they drew."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from bptt_lab.plots import HIDDEN, INK, SUM

SEEN = {" ": "␣", "\n": "⏎"}


def next_character(ax: Axes, p: ArrayLike, symbols: str, most: int = 12) -> list:
    """Bars of the likeliest next characters, the likeliest on top; ␣ is a space, ⏎ the end of a line.

    Returns
    -------
    the bars
    """
    order = np.argsort(-np.asarray(p), kind="stable")[:most]
    bars = ax.barh(range(len(order)), np.asarray(p)[order], color=HIDDEN, edgecolor=INK)
    ax.set(yticks=range(len(order)), yticklabels=[SEEN.get(symbols[i], symbols[i]) for i in order])
    ax.set(xlim=(0, 1), xlabel="probability of the next character")
    ax.invert_yaxis()
    return list(bars)


def unit(ax: Axes, text: str, h: ArrayLike, width: int = 60) -> list:
    """A text, each character on a colour for the value of one unit after it: brown is -1, white 0, violet 1.

    Where the unit is positive the letter is bold, for readers and printers without colours.

    Parameters
    ----------
    h : (len(text),)

    Returns
    -------
    the letters
    """
    h, height = np.asarray(h), -(-len(text) // width)
    grid = np.full(height * width, np.nan)
    grid[: len(text)] = h
    ax.imshow(grid.reshape(height, width), cmap="PuOr", vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    letters = []
    for place, character in enumerate(text):
        shade = "white" if abs(h[place]) > 0.6 else "black"
        where = place % width, place // width
        weight = "bold" if h[place] > 0 else "normal"
        letters.append(
            ax.text(*where, SEEN.get(character, character), color=shade, weight=weight, ha="center", va="center")
        )
    ax.axis("off")
    return letters


def curve(ax: Axes, bits: ArrayLike, baseline: float, label: str) -> list:
    """Bits a character after each round, and the level of the baseline as a dashed line."""
    (line,) = ax.plot(np.arange(len(bits)) + 1, bits, "o-", color=SUM, label=label)
    level = ax.axhline(baseline, color=INK, linestyle="--", label="counts")
    ax.set(xlabel="round through the text", ylabel="bits a character")
    ax.legend()
    return [line, level]
