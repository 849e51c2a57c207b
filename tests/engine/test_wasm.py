"""The loop as WebAssembly, here in wasmtime instead of a browser: the same bits as the loop that Numba compiles."""

import functools
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import test_kernels
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bptt_lab import gated, machine, optimisers, report, training
from bptt_lab.engine import elementary, kernels, train_many, wasm

wasmtime = pytest.importorskip("wasmtime", reason="wasmtime is not installed: pip install wasmtime")
pytestmark = pytest.mark.ci
BUILD = Path(__file__).resolve().parents[2] / "site" / "build_wasm.py"


class Module:
    """`wasm.Module` in wasmtime."""

    def __init__(self, code: bytes):
        self.store = wasmtime.Store()
        self.memory = wasmtime.Memory(self.store, wasmtime.MemoryType(wasmtime.Limits(1, None)))
        instance = wasmtime.Instance(self.store, wasmtime.Module(self.store.engine, code), [self.memory])
        self.functions = instance.exports(self.store)

    def clear(self, start, stop):
        missing = stop - self.memory.data_len(self.store)
        if missing > 0:
            self.memory.grow(self.store, -(-missing // wasm.PAGE))
        self.memory.write(self.store, bytes(stop - start), start)

    def write(self, address, array):
        assert array.dtype == float and array.flags.c_contiguous  # a browser copies the bytes as they are
        self.memory.write(self.store, array.tobytes(), address)

    def read(self, address, array):
        array.flat = np.frombuffer(self.memory.read(self.store, address, address + array.nbytes))

    def run(self, name, *arguments):
        return self.functions[name](self.store, *map(lambda n: n if isinstance(n, float) else int(n), arguments))


def codes(folder=wasm.FOLDER):
    return {file: (folder / file).read_bytes() for file in wasm.FILES}


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wasm")
    subprocess.run([sys.executable, BUILD, folder], check=True, timeout=1_800)
    return codes(folder)


@pytest.fixture
def in_browser(monkeypatch):
    """A function of the files' code; everything after its call believes that it runs in a browser."""

    def enter(code):
        monkeypatch.setattr(wasm, "_module", functools.cache(lambda file: Module(code[file])))
        monkeypatch.setattr(machine, "IN_BROWSER", True)

    return enter


@pytest.fixture(params=["committed", "rebuilt"])
def browser(request, in_browser):
    in_browser(codes() if request.param == "committed" else request.getfixturevalue("rebuilt"))


def built_with(code):
    return code[code.rindex(b"\5built") + 6 :].decode()


def test_the_committed_file_is_what_the_source_gives(rebuilt):
    committed = codes()
    before, now = (built_with(files["loop.wasm"]) for files in (committed, rebuilt))
    if before != now:
        pytest.skip(f"built with {before}, here is {now}: the bits are compared below")
    assert rebuilt == committed, "run site/build_wasm.py"


def test_report_run(browser):
    assert test_kernels.report_run() == test_kernels.REPORT_RUN


def test_a_constant_that_is_off_by_one_bit_changes_the_hash(in_browser):
    right, wrong = (struct.pack("<d", c) for c in (elementary.EXPM1[1], np.nextafter(elementary.EXPM1[1], 1)))
    code = codes()
    assert right in code["loop.wasm"]
    in_browser(code | {"loop.wasm": code["loop.wasm"].replace(right, wrong)})
    assert test_kernels.report_run() != test_kernels.REPORT_RUN


size = st.integers(1, 9)


def at_home(call):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "IN_BROWSER", False)
        return call()


def same_bits(ours, theirs):
    return all(a.tobytes() == b.tobytes() for a, b in zip(ours, theirs, strict=True))


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    optimiser=st.sampled_from([optimisers.SGD(), optimisers.Momentum(), optimisers.Adam()]),
    seed=st.integers(0, 2**32),
    batch_size=st.integers(1, 5),
    last=st.integers(0, 4),
    sizes=st.tuples(size, size, size, size),
)
def test_the_same_bits(browser, optimiser, seed, batch_size, last, sizes):
    T, *others = sizes
    params, x, y = test_kernels.problem(seed, T, 6 * batch_size - last % batch_size, *others)

    def run():
        memory = optimiser.start(params)
        trained, o = kernels.sgd(params, x, y, 0.05, batch_size, optimiser, memory)
        return *trained, o, memory, kernels.cross_entropy(o, y)

    assert same_bits(run(), at_home(run))


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quirks=st.tuples(*[st.booleans()] * 6), seed=st.integers(0, 2**32), batch_size=st.integers(1, 4))
def test_the_same_bits_by_the_listing(browser, quirks, seed, batch_size):
    params, x, y = test_kernels.problem(seed, 5, 3 * batch_size, 2, 4, 2)

    def run():
        trained, o = report.sgd(params, x, y, 0.05, batch_size, report.Quirks(*quirks))
        return *trained, o

    assert same_bits(run(), at_home(run))


