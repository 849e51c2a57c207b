"""What a network must do to add: read two bits, write the bit of the sum, and keep the carry in mind."""

import numpy as np
from numpy.typing import NDArray

from bptt_lab import model, validate
from bptt_lab.model import Array, Params

INPUTS = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], dtype=float)  # the bits that one step can read


def adder(params: Params) -> int:
    """n_h of a network that reads two bits and writes one, in real numbers; a clear error for any other."""
    validate.params(params)
    n_h, n_x, n_y = len(params.b), params.U.shape[1], len(params.c)
    if (n_x, n_y) != (2, 1):
        raise ValueError(f"an adder reads 2 bits and writes 1, got n_x = {n_x}, n_y = {n_y}: use init_params(n_h, rng)")
    if any(np.iscomplexobj(array) for array in params):
        raise TypeError("params must be real, got complex numbers: take their real part")
    return n_h


def step(params: Params, h: Array, carry: NDArray) -> tuple[Array, Array, NDArray, NDArray]:
    """One step of the network, and of the sum by hand, from each state with each of the four inputs.

    Parameters
    ----------
    h, carry : (N, n_h) and (N,)

    Returns
    -------
    h (4N, n_h), logit (4N,), true bit (4N,), carry (4N,); entry 4i + j is state i with input j
    """
    x = np.tile(INPUTS, (len(h), 1))  # (4N, 2)
    trace = model.forward(params, x[None], h_0=np.repeat(h, 4, axis=0))
    total = x.sum(axis=1).astype(np.int64) + np.repeat(carry, 4)
    return trace.h[0], trace.o[0, :, 0], total % 2, total // 2
