"""Solutions of notebook 00."""

import numpy as np

# %% 00.a
shown = "b"  # it was counted over 1,000 additions, of one network, from one seed


# %% 00.b
why_fair = "a"  # the draws are fresh, and an answer is counted before it is corrected


# %% 00.1
def share_perfect(correct_digits):
    return np.mean(correct_digits == 8)


# %% 00.2
def block_means(values, n):
    return values.reshape(-1, n).mean(axis=1)
