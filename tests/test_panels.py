import io

import numpy as np
import pytest
from matplotlib.image import imread

from bptt_lab.panels import Panels
from bptt_lab.training import History


def seen(png):
    return np.round(imread(io.BytesIO(png)) * 255)


def a_run(seed, n_steps=1_000, n_bits=8, n_runs=1, addends=(77, 58), n_h=4):
    """What a picture is drawn of."""
    rng = np.random.default_rng(seed)
    histories = [History(rng.uniform(0.01, 9, n_steps), rng.integers(0, n_bits + 1, n_steps)) for _ in range(n_runs)]
    return histories, n_bits, rng.integers(6, 9, 127**2), rng.uniform(-1, 1, (8, n_h)), addends


NEXT = {
    "another run": dict(),
    "another sum": dict(addends=(3, 126)),
    "other sizes": dict(n_h=9),
    "longer": dict(n_steps=2_000),
    "fewer bits": dict(n_bits=5),
    "two runs": dict(n_runs=2),
}


@pytest.mark.parametrize("change", NEXT)
def test_of_the_picture_before_nothing_stays(change):
    panels = Panels()
    before = panels.png(*a_run(1))
    after = panels.png(*a_run(2, **NEXT[change]))
    assert (seen(after) == seen(Panels().png(*a_run(2, **NEXT[change])))).all()
    assert panels.png(*a_run(1)) == before != after


def test_another_sum_changes_only_what_tells_of_it():
    histories, n_bits, digits, h, addends = a_run(1)
    panels = Panels()
    one, other = (seen(panels.png(histories, n_bits, digits, h, sum_)) for sum_ in (addends, (3, 126)))
    rows, columns = np.nonzero((one != other).any(axis=2))
    height, width, _ = one.shape
    assert rows.min() > height / 2 and columns.min() > width / 2  # the panel of the hidden states, below on the right
