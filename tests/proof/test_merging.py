"""What is merged was reached, and is near what stands for it."""

import nets
import numpy as np

from bptt_lab import model, proof
from bptt_lab.proof.search import merging


def test_each_merged_state_stands_for_one_nearby():
    params, tolerance = nets.trained(4, 2), 0.2
    merged = merging.merge(params, tolerance)
    assert merged.next.shape == merged.bit.shape == (len(merged.h), 4) and merged.next.min() > 0
    assert set(merged.next.ravel()) == set(range(1, len(merged.h)))
    for i, x in enumerate(proof.INPUTS):
        trace = model.forward(params, np.tile(x, (1, len(merged.h), 1)), merged.h)
        off = np.linalg.norm(trace.h[0] - merged.h[merged.next[:, i]], axis=1)
        assert (off <= tolerance).all() and ((trace.o[0, :, 0] > 0) == merged.bit[:, i]).all()
        exact = np.flatnonzero(off < 1e-12)  # the first that came there
        assert len(exact) > 0
    assert merging.merge(params, tolerance, max_states=3) is None
