"""How far each cell carries a bit, from several starts and at several rates: the table of notebook 12.

    python -m bptt_lab.gated.reached > bptt_lab/gated/reached.csv

writes the distances that eight seeds solve, and takes minutes. A notebook reads them, and computes single rows anew.
"""

import argparse
import csv
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from bptt_lab import engine
from bptt_lab.gated import distance, gru, lstm
from bptt_lab.model import Array, Params

TABLE = Path(__file__).with_name("reached.csv")
SEEDS, RATES = range(8), (0.003, 0.01, 0.03)


def orthogonal(params: Params) -> Params:
    """W made orthogonal, row by row (Gram and Schmidt), so that W h is as long as h."""
    rows: list[Array] = []
    for row in params.W:
        for done in rows:
            row = row - (row * done).sum() * done
        rows.append(row / np.sqrt((row * row).sum()))  # no BLAS, so that every machine has the same bits
    return params._replace(W=np.array(rows))


def orthogonal_and_quiet(params: Params) -> Params:
    """`orthogonal`, and U ten times smaller: noise that is read changes less of what is kept."""
    return orthogonal(params)._replace(U=params.U / 10)


def input_gate(bias: float, params: lstm.Params) -> lstm.Params:
    """The parameters of an LSTM, with this bias of the input gate."""
    b, n_h = params.b.copy(), params.V.shape[1]
    b[:n_h] = bias
    return params._replace(b=b)


STARTS = {  # a cell, and how its runs begin: settings of `distance.reach`
    "plain": (engine.plain, {}),
    "plain, orthogonal W": (engine.plain, {"change": orthogonal}),
    "plain, orthogonal W, small U": (engine.plain, {"change": orthogonal_and_quiet}),
    "lstm, bias 0": (lstm, {"forget_bias": 0.0}),
    "lstm, bias 1": (lstm, {"forget_bias": 1.0}),
    "lstm, bias 3": (lstm, {"forget_bias": 3.0}),
    "lstm, bias 3, input -3": (lstm, {"forget_bias": 3.0, "change": partial(input_gate, -3)}),
    "lstm, bias 5": (lstm, {"forget_bias": 5.0}),
    "gru, bias 0": (gru, {"update_bias": 0.0}),
    "gru, bias 3": (gru, {"update_bias": 3.0}),
}


def compute(name: str, learning_rate: float) -> list[int]:
    """A row of the table: the distance that each of `SEEDS` solves from this start."""
    cell, settings = STARTS[name]
    return distance.reaches(cell, SEEDS, learning_rate=learning_rate, **settings)


def read() -> dict[tuple[str, float], list[int]]:
    """The table as it is stored: (start, rate) to the distance of each seed."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(name, float(rate)): [int(one) for one in solved] for name, rate, *solved in list(csv.reader(file))[1:]}


def table() -> Iterator[list[object]]:
    yield ["start", "learning_rate", *(f"seed_{seed}" for seed in SEEDS)]
    for name in STARTS:
        for rate in RATES:
            yield [name, rate, *compute(name, rate)]


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    csv.writer(sys.stdout, lineterminator="\n").writerows(table())