TRAINED_SO = [(cell, softmax) for cell in (gated.plain, gated.gru, gated.lstm) for softmax in (False, True)]
TRAINED_SO.remove((gated.plain, True))  # in no notebook


@pytest.mark.parametrize(("cell", "softmax"), TRAINED_SO, ids=lambda value: getattr(value, "__name__", str(value)))
def test_the_same_bits_of_cells_with_gates(browser, cell, softmax):
    rng = np.random.default_rng(2)
    params = cell.init_params(5, rng, 3, 4)
    x, y = rng.integers(0, 2, (6, 4 * 3, 3)) * 1.0, np.eye(4)[rng.integers(0, 4, (6, 4 * 3))]

    def run():
        trained, memory, losses = gated.fit(
            cell, params, x, y, batch_size=3, softmax=softmax, carry=True, weight=np.arange(6.0)
        )
        return *trained, *memory, losses

    assert same_bits(run(), at_home(run))


def test_what_was_not_built_is_trained_in_numpy_with_a_word(in_browser, capsys):
    def run(engine="auto"):
        params = gated.gru.init_params(3, np.random.default_rng(0))
        return gated.fit(gated.gru, params, x, y, batch_size=2, optimiser=optimisers.SGD(), engine=engine)[0]

    def of_the_core(engine):
        params, rng = test_kernels.problem(0, 1, 1, 2, 4, 1)[0], np.random.default_rng(0)
        return training.train(params, rng=rng, n_steps=20, optimiser=Slow(), engine=engine)[0]

    class Slow(optimisers.Momentum):
        """An optimiser that nobody has built."""

    x, y = np.ones((2, 4, 2)), np.ones((2, 4, 1))
    by_numpy = *run("numpy"), *of_the_core("numpy")
    in_browser(codes())
    machine.there_or_says_so.cache_clear()
    assert same_bits((*run(), *of_the_core("auto")), by_numpy)
    assert capsys.readouterr().out.count("training in NumPy") == 1


def test_engines_in_a_browser(in_browser):
    with pytest.raises(ImportError, match='needs a browser around Python: use "numba"'):
        training.pick_engine("wasm", 16, 1)
    in_browser(codes())
    engines = [training.pick_engine(name, 16, 1) for name in ("wasm", "numba", "auto")]
    assert engines[0] == engines[1] == engines[2] and engines[0].sgd is kernels.sgd
    assert report.engine(report.AS_PRINTED).sgd.func is report.sgd


def test_many_runs_take_turns(in_browser, monkeypatch, capsys):
    def runs(stop=None):
        rngs = [np.random.default_rng(seed) for seed in range(3)]
        starts = [test_kernels.problem(seed, 1, 1, 2, 4, 1)[0] for seed in range(3)]
        return train_many(starts, rngs=rngs, learning_rates=[0.1, 1e308, 0.1], n_steps=50, stop=stop)

    threaded = runs()
    in_browser(codes())
    in_turn = runs()
    assert str(in_turn[1]) == str(threaded[1]) and "not finite" in str(in_turn[1])
    for i in (0, 2):
        assert all(a.tobytes() == b.tobytes() for a, b in zip(in_turn[i][0], threaded[i][0]))
    assert len(runs(stop=lambda: True)) == 1
