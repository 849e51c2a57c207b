"""Solutions of notebook 06."""

import numpy as np

from bptt_lab import report


# %% 06.1
def right_update(b, dL_db, learning_rate):
    return b - learning_rate * dL_db


# %% 06.2
def largest_bias(start, rng, n):
    params, _ = report.train(start, rng=rng, n_steps=n)
    return np.abs(params.b).max()


# %% 06.3
def hidden_by_a_batch_of_one():
    return "divided_by_B_twice"
