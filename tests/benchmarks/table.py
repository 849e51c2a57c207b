"""Who is how fast at the report's settings, and what each size costs: python tests/benchmarks/table.py

Prints Markdown. The peers take turns, ROUNDS times, so that a noisy neighbour hits all of them; each row has the
fastest and the median of its rounds. NumPy, the transcription and PyTorch run fewer steps, and their seconds are
scaled to 20,000. NumPy and PyTorch have one thread each, like the loops; JAX is left to itself.
Drawing the sums is not measured, apart from the rows of `training.train` and `engine.train_many`.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import costs
import numpy as np
import peers

from bptt_lab import engine, model, training
from bptt_lab.machine import HAS_NUMBA

ROUNDS, MANY = 7, 60


def seconds(function, *args, **settings) -> float:
    start = time.perf_counter()
    function(*args, **settings)
    return time.perf_counter() - start


def train_once(seed: int) -> None:
    rng = np.random.default_rng(seed)
    training.train(model.init_params(16, rng), rng=rng)


def train_many() -> None:
    rngs = [np.random.default_rng(seed) for seed in range(MANY)]
    engine.train_many([model.init_params(16, rng) for rng in rngs], rngs=rngs)


def first_call_of_jax() -> float:
    import jax_scan

    jax_scan.forget_compiled()
    return seconds(jax_scan.sgd, *peers.report_problem(peers.N_STEPS), peers.LEARNING_RATE)


def measure() -> dict[str, list[float]]:
    """Seconds of each round for 20,000 steps, by name."""
    here = [peer for peer in peers.all_peers() if peer.sgd is not None]
    problems = {peer.n_steps: peers.report_problem(peer.n_steps) for peer in here}
    for peer in here:  # compiles, and warms the caches
        peer.sgd(*peers.report_problem(20), peers.LEARNING_RATE)
        if peer.n_steps == peers.N_STEPS:  # JAX compiles again for another length
            peer.sgd(*problems[peer.n_steps], peers.LEARNING_RATE)
    times = {peer.name: [] for peer in here}
    whole = "`training.train`: drawing, loss and digits too"
    times[whole] = []
    for seed in range(ROUNDS):
        for peer in here:
            taken = seconds(peer.sgd, *problems[peer.n_steps], peers.LEARNING_RATE)
            times[peer.name].append(taken * peers.N_STEPS / peer.n_steps)
        times[whole].append(seconds(train_once, seed))
    if "jax" in sys.modules:
        times["JAX, compiling included (once)"] = [first_call_of_jax()]
    return times


def speed_table(times: dict[str, list[float]]) -> str:
    """Ratios are to the first row, Numba's where it is installed: of the fastest rounds, and of the medians."""
    first = next(iter(times.values()))
    lines = ["| 20,000 steps | fastest (s) | median (s) | ratio | ratio of medians |", "|---|---|---|---|---|"]
    for name, rounds in times.items():
        low, middle = min(rounds), np.median(rounds)
        ratios = f"{low / min(first):.2f} | {middle / np.median(first):.2f}"
        lines.append(f"| {name} | {low:.3f} | {middle:.3f} | {ratios} |")
    return "\n".join(lines)


def cpu() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        return next(line.split(":")[1].strip() for line in info.splitlines() if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def compiler() -> str:
    try:
        from c_loop import COMPILER

        return subprocess.run([COMPILER, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    except (ImportError, IndexError):
        return "no C compiler"


def version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"no {package}"


def machine() -> str:
    packages = ", ".join(version(package) for package in ("numpy", "numba", "torch", "jax"))
    return f"{cpu()}, {os.cpu_count()} cores; Python {platform.python_version()}, {packages}; {compiler()}"


if __name__ == "__main__":
    if "torch" in {peer.sgd and peer.sgd.__module__.split("_")[0] for peer in peers.all_peers()}:
        import torch

        torch.set_num_threads(1)
    print(machine(), end="\n\n")
    print("NumPy, the transcription and PyTorch ran fewer steps, and their seconds are scaled. One thread each.\n")
    print(speed_table(measure()), end="\n\n")
    for peer in peers.all_peers():
        if peer.sgd is None:
            print(f"Not measured: {peer.name}: {peer.why_not}")
    if HAS_NUMBA:
        train_many()
        taken = min(seconds(train_many) for _ in range(2))
        print(
            f"{MANY} runs in `engine.train_many`: {taken:.2f} s; 1,000 would take {taken / MANY * 1_000:.0f} s.",
            end="\n\n",
        )
        print(costs.table())
