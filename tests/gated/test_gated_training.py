import hashlib

import numpy as np
import pytest
from cells import CELLS

from bptt_lab import gated, machine
from bptt_lab.gated import training

HASHES = {"plain": "52262a91938cd4c5", "gru": "f934113ea541d2f7", "lstm": "c32d504f6faa5bb9"}  # whatever the machine


def batches(n=3, T=5, B=8, n_x=3, n_y=4, softmax=False, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, T, B, n_x)) * (rng.random((n, T, B, n_x)) < 0.7)  # some exact zeros
    y = np.eye(n_y)[rng.integers(0, n_y, (n, T, B))] if softmax else rng.integers(0, 2, (n, T, B, n_y)).astype(float)
    return (array.swapaxes(0, 1).reshape(T, n * B, -1) for array in (x, y))


@pytest.mark.slow
@pytest.mark.versions
@pytest.mark.skipif(not machine.HAS_NUMBA, reason="compares with the compiled loop")
@pytest.mark.parametrize("n_h", [1, 5, 8])
@pytest.mark.parametrize(
    "name, softmax",
    [(name, False) for name in CELLS]
    + [("gru", True)]  # those that the notebooks use
    + [pytest.param(name, True, marks=pytest.mark.ci) for name in ("plain", "lstm")],
)
def test_the_compiled_loop_does_what_the_readable_one_does(name, softmax, n_h):
    cell = CELLS[name]
    params = cell.init_params(n_h, np.random.default_rng(1), 3, 4)
    x, y = batches(softmax=softmax)
    settings = {
        "softmax": softmax,
        "carry": True,
        "weight": np.arange(5.0),
        "learning_rates": [0.1, 0.01, 0.02],
        "batch_size": 8,
    }
    runs = [training.fit(cell, params, x, y, engine=engine, **settings) for engine in ("numpy", "numba")]
    runs = [(*run[0], *run[1], run[2]) for run in runs]
    for readable, compiled in zip(*runs):
        assert np.abs(readable - compiled).max() < 1e-12
    moved = max(np.abs(now - then).max() for now, then in zip(runs[0], params))
    assert moved > 0.05


@pytest.mark.slow
@pytest.mark.versions
@pytest.mark.skipif(not machine.HAS_NUMBA, reason="hashes what the compiled loop gives")
@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name == "gru" else pytest.mark.ci) for name in HASHES])
def test_the_compiled_loop_gives_the_same_bits_on_every_machine(name):
    cell = CELLS[name]
    params = cell.init_params(8, np.random.default_rng(1), 3, 4)
    x, y = batches(n=200, softmax=True)
    trained, _, _ = training.fit(cell, params, x, y, batch_size=8, softmax=True, carry=True, engine="numba")
    assert hashlib.sha256(b"".join(array.tobytes() for array in trained)).hexdigest()[:16] == HASHES[name]


@pytest.mark.parametrize("name", ["plain", "gru", "lstm"])
def test_two_halves_are_the_whole(name):
    cell = CELLS[name]
    params = cell.init_params(4, np.random.default_rng(1), 3, 4)
    x, y = batches(n=4)
    whole, _, losses = training.fit(cell, params, x, y, batch_size=8, carry=True)
    half, memory, first = training.fit(cell, params, x[:, :16], y[:, :16], batch_size=8, carry=True)
    again, _, second = training.fit(cell, half, x[:, 16:], y[:, 16:], batch_size=8, carry=True, memory=memory)
    assert all((a == b).all() for a, b in zip(whole, again))
    assert (np.concatenate([first, second]) == losses).all()


def test_a_step_of_weight_0_is_not_learned_from():
    x, y = batches()
    params = gated.lstm.init_params(4, np.random.default_rng(1), 3, 4)
    last = np.array([0, 0, 0, 0, 1.0])
    other = y.copy()
    other[:4] = 1 - other[:4]
    one, two = (training.fit(gated.lstm, params, x, target, batch_size=8, weight=last)[0] for target in (y, other))
    assert all((a == b).all() for a, b in zip(one, two))


def test_bad_settings_get_one_line():
    x, y = batches()
    params = gated.gru.init_params(4, np.random.default_rng(1), 3, 4)
    with pytest.raises(ValueError, match="time first, and n batches"):
        training.fit(gated.gru, params, x[0], y[0], batch_size=8)
    with pytest.raises(ValueError, match="cell must be plain, gru or lstm"):
        training.fit(gated, params, x, y, batch_size=8)
    with pytest.raises(ValueError, match='"auto" picks the faster'):
        training.fit(gated.gru, params, x, y, batch_size=8, engine="fortran")
    with pytest.raises(ValueError, match="y must be finite"):
        training.fit(gated.gru, params, x, y * np.nan, batch_size=8)


def test_without_numba_it_says_so_once_and_goes_on(monkeypatch, capsys):
    monkeypatch.setattr(machine, "HAS_NUMBA", False)
    machine.there_or_says_so.cache_clear()
    x, y = batches()
    params = gated.gru.init_params(4, np.random.default_rng(1), 3, 4)
    for _ in range(2):
        training.fit(gated.gru, params, x, y, batch_size=8)
    assert capsys.readouterr().out.count("Numba is not installed") == 1
    with pytest.raises(ImportError, match="pip install numba"):
        training.fit(gated.gru, params, x, y, batch_size=8, engine="numba")
    machine.there_or_says_so.cache_clear()
