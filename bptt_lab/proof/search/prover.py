"""Refute a network, or cover its states with cells and have the certificate checked."""

from time import perf_counter
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from bptt_lab import machine, model, validate
from bptt_lab.model import Params
from bptt_lab.proof import addition, counterexamples
from bptt_lab.proof.certificate import Certificate, check
from bptt_lab.proof.search.cover import MAX_STEPS, Cover

MAX_UNITS = 64
MEMORY = 30_000_000  # numbers in the axes of all cells
# (scale, n_least) from cheap to dear: the size of cells, and the fewest inputs before a new one is made
PLAN = ((0.1, 3), (0.05, 3), (0.02, 3))
SHARE_OF_TIME = 0.5  # of what is left, for each but the last


class Outcome(NamedTuple):
    """What `prove` found. `status` is "proved", "refuted" or "undecided"."""

    status: str
    counterexample: tuple[int, int] | None  # a sum that the network gets wrong,
    n_bits: int | None  # if it runs for so many steps
    cells: int  # how many the proof needs; 0 without one
    margin: float | None  # of the proof: no logit of any sum is nearer to 0; nats
    certificate: Certificate | None  # for which `check` holds
    reason: str  # one line


def prove(
    params: Params, max_cells: int = 10_000, max_seconds: float = 60.0, plan: tuple = PLAN, progress: bool = False
) -> Outcome:
    """Whether the network adds all pairs of numbers of every length.

    "proved" comes with a certificate that was checked; "refuted" with a sum that was run and went wrong; "undecided"
    means that neither was found within max_cells cells and about max_seconds seconds (checking not counted), or before
    it was interrupted (Jupyter's stop button).

    Parameters
    ----------
    plan
        pairs (scale, n_least), tried in turn: the size of cells, and the fewest inputs before a new one is made
    progress
        show how many cells there are, and how many wait to be walked from; and when a first call compiles

    Raises
    ------
    TypeError, ValueError
        for a network that is no adder, or bad limits
    """
    n_h = addition.adder(params)
    max_cells, max_seconds = validate.size("max_cells", max_cells), validate.positive("max_seconds", max_seconds)
    if n_h > MAX_UNITS:
        raise ValueError(f"a proof is for {MAX_UNITS} hidden units at most, got {n_h}: train a smaller network")
    if max([0, *(validate.size("n_least", n_least) for _, n_least in plan)]) > MAX_STEPS:
        raise ValueError(f"n_least must be {MAX_STEPS} or smaller, got {plan}: no word is longer")
    params = Params(*(np.array(array, dtype=float) for array in params))
    pair = counterexamples.likely_counterexample(params) or counterexamples.extremes(params)
    if pair is not None:
        n_bits = counterexamples.bits_until_wrong(params, *pair)
        return Outcome("refuted", pair, n_bits, 0, None, None, f"gets {pair[0]} + {pair[1]} wrong with {n_bits} bits")
    with tqdm(disable=not progress, bar_format="{desc}{postfix}") as bar, machine.announcing(bar.set_description_str):
        Cover(model.init_params(1, np.random.default_rng(0)), 1.0, 1, 1).walk(0, 1)  # compiled before the clock runs
        certificate, reason = _search(params, min(max_cells, max(1, MEMORY // n_h**2)), max_seconds, plan, bar)
    if certificate is None:
        return Outcome("undecided", None, None, 0, None, None, reason)
    checked = check(certificate)
    if not checked:
        return Outcome("undecided", None, None, 0, None, None, f"a proof was found, and refused: {checked.reason}")
    return Outcome("proved", None, None, len(certificate.carry), checked.margin, certificate, checked.reason)


def _search(params: Params, max_cells: int, max_seconds: float, plan: tuple, bar: tqdm) -> tuple:
    """A certificate and None, or None and why there is none."""
    start, reason = perf_counter(), "no plan was given"
    for i, (scale, n_least) in enumerate(plan, start=1):
        left = start + max_seconds - perf_counter()
        deadline = perf_counter() + left * (1.0 if i == len(plan) else SHARE_OF_TIME)
        cover = Cover(params, scale, n_least, max_cells)
        reason = cover.complete(deadline, bar)
        if reason is None:
            return cover.certificate(), None
        if reason.startswith("interrupted"):
            break
    return None, reason
