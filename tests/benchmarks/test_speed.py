"""Peers compute the same, and how fast: .venv/bin/python -m pytest tests/benchmarks -c tests/benchmarks/pytest.ini

Needs pytest-benchmark; PyTorch, JAX and a C compiler are optional, and what needs them is reported as skipped without.
For one table with all ratios run table.py. The largest layer, of some 5 GB and minutes, runs with `-m slow` only.
"""

import numpy as np
import peers
import pytest
import transcription

from bptt_lab import bptt, data, gradcheck, model, training
from bptt_lab.validate import missing

N_STEPS = 500
PEERS = {peer.name: peer for peer in peers.all_peers()}


def sgd_of(name):
    peer = PEERS[name]
    return peer.sgd or pytest.skip(peer.why_not)


def report_start():
    rng = np.random.default_rng(0)
    return model.init_params(16, rng), rng


def test_the_transcription_computes_the_same_gradient():
    params, rng = report_start()
    x, y = data.sample_sums(1, rng)
    ours = bptt.backward(params, model.forward(params, x), y)
    assert gradcheck.relative_error(ours, transcription.gradients(params, x[:, 0], y[:, 0])[0]) < 1e-12


@pytest.mark.parametrize("name", ["torch_rnn", "jax_scan"])
def test_another_library_computes_the_same_gradient(name):
    other = pytest.importorskip(name, reason=missing(name, "nothing is compared with it", "pip install torch jax"))
    params, rng = report_start()
    x, y = data.sample_sums(1, rng)
    ours = bptt.backward(params, model.forward(params, x), y)
    theirs = other.gradients_of_one(params, x[:, 0], y[:, 0])
    assert all(np.allclose(a, b, rtol=1e-10, atol=1e-14) for a, b in zip(ours, theirs))


@pytest.mark.parametrize("name", PEERS)
def test_two_hundred_steps_end_at_the_same_parameters(name):  # in float64, all of them
    sgd = sgd_of(name)
    params, x, y = peers.report_problem(200, scale=0.3)  # from larger weights, roundings grow without bound
    ours, theirs = training.sgd(params, x, y, 0.05), sgd(params, x, y, 0.05)
    for a, b in zip((*ours[0], ours[1]), (*theirs[0], theirs[1])):
        assert b.dtype == np.float64 and np.abs(a - b).max() < 1e-11


@pytest.mark.benchmark(group="training at the report's settings")
@pytest.mark.parametrize("name", PEERS)
def test_training(benchmark, name):
    params, x, y = peers.report_problem(N_STEPS)
    benchmark.pedantic(sgd_of(name), [params, x, y, peers.LEARNING_RATE], rounds=5, warmup_rounds=1)


SIZES = [
    (8, 1024, 16),
    (64, 32, 64),
    (128, 64, 256),
    (1000, 1, 64),
    (1000, 16, 128),
    (32, 128, 1024),
    pytest.param(1000, 128, 1024, marks=pytest.mark.slow),
]


@pytest.mark.parametrize("T, B, n_h", SIZES)
class TestGradient:
    """Forward and backward pass; weights scaled by 1/√n_h, as is usual for large layers."""

    def problem(self, T, B, n_h):
        rng = np.random.default_rng(0)
        params = model.init_params(n_h, rng, scale=n_h**-0.5)
        return params, rng.integers(0, 2, (T, B, 2)).astype(float), rng.integers(0, 2, (T, B, 1)).astype(float)

    def test_numpy(self, benchmark, T, B, n_h):
        benchmark.group = f"gradient, T={T} B={B} n_h={n_h}"
        params, x, y = self.problem(T, B, n_h)
        benchmark.pedantic(lambda: bptt.backward(params, model.forward(params, x), y), rounds=3, warmup_rounds=1)

    def test_torch(self, benchmark, T, B, n_h):
        torch, torch_rnn = pytest.importorskip("torch"), pytest.importorskip("torch_rnn")
        benchmark.group = f"gradient, T={T} B={B} n_h={n_h}"
        params, x, y = self.problem(T, B, n_h)
        peers = *torch_rnn.build(params), torch.as_tensor(x), torch.as_tensor(y)
        benchmark.pedantic(lambda: torch_rnn.gradients(*peers), rounds=3, warmup_rounds=1)
