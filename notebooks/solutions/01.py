"""Solutions of notebook 01."""

import numpy as np

# %% 01.a
number = 13  # 1 + 4 + 8


# %% 01.1
def number_of(bits):
    number = 0
    for bit in reversed(bits):
        number = 2 * number + bit
    return number


# %% 01.b
bit_and_carry = (0, 1)  # 0 + 1 and a carry of 1 are 2, which is written 10


# %% 01.2
def carries_of_one(first_bits, second_bits):
    carry = np.zeros(len(first_bits))
    before = 0
    for t in range(len(first_bits)):
        before = carry[t] = int(first_bits[t] + second_bits[t] + before >= 2)
    return carry


# %% 01.c
later_step = 7  # with a carry of 1


# %% 01.d
remembered = 1  # the carry


# %% 01.3
def most_carries():
    return 3, 125  # 3 + 125: the first step carries, and every later one passes it on


# %% 01.4
def right_with_one_step_of_memory(x, y):
    now = x.sum(axis=2)  # (T, B), how many ones
    before = np.vstack([np.zeros_like(now[:1]), now[:-1]])  # nothing before the first step, as after two zeros
    right = 0
    for ones_now, ones_before in np.ndindex(3, 3):
        targets = y[..., 0][(now == ones_now) & (before == ones_before)]
        right += max(targets.sum(), (1 - targets).sum())
    return right / x.shape[1]
