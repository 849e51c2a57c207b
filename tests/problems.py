"""Random problems that hide nothing: parameters, inputs and targets."""

import numpy as np
from hypothesis import strategies as st

from bptt_lab.gradcheck import relative_error
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


def disagreement(a, b, least=0.0):
    """The worst relative error of the fields. One that is all but 0 counts as a thousandth of the largest one, because
    rounding is relative to what was added up, and a few terms may cancel; a mistake is larger than that.

    least   a field counts as this much at least: differences carry the rounding of the whole loss
    """
    if not isinstance(a, tuple):
        return relative_error(a, b)
    size = max(least, *(np.abs(field).max() / 1000 for field in b))
    return max(relative_error(p, q) * min(1.0, max(np.abs(p).max(), np.abs(q).max()) / size) for p, q in zip(a, b))
