"""The baseline: how often did each character follow these few? Counts, and what to do where there are none.

Interpolated Kneser-Ney smoothing: Kneser and Ney, "Improved backing-off for m-gram language modeling" (1995), in the
interpolated form of Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1999).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab import validate

Codes = NDArray[np.int64]


class Counts(NamedTuple):
    """For contexts of one length: how often each was followed by each character, and by how many different ones."""

    pairs: Codes  # (n_pairs,), sorted; a context and its next character as one number
    times: Codes  # (n_pairs,)
    contexts: Codes  # (n_contexts,), sorted
    total: Codes  # (n_contexts,), of `times`
    kinds: Codes  # (n_contexts,), of next characters


class NGram(NamedTuple):
    counts: list[Counts]  # for contexts of 0, 1, … order - 1 characters
    discount: float  # taken from each count that is not 0, and given to shorter contexts
    n_symbols: int


def count(codes: Codes, n_symbols: int, order: int, discount: float = 0.8) -> NGram:
    """Counts of a text for contexts of 0 to order - 1 characters.

    Parameters
    ----------
    codes : (N,)
        each from 0 to n_symbols - 1
    order
        at most 11, so that a context and its next character fit one integer

    Raises
    ------
    ValueError
        for an order below 1 or above 11, or a text shorter than that
    """
    order = validate.size("order", order)
    if order > 11 or order > len(codes):
        raise ValueError(f"order must be at most 11 and the length of the text, got {order}: choose a smaller one")
    pairs, times = np.unique(_windows(codes, n_symbols, order), return_counts=True)
    tables = [_table(pairs, times, n_symbols)]
    for length in reversed(range(1, order)):  # Kneser-Ney: a shorter context counts in how many ways it was extended
        pairs, times = np.unique(pairs % n_symbols**length, return_counts=True)
        tables.append(_table(pairs, times, n_symbols))
    return NGram(tables[::-1], discount, n_symbols)


def probabilities(model: NGram, contexts: Codes) -> NDArray[np.float64]:
    """p(next | context) = (max(times - D, 0) + D kinds p(next | context without its first character)) / total.

    Parameters
    ----------
    contexts : (N, k)
        the last k characters before each place; longer ones than the model's are cut

    Returns
    -------
    (N, n_symbols)
        every row sums to 1
    """
    n, D = model.n_symbols, model.discount
    p = np.full((len(contexts), n), 1 / n)  # before anything was counted
    for length, table in enumerate(model.counts[: contexts.shape[1] + 1]):
        context = np.zeros(len(contexts), dtype=np.int64)
        for column in contexts.shape[1] - length + np.arange(length):
            context = context * n + contexts[:, column]
        times = _look_up(table.pairs, table.times, context[:, None] * n + np.arange(n))  # (N, n_symbols)
        total, kinds = (_look_up(table.contexts, values, context)[:, None] for values in (table.total, table.kinds))
        p = np.where(total > 0, (np.maximum(times - D, 0) + D * kinds * p) / np.maximum(total, 1), p)
    return p


def predict(model: NGram, codes: Codes) -> NDArray[np.float64]:
    """p(character | those before it) for every place, (N, n_symbols); the first places have short contexts."""
    order = len(model.counts)
    head = [probabilities(model, codes[None, max(0, t - order + 1) : t]) for t in range(min(order - 1, len(codes)))]
    places = np.arange(len(head), len(codes))
    contexts = codes[places[:, None] - np.arange(order - 1, 0, -1)]  # (N, order - 1)
    return np.concatenate([*head, probabilities(model, contexts)])


def _windows(codes: Codes, n_symbols: int, length: int) -> Codes:
    """Every run of `length` characters as one number."""
    value = np.zeros(len(codes) - length + 1, dtype=np.int64)
    for shift in range(length):
        value = value * n_symbols + codes[shift : shift + len(value)]
    return value


def _table(pairs: Codes, times: Codes, n_symbols: int) -> Counts:
    contexts, first = np.unique(pairs // n_symbols, return_index=True)
    kinds = np.diff(np.append(first, len(pairs)))
    return Counts(pairs, times, contexts, np.add.reduceat(times, first), kinds)


def _look_up(keys: Codes, values: Codes, wanted: Codes) -> Codes:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
