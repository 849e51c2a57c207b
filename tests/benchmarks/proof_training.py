"""Does another way of training make more networks of 16 units provably right?

    python tests/benchmarks/proof_training.py [seeds]

Each way starts from the same seeds, 0 upwards. It counts the networks that pass the exam of all 16,129 sums, and what
`prove` says of these within `MAX_SECONDS` seconds of the processor.
"""

import sys
from time import process_time

import numpy as np

from bptt_lab import data, machine, model, proof, training
from bptt_lab.engine import kernels
from bptt_lab.proof.search import cover, prover

MAX_SECONDS = 20.0


def default(params, rng, **settings):
    return training.train(params, rng=rng, **settings)[0]


def noisy(params, rng, size=0.1):
    """Noise on the bits that are read, and so on every pre-activation."""
    noise = np.random.default_rng(rng.integers(2**32))

    def step(params, x, y, *rest):
        return kernels.sgd(params, x + size * noise.standard_normal(x.shape), y, *rest)

    return training.train(params, rng=rng, engine=training.Engine(step, kernels.cross_entropy, machine.announcing))[0]


def then(params, rng, **settings):
    return default(default(params, rng), rng, **settings)


WAYS = {
    "as in the report": default,
    "batches of 16": lambda params, rng: default(params, rng, batch_size=16),
    "noise of 0.1 on the inputs": noisy,
    "then 10,000 more": lambda params, rng: then(params, rng, n_steps=10_000),
    "then 10,000 at a rate of 0.001": lambda params, rng: then(params, rng, n_steps=10_000, learning_rate=0.001),
    "then 10,000 of 16 bits": lambda params, rng: then(params, rng, n_steps=10_000, n_bits=16, high=2**15 - 1),
}


def main(n_seeds):
    cover.perf_counter = prover.perf_counter = process_time
    x, y = data.all_sums()
    print("| training | pass the exam | refuted | undecided | proved | of those not refuted |", flush=True)
    print("|---|---|---|---|---|---|")
    for name, way in WAYS.items():
        status = []
        for seed in range(n_seeds):
            rng = np.random.default_rng(seed)
            params = way(model.init_params(16, rng), rng)
            if model.right_bits(model.forward(params, x).o, y).all():
                status.append(proof.prove(params, max_seconds=MAX_SECONDS).status)
            print(f"  {name}, seed {seed}: {status[-1:]}", file=sys.stderr, flush=True)
        refuted, undecided, proved = (status.count(word) for word in ("refuted", "undecided", "proved"))
        share = f"{proved / max(1, proved + undecided):.0%}"
        print(f"| {name} | {len(status)} of {n_seeds} | {refuted} | {undecided} | {proved} | {share} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
