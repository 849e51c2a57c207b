"""Speed, as ratios in one run: .venv/bin/python -m pytest tests/benchmarks -c tests/benchmarks/pytest.ini

Needs pytest-benchmark; PyTorch is optional, and what needs it is reported as skipped without it.
"""

import numpy as np
import pytest
import transcription

from bptt_lab import bptt, data, gradcheck, model, training

N_STEPS = 500


def report_start():
    rng = np.random.default_rng(0)
    return model.init_params(16, rng), rng


def run(train):
    params, rng = report_start()
    return train(params, rng=rng, n_steps=N_STEPS)


def test_the_peers_compute_the_same():
    params, rng = report_start()
    x, y = data.sample_sums(1, rng)
    ours = bptt.backward(params, model.forward(params, x), y)
    assert gradcheck.relative_error(ours, transcription.gradients(params, x[:, 0], y[:, 0])[0]) < 1e-12


def test_torch_computes_the_same():
    torch, torch_rnn = pytest.importorskip("torch"), pytest.importorskip("torch_rnn")
    params, rng = report_start()
    x, y = data.sample_sums(5, rng)
    theirs = torch_rnn.gradients(*torch_rnn.build(params), torch.as_tensor(x), torch.as_tensor(y))
    ours = bptt.backward(params, model.forward(params, x), y)
    assert all(np.allclose(a, b.numpy(), rtol=1e-10, atol=1e-14) for a, b in zip(ours, theirs))


@pytest.mark.benchmark(group="training at the report's settings")
class TestTraining:
    def test_transcription(self, benchmark):
        benchmark.pedantic(run, [transcription.train], rounds=5)

    def test_numpy(self, benchmark):
        benchmark.pedantic(run, [training.train], rounds=5)

    def test_torch(self, benchmark):
        torch_rnn = pytest.importorskip("torch_rnn")
        benchmark.pedantic(run, [torch_rnn.train], rounds=5)


SIZES = [
    (8, 1024, 16),
    (64, 32, 64),
    (128, 64, 256),
    (1000, 1, 64),
    (1000, 16, 128),
    (32, 128, 1024),
    (1000, 128, 1024),
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
