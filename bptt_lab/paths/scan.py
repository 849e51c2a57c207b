"""h^(t) = a^(t) h^(t-1) + b^(t), h^(0) = 0: step by step, or for all steps at once in few sweeps.

Sweeps that double: Hillis and Steele, "Data parallel algorithms" (1986); scans of linear recurrences: Blelloch, "Prefix
sums and their applications" (1990); in networks: Martin and Cundy, "Parallelizing linear recurrent neural nets over
sequence length" (2018).
"""

import numpy as np

from bptt_lab.model import Array

Pair = tuple[Array, Array]  # a and b of a stretch of steps, which makes a h + b of the state h before it


def combine(first: Pair, second: Pair) -> Pair:
    """Two stretches as one: a₂ (a₁ h + b₁) + b₂ = (a₂ a₁) h + (a₂ b₁ + b₂)."""
    (a_1, b_1), (a_2, b_2) = first, second
    return a_2 * a_1, a_2 * b_1 + b_2


def loop(a: Array, b: Array) -> Array:
    """All h, (T, …), one step after the other; a and b are (T, …)."""
    h = np.empty_like(b)
    h_t = np.zeros_like(b[0])
    for t in range(len(b)):
        h[t] = h_t = a[t] * h_t + b[t]
    return h


def sweeps(T: int) -> int:
    """How many sweeps `scan` makes over T steps: the smallest n with 2^n ≥ T."""
    return (T - 1).bit_length()


def scan(a: Array, b: Array) -> Array:
    """All h, (T, …), as `loop`. After n sweeps each pair holds the 2^n steps that end in it, or all there are."""
    a, b = a.copy(), b.copy()
    for n in range(sweeps(len(b))):
        far = 2**n
        a[far:], b[far:] = combine((a[:-far], b[:-far]), (a[far:], b[far:]))
    return b


def from_the_end(a: Array, dL_dh: Array) -> Array:
    """All that each h gets, (T, …): g^(t) = ∂L/∂h^(t) + a^(t+1) g^(t+1), the same recurrence, run from the end.

    Parameters
    ----------
    dL_dh
        what h^(t) gets by its own step alone
    """
    later = np.concatenate([a[1:], np.zeros_like(a[:1])])  # a^(t+1), and 0 behind the last step
    return scan(later[::-1], dL_dh[::-1])[::-1]


def backward(a: Array, h_prev: Array, dL_dh: Array) -> Pair:
    """∂L/∂a^(t) = g^(t) h^(t-1) and ∂L/∂b^(t) = g^(t), (T, …), with g from `from_the_end`."""
    g = from_the_end(a, dL_dh)
    return g * h_prev, g
