"""Solutions of notebook 05."""

import numpy as np

from bptt_lab import data, model, training

# %% 05.a
guessing = 4 * np.log(2)

# %% 05.b
first_bits = (0, 1, 1, 0)  # 1 + 1 = 2, which is 10 in binary: the 0 stays

# %% 05.c
corners = 3

# %% 05.d
too_large = "b"


# %% 05.1
def a_fast_learning_rate():
    return 0.03


# %% 05.2
def wrong_after(n_bits):
    rng = np.random.default_rng(0)
    params, _ = training.train(model.init_params(16, rng), rng=rng, n_bits=n_bits, high=2 ** (n_bits - 1))
    x, y = data.all_sums()
    return (model.digit_accuracy(model.forward(params, x), y) < 8).sum()


def wrong_by_bits():
    return [wrong_after(n_bits) for n_bits in range(2, 9)]


# %% 05.e
reason = "b"  # its own additions of 7 bits are not all right either

# %% 05.f
handed_on = 6  # steps 2 to 7
