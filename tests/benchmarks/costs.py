"""What one step costs against the number of hidden units, of time steps, and of sums in a batch.

One of the three grows at a time; the others stay at the report's 16, 8 and 1. Weights are scaled by 1/√n_h.
"""

import time

import numpy as np

from bptt_lab import data, engine, model, training

REPORT = {"n_h": 16, "T": 8, "B": 1}
AXES = {"n_h": (4, 16, 64, 256, 1024), "T": (8, 64, 512, 4096), "B": (1, 16, 128, 1024)}


def problem(n_h: int, T: int, B: int, n_steps: int):
    """Parameters and n_steps batches: sums, or random bits where T is not the report's (a sum has at most 62)."""
    rng = np.random.default_rng(0)
    params = model.init_params(n_h, rng, scale=n_h**-0.5)
    if T == REPORT["T"]:
        return params, *data.sample_sums(B * n_steps, rng)
    return params, *(rng.integers(0, 2, (T, B * n_steps, n)).astype(float) for n in (2, 1))


def seconds_a_step(sgd, n_h: int, T: int, B: int, n_steps: int = 4, budget: float = 0.15) -> float:
    """The fastest of at least two timings, and of as many as the budget allows."""
    params, x, y = problem(n_h, T, B, n_steps)
    sgd(params, x, y, 1e-3, B)  # compiles
    times, begin = [], time.perf_counter()
    while len(times) < 2 or time.perf_counter() - begin < budget:
        start = time.perf_counter()
        sgd(params, x, y, 1e-3, B)
        times.append((time.perf_counter() - start) / n_steps)
    return min(times)


def table() -> str:
    lines = ["| one step | NumPy (ms) | Numba (ms) | NumPy / Numba |", "|---|---|---|---|"]
    for axis, sizes in AXES.items():
        for size in sizes:
            numpy, numba = (seconds_a_step(sgd, **REPORT | {axis: size}) for sgd in (training.sgd, engine.sgd))
            lines.append(f"| {axis} = {size} | {numpy * 1e3:.3f} | {numba * 1e3:.3f} | {numpy / numba:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
