"""The compiled loop: right to the last digits, the same as NumPy's loop, the same bits on every machine."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bptt_lab
from bptt_lab import machine, model, training
from bptt_lab.engine import elementary, kernels, plain
from bptt_lab.model import Params
from bptt_lab.optimisers import SGD

numba = pytest.importorskip("numba")
mpmath = pytest.importorskip("mpmath")

# Hash of parameters, losses and right digits, whatever the machine
REPORT_RUN = "697e994931168b94dd0ed13b5550844051bea0aeba23c824a6fbfdc0a62dddc9"


@numba.njit(error_model="numpy")
def each(f, values):
    """A loop like the kernel's own, so that the vectorised code is what is tested."""
    result = np.empty_like(values)
    for i in range(len(values)):
        result[i] = f(values[i])
    return result


def sigmoid(x):
    return 1 / (1 + np.exp(-x))  # e^-x overflows no long double here


# name: the function, the same in long double, the same in mpmath, where it is used, the most it may be off in ulp
FUNCTIONS = {
    "tanh": (elementary.tanh, np.tanh, mpmath.tanh, (-22, 22), 2),
    "sigmoid": (elementary.sigmoid, sigmoid, lambda o: 1 / (1 + mpmath.exp(-o)), (-745, 745), 2),
    "exp": (elementary.exp, np.exp, mpmath.exp, (-745, 0), 1),
    "log1p": (elementary.log1p, np.log1p, mpmath.log1p, (0, 1), 2),
}


