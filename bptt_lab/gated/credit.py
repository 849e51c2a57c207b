"""Which error reaches which state: the backward pass, run for the loss of each step alone."""

from types import ModuleType

import numpy as np

from bptt_lab import bptt
from bptt_lab.gated import lstm
from bptt_lab.model import Array


def credit(cell: ModuleType, params: tuple, trace: tuple, y: Array, of: str = "h") -> Array:
    """The table of ∂L^(k)/∂h^(t), L^(k) being the loss of step k alone; zero for t > k; (T, T, B, n_h), k first.

    of  "h", or "s" for the cell of an LSTM
    """
    dL_do = bptt.output_grads(trace, y)
    table = []
    for k in range(len(dL_do)):
        alone = np.zeros_like(dL_do)
        alone[k] = dL_do[k]
        table.append(_state_grads(cell, params, trace, alone)[of])
    return np.stack(table)


def share_felt(cell: ModuleType, params: tuple, trace: tuple, y: Array, of: str = "h") -> Array:
    """Size of what the last step's error gives to each state, in units of what it gives to the last one; (T,)."""
    dL_do = bptt.output_grads(trace, y)
    dL_do[:-1] = 0
    sizes = np.sqrt((_state_grads(cell, params, trace, dL_do)[of] ** 2).sum(axis=(1, 2)))
    return sizes / sizes[-1]


def _state_grads(cell: ModuleType, params: tuple, trace: tuple, dL_do: Array) -> dict[str, Array]:
    grads = cell.state_grads(params, trace, dL_do)
    return {"h": grads[0], "s": grads[1]} if cell is lstm else {"h": grads}
