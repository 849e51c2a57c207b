"""What is merged was reached, and is near what stands for it."""

import nets
import numpy as np

from bptt_lab import data, model
from bptt_lab.proof import counterexamples, merging


def test_merged_states_are_reached_by_their_words():
    params = nets.trained(4, 2)
    merged = merging.merge(params, 0.2, n_steps=2)
    for h, carry, word in zip(merged.h[1:], merged.carry[1:], merged.words[1:]):
        x = counterexamples.INPUTS[list(word)][:, None]
        np.testing.assert_allclose(model.forward(params, x).h[-1, 0], h, atol=1e-12)
        assert data.carries(x)[-1, 0] == carry
    assert merged.next.shape == (len(merged.h), 16) and merged.next.max() < len(merged.h)
