"""What the network learned: where it keeps the carry, and the finite-state machine in its hidden states.

The four inputs of a step are numbered 0 to 3 in the order of `proof.INPUTS`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab import data, model, proof, validate
from bptt_lab.model import Array, Params


class CarryStates(NamedTuple):
    """Hidden states of random sums, and how the carry lies in them."""

    h: Array  # (n_sums, n_bits, n_h)  h^(t)
    carry: NDArray[np.int64]  # (n_sums, n_bits)  carry^(t), which step t hands to the next
    direction: Array  # (n_h,)  unit vector; the carry is read as 1 where direction · h > threshold
    threshold: float
    accuracy: float  # share of carries read right, in sums that the read-out was not fitted to
    components: Array  # (n_h, n_h)  principal components in rows, the largest first
    variance: Array  # (n_h,)  share of the variance along each of them
    attractors: Array  # (2, n_h)  where 0 + 1, repeated, leads without a carry and with one


class Machine(NamedTuple):
    """A finite-state machine: state 0 is the start; reading an input moves on and writes a bit."""

    next: NDArray[np.int64]  # (n_states, 4)  the state after each input
    bit: NDArray[np.int64]  # (n_states, 4)  the bit written on the way
    members: list[Array]  # for each state, the representative hidden states (·, n_h) that were merged into it
    broken: tuple[int, tuple[int, int]] | None  # (state, input pair) that first writes a wrong bit, or None
    counterexample: tuple[int, int] | None  # a sum that goes through it, and goes wrong

    @property
    def transitions(self) -> dict[tuple[int, tuple[int, int]], tuple[int, int]]:
        """(state, input pair) -> (state, output bit), one entry for each arrow."""
        return {
            (s, (int(pair[0]), int(pair[1]))): (int(self.next[s, i]), int(self.bit[s, i]))
            for s in range(len(self.next))
            for i, pair in enumerate(proof.INPUTS)
        }


def carry_states(
    params: Params, rng: np.random.Generator, n_sums: int = 200, n_bits: int = 32, n_folds: int = 5
) -> CarryStates:
    """Hidden states with their carry, and the line along which carry ≈ direction · h > threshold.

    The read-out is a least-squares fit to ±1. Its accuracy is measured on whole sums left out of the fit, because the
    steps of one sum resemble each other.

    Raises
    ------
    TypeError, ValueError
        for bad settings
    """
    proof.adder(params)
    n_folds = validate.size("n_folds", n_folds, least=2)
    n_sums, n_bits = validate.size("n_sums", n_sums, least=n_folds), validate.size("n_bits", n_bits, least=2)
    x = rng.integers(0, 2, size=(n_bits, n_sums, 2)).astype(float)
    h = model.forward(params, x).h.swapaxes(0, 1)  # (n_sums, n_bits, n_h)
    carry = data.carries(x).T  # (n_sums, n_bits)
    right = 0
    for fold in range(n_folds):
        test = np.arange(n_sums) % n_folds == fold
        weights = _read_out(h[~test], carry[~test])
        right += ((h[test] @ weights[:-1] + weights[-1] > 0) == carry[test]).sum()
    weights = _read_out(h, carry)
    length = np.linalg.norm(weights[:-1])
    rows = h.reshape(-1, h.shape[-1])
    variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(rows.T)))
    return CarryStates(
        h=h,
        carry=carry,
        direction=weights[:-1] / length,
        threshold=float(-weights[-1] / length),
        accuracy=right / carry.size,
        components=axes.T[::-1],
        variance=variance[::-1] / variance.sum(),
        attractors=_attractors(params),
    )


def extract(params: Params, tolerance: float = 0.2, max_states: int = 2_000) -> Machine:
    """The machine that the network imitates: merge hidden states that agree, then minimise.

    Two hidden states are merged if they, and all that can follow within two steps, agree to `tolerance`
    (`proof.merge`); the carry is not consulted. Then merged states that write the same bits for every continuation
    become one (Moore's partition refinement). A right adder leaves two states, no carry and carry, with eight
    transitions. This choice needs no number of clusters, and finds the carry instead of being told. It is a picture,
    not a proof: differences smaller than the tolerance are not seen. For the proof, see `proof.prove`.

    Raises
    ------
    TypeError, ValueError
        for bad settings, or if more than max_states are needed
    """
    tolerance, max_states = validate.positive("tolerance", tolerance), validate.size("max_states", max_states)
    merged = proof.merge(params, tolerance, max_states)
    if merged is None:
        raise ValueError(f"more than max_states = {max_states} hidden states differ by {tolerance}: raise tolerance")
    block = _minimise(merged.next, merged.bit)
    first = np.unique(block, return_index=True)[1]  # a representative for each block
    next_, bit = block[merged.next[first]], merged.bit[first]
    members = [merged.h[block == s] for s in range(len(first))]
    word, broken = _first_wrong(next_, bit)
    pair = None if word is None else proof.confirm(params, word)
    if pair is None:
        # the merged machine may be right where the network is wrong, or wrong where it is right
        pair = proof.shortest_counterexample(params, max_bits=6) or proof.likely_counterexample(params)
    return Machine(next_, bit, members, broken, pair)


def _minimise(next_: NDArray, bit: NDArray) -> NDArray:
    """Moore's refinement: split blocks until states of one block write alike and move alike; numbered from state 0."""
    block = _number(bit)
    while True:
        finer = _number(np.column_stack([block, block[next_]]))
        if finer.max() == block.max():
            return block
        block = finer


def _number(rows: NDArray) -> NDArray:
    """Equal rows get equal numbers, in the order of first appearance."""
    _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse.ravel()]


def _first_wrong(next_: NDArray, bit: NDArray) -> tuple[tuple[int, ...] | None, tuple | None]:
    """The shortest word for which the machine writes a wrong bit, and the arrow that writes it."""
    seen = {(0, 0)}
    queue: list[tuple[int, int, tuple[int, ...]]] = [(0, 0, ())]
    for state, carry, word in queue:
        for i, pair in enumerate(proof.INPUTS):
            total = carry + int(pair.sum())
            if bit[state, i] != total % 2:
                return (*word, i), (state, tuple(map(int, pair)))
            reached = (int(next_[state, i]), total // 2)
            if reached not in seen:
                seen.add(reached)
                queue.append((*reached, (*word, i)))
    return None, None


def _read_out(h: Array, carry: NDArray[np.int64]) -> Array:
    """Least-squares weights and, last, the constant, for targets ±1; (n_h + 1,)."""
    rows = h.reshape(-1, h.shape[-1])
    return np.linalg.lstsq(np.column_stack([rows, np.ones(len(rows))]), 2.0 * carry.ravel() - 1, rcond=None)[0]


def _attractors(params: Params, n_steps: int = 200) -> Array:
    x = np.zeros((n_steps, 2, 2))
    x[:, :, 1] = 1  # 0 + 1 hands on the carry it finds
    x[0, 0], x[0, 1] = 0, 1  # 0 + 0 clears it, 1 + 1 sets it
    return model.forward(params, x).h[-1]
