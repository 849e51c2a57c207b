"""The names that `training.train` takes for its engine, beside "numpy"."""

from functools import cache

from bptt_lab import training
from bptt_lab.engine import kernels
from bptt_lab.training import Engine

NUMBA_UP_TO = 32_768  # n_h² · batch_size: above it BLAS is ahead of the compiled loop (tests/benchmarks/crossover.py)


def compiled_loop(n_h: int, batch_size: int) -> Engine:
    """Engine "numba": the loop of `kernels`, whatever the size; ImportError without Numba."""
    kernels.require_numba()
    return Engine(kernels.sgd, kernels.cross_entropy, kernels.announcing)


def faster(n_h: int, batch_size: int) -> Engine:
    """Engine "auto": the compiled loop for small networks and batches, NumPy for large ones, or without Numba."""
    if n_h**2 * batch_size <= NUMBA_UP_TO and _numba_or_say_so():
        return compiled_loop(n_h, batch_size)
    return training.ENGINES["numpy"](n_h, batch_size)


@cache
def _numba_or_say_so() -> bool:
    if kernels.numba is None:
        print("Numba is not installed: training in NumPy, about 35 times slower. To change that: pip install numba")
    return kernels.numba is not None


ENGINES = {"numba": compiled_loop, "auto": faster}
