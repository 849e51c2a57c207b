"""Which engine is faster at which size: prints NumPy's time over Numba's for one step. Source of NUMBA_UP_TO.

Run it with `python tests/benchmarks/crossover.py`; above 1 the compiled loop is ahead.
"""

import time

import numpy as np

from bptt_lab import data, engine, model, training

UNITS, BATCHES = (4, 16, 32, 64, 128, 256), (1, 4, 16, 64, 256, 1024)


def seconds_a_step(sgd, n_h: int, batch_size: int, budget: float = 0.1) -> float:
    """The best of several timings of sgd on fresh sums of 8 bits."""
    rng = np.random.default_rng(0)
    params = model.init_params(n_h, rng, scale=n_h**-0.5)
    x, y = data.sample_sums(batch_size * 4, rng)
    sgd(params, x, y, 1e-3, batch_size)  # compiles
    best, begin = np.inf, time.perf_counter()
    while time.perf_counter() - begin < budget:
        start = time.perf_counter()
        sgd(params, x, y, 1e-3, batch_size)
        best = min(best, (time.perf_counter() - start) / 4)
    return best


if __name__ == "__main__":
    print("n_h \\ B" + "".join(f"{B:8d}" for B in BATCHES))
    for n_h in UNITS:
        ratios = [seconds_a_step(training.sgd, n_h, B) / seconds_a_step(engine.sgd, n_h, B) for B in BATCHES]
        print(f"{n_h:7d}" + "".join(f"{ratio:8.2f}" for ratio in ratios))
