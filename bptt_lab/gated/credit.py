"""How much of the last error reaches each state: the backward pass, run for the loss of the last step alone."""

from types import ModuleType

import numpy as np

from bptt_lab import bptt
from bptt_lab.gated import lstm
from bptt_lab.model import Array


def share_felt(cell: ModuleType, params: tuple, trace: tuple, y: Array, of: str = "h") -> Array:
    """Size of what the last step's error gives to each state, in units of what it gives to the last one; (T,)."""
    dL_do = bptt.output_grads(trace, y)
    dL_do[:-1] = 0
    grads = cell.state_grads(params, trace, dL_do)
    sizes = np.linalg.norm(grads["hs".index(of)] if cell is lstm else grads, axis=(1, 2))
    return sizes / sizes[-1]
