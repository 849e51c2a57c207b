"""Sequences of different lengths in one batch: padding, what is real, and the mean over what is real."""

from collections.abc import Sequence

import numpy as np

from bptt_lab import model, validate
from bptt_lab.model import Array


def padded(sequences: Sequence[Array], fill: float = 0.0) -> tuple[Array, Array]:
    """One batch of sequences, each (its T, n), all made as long as the longest: `fill` is put behind the shorter ones.

    Returns
    -------
    (T, B, n)
        and the lengths, (B,)

    Raises
    ------
    ValueError
        if one is empty, or they differ in n
    """
    lengths = np.array([len(one) for one in sequences])
    if len({np.shape(one)[1:] for one in sequences}) != 1 or 0 in lengths:
        found = [np.shape(one) for one in sequences]
        raise ValueError(f"sequences must be (T, n) with one n for all and T from 1, got {found}: pad time alone")
    batch = np.full((lengths.max(), len(sequences), *sequences[0].shape[1:]), fill)
    for place, one in enumerate(sequences):
        batch[: len(one), place] = one
    return batch, lengths


def mask(lengths: Array, T: int) -> Array:
    """Which steps are real, (T, B): True for the first `lengths` steps of each sequence."""
    return np.arange(T)[:, None] < lengths


def mean_loss(o: Array, y: Array, lengths: Array) -> float:
    """The mean cross-entropy of a real step, in nats: Σ over real steps / number of real steps.

    Parameters
    ----------
    o, y : (T, B, n_y)
        several outputs of a step are summed
    lengths : (B,)

    Raises
    ------
    ValueError
        if y does not have the shape of o, or holds NaN or infinity
    """
    validate.targets(o, y)
    real = mask(lengths, len(o))[:, :, None]
    return np.where(real, model.cross_entropy(o, y), 0).sum() / real.sum()


def output_grads(o: Array, y: Array, lengths: Array) -> Array:
    """∂L/∂o of `mean_loss`, (T, B, n_y): (ŷ - y) / number of real steps, and 0 in the padding."""
    real = mask(lengths, len(o))[:, :, None]
    return np.where(real, model.sigmoid(o) - y, 0) / real.sum()


def last(h: Array, lengths: Array) -> Array:
    """The state after the last real step of each sequence, (B, n_h); h[-1] is the state after the padding."""
    return h[lengths - 1, np.arange(len(lengths))]
