"""The picture of a verdict: which gradient is wrong, and which step's share of it."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from numpy.typing import ArrayLike


def gradient_errors(ax: Axes, error: ArrayLike, names: list[str], least: float = 1e-16, scale: bool = True) -> object:
    """Relative error of what the loss of each step gives to each gradient; dark is right, bright is wrong.

    Parameters
    ----------
    error : (len(names), T)
    least
        the error that gets the darkest colour; zeros get it too
    scale
        draw a colour scale beside it

    Returns
    -------
    the image
    """
    error = np.maximum(error, least)
    norm = LogNorm(vmin=least, vmax=max(1.0, error.max()))
    image = ax.imshow(error, cmap="cividis", norm=norm, aspect="auto", interpolation="nearest")
    steps = range(error.shape[1])
    ax.set(xticks=steps, xticklabels=[t + 1 for t in steps], xlabel="step $t$", yticks=range(len(names)))
    ax.set_yticklabels(names)
    if scale:
        ax.figure.colorbar(image, ax=ax, label="relative error")
    return image
