"""Random problems for both layers: every size is drawn, nothing is symmetric, nothing is zero."""

import numpy as np
from hypothesis import strategies as st

from bptt_lab.paths import attention, mingru

LAYERS = {"attention": attention, "mingru": mingru}
SEEDS = st.integers(0, 2**32 - 1)


def make_layer_problem(layer, rng, T, B, n_x, n_h, n_y):
    """Parameters with every entry drawn from (-1, 1), x (T, B, n_x), and y for the steps that have an output."""
    params = layer.init_params(n_h, rng, n_x, n_y)
    params = type(params)(*(rng.uniform(-1, 1, array.shape) for array in params))
    x, y = rng.uniform(-1, 1, (T, B, n_x)), rng.integers(0, 2, (T, B, n_y)).astype(float)
    return params, x, y[-len(layer.forward(params, x).o) :]


@st.composite
def layer_problems(draw):
    layer = LAYERS[draw(st.sampled_from(sorted(LAYERS)))]
    sizes = [draw(st.integers(1, most)) for most in (9, 4, 3, 4, 3)]
    return layer, *make_layer_problem(layer, np.random.default_rng(draw(SEEDS)), *sizes)
