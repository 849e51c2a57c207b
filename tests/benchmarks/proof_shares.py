"""How many of the seeds that add all 16,129 sums right are proved right for every length, and what it costs.

    python tests/benchmarks/proof_shares.py [n_h ...]

Networks are trained at the defaults of `training.train`, seeds 0 to 49. Seconds are of the processor; those for
checking a certificate are among them, and are shown as well.
"""

import sys
from statistics import median
from time import process_time

import numpy as np

from bptt_lab import data, engine, model, proof
from bptt_lab.proof.search import cover, prover

SEEDS, MAX_SECONDS = range(50), 60.0


def successful(n_h):
    """(seed, params) of networks that add every sum of the training range right."""
    x, y = data.all_sums()
    rngs = [np.random.default_rng(seed) for seed in SEEDS]
    runs = engine.train_many([model.init_params(n_h, rng) for rng in rngs], rngs=rngs)
    for seed, (params, _) in zip(SEEDS, runs):
        if model.right_bits(model.forward(params, x).o, y).all():
            yield seed, params


def main(sizes):
    cover.perf_counter = prover.perf_counter = process_time  # so that other work on the machine does not count
    print("| n_h | seeds | proved | refuted | undecided | within 5 s | within 60 s | cells (median, most) | to check |")
    print("|---|---|---|---|---|---|---|---|---|")
    for n_h in sizes:
        verdicts, seconds, checking = [], [], []
        for seed, params in successful(n_h):
            start = process_time()
            verdict = proof.prove(params, max_seconds=MAX_SECONDS)
            seconds.append(process_time() - start)
            verdicts.append(verdict)
            print(
                f"  seed {seed}: {verdict.status}, {seconds[-1]:.1f} s; {verdict.reason}", file=sys.stderr, flush=True
            )
            if verdict.status == "proved":
                start = process_time()
                assert proof.check(verdict.certificate)
                checking.append(process_time() - start)
        status = [verdict.status for verdict in verdicts]
        counts = [status.count(word) for word in ("proved", "refuted", "undecided")]
        right = [second for second, word in zip(seconds, status) if word == "proved"]
        shares = [f"{sum(second <= limit for second in right)} of {counts[0] + counts[2]}" for limit in (5, 60)]
        cells = [verdict.cells for verdict in verdicts if verdict.certificate] or [0]
        entries = [n_h, len(status), *counts, *shares, f"{median(cells):.0f}, {max(cells)}"]
        entries.append(f"{median(checking or [0]):.1f} s, {max(checking, default=0):.1f} s")
        print("| " + " | ".join(map(str, entries)) + " |", flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [3, 4, 5, 6, 8, 16])
