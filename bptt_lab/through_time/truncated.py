"""Back propagation that looks back a limited number of steps: BPTT(h; h') of Williams and Peng (1990).

"An efficient gradient-based algorithm for on-line training of recurrent network trajectories", Neural Computation 2.
Their h is `window`, their h' is `every`.
"""

import numpy as np

from bptt_lab import bptt, model, validate
from bptt_lab.model import Array, Params, Trace


def truncated_backward(params: Params, trace: Trace, y: Array, window: int, every: int = 1) -> Params:
    """`bptt.backward` with ∂L/∂h^(t) replaced by the sum of those errors that are near.

    Parameters
    ----------
    window
        how many states an error reaches at most, that of its own step included. 1: no error travels at all; T or more:
        the whole gradient
    every
        after how many steps the walk back begins anew, from the newest state. 1: each error walks for itself. every =
        window: chunks, whose errors never leave their chunk. In between, the errors of a block of `every` steps walk
        together, so that its oldest one reaches window - every + 1 states. Cost: T · window / every

    Raises
    ------
    TypeError, ValueError
        for a window below 1, or `every` outside 1 … window
    """
    dL_do = bptt.output_grads(trace, y)  # exact, and so are V and c: they need no walk
    dL_dh = truncated_state_grads(params, trace, dL_do, window, every)
    return bptt.param_grads(trace, dL_do, dL_dh)


def truncated_state_grads(params: Params, trace: Trace, dL_do: Array, window: int, every: int = 1) -> Array:
    """The near part of ∂L/∂h^(t) = Σ_s ∂L^(s)/∂h^(t); shape (T, B, n_h). All walks go on side by side."""
    window, every = validate.size("window", window), validate.size("every", every)
    if every > window:
        raise ValueError(f"every must be at most window = {window}, got {every}: or some errors are never heard")
    dh_da = 1 - trace.h**2  # (T, B, n_h)
    direct = dL_do @ params.V  # (T, B, n_h), through the output of the same step
    dL_dh = np.zeros_like(direct)
    T, walk = len(direct), np.arange(-(-len(direct) // every))  # one walk for each block of `every` steps
    t = np.minimum((walk + 1) * every, T) - 1  # where each walk is now: it begins in the newest state of its block
    last = np.maximum((walk + 1) * every - window, 0)  # where it ends
    carried = np.zeros((len(t), *direct.shape[1:]))  # (walks, B, n_h), the gradient that each walk carries
    while len(t):
        carried += direct[t] * (t // every == walk)[:, None, None]  # still within its own block: an error comes in
        dL_dh[t] += carried
        on = t > last
        carried = (carried[on] * dh_da[t[on]]) @ params.W
        t, walk, last = t[on] - 1, walk[on], last[on]
    return dL_dh


def chunked_backward(params: Params, x: Array, y: Array, window: int) -> Params:
    """`truncated_backward(…, window, every=window)` with one chunk in memory: the state goes on, no error comes back.

    Parameters
    ----------
    x, y : (T, B, n_x) and (T, B, n_y)
    """
    window = validate.size("window", window)
    grads, h_0 = [np.zeros_like(array) for array in params], 0.0
    for start in range(0, len(x), window):
        trace = model.forward(params, x[start : start + window], h_0)
        for total, part in zip(grads, bptt.backward(params, trace, y[start : start + window])):
            total += part
        h_0 = trace.h[-1]  # (B, n_h)
    return Params(*grads)
