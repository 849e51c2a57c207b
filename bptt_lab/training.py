"""Stochastic gradient descent on fresh sums, and the history of a run."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from bptt_lab import bptt, data, model, optimisers, validate
from bptt_lab.model import Array, Params


class History(NamedTuple):
    """One entry for each step, of the sums that the step learned from, before it learned from them."""

    loss: NDArray[np.float64]  # (n_steps,)  nats
    correct_digits: NDArray[np.float64]  # (n_steps,)  right bits of a sum, mean over the batch


class Engine(NamedTuple):
    """What takes the steps of a run, and what computes the losses that its History holds."""

    sgd: Callable  # called like `sgd` below, with an optimiser and its memory if that is not plain SGD
    cross_entropy: Callable = model.cross_entropy
    announcing: Callable = nullcontext  # within announcing(say), the engine says what it does before it can begin
    piece_bits: int = 2_000  # taken at a time: few enough to stop within 0.02 s or so, enough to make drawing cheap


# For each name that `train` takes, a function of (n_h, batch_size); `bptt_lab/__init__.py` adds the compiled ones.
ENGINES: dict[str, Callable[[int, int], Engine]] = {"numpy": lambda n_h, batch_size: Engine(sgd)}


def train(
    params: Params,
    *,
    rng: np.random.Generator,
    n_steps: int = 20_000,
    learning_rate: float = 0.008,
    batch_size: int = 1,
    n_bits: int = 8,
    high: int = 127,
    optimiser: optimisers.Optimiser = optimisers.SGD(),
    engine: str | Engine | Callable = "auto",
    progress: bool = False,
) -> tuple[Params, History]:
    """A step of the optimiser for a fresh batch, again and again. The given `params` are left as they are.

    Parameters
    ----------
    rng
        a generator, such as np.random.default_rng(0), that draws the sums
    n_bits, high
        bits of a sum, and what addends stay below: 0 ≤ addend < high
    optimiser
        one of `optimisers`: SGD(), Momentum(), Adam()
    engine
        "numpy": `training.sgd`; "numba": the same compiled, and the same bits on every machine, "wasm" in a browser
        included; "auto": the faster; or an Engine, or a function called like `sgd`, to take other steps
    progress
        show a bar

    Returns
    -------
    trained parameters and their History; if interrupted (Jupyter's stop button), both as far as the run came

    Raises
    ------
    TypeError, ValueError
        for bad settings
    FloatingPointError
        if the loss is not finite; the message names the step
    ImportError
        for engine "numba" without Numba, or "wasm" without a browser
    """
    so_far = params, History(np.zeros(0), np.zeros(0))
    try:
        with tqdm(total=validate.size("n_steps", n_steps), disable=not progress) as bar:
            for so_far in in_pieces(
                params,
                rng=rng,
                n_steps=n_steps,
                learning_rate=learning_rate,
                batch_size=batch_size,
                n_bits=n_bits,
                high=high,
                optimiser=optimiser,
                engine=engine,
                say=bar.set_description,
            ):
                bar.update(len(so_far[1].loss) - bar.n)
    except KeyboardInterrupt:
        pass  # what the last whole piece left is returned
    return so_far


def in_pieces(
    params: Params,
    *,
    rng: np.random.Generator,
    n_steps: int,
    learning_rate: float,
    batch_size: int,
    n_bits: int,
    high: int,
    optimiser: optimisers.Optimiser,
    engine: str | Engine | Callable,
    say: Callable[[str], object],
) -> Iterator[tuple[Params, History]]:
    """`train`, for those who look in between: parameters and the History so far, after each short piece of the run.

    Parameters
    ----------
    say
        is told what the engine does before it can begin: "compiling", and "" after that
    """
    validate.params(params)
    validate.generator("rng", rng)
    learning_rate = validate.positive("learning_rate", learning_rate)
    n_steps, batch_size = validate.size("n_steps", n_steps), validate.size("batch_size", batch_size)
    engine = pick_engine(engine, len(params.b), batch_size)
    piece = max(1, engine.piece_bits // (batch_size * validate.size("n_bits", n_bits)))  # steps
    history, done = History(np.empty(n_steps), np.empty(n_steps)), 0
    how: dict[str, Any] = {}
    if not isinstance(optimiser, optimisers.SGD):  # which remembers nothing
        how = {"optimiser": optimiser, "memory": optimiser.start(params)}
    with engine.announcing(say):
        while done < n_steps:
            n = min(piece, n_steps - done)
            x, y = data.sample_sums(n * batch_size, rng, n_bits, high)
            params, o = engine.sgd(params, x, y, learning_rate, batch_size, **how)
            _record(history, done, engine.cross_entropy, o, y, batch_size, learning_rate)
            done += n
            yield params, History(*(curve[:done] for curve in history))


def pick_engine(engine: str | Engine | Callable, n_h: int, batch_size: int) -> Engine:
    """The engine of this name, for networks and batches of this size; or the one that is given.

    Raises
    ------
    ValueError
        for an unknown name
    ImportError
        for "numba" without Numba, or "wasm" without a browser
    """
    if isinstance(engine, Engine):
        return engine
    if callable(engine):
        return Engine(engine)
    if engine not in ENGINES:
        known = " or ".join(f'"{name}"' for name in sorted(ENGINES))
        raise ValueError(f'engine must be {known}, got {engine!r}: "auto" picks the faster')
    return ENGINES[engine](n_h, batch_size)


def sgd(
    params: Params,
    x: Array,
    y: Array,
    learning_rate: float,
    batch_size: int = 1,
    backward: Callable = bptt.backward,
    optimiser: optimisers.Optimiser = optimisers.SGD(),
    memory: Array | None = None,
) -> tuple[Params, Array]:
    """One step of the optimiser for each batch of x and y in turn.

    Parameters
    ----------
    x, y : (T, n·batch_size, n_x) and (T, n·batch_size, n_y)
    backward
        what to take for the gradient; called like `bptt.backward`
    memory
        what the optimiser keeps from step to step, from its `start`: changed in place

    Returns
    -------
    the parameters after n steps, and the logits o that each step saw, shaped like y
    """
    o, memory = np.empty_like(y), optimiser.start(params) if memory is None else memory
    with np.errstate(over="ignore", invalid="ignore"):  # `train` looks at the loss, and says so in one line
        for start in range(0, x.shape[1], batch_size):
            batch = slice(start, start + batch_size)
            trace = model.forward(params, x[:, batch])
            grads = backward(params, trace, y[:, batch])
            theta, memory[:] = optimiser.step(
                optimisers.flatten(params), optimisers.flatten(grads), memory, learning_rate
            )
            params = optimisers.unflatten(theta, params)
            o[:, batch] = trace.o
    return params, o


def sgd_step(params: Params, grads: Params, learning_rate: float) -> Params:
    """θ - learning_rate · ∂L/∂θ for each of the five: what `optimisers.SGD` does to all in one row."""
    return Params(*(theta - learning_rate * dL_dtheta for theta, dL_dtheta in zip(params, grads)))


def _record(
    history: History, done: int, cross_entropy: Callable, o: Array, y: Array, batch_size: int, learning_rate: float
) -> None:
    def mean_over_batch(per_bit: NDArray) -> NDArray:
        return per_bit.sum(axis=(0, 2)).reshape(-1, batch_size).mean(axis=1)  # (n,)

    with np.errstate(over="ignore", invalid="ignore"):
        loss = mean_over_batch(cross_entropy(o, y))
    if not np.isfinite(loss).all():
        step = done + int(np.argmin(np.isfinite(loss))) + 1
        raise FloatingPointError(
            f"the loss is not finite at step {step} with learning_rate = {learning_rate}: use a smaller learning rate"
        )
    history.loss[done : done + len(loss)] = loss
    history.correct_digits[done : done + len(loss)] = mean_over_batch(model.right_bits(o, y))
