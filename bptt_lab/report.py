"""The report's experiment, and the behaviour of its printed listing as six switches.

    python -m bptt_lab.report > bptt_lab/report_seeds.csv

writes the table of notebook 06: 200 seeds, each with the switches that matter for a batch of one. It takes
no arguments, and begins at once.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab import bptt, machine, model, training
from bptt_lab import engine as engines
from bptt_lab.doctor import BACKWARD, CATALOGUE
from bptt_lab.engine import ENGINES, train_many
from bptt_lab.machine import in_place
from bptt_lab.model import Array, Params, Trace
from bptt_lab.optimisers import SGD
from bptt_lab.training import Engine, History

SETTINGS = {"n_steps": 20_000, "learning_rate": 0.008, "batch_size": 1, "n_bits": 8, "high": 127}
N_H = 16
TABLE = Path(__file__).with_name("report_seeds.csv")


class Quirks(NamedTuple):
    """What the listing does differently from SGD on the true gradient; all off is right."""

    bias_overwritten: bool = False  # b becomes (1 - learning_rate) ∂L/∂b, instead of b - learning_rate ∂L/∂b
    first_step_left_out: bool = False  # the sums for ∂L/∂U and ∂L/∂W begin at t = 2
    slope_averaged_over_batch: bool = False  # H^(t) holds the mean of 1 - h² over the batch
    divided_by_outputs: bool = False  # ∂L/∂o is divided by n_y instead of the batch size
    loss_halved: bool = False  # the loss shown is half of the loss; nothing else changes
    output_bias_summed_over_all: bool = False  # every output gets the ∂L/∂c of all outputs together


CORRECT = Quirks()
AS_PRINTED = Quirks(*[True] * 6)
VARIANTS = {
    "as printed": AS_PRINTED,
    "bias overwritten": Quirks(bias_overwritten=True),
    "first step left out": Quirks(first_step_left_out=True),
    "corrected": CORRECT,
}


IN_THE_GRADIENT = {  # the catalogue's name of each; the other two change what is done with it, or what is shown
    "first_step_left_out": "dU_without_first_step",  # for W that step adds nothing, since h^(0) = 0
    "slope_averaged_over_batch": "tanh_slope_averaged_over_batch",
    "divided_by_outputs": "divided_by_outputs_not_batch",
    "output_bias_summed_over_all": "dc_summed_over_outputs",
}


def gradients(params: Params, trace: Trace, y: Array, quirks: Quirks = AS_PRINTED) -> Params:
    """What the listing takes for the gradient; `bptt.backward` if every switch is off.

    Parameters
    ----------
    trace, y
        from `model.forward(params, x)`, and (T, B, n_y)
    """
    made = [CATALOGUE[name] for switch, name in IN_THE_GRADIENT.items() if getattr(quirks, switch)]
    return BACKWARD.combine(*made)(params, trace, y) if made else bptt.backward(params, trace, y)


@in_place
def _as_listed(theta, grads, memory, learning_rate, numbers):
    overwritten, summed, n_h, n_y = numbers
    c = len(theta) - int(n_y)
    b = c - int(n_h)
    if summed:
        total = 0.0
        for i in range(c, len(theta)):
            total += grads[i]
        for i in range(c, len(theta)):
            grads[i] = total
    for i in range(len(theta)):
        if overwritten and b <= i < c:
            theta[i] = (1 - learning_rate) * grads[i]
        else:
            theta[i] -= learning_rate * grads[i]


@dataclass(frozen=True)
class Listing:
    """`optimisers.SGD`, with what the listing does to b; its compiled twin sums ∂L/∂c over all outputs, too."""

    overwritten: bool = False
    summed: bool = False
    n_h: int = 0
    n_y: int = 0
    start = SGD.start
    update: ClassVar[Callable] = staticmethod(_as_listed)

    def step(self, theta: Array, grads: Array, memory: Array, learning_rate: float) -> tuple[Array, Array]:
        stepped, b = theta - learning_rate * grads, slice(len(theta) - self.n_y - self.n_h, len(theta) - self.n_y)
        if self.overwritten:
            stepped[b] = (1 - learning_rate) * grads[b]
        return stepped, memory


@in_place
def _averaged(W_back, now, back):
    """`engine.plain.step_back` with the mean of 1 - h² over the batch."""
    (_, _, h, _, _, _), (dL_dh, _, _, dL_da) = now, back
    for j in range(h.shape[1]):
        mean = 0.0
        for k in range(len(h)):
            mean += (1 - h[k, j] * h[k, j]) / len(h)
        for k in range(len(h)):
            dL_da[0, k, j] = dL_dh[k, j] * mean


class Averaged:
    """`engine.plain` with that way back, as a cell of the compiled loop."""

    BLOCKS, LATE, step, step_back = engines.plain.BLOCKS, engines.plain.LATE, engines.plain.step, _averaged


def step(params: Params, x: Array, y: Array, learning_rate: float, quirks: Quirks = AS_PRINTED) -> Params:
    """The parameters after one iteration of the listing on the batch x (T, B, n_x), y (T, B, n_y)."""
    return sgd(params, x, y, learning_rate, x.shape[1], quirks, training.sgd)[0]


def loss(trace: Trace, y: Array, quirks: Quirks = AS_PRINTED) -> float:
    """The loss that the listing shows, in nats if it is not halved."""
    return model.loss(trace, y) / (2 if quirks.loss_halved else 1)


def sgd(
    params: Params,
    x: Array,
    y: Array,
    learning_rate: float,
    batch_size: int = 1,
    quirks: Quirks = AS_PRINTED,
    by: Callable | None = None,
) -> tuple[Params, Array]:
    """`training.sgd` with the switches, on whole batches: compiled, or in NumPy if `by` is `training.sgd`."""
    summed, (n_y, n_h) = quirks.output_bias_summed_over_all, params.V.shape
    if by is training.sgd or not machine.has_loop():
        listing = Listing(quirks.bias_overwritten, False, n_h, n_y)  # the sums are the gradient's
        how: dict[str, Any] = {"backward": partial(gradients, quirks=quirks), "optimiser": listing}
        return training.sgd(params, x, y, learning_rate, batch_size, **how)
    return engines.sgd(
        *(params, x, y, learning_rate, batch_size),
        optimiser=Listing(quirks.bias_overwritten, summed, n_h, n_y),
        cell=Averaged if quirks.slope_averaged_over_batch else engines.plain,
        weight=np.full(len(x), batch_size / n_y) if quirks.divided_by_outputs else None,
        first=int(quirks.first_step_left_out),
    )


def train(
    params: Params, *, rng: np.random.Generator, quirks: Quirks = AS_PRINTED, **settings
) -> tuple[Params, History]:
    """`training.train` by the rules of the listing. Its History holds the true loss.

    Parameters
    ----------
    **settings
        settings of `training.train`, in place of the report's
    """
    return training.train(params, rng=rng, engine=engine(quirks), **(SETTINGS | settings))


def engine(quirks: Quirks, n_h: int = N_H) -> Engine:
    """What `training.train` and `engine.train_many` take as `engine`, to follow the listing."""
    fast = ENGINES["numba"](n_h, 1) if machine.has_loop() else Engine(training.sgd)
    return fast._replace(sgd=partial(sgd, quirks=quirks))


def seed_runs(seeds: range, quirks: Quirks, progress: bool = False, **settings) -> Array:
    """Per seed the mean digit accuracy of the last 1,000 iterations, and how many of all sums are wrong; (seeds, 2).

    Parameters
    ----------
    **settings
        settings of `training.train`, in place of the report's

    Raises
    ------
    FloatingPointError
        if a run diverges
    """
    rngs = [np.random.default_rng(seed) for seed in seeds]
    starts = [model.init_params(N_H, rng) for rng in rngs]
    settings = SETTINGS | settings
    rate = settings.pop("learning_rate")
    many = train_many(starts, rngs=rngs, learning_rates=rate, engine=engine(quirks), progress=progress, **settings)
    runs = [_ended(run) for run in many]
    wrong = [np.sum(right_bits_of_all_sums(params) < 8) for params, _ in runs]
    return np.array([[history.correct_digits[-1_000:].mean(), n] for (_, history), n in zip(runs, wrong)])


def right_bits_of_all_sums(params: Params, n_bits: int = 8, high: int = 127) -> NDArray[np.int64]:
    """`model.digit_accuracy` on `data.all_sums(n_bits, high)`, (high²,), at a quarter of the price.

    Step t sees the t lowest bits alone, so there are 4^t states h^(t) at most: one for each pair of such numbers.
    """
    U, W, V, b, c = params
    h, right = np.zeros((1, 1, len(b))), np.zeros((1, 1), int)  # (n, n, n_h) and (n, n) for all i, j below n
    for t in range(n_bits):
        i = np.arange(min(2 ** (t + 1), high))
        bit, before = i >> t & 1, np.ix_(i % len(h), i % len(h))
        h = np.tanh((h @ W.T + b)[before] + np.outer(bit, U[:, 0])[:, None] + np.outer(bit, U[:, 1]))
        right = right[before] + ((h @ V[0] + c[0] > 0) == (np.add.outer(i, i) >> t & 1))
    return right.ravel()


def _ended(run: tuple[Params, History] | FloatingPointError) -> tuple[Params, History]:
    if isinstance(run, FloatingPointError):
        raise run
    return run


def table(seeds: range) -> Iterator[str]:
    """Lines of comma-separated values: every seed with every one of `VARIANTS`."""
    yield "variant,seed,last_1000,wrong_sums"
    for name, quirks in VARIANTS.items():
        for seed, (last_1000, wrong) in zip(seeds, seed_runs(seeds, quirks, progress=True)):
            yield f"{name},{seed},{last_1000:.3f},{wrong:.0f}"


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    print(*table(range(200)), sep="\n")
