"""Does `prove` ever say "proved" of a network that fails? 1,000 networks of every quality, and an attack on each proof.

    python tests/benchmarks/attack.py [how many]

Networks of 2 to 8 units, written by hand or trained, with noise on all weights, from too little to matter to too much.
After each proof, periodic words, runs, sums along the rim of what can be reached, and random ones
look for a wrong bit.
"""

import sys
from collections import Counter
from itertools import count, islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bptt_lab import proof
from bptt_lab.proof import counterexamples

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import nets

NOISE = np.geomspace(0.003, 2.0, 25)


def networks(rng):
    """Without end, each base with each size of noise in turn."""
    bases = [nets.hand_built(), nets.hand_built(8.0), nets.two_units(), nets.two_units(8.0)]
    bases += [nets.trained(n_h, seed) for n_h in (3, 4, 5, 6, 8) for seed in range(4)]
    for _ in count():
        for base in bases:
            for noise in NOISE:
                yield nets.perturbed(base, noise, rng)


def survives(params, seed):
    """Whether no sum of the attack goes wrong; all are others than those that `prove` itself tries."""
    if counterexamples.likely_counterexample(params, n_bits=300, n_random=3_000, seed=seed) is not None:
        return False
    if counterexamples.extremes(params, n_bits=100, n_directions=300, seed=seed) is not None:
        return False
    x = np.random.default_rng(seed).integers(0, 2, (64, 20_000, 2)).astype(float)
    return not counterexamples.wrong_bits(params, x).any()


def main(how_many):
    found = Counter()
    for seed, params in enumerate(tqdm(islice(networks(np.random.default_rng(1)), how_many), total=how_many), start=1):
        verdict = proof.prove(params, max_cells=300)
        found[verdict.status] += 1
        if verdict.status == "refuted":
            assert counterexamples.fails(params, *verdict.counterexample, verdict.n_bits), seed
        if verdict.status == "proved":
            assert survives(params, seed), seed
    print(", ".join(f"{n} {status}" for status, n in found.items()), "- no proof was refused, no proved network failed")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
