"""Solutions of notebook 09."""

import numpy as np

# %% 09.a
handing_on = 2  # 0 + 1 and 1 + 0

# %% 09.b
from_the_past = 3  # the three entries of h^(5)

# %% 09.c
no_proof = "b"


# %% 09.1
def box_step(params, low, high, x):
    m, r = (low + high) / 2, (high - low) / 2
    a = params.b + params.W @ m + params.U @ x
    reach = np.abs(params.W) @ r
    return np.tanh(a - reach), np.tanh(a + reach)


# %% 09.d
inside_a_word = "c"

# %% 09.e
wrong_line = 2  # columns of opposite signs would cancel


# %% 09.2
def spoilt(certificate):
    carry, radius = certificate.carry.copy(), certificate.radius.copy()
    carry[0] = 1
    radius[0, 0] = np.nan
    return [
        certificate._replace(carry=carry),
        certificate._replace(radius=radius),
        certificate._replace(axes=2 * certificate.axes),
        certificate._replace(words=certificate.words[:-1]),
        certificate._replace(params=certificate.params._replace(V=-certificate.params.V)),
    ]


# %% 09.f
small_change = ("b", (0,), 0.099)  # wrong with 29 bits
