import hashlib

import numpy as np
import pytest
from cells import CELLS

from bptt_lab import gated
from bptt_lab.gated import kernels, training

HASHES = {"plain": "c2673c06261bb078", "gru": "4f48b0e769be9771", "lstm": "9032e8e939924fe4"}  # whatever the machine


def batches(n=3, T=5, B=6, n_x=3, n_y=4, softmax=False, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, T, B, n_x)) * (rng.random((n, T, B, n_x)) < 0.7)  # some exact zeros
    y = np.eye(n_y)[rng.integers(0, n_y, (n, T, B))] if softmax else rng.integers(0, 2, (n, T, B, n_y)).astype(float)
    return x, y


@pytest.mark.slow
@pytest.mark.versions
@pytest.mark.skipif(kernels.numba is None, reason="compares with the compiled loop")
@pytest.mark.parametrize("softmax", [False, True])
@pytest.mark.parametrize("n_h", [1, 5, 8])
@pytest.mark.parametrize("name", ["plain", "gru", "lstm"])
def test_the_compiled_loop_does_what_the_readable_one_does(name, n_h, softmax):
    cell = CELLS[name]
    params = cell.init_params(n_h, np.random.default_rng(1), 3, 4)
    x, y = batches(softmax=softmax)
    settings = {"softmax": softmax, "carry": True, "weight": np.arange(5.0), "learning_rates": [0.1, 0.01, 0.02]}
    runs = [training.fit(cell, params, x, y, engine=engine, **settings) for engine in ("numpy", "numba")]
    runs = [(*run[0], *run[1], run[2]) for run in runs]
    for readable, compiled in zip(*runs):
        assert np.abs(readable - compiled).max() < 1e-12
    moved = max(np.abs(now - then).max() for now, then in zip(runs[0], params))
    assert moved > 0.05


@pytest.mark.slow
@pytest.mark.versions
@pytest.mark.skipif(kernels.numba is None, reason="hashes what the compiled loop gives")
@pytest.mark.parametrize("name", HASHES)
def test_the_compiled_loop_gives_the_same_bits_on_every_machine(name):
    cell = CELLS[name]
    params = cell.init_params(8, np.random.default_rng(1), 3, 4)
    x, y = batches(n=200, softmax=True)
    trained, _, losses = training.fit(cell, params, x, y, softmax=True, carry=True, engine="numba")
    assert hashlib.sha256(b"".join(array.tobytes() for array in (*trained, losses))).hexdigest()[:16] == HASHES[name]


@pytest.mark.parametrize("name", ["plain", "gru", "lstm"])
def test_two_halves_are_the_whole(name):
    cell = CELLS[name]
    params = cell.init_params(4, np.random.default_rng(1), 3, 4)
    x, y = batches(n=4)
    whole, _, losses = training.fit(cell, params, x, y, carry=True)
    half, memory, first = training.fit(cell, params, x[:2], y[:2], carry=True)
    again, _, second = training.fit(cell, half, x[2:], y[2:], carry=True, memory=memory)
    assert all((a == b).all() for a, b in zip(whole, again))
    assert (np.concatenate([first, second]) == losses).all()


def test_a_step_of_weight_0_is_not_learned_from():
    x, y = batches()
    params = gated.lstm.init_params(4, np.random.default_rng(1), 3, 4)
    last = np.array([0, 0, 0, 0, 1.0])
    other = y.copy()
    other[:, :4] = 1 - other[:, :4]
    one, two = (training.fit(gated.lstm, params, x, target, weight=last)[0] for target in (y, other))
    assert all((a == b).all() for a, b in zip(one, two))


def test_the_gradient_is_shortened_to_max_norm():
    theta, adam = np.zeros(2), np.zeros((3, 2))
    training.adam_step(theta, np.array([30.0, 40.0]), adam, 0.1, max_norm=5.0)
    assert np.allclose(adam[0], 0.1 * np.array([3.0, 4.0])) and np.allclose(theta, -0.1)


def test_flatten_and_back():
    params = gated.gru.init_params(4, np.random.default_rng(1), 3, 2)
    back = kernels.unflatten(kernels.flatten(params, kernels.GRU), kernels.GRU, (3, 4, 2))
    assert all((a == b).all() for a, b in zip(params, back))


def test_bad_settings_get_one_line():
    x, y = batches()
    params = gated.gru.init_params(4, np.random.default_rng(1), 3, 4)
    with pytest.raises(ValueError, match="n batches, each with time first"):
        training.fit(gated.gru, params, x[0], y[0])
    with pytest.raises(ValueError, match="cell must be plain, gru or lstm"):
        training.fit(gated.gru_after, params, x, y)
    with pytest.raises(ValueError, match='"auto" picks the faster'):
        training.fit(gated.gru, params, x, y, engine="fortran")
    with pytest.raises(ValueError, match="y must be finite"):
        training.fit(gated.gru, params, x, y * np.nan)


def test_without_numba_it_says_so_once_and_goes_on(monkeypatch, capsys):
    monkeypatch.setattr(kernels, "numba", None)
    training._numba_or_say_so.cache_clear()
    x, y = batches()
    params = gated.gru.init_params(4, np.random.default_rng(1), 3, 4)
    for _ in range(2):
        training.fit(gated.gru, params, x, y)
    assert capsys.readouterr().out.count("Numba is not installed") == 1
    with pytest.raises(ImportError, match="pip install numba"):
        training.fit(gated.gru, params, x, y, engine="numba")
    training._numba_or_say_so.cache_clear()
