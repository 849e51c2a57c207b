"""What `through_time` must reach: python tests/benchmarks/through_time_costs.py

Prints Markdown. Each pair takes turns, ROUNDS times, and ratios are of medians; one thread each for NumPy and PyTorch,
JAX is left to itself. PyTorch and JAX are optional. Memory is the peak that tracemalloc sees, beyond the arguments.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import importlib
import time
from functools import partial

import numpy as np
import table

from bptt_lab import bptt, gradcheck, model, through_time
from bptt_lab.through_time.costs import peak_bytes

ROUNDS = 5
LONG = [(4, 1), (16, 1), (16, 16), (64, 1), (64, 16)]  # n_h and B, at T = 10,000
SIZES = [(8, 1024, 16), (64, 32, 64), (128, 64, 256), (1000, 1, 64), (1000, 16, 128), (32, 128, 1024)]  # T, B, n_h
FORWARD_MODE = [(8, 1, 16), (100, 1, 16), (1000, 1, 16), (100, 16, 16)]


def problem(T: int, B: int, n_h: int):
    rng = np.random.default_rng(0)
    params = model.init_params(n_h, rng, scale=n_h**-0.5)
    return params, rng.integers(0, 2, (T, B, 2)).astype(float), rng.integers(0, 2, (T, B, 1)).astype(float)


def full(params, x, y):
    return bptt.backward(params, model.forward(params, x), y)


def medians(*functions, clock=time.perf_counter) -> list[float]:
    """Seconds of each; they take turns, after one call each that is not measured."""
    times = [[] for _ in functions]
    for turn in range(ROUNDS + 1):
        for function, taken in zip(functions, times):
            begin = clock()
            function()
            taken += [clock() - begin] * (turn > 0)
    return [float(np.median(taken)) for taken in times]


def checkpointing() -> None:
    print("| T = 10,000 | full (ms) | checkpointed / full, time | full / checkpointed, memory |\n|---|---|---|---|")
    for n_h, B in LONG:
        args = problem(10_000, B, n_h)
        pair = [partial(function, *args) for function in (full, through_time.checkpointed_backward)]
        whole, checked = medians(*pair, clock=time.process_time)  # one thread both: neighbours do not disturb it
        memory = peak_bytes(pair[0]) / peak_bytes(pair[1])
        print(f"| n_h = {n_h}, B = {B} | {whole * 1e3:.0f} | {checked / whole:.2f} | {memory:.1f} |")


def a_million_steps() -> None:
    args = problem(1_000_000, 1, 16)
    given = sum(array.nbytes for array in args[1:])
    begin = time.perf_counter()
    through_time.checkpointed_backward(*args)
    taken = time.perf_counter() - begin
    extra = peak_bytes(through_time.checkpointed_backward, *args)
    whole = f"{(given + extra) / 1e6:.1f} MB, of them x and y {given / 1e6:.0f} MB"
    print(f"\n10⁶ steps, n_h = 16, B = 1: {taken:.0f} s, {whole}\n")


def against_torch() -> None:
    import torch
    import torch_rnn

    torch.set_num_threads(1)
    print("| T, B, n_h | full BPTT (ms) | torch.nn.RNN / full BPTT |\n|---|---|---|")
    for sizes in SIZES:
        params, x, y = problem(*sizes)
        peer = *torch_rnn.build(params), torch.as_tensor(x), torch.as_tensor(y)
        ours, theirs = medians(partial(full, params, x, y), partial(torch_rnn.gradients, *peer))
        print(f"| {sizes} | {ours * 1e3:.1f} | {theirs / ours:.2f} |")


def against_jax() -> None:
    peer = importlib.import_module("jax_forward_mode")
    print("\n| T, B, n_h | RTRL (ms) | jax.jacfwd, compiled / RTRL |\n|---|---|---|")
    for sizes in FORWARD_MODE:
        args = problem(*sizes)
        assert gradcheck.relative_error(through_time.rtrl(*args), peer.rtrl(*args)) < 1e-10
        ours, theirs = medians(partial(through_time.rtrl, *args), partial(peer.rtrl, *args))
        print(f"| {sizes} | {ours * 1e3:.2f} | {theirs / ours:.2f} |")


if __name__ == "__main__":
    print(table.machine(), end="\n\n")
    checkpointing()
    a_million_steps()
    for compare in (against_torch, against_jax):
        try:
            compare()
        except ImportError as error:
            print(f"\nNot measured: {error}")
