"""Many runs at once: threads, because the compiled loop lets them run side by side; a browser has none."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

import numpy as np
from tqdm.auto import tqdm

from bptt_lab import machine, training, validate
from bptt_lab.model import Params
from bptt_lab.training import History


def train_many(
    starts: Sequence[Params],
    *,
    rngs: Sequence[np.random.Generator],
    learning_rates: float | Sequence[float] = 0.008,
    n_workers: int | None = None,
    stop: Callable[[], bool] | None = None,
    progress: bool = False,
    **settings,
) -> list[tuple[Params, History] | FloatingPointError]:
    """`training.train` for every start; each run equals the same run alone, to the last bit.

    Parameters
    ----------
    rngs, learning_rates
        one for each start; a single learning rate serves all; no generator twice
    n_workers
        number of threads; as many as there are processors if not given; a browser has none
    stop
        asked after each run: once it says True, no further run begins
    progress
        show a bar
    **settings
        passed on to `training.train`, the same for all

    Returns
    -------
    what each run returned, in the order of `starts`
        or its FloatingPointError if it diverged; if stopped or interrupted, only the runs that had begun

    Raises
    ------
    ValueError
        for lists of different lengths, or a generator used twice
    """
    arguments = _one_for_each(list(starts), list(rngs), learning_rates)
    n_workers = os.cpu_count() or 1 if n_workers is None else validate.size("n_workers", n_workers)

    def run(params: Params, rng: np.random.Generator, learning_rate: float):
        try:
            return training.train(params, rng=rng, learning_rate=learning_rate, **settings)
        except FloatingPointError as diverged:
            return diverged.with_traceback(None)  # a traceback would keep the arrays of the run alive

    if machine.IN_BROWSER:
        n_steps = settings.get("n_steps", training.train.__kwdefaults__["n_steps"])
        return _in_turn(run, arguments, n_steps, stop, progress)
    return _in_threads(run, arguments, n_workers, stop, progress)


def _in_threads(run: Callable, arguments: list[tuple], n_workers: int, stop: Callable | None, progress: bool) -> list:
    # `announcing` imports Numba before any thread begins: two threads that import it at once wait for each other
    with tqdm(total=len(arguments), disable=not progress) as bar, machine.announcing(bar.set_description):
        with ThreadPoolExecutor(n_workers) as pool:
            futures = [pool.submit(run, *one) for one in arguments]
            try:
                for _ in as_completed(futures):
                    bar.update()
                    if stop is not None and stop():
                        break
            except KeyboardInterrupt:
                pass
            finally:
                for future in reversed(futures):  # from the end, so that those that had begun stay the first ones
                    future.cancel()
    return [future.result() for future in futures if not future.cancelled()]


def _one_for_each(starts: list, rngs: list, rates: float | Sequence[float]) -> list[tuple]:
    rates = [rates] * len(starts) if np.ndim(rates) == 0 else list(rates)
    if not len(starts) == len(rngs) == len(rates):
        lengths = f"{len(starts)} starts, {len(rngs)} rngs and {len(rates)} learning rates"
        raise ValueError(f"every start needs its own generator and learning rate, got {lengths}: make them equal")
    if len({id(rng) for rng in rngs}) < len(rngs):
        raise ValueError("every start needs a generator of its own, got one twice: make one for each seed")
    return list(zip(starts, rngs, rates))


def with_bar(items: Sequence) -> Iterable:
    """`items`; in a browser with a bar that appears if they take seconds, and goes: nothing of it is stored."""
    return tqdm(items, delay=2, leave=False, disable=not machine.IN_BROWSER or len(items) < 2)


def _in_turn(run: Callable, arguments: list[tuple], n_steps: int, stop: Callable | None, progress: bool) -> list:
    done = []
    try:
        for one in tqdm(arguments) if progress else with_bar(arguments):
            done.append(run(*one))
            interrupted = isinstance(done[-1], tuple) and len(done[-1][1].loss) < n_steps
            if interrupted or stop is not None and stop():
                break
    except KeyboardInterrupt:  # between two runs; within one, `train` returns what it has
        pass
    return done
