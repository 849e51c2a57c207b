import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

from bptt_lab.model import Params

settings.register_profile("course", deadline=None, max_examples=50)  # no wall clock in a test
settings.load_profile("course")


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


@pytest.fixture
def problem():
    """T, B, n_x, n_h and n_y all differ, so that a mixed-up axis shows."""
    return make_problem(np.random.default_rng(3), T=8, B=7, n_x=2, n_h=5, n_y=3)
