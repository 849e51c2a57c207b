"""The check at the door of all that read x and y without a trace."""

import numpy as np

from bptt_lab import validate
from bptt_lab.model import Array, Params


def fitting(params: Params, x: Array, y: Array) -> None:
    """`params`, x (T, B, n_x) and y (T, B, n_y) are finite, and fit together."""
    validate.params(params)
    validate.inputs(params, x)
    outputs = (*x.shape[:2], len(params.c))
    validate.targets(np.broadcast_to(0.0, outputs), y)  # a shape without memory behind it