def points(low: float, high: float, n: int) -> np.ndarray:
    """A third each: all over the range, near 0, and of every magnitude down to the denormal numbers."""
    rng = np.random.default_rng(7)
    signs = rng.choice([np.sign(low) or 1.0, np.sign(high) or 1.0], n // 3)
    magnitudes = 10.0 ** rng.uniform(-320, np.log10(max(-low, high)), n // 3)
    near = rng.uniform(max(low, -1.0), min(high, 1.0), n // 3)
    return np.clip(np.concatenate([rng.uniform(low, high, n // 3), near, signs * magnitudes]), low, high)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_in_ulp_against_mpmath(name):
    ours, _, exact, ends, allowed = FUNCTIONS[name]
    at = points(*ends, 6_000)
    with mpmath.workprec(1200):  # 1 + e^-o must keep both
        off = [
            abs((mpmath.mpf(float(value)) - reference) / float(np.spacing(abs(float(reference)))))
            for value, reference in ((value, exact(mpmath.mpf(float(x)))) for x, value in zip(at, each(ours, at)))
        ]
    assert max(off) <= allowed, f"{float(max(off)):.3f} ulp at {at[int(np.argmax(off))]!r}"


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="long double is no better than double here")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_error_in_ulp_at_a_million_points(name):
    ours, exact, _, ends, allowed = FUNCTIONS[name]
    at = points(*ends, 1_000_000)
    reference = exact(at.astype(np.longdouble))
    off = np.abs(each(ours, at) - reference) / np.spacing(np.abs(reference.astype(float)))
    assert off.max() <= allowed + 0.01, f"{off.max():.3f} ulp at {at[off.argmax()]!r}"


def test_edges():
    tiny, huge = 5e-324, 1.7e308
    x = np.array(
        [0.0, -0.0, tiny, -tiny, 2.2e-308, -2.2e-308, 20, -20, 709, -709, huge, -huge, np.inf, -np.inf, np.nan]
    )
    tanh = each(elementary.tanh, x)
    np.testing.assert_array_equal(tanh, [*x[:6], *[1, -1] * 4, np.nan])
    np.testing.assert_array_equal(np.signbit(tanh[:-1]), np.signbit(x[:-1]))
    o = np.array([0.0, -0.0, tiny, 709, -709, -740, -745.2, huge, -huge, np.inf, -np.inf, np.nan])
    expected = [0.5, 0.5, 0.5, 1, np.exp(-709.0), np.exp(-740.0), 0, 1, 0, 1, 0, np.nan]
    np.testing.assert_allclose(each(elementary.sigmoid, o), expected, rtol=5e-16, atol=tiny)
    y = np.array([0.0, -0.0, -tiny, -709, -740, -huge, -np.inf, np.nan])
    expected = [1, 1, 1, np.exp(-709.0), np.exp(-740.0), 0, 0, np.nan]
    np.testing.assert_allclose(each(elementary.exp, y), expected, rtol=5e-16, atol=tiny)


def test_constants_are_the_derived_ones():
    path = Path(__file__).parent / "derive_expm1.py"
    spec = importlib.util.spec_from_file_location("derive_expm1", path)
    derive = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(derive)
    assert {name: getattr(elementary, name) for name in derive.CONSTANTS} == derive.CONSTANTS


def test_cross_entropy_is_the_model_s():
    rng = np.random.default_rng(3)
    o, y = rng.normal(0, 20, (8, 50, 2)), rng.uniform(size=(8, 50, 2))
    np.testing.assert_allclose(kernels.cross_entropy(o, y), model.cross_entropy(o, y), rtol=1e-14, atol=0)
    far = kernels.cross_entropy(np.array([1e4, -1e4, 1e4, 0.0]), np.array([0, 1, 1, 1]))
    np.testing.assert_allclose(far, [1e4, 1e4, 0, np.log(2)], rtol=1e-15, atol=0)


def problem(seed, T, N, n_x, n_h, n_y):
    """Small random weights, biases too: from larger ones training is chaotic, and no two roundings agree for long."""
    rng = np.random.default_rng(seed)
    shapes = [(n_h, n_x), (n_h, n_h), (n_y, n_h), (n_h,), (n_y,)]
    params = Params(*(rng.uniform(-0.4, 0.4, shape) for shape in shapes))
    return params, rng.integers(0, 2, (T, N, n_x)).astype(float), rng.uniform(size=(T, N, n_y))


def assert_agree(ours, theirs, within):
    (params, o), (params_2, o_2) = ours, theirs
    for name, a, b in zip((*Params._fields, "o"), (*params, o), (*params_2, o_2)):
        assert a.shape == b.shape, name
        assert np.abs(a - b).max() <= within, f"{name}: {np.abs(a - b).max()}"


size = st.integers(1, 9)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    T=size,
    batch_size=st.integers(1, 5),
    last=st.integers(0, 4),
    n_x=size,
    n_h=size,
    n_y=size,
)
def test_a_hundred_steps_agree_with_numpy(seed, T, batch_size, last, n_x, n_h, n_y):
    params, x, y = problem(seed, T, 100 * batch_size - last % batch_size, n_x, n_h, n_y)  # the last batch may be short
    before = [a.copy() for a in (*params, x, y)]
    ours = kernels.sgd(params, x, y, 0.05, batch_size)
    assert_agree(ours, training.sgd(params, x, y, 0.05, batch_size), 1e-10)
    assert all((a == b).all() for a, b in zip(before, (*params, x, y)))  # inputs untouched


@pytest.mark.parametrize("n_h", [16, 17, 40])
def test_wide_layers_agree_too(n_h):  # a vector instruction and what is left over
    params, x, y = problem(1, 8, 60, 2, n_h, 1)
    assert_agree(kernels.sgd(params, x, y, 0.05, 3), training.sgd(params, x, y, 0.05, 3), 1e-12)


def test_views_and_other_layouts_give_the_same():
    params, x, y = problem(2, 4, 6, 2, 5, 1)
    odd = Params(*(np.asfortranarray(a) for a in params)), x.astype(int)[:, ::-1][:, ::-1], np.asfortranarray(y)
    ours, theirs = kernels.sgd(*odd, 0.1, 2), kernels.sgd(params, x, y, 0.1, 2)
    assert_agree(ours, theirs, 0)
    assert all(a.flags.c_contiguous for a in ours[0])


def test_no_kind_of_array_compiles_the_loop_again():
    """Each kind that is told apart is compiled once more on each machine."""
    params, x, y = problem(2, 4, 6, 2, 5, 1)
    rates = np.broadcast_to([0.1, 0.1, 0.1], 3)  # cannot be written
    for arrays in ((x, y, rates), (x.astype(int), np.asfortranarray(y), list(rates))):
        kernels.run(plain, SGD(), params, SGD().start(params), np.zeros((2, 2, 5)), *arrays)
    assert len(kernels.loop(plain, SGD, False, False).dispatcher.signatures) == 1


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda p, x, y: (p, x[:, :, :1], y, 0.1), "x must have shape"),
        (lambda p, x, y: (p, x, y[1:], 0.1), "y must have the shape"),
        (lambda p, x, y: (p._replace(W=p.W[1:]), x, y, 0.1), "W must have shape"),
        (lambda p, x, y: (p, x * np.nan, y, 0.1), "x must be finite"),
        (lambda p, x, y: (p, x, y, 0.1, 0), "batch_size must be 1 or larger"),
    ],
)
def test_wrong_input_is_refused_at_the_door(change, error):  # past it, a loop would read beyond its arrays
    with pytest.raises(ValueError, match=error):
        kernels.sgd(*change(*problem(0, 3, 4, 2, 5, 1)))


# engines of training.train


def train(engine, seed=0, n_steps=300, scale=0.3, **settings):
    rng = np.random.default_rng(seed)
    params = model.init_params(16, rng, scale=scale)
    return training.train(params, rng=rng, n_steps=n_steps, engine=engine, **settings)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_histories_agree(batch_size):
    (_, ours), (_, theirs) = (train(engine, batch_size=batch_size) for engine in ("numba", "numpy"))
    np.testing.assert_allclose(ours.loss, theirs.loss, rtol=1e-9)
    np.testing.assert_array_equal(ours.correct_digits, theirs.correct_digits)


def test_auto_picks_by_size():
    assert training.pick_engine("auto", 16, 1).sgd is kernels.sgd
    assert training.pick_engine("auto", 256, 64).sgd is training.sgd
    assert training.pick_engine("numpy", 16, 1)[:2] == (training.sgd, model.cross_entropy)
    assert training.pick_engine("numba", 256, 64)[:2] == (kernels.sgd, kernels.cross_entropy)


def test_unknown_engine():
    with pytest.raises(ValueError, match='engine must be "auto" or "numba" or "numpy" or "wasm", got \'torch\''):
        train("torch")


def test_divergence_is_named_by_both():
    for engine in ("numpy", "numba"):
        with pytest.raises(FloatingPointError, match="not finite at step .* use a smaller"):
            train(engine, learning_rate=1e308)


def test_without_numba():
    code = """
import sys; sys.modules["numba"] = None  # as if it were not there
import numpy as np
from bptt_lab import model, training
from bptt_lab.engine import kernels
params = model.init_params(3, np.random.default_rng(0))
for _ in range(2):
    training.train(params, rng=np.random.default_rng(0), n_steps=2, progress=True)
for attempt in (lambda: training.train(params, rng=np.random.default_rng(0), engine="numba"),
                lambda: kernels.sgd(params, np.zeros((1, 1, 2)), np.zeros((1, 1, 1)), 0.1)):
    try:
        attempt()
    except ImportError as error:
        print(error)
"""
    lines = run_python(code).splitlines()
    assert len(lines) == 3 and lines[0].startswith("Numba is not installed: training in NumPy"), lines
    assert lines[1] == lines[2] and "pip install numba" in lines[1], lines


def test_in_a_browser_nobody_is_told_to_install_a_compiler(monkeypatch):
    assert "pip install numba" in machine.no_compiler("slow")
    monkeypatch.setattr(machine, "IN_BROWSER", True)
    assert machine.no_compiler("slow") == "Nothing is compiled in a browser: slow."


# the same bits on every machine

NUMPY_PATHS = "X86_V3 X86_V4 AVX2 FMA3 AVX512F"  # as NumPy names them from 2.4 on, and before


def report_run() -> str:
    """Hash of the report's run with seed 0: final parameters, and the whole history."""
    params, history = train("numba", n_steps=20_000, scale=1.0)
    return hashlib.sha256(b"".join(a.tobytes() for a in (*params, *history))).hexdigest()


def run_python(code: str, **environment) -> str:
    here = Path(__file__).parent
    paths = os.pathsep.join([str(here.parent.parent), str(here.parent), str(here)])
    environment = os.environ | {"PYTHONPATH": paths} | environment
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_report_run_here():
    assert report_run() == REPORT_RUN


@pytest.mark.ci
@pytest.mark.parametrize(
    "environment",
    [
        {"NUMBA_CPU_NAME": "generic"},
        {"NUMBA_OPT": "1"},
        {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-AVX2_Usable", "NPY_DISABLE_CPU_FEATURES": NUMPY_PATHS},
    ],
    ids=["generic CPU", "less optimised", "other C library and NumPy paths"],
)
def test_report_run_elsewhere(environment, tmp_path):
    code = "import test_kernels; print(test_kernels.report_run())"
    assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path), **environment) == REPORT_RUN


# compiling, and keeping what was compiled


@pytest.mark.slow
@pytest.mark.versions
def test_compiling_is_announced_once_and_then_kept(tmp_path):
    code = """
import numpy as np
from bptt_lab import machine
from bptt_lab.engine import kernels
said = []
with machine.announcing(said.append):
    for _ in range(2):
        kernels.cross_entropy(np.zeros(1), np.zeros(1))
print(said)
"""
    answers = [run_python(code, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2)]
    assert answers == ["['compiling', '']", "[]"]


@pytest.mark.slow
@pytest.mark.versions
def test_an_edit_of_tanh_reaches_what_is_kept(tmp_path):
    """Numba by itself sees only that the file of the caller is as it was, and goes on with the tanh of before."""
    shutil.copytree(Path(bptt_lab.__file__).parent, tmp_path / "bptt_lab", ignore=shutil.ignore_patterns("__pycache__"))
    imports = "from bptt_lab.engine import tanh\nfrom bptt_lab.machine import compiled\n"
    caller = f"{imports}@compiled\ndef f(x):\n    return tanh(x)\n"
    (tmp_path / "caller.py").write_text(caller, encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom caller import f; print(f(0.5))"
    before = run_python(code)
    elementary = tmp_path / "bptt_lab" / "engine" / "elementary.py"
    text = elementary.read_text(encoding="utf-8")
    edited = text.replace("return math.copysign(_ratio(a", "return math.copysign(0.5 * _ratio(a")
    assert edited != text and run_python(code) == before
    elementary.write_text(edited, encoding="utf-8")
    assert float(run_python(code)) == 0.5 * float(before)


@pytest.mark.slow
@pytest.mark.versions
def test_an_edit_of_a_neighbour_reaches_what_is_kept(tmp_path):
    head = "from bptt_lab.machine import compiled\n"
    inner, outer = tmp_path / "inner.py", tmp_path / "outer.py"
    inner.write_text(f"{head}@compiled\ndef f(x):\n    return x + 1\n", encoding="utf-8")
    outer.write_text(f"{head}from inner import f\n@compiled\ndef g(x):\n    return 2 * f(x)\n", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom outer import g; print(g(3))"
    assert run_python(code) == run_python(code) == "8"
    inner.write_text(inner.read_text(encoding="utf-8").replace("x + 1", "x + 2"), encoding="utf-8")
    assert run_python(code) == "10"


@pytest.mark.slow
@pytest.mark.versions
def test_nowhere_to_keep_compiled_code():
    code = """
import numpy as np
from numba.core import caching
caching.CacheImpl._locator_classes = []  # as where no directory can be written
from bptt_lab.engine import kernels
print(kernels.cross_entropy(np.zeros(1), np.zeros(1)))
"""
    assert run_python(code) == "[0.69314718]"
