"""A bit to be kept: the first step shows it, noise follows, and only the last step is asked for it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from types import ModuleType

import numpy as np

from bptt_lab import bptt, machine, validate
from bptt_lab.engine import with_bar
from bptt_lab.gated import lstm, training
from bptt_lab.model import Array

DISTANCES = (3, 5, 7, 10, 14, 20, 28, 40, 57, 80, 113, 160)  # each about √2 times the one before
BATCH, PIECE, SOLVED = 16, 50, 0.05  # sequences in a batch, batches between two looks, nats


def sample(distance: int, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """n sequences of `distance` + 1 steps. Inputs: a bit as -1 or 1, and a mark that is 1 in the first step alone.

    Returns
    -------
    x (T, n, 2), y (T, n, 1) with the first bit as 0 or 1 in every step; see `last_step`
    """
    T, n = validate.size("distance", distance) + 1, validate.size("n", n)
    bits = rng.integers(0, 2, (T, n))
    mark = np.zeros((T, n))
    mark[0] = 1
    y = np.broadcast_to(bits[0], (T, n)).astype(float)
    return np.stack([2.0 * bits - 1, mark], axis=2), y[:, :, None]


def last_step(T: int) -> Array:
    """The weight of each step's loss, (T,): only the last one is asked."""
    weight = np.zeros(T)
    weight[-1] = 1
    return weight


def learn(
    cell: ModuleType,
    params: tuple,
    distance: int,
    rng: np.random.Generator,
    max_steps: int = 500,
    learning_rate: float = 0.01,
    fit: Callable = training.fit,
) -> tuple[tuple, int]:
    """Train until solved: the last 20 batches cost less than `SOLVED` on average (guessing costs 0.69).

    Parameters
    ----------
    fit
        another function to train with, for what is not a cell; it has the arguments and results of `gated.fit`

    Returns
    -------
    parameters, and the number of steps of Adam, rounded up to `PIECE`; 0 if it was not solved in `max_steps`
    """
    memory, weight = None, last_step(distance + 1)
    for done in range(PIECE, max_steps + 1, PIECE):
        x, y = sample(distance, PIECE * BATCH, rng)
        params, memory, losses = fit(
            cell, params, x, y, batch_size=BATCH, weight=weight, learning_rates=learning_rate, memory=memory
        )
        if losses[-20:].mean() < SOLVED:
            return params, done
    return params, 0


def reach(
    cell: ModuleType,
    seed: int,
    n_h: int = 8,
    max_steps: int = 500,
    learning_rate: float = 0.01,
    change: Callable = lambda params: params,
    **start: float,
) -> int:
    """The largest of `DISTANCES` that is solved. Each has a fresh start, and the first failure ends it; 0 if none.

    Parameters
    ----------
    **start
        passed on to `cell.init_params`, such as forget_bias=3.0
    change
        makes another start of a start before training, see `reached`
    """
    solved = 0
    for distance in DISTANCES:
        rng = np.random.default_rng(seed)
        params = change(cell.init_params(n_h, rng, **start))
        if not learn(cell, params, distance, rng, max_steps, learning_rate)[1]:
            break
        solved = distance
    return solved


def reaches(cell: ModuleType, seeds: range, **settings) -> list[int]:
    """`reach` for every seed, on as many threads as there are processors."""

    def one(seed: int) -> int:
        return reach(cell, seed, **settings)

    if machine.IN_BROWSER:
        return [one(seed) for seed in with_bar(seeds)]
    with ThreadPoolExecutor(cpu_count() or 1) as pool:
        return list(pool.map(one, seeds))


def share_felt(cell: ModuleType, params: tuple, trace: tuple, y: Array, of: str = "h") -> Array:
    """Size of what the last step's error gives to each state, in units of what it gives to the last one; (T,)."""
    dL_do = bptt.output_grads(trace, y)
    dL_do[:-1] = 0
    grads = cell.state_grads(params, trace, dL_do)
    sizes = np.linalg.norm(grads["hs".index(of)] if cell is lstm else grads, axis=(1, 2))
    return sizes / sizes[-1]
