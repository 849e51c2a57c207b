"""The names that `training.train` takes for its engine, beside "numpy"."""

from bptt_lab import machine, training
from bptt_lab.engine import kernels
from bptt_lab.training import Engine

NUMBA_UP_TO = 32_768  # n_h² · batch_size: above it BLAS is ahead of the compiled loop (tests/benchmarks/crossover.py)


def compiled_loop(n_h: int, batch_size: int) -> Engine:
    """Engine "numba": the loop of `kernels`, whatever the size; in a browser, what Numba made of it ahead of time.

    Raises
    ------
    ImportError
        without Numba, except in a browser
    """
    machine.require_loop()
    piece_bits = min(32_000, 2**23 // n_h**2)  # n_h² products for each bit: large networks take fewer at a time
    return Engine(kernels.sgd, kernels.cross_entropy, machine.announcing, piece_bits)


def in_browser(n_h: int, batch_size: int) -> Engine:
    """Engine "wasm": the loop as WebAssembly; ImportError where Python does not run in a browser."""
    if not machine.IN_BROWSER:
        raise ImportError('engine "wasm" needs a browser around Python: use "numba", which gives the same bits')
    return compiled_loop(n_h, batch_size)


def faster(n_h: int, batch_size: int) -> Engine:
    """Engine "auto": the compiled loop for small networks and batches, NumPy for large ones, or without Numba."""
    if n_h**2 * batch_size <= NUMBA_UP_TO and machine.there_or_says_so(machine.has_loop()):
        return compiled_loop(n_h, batch_size)
    return training.ENGINES["numpy"](n_h, batch_size)


ENGINES = {"numba": compiled_loop, "wasm": in_browser, "auto": faster}
