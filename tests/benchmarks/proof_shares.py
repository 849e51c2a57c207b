"""How many of the seeds that add all 16,129 sums right are proved right for every length, and what it costs.

    python tests/benchmarks/proof_shares.py [n_h ...]

Networks are trained at the defaults of `training.train`, seed 0 upwards, until `WANTED` of them succeed.
"""

import sys
from statistics import median
from time import perf_counter

import numpy as np

from bptt_lab import data, model, proof, training

WANTED, MAX_SECONDS = 12, 20.0


def successful(n_h):
    """(seed, params) of networks that add every sum of the training range right."""
    x, y = data.all_sums()
    seed = 0
    while True:
        rng = np.random.default_rng(seed)
        params, _ = training.train(model.init_params(n_h, rng), rng=rng)
        if model.right_bits(model.forward(params, x).o, y).all():
            yield seed, params
        seed += 1


def main(sizes):
    print(
        "| n_h | seeds | proved | refuted | undecided | cells (median, most) | seconds (median, most) | least margin |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for n_h in sizes:
        verdicts, seconds = [], []
        for _, (_seed, params) in zip(range(WANTED), successful(n_h)):
            start = perf_counter()
            verdict = proof.prove(params, max_seconds=MAX_SECONDS)
            seconds.append(perf_counter() - start)
            verdicts.append(verdict)
            assert verdict.proof is None or proof.verify(params, verdict.proof)
        status = [verdict.status for verdict in verdicts]
        won = [(v.cells, s, v.margin) for v, s in zip(verdicts, seconds) if v.status == "proved"]
        cells, spent, margins = zip(*won) if won else ([0], [0], [0])
        counts = " | ".join(str(status.count(word)) for word in ("proved", "refuted", "undecided"))
        row = f"{median(cells):.0f}, {max(cells)} | {median(spent):.2f}, {max(spent):.1f} | {min(margins):.1f}"
        print(f"| {n_h} | {len(verdicts)} | {counts} | {row} |", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [3, 4, 6, 8, 16])
