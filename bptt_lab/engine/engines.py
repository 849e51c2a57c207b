"""The names that `training.train` takes for its engine, beside "numpy"."""

from functools import cache

from bptt_lab import training
from bptt_lab.engine import kernels, wasm
from bptt_lab.training import Engine

NUMBA_UP_TO = 32_768  # n_h² · batch_size: above it BLAS is ahead of the compiled loop (tests/benchmarks/crossover.py)


def compiled_loop(n_h: int, batch_size: int) -> Engine:
    """Engine "numba": the loop of `kernels`, whatever the size; in a browser, what Numba made of it ahead of time.

    raises  ImportError without Numba, but in a browser
    """
    kernels.require_numba()
    return Engine(kernels.sgd, kernels.cross_entropy, kernels.announcing)


def in_browser(n_h: int, batch_size: int) -> Engine:
    """Engine "wasm": the loop as WebAssembly; ImportError where Python does not run in a browser."""
    if not wasm.IN_BROWSER:
        raise ImportError('engine "wasm" needs a browser around Python: use "numba", which gives the same bits')
    return compiled_loop(n_h, batch_size)


def faster(n_h: int, batch_size: int) -> Engine:
    """Engine "auto": the compiled loop for small networks and batches, NumPy for large ones, or without Numba."""
    if n_h**2 * batch_size <= NUMBA_UP_TO and _loop_or_say_so():
        return compiled_loop(n_h, batch_size)
    return training.ENGINES["numpy"](n_h, batch_size)


@cache
def _loop_or_say_so() -> bool:
    if not kernels.HAS_LOOP:
        print(kernels.no_compiler("training in NumPy, about 35 times slower"))
    return kernels.HAS_LOOP


ENGINES = {"numba": compiled_loop, "wasm": in_browser, "auto": faster}
