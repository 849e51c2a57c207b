"""The core's network under the names of this wing, to stand beside the gated cells."""

from collections.abc import Callable

import numpy as np

from bptt_lab import bptt, model, validate
from bptt_lab.model import Array, Params, Trace, forward

__all__ = ["Params", "Trace", "backward", "forward", "init_params"]


def init_params(n_h: int, rng: np.random.Generator, n_x: int = 2, n_y: int = 1, scale: float | None = None) -> Params:
    """As `model.init_params`; scale is 1 / √n_h if not given, as for the gated cells."""
    n_h = validate.size("n_h", n_h)
    return model.init_params(n_h, rng, n_x, n_y, scale=n_h**-0.5 if scale is None else scale)


def backward(params: Params, trace: Trace, y: Array, output_grads: Callable = bptt.output_grads) -> Params:
    """`bptt.backward`, with another first stage if wanted."""
    dL_do = output_grads(trace, y)
    return bptt.param_grads(trace, dL_do, bptt.state_grads(params, trace, dL_do))
