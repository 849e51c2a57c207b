"""One step of the network for a whole set of states, {centre + G z : |z_j| <= 1}.

`sets` does the same for the checker, with every rounding counted. Here each step widens its set by a slack instead, so
that what is found here is not refused there. The affine map acts on centre and G. For tanh on [l, u] take the slope s
of the chord: tanh(a) - s a is greatest and least at the ends, or where tanh'(a) = s.

The loops are compiled where Numba is installed. Their sums run in a fixed order and tanh is the engine's, so that every
machine finds the same sets. G is held by its columns: G[j] is the one that z_j stretches.
"""

import math

import numpy as np

from bptt_lab import machine
from bptt_lab.engine import tanh
from bptt_lab.machine import compiled, in_place
from bptt_lab.model import Params

SLACK = 1e-9  # what a step adds to its set, relative to the magnitudes that it sums


def loops_of(params: Params) -> tuple:
    """What the loops need: U, Wᵀ, V, b, c, and the slack of each unit (n_h,) and of the logit."""
    U, W, V, b, c = map(machine.for_loops, params)
    slack = SLACK * (1 + np.abs(b) + np.abs(U).sum(axis=1) + np.abs(W).sum(axis=1))
    return U, machine.for_loops(W.T), V, b, c, slack, float(SLACK * (1 + np.abs(V).sum() + abs(c[0])))


@in_place
def spread(network, centre, G, p, a, reach, WG):
    """Fill a = W centre + b, the p columns WG, and how far these reach from `a`, with the slack."""
    _, W_T, _, b, _, slack, _ = network
    n_h = len(b)
    for i in range(n_h):
        a[i], reach[i] = b[i], slack[i]
    for k in range(n_h):
        for i in range(n_h):
            a[i] += centre[k] * W_T[k, i]
    for j in range(p):
        for i in range(n_h):
            WG[j, i] = 0.0
        for k in range(n_h):
            if G[j, k] != 0:
                for i in range(n_h):
                    WG[j, i] += G[j, k] * W_T[k, i]
        for i in range(n_h):
            reach[i] += abs(WG[j, i])


@compiled
def step(network, a, reach, WG, p, x1, x2, centre, G, size):
    """Fill in the set after an input: its centre, its p + n_h columns G, and how far it reaches for each unit, `size`.

    Returns
    -------
    the largest of these reaches
    """
    U, _, _, b, _, slack, _ = network
    n_h, slope = len(b), np.empty(len(b))
    for i in range(n_h):
        at = a[i] + x1 * U[i, 0] + x2 * U[i, 1]
        slope[i], middle, half = band(at - reach[i], at + reach[i])
        centre[i] = slope[i] * at + middle
        size[i] = half + slack[i]
        for k in range(n_h):
            G[p + i, k] = 0.0
        G[p + i, i] = size[i]
    for j in range(p):
        for i in range(n_h):
            G[j, i] = slope[i] * WG[j, i]
            size[i] += abs(G[j, i])
    largest = size[0]
    for i in range(1, n_h):
        largest = max(largest, size[i])
    return largest


@in_place
def band(low, high):
    """s, middle, half with |tanh(a) - s a - middle| <= half for every a in [low, high]; s is the slope of the chord.

    tanh(a) - s a is extreme at an end, or where tanh'(a) = 1 - tanh²(a) = s.
    """
    at_low, at_high = tanh(low), tanh(high)
    s = min(1.0, max(0.0, (at_high - at_low) / (high - low)))
    turn = math.atanh(math.sqrt(1 - s)) if s > 1e-15 else math.inf
    bottom, top = at_low - s * low, at_high - s * high
    bottom, top = min(bottom, top), max(bottom, top)
    for sign in (-1.0, 1.0):
        a = min(high, max(low, sign * turn))
        bottom, top = min(bottom, tanh(a) - s * a), max(top, tanh(a) - s * a)
    return s, (bottom + top) / 2, (top - bottom) / 2


@in_place
def margin(network, centre, G, p, bit):
    """By how many nats the logit of every state of the set is on the right side of 0."""
    _, _, V, _, c, _, slack_o = network
    o, reach = c[0], slack_o
    for i in range(len(centre)):
        o += V[0, i] * centre[i]
    for j in range(p):
        part = 0.0
        for i in range(len(centre)):
            part += V[0, i] * G[j, i]
        reach += abs(part)
    return (o if bit == 1 else -o) - reach
