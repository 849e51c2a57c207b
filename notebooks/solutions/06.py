"""Solutions of notebook 06."""

import numpy as np

from bptt_lab import report

# %% 06.a
divided_by = "B"


# %% 06.b
without_memory = 5.04


# %% 06.c
slips = (3, 7, 11)


# %% 06.1
def faulty_lines():
    return "bcehjm"


# %% 06.d
b_after = 1.8


# %% 06.2
def right_update(b, dL_db, learning_rate):
    return b - learning_rate * dL_db


# %% 06.e
unnoticed = "b"


# %% 06.3
def largest_bias(start, rng, n):
    params, _ = report.train(start, rng=rng, n_steps=n)
    return np.abs(params.b).max()


# %% 06.f
what_was_run = "c"


# %% 06.4
def hidden_by_a_batch_of_one():
    return "divided_by_B_twice"
