"""Random problems for every cell: nothing is symmetric, nothing is zero."""

import numpy as np
from hypothesis import strategies as st

from bptt_lab import gated

CELLS = {"plain": gated.plain, "lstm": gated.lstm, "gru": gated.gru}


def make_cell_problem(cell, rng, T, B, n_x, n_h, n_y):
    """Parameters with every entry drawn from (-1, 1), biases too, real-valued inputs, targets of 0 and 1."""
    shapes = cell.init_params(n_h, rng, n_x, n_y)
    params = type(shapes)(*(rng.uniform(-1, 1, array.shape) for array in shapes))
    return params, rng.uniform(-1, 1, (T, B, n_x)), rng.integers(0, 2, (T, B, n_y)).astype(float)


@st.composite
def cell_problems(draw, cell):
    sizes = [draw(st.integers(1, most)) for most in (5, 3, 3, 3, 2)]
    return make_cell_problem(cell, np.random.default_rng(draw(st.integers(0, 2**32 - 1))), *sizes)
