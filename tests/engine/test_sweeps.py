"""Many runs at once are the same runs, and what went wrong with one of them stays with that one."""

import subprocess
import sys

import numpy as np
import pytest

from bptt_lab import machine, model, training
from bptt_lab.engine import sweeps

N = 6


def starts_and_rngs(n=N):
    starts = [model.init_params(4, np.random.default_rng(seed)) for seed in range(n)]
    return starts, [np.random.default_rng(100 + seed) for seed in range(n)]


def same(run, other):
    return all((a == b).all() for ours, theirs in zip(run, other) for a, b in zip(ours, theirs))


@pytest.mark.parametrize("engine", ["numpy", "auto"])
def test_each_run_equals_the_same_run_alone(engine):
    starts, rngs = starts_and_rngs()
    rates = [0.01 * (i + 1) for i in range(N)]
    many = sweeps.train_many(starts, rngs=rngs, learning_rates=rates, n_workers=3, n_steps=300, engine=engine)
    alone = [
        training.train(start, rng=rng, learning_rate=rate, n_steps=300, engine=engine)
        for start, rng, rate in zip(*starts_and_rngs(), rates)
    ]
    assert len(many) == N and all(same(*pair) for pair in zip(many, alone))


@pytest.mark.slow
@pytest.mark.skipif(not machine.HAS_NUMBA, reason="Numba is not installed")
def test_numba_is_imported_before_any_thread_begins():
    program = """
import sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from bptt_lab import engine, model
submit, seen = ThreadPoolExecutor.submit, []
def look(*args):
    seen.append("numba.core.event" in sys.modules)
    return submit(*args)
ThreadPoolExecutor.submit = look
assert "numba" not in sys.modules
engine.train_many([model.init_params(3, np.random.default_rng(0))], rngs=[np.random.default_rng(0)], n_steps=5)
assert seen == [True]
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=300)


def test_a_run_that_diverges_leaves_the_others_alone():
    starts, rngs = starts_and_rngs(3)
    first, second, third = sweeps.train_many(starts, rngs=rngs, learning_rates=[0.01, 1e308, 0.01], n_steps=50)
    assert isinstance(second, FloatingPointError) and "not finite at step" in str(second)
    assert len(first[1].loss) == len(third[1].loss) == 50


def test_stop_keeps_the_first_runs():
    starts, rngs = starts_and_rngs(40)
    runs = sweeps.train_many(starts, rngs=rngs, n_workers=2, n_steps=500, engine="numpy", stop=lambda: True)
    assert 1 <= len(runs) < 40
    assert same(runs[0], training.train(starts[0], rng=np.random.default_rng(100), n_steps=500, engine="numpy"))


def test_interrupting_keeps_the_first_runs():
    def stop():
        raise KeyboardInterrupt  # as Jupyter's stop button does, in the main thread

    starts, rngs = starts_and_rngs(40)
    runs = sweeps.train_many(starts, rngs=rngs, n_workers=2, n_steps=500, engine="numpy", stop=stop)
    assert 1 <= len(runs) < 40 and all(len(history.loss) == 500 for _, history in runs)


@pytest.mark.parametrize("n_whole", [0, 2])
def test_interrupting_in_a_browser_ends_the_sweep_with_what_it_has(monkeypatch, n_whole):
    monkeypatch.setattr(machine, "IN_BROWSER", True)
    train, begun = training.train, []

    def pressed_stop(params, **settings):
        """`train` as it is; after some runs an interrupt comes."""
        begun.append(params)
        interrupted = len(begun) > n_whole
        return train(params, engine=interrupts if interrupted else "numpy", **settings)

    def interrupts(params, x, y, learning_rate, batch_size):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "train", pressed_stop)
    pressed_stop.__kwdefaults__ = train.__kwdefaults__
    starts, rngs = starts_and_rngs()
    runs = sweeps.train_many(starts, rngs=rngs, n_steps=100)
    assert [len(history.loss) for _, history in runs] == [100] * n_whole + [0] and len(begun) == n_whole + 1


def test_bar_is_there_in_a_browser_alone_and_only_where_it_takes_long(monkeypatch, capsys):
    assert list(sweeps.with_bar(range(3))) == [0, 1, 2] and sweeps.with_bar(range(3)).disable
    monkeypatch.setattr(machine, "IN_BROWSER", True)
    assert list(sweeps.with_bar(range(3))) == [0, 1, 2] and capsys.readouterr() == ("", "")
    slow = sweeps.with_bar(range(3))
    assert not slow.disable and not slow.leave and sweeps.with_bar([0]).disable
    slow.delay = slow.mininterval = 0  # as if two seconds were over
    assert list(slow) == [0, 1, 2] and "2/3" in capsys.readouterr().err


def test_bad_lists_and_settings_are_refused():
    starts, rngs = starts_and_rngs()
    with pytest.raises(ValueError, match="6 starts, 5 rngs and 6 learning rates"):
        sweeps.train_many(starts, rngs=rngs[:5])
    with pytest.raises(ValueError, match="got one twice"):
        sweeps.train_many(starts, rngs=[rngs[0]] * N)
    with pytest.raises(ValueError, match="engine must be"):
        sweeps.train_many(starts, rngs=rngs, engine="torch")
