"""Random problems that hide nothing: parameters, inputs and targets."""

import numpy as np
from hypothesis import strategies as st

from bptt_lab.model import Params


def make_problem(rng, T, B, n_x, n_h, n_y):
    """Parameters with every entry drawn, biases too, and real-valued inputs: nothing is symmetric or zero."""

    def uniform(*shape):
        return rng.uniform(-1, 1, shape)

    params = Params(uniform(n_h, n_x), uniform(n_h, n_h), uniform(n_y, n_h), uniform(n_h), uniform(n_y))
    return params, uniform(T, B, n_x), rng.integers(0, 2, (T, B, n_y)).astype(float)


@st.composite
def problems(draw):
    sizes = [draw(st.integers(1, most)) for most in (12, 7, 4, 9, 3)]
    return make_problem(np.random.default_rng(draw(st.integers(0, 2**32 - 1))), *sizes)
