"""The same gradient with few states in memory: keep some, compute the others again when the walk back needs them.

Which states to keep is a matter of whole numbers alone, so it has a function of its own, `schedule`. With s states and
r runs through each step, C(s+r-1, r) steps can be reversed in such parts: the binomial schedule of Griewank (1992),
"Achieving logarithmic growth of temporal and spatial complexity in reverse automatic differentiation". Gruslys et al.
(2016), "Memory-efficient backpropagation through time", find such schedules by dynamic programming, for any costs.
"""

from collections.abc import Iterator
from math import comb, isqrt

import numpy as np
from tqdm.auto import tqdm

from bptt_lab import bptt, model, validate
from bptt_lab.model import Array, Params, Trace

Move = tuple[str, int, int]  # "run" or "reverse", from step, to step


def checkpointed_backward(
    params: Params, x: Array, y: Array, budget: int | None = None, progress: bool = False
) -> Params:
    """`bptt.backward(params, model.forward(params, x), y)`, without a trace of all T steps.

    Parameters
    ----------
    x, y : (T, B, n_x) and (T, B, n_y)
    budget
        number of hidden states kept at one time, h^(0) not counted; each is (B, n_h). If not given, about 2 √T, which
        cost one forward pass more
    progress
        show a bar, over the steps that are walked back

    Raises
    ------
    TypeError, ValueError
        for a budget below 2 (or 1 for a single step), or shapes that do not match
    """
    validate.fitting(params, x, y)
    T, B, _ = x.shape
    grads = [np.zeros_like(array) for array in params]
    states = [np.zeros((B, len(params.b)))]  # the kept ones, h^(0) first
    from_later = 0.0  # (B, n_h), what all later steps say about the last state of the part at hand
    moves = schedule(T, enough_for_two_runs(T) if budget is None else budget)
    with tqdm(total=T, disable=not progress) as bar:
        for move, start, stop in moves:
            if move == "run":
                states.append(last_state(params, x[start:stop], states[-1]))
                continue
            trace = model.forward(params, x[start:stop], h_0=states.pop())
            parts, from_later = backward_from(params, trace, y[start:stop], from_later)
            for total, part in zip(grads, parts):
                total += part
            bar.update(stop - start)
    return Params(*grads)


def schedule(T: int, budget: int) -> Iterator[Move]:
    """What to do with steps start … stop-1, in order, so that no step is run through more often than the budget forces.

    Yields
    ------
    ("run", start, stop)
        from the newest kept state, that of `start`, to the one of `stop`, and keep that one too
    ("reverse", start, stop)
        from the newest kept state, keep all up to `stop`, walk back, and let go of all
    """
    T = validate.size("T", T)
    budget = validate.size("budget", budget, least=min(2, T))
    kept, stop = [0], T
    while kept:
        start, free = kept[-1], budget - len(kept) + 1
        if stop - start <= free:
            yield "reverse", start, stop
            stop = kept.pop()
        else:
            kept.append(start + _left_part(stop - start, free))
            yield "run", start, kept[-1]


def forward_steps(T: int, budget: int) -> int:
    """How many steps forward the schedule takes in all; a full backward pass takes T."""
    return sum(stop - start for _, start, stop in schedule(T, budget))


def enough_for_two_runs(T: int) -> int:
    """A budget near 2 √T. With s states, s + (s-1) + … + 1 steps can be reversed in two runs; this is about twice T."""
    return max(2, 2 * isqrt(validate.size("T", T)))


def _left_part(n: int, free: int) -> int:
    """Where to keep a state, so that both parts take as few runs as n steps must take with `free` states."""
    runs = next(r for r in range(1, n + 1) if comb(free + r - 1, r) >= n)
    return min(comb(free + runs - 2, runs - 1), n - comb(free + runs - 3, runs - 1))


def last_state(params: Params, x: Array, h: Array, block: int = 256) -> Array:
    """h^(T) from h^(0), (B, n_h), with nothing kept on the way but the inputs' share of a few steps."""
    h, a_t, W_T = h.copy(), np.empty_like(h), params.W.T
    for start in range(0, len(x), block):
        for drive_t in x[start : start + block] @ params.U.T + params.b:  # (B, n_h)
            np.matmul(h, W_T, a_t)  # into a_t: this loop is all that checkpoints cost, so it makes no new arrays
            a_t += drive_t
            np.tanh(a_t, h)
    return h


def backward_from(params: Params, trace: Trace, y: Array, from_later: Array | float) -> tuple[Params, Array]:
    """`bptt.backward` of a part of the steps, where later steps give ∂L/∂h = from_later to the part's last state.

    Returns
    -------
    the gradients, and the ∂L/∂h, (B, n_h), that this part and all later ones give to the state that it began with
    """
    dL_do = bptt.output_grads(trace, y)  # (T, B, n_y)
    dh_da = 1 - trace.h**2  # (T, B, n_h)
    dL_dh = dL_do @ params.V  # (T, B, n_h)
    for t in reversed(range(len(dL_dh))):
        dL_dh_t = dL_dh[t]  # (B, n_h), a view: what is added to it is added to dL_dh
        dL_dh_t += from_later
        from_later = (dL_dh_t * dh_da[t]) @ params.W  # (B, n_h), to the state before
    return bptt.param_grads(trace, dL_do, dL_dh), from_later
