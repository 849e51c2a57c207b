"""The report's experiment, and the behaviour of its printed listing as six switches.

    python -m bptt_lab.report > bptt_lab/report_seeds.csv

writes the table of notebook 06: 200 seeds, each with the switches that matter for a batch of one.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bptt_lab import bptt, data, model, training
from bptt_lab.engine import ENGINES, HAS_LOOP, train_many
from bptt_lab.engine import sgd as compiled_sgd
from bptt_lab.model import Array, Params, Trace
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


def gradients(params: Params, trace: Trace, y: Array, quirks: Quirks = AS_PRINTED) -> Params:
    """What the listing takes for the gradient; `bptt.backward` if every switch is off.

    trace, y  from `model.forward(params, x)`, and (T, B, n_y)
    """
    dL_do = bptt.output_grads(trace, y)  # (T, B, n_y)
    if quirks.divided_by_outputs:
        dL_do = dL_do * (y.shape[1] / y.shape[2])
    slopes = trace
    if quirks.slope_averaged_over_batch:  # a state whose 1 - h² is the mean of 1 - h²
        slopes = trace._replace(h=np.sqrt(np.mean(trace.h**2, axis=1, keepdims=True)) + 0 * trace.h)
    dL_dh = bptt.state_grads(params, slopes, dL_do)  # (T, B, n_h)
    grads = bptt.param_grads(slopes, dL_do, dL_dh)
    if quirks.slope_averaged_over_batch:
        grads = grads._replace(V=bptt.param_grads(trace, dL_do, dL_dh).V)  # V multiplies the true states
    if quirks.first_step_left_out:
        later = bptt.param_grads(Trace(*(array[1:] for array in slopes)), dL_do[1:], dL_dh[1:])
        grads = grads._replace(U=later.U, W=later.W)
    if quirks.output_bias_summed_over_all:
        grads = grads._replace(c=np.full_like(grads.c, grads.c.sum()))
    return grads


def step(params: Params, x: Array, y: Array, learning_rate: float, quirks: Quirks = AS_PRINTED) -> Params:
    """The parameters after one iteration of the listing on the batch x (T, B, n_x), y (T, B, n_y)."""
    grads = gradients(params, model.forward(params, x), y, quirks)
    stepped = training.sgd_step(params, grads, learning_rate)
    return stepped._replace(b=(1 - learning_rate) * grads.b) if quirks.bias_overwritten else stepped


def loss(trace: Trace, y: Array, quirks: Quirks = AS_PRINTED) -> float:
    """The loss that the listing shows, in nats if it is not halved."""
    return model.loss(trace, y) / (2 if quirks.loss_halved else 1)


def sgd(params: Params, x: Array, y: Array, learning_rate: float, batch_size: int = 1, quirks: Quirks = AS_PRINTED):
    """`training.sgd` with the switches, in NumPy: `step` for each batch in turn; `engine.sgd` is its compiled twin."""
    o = np.empty_like(y)
    for start in range(0, x.shape[1], batch_size):
        batch = slice(start, start + batch_size)
        o[:, batch] = model.forward(params, x[:, batch]).o
        params = step(params, x[:, batch], y[:, batch], learning_rate, quirks)
    return params, o


def train(
    params: Params, *, rng: np.random.Generator, quirks: Quirks = AS_PRINTED, **settings
) -> tuple[Params, History]:
    """`training.train` by the rules of the listing. Its History holds the true loss.

    settings  for `training.train`, if they are not to be the report's
    """
    return training.train(params, rng=rng, engine=engine(quirks), **(SETTINGS | settings))


def engine(quirks: Quirks) -> Engine:
    """What `training.train` and `engine.train_many` take as `engine`, to follow the listing."""
    if not HAS_LOOP:
        return Engine(partial(sgd, quirks=quirks))
    return ENGINES["numba"](N_H, 1)._replace(sgd=partial(compiled_sgd, quirks=quirks))


def seed_runs(seeds: range, quirks: Quirks, progress: bool = False, **settings) -> Array:
    """For each seed the mean digit accuracy of the last 1,000 iterations, and the wrong ones of all sums; (seeds, 2).

    settings  for `training.train`, if they are not to be the report's
    raises    FloatingPointError if a run diverges
    """
    rngs = [np.random.default_rng(seed) for seed in seeds]
    starts = [model.init_params(N_H, rng) for rng in rngs]
    settings = SETTINGS | settings
    rate = settings.pop("learning_rate")
    many = train_many(starts, rngs=rngs, learning_rates=rate, engine=engine(quirks), progress=progress, **settings)
    runs = [_ended(run) for run in many]
    x, y = data.all_sums()
    wrong = [np.sum(model.digit_accuracy(model.forward(params, x), y) < y.shape[0]) for params, _ in runs]
    return np.array([[history.correct_digits[-1_000:].mean(), n] for (_, history), n in zip(runs, wrong)])


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
    print(*table(range(200)), sep="\n")
