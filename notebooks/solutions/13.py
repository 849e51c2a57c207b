"""Solutions of notebook 13."""

import numpy as np

from bptt_lab import text

# %% 13.a
pair_costs = 2  # each output pays for a fair coin

# %% 13.b
m_after_two = 0.9 * 0.1 + 0.1

# %% 13.c
guessing_costs = np.log2(37)


# %% 13.1
def at_temperature(o, temperature):
    e = np.exp((o - o.max(axis=-1, keepdims=True)) / temperature)
    return e / e.sum(axis=-1, keepdims=True)


# %% 13.d
softmax_gradient = "a"  # the slope of the softmax cancels, as that of the sigmoid did


# %% 13.2
def pairs_table(codes, n):
    table = np.ones((n, n))
    np.add.at(table, (codes[:-1], codes[1:]), 1)
    return table / table.sum(axis=1, keepdims=True)


# %% 13.3
def greedy(writer, beginning, n):
    told = beginning
    for _ in range(n):
        told += writer.symbols[text.next_character(writer, told).argmax()]
    return told[len(beginning) :]
