"""Does momentum change what 20,000 iterations give? 100 seeds of 16 units each, for notebook 05.

.venv/bin/python -m tests.benchmarks.momentum
"""

import numpy as np

from bptt_lab import engine, model, optimisers

SEEDS = 100


def main() -> None:
    print("optimiser  rate    perfect of 100   100 additions right in a row, first after (quartiles)")
    for optimiser, rates in ((optimisers.SGD(), (0.008, 0.016)), (optimisers.Momentum(), (0.0008, 0.0016, 0.008))):
        for rate in rates:
            rngs = [np.random.default_rng(seed) for seed in range(SEEDS)]
            starts = [model.init_params(16, rng) for rng in rngs]
            runs = engine.train_many(starts, rngs=rngs, learning_rates=rate, optimiser=optimiser)
            perfect = sum(history.correct_digits[-1_000:].min() == 8 for _, history in runs)
            after = np.percentile([first_100_in_a_row(history) for _, history in runs], (25, 50, 75), method="lower")
            print(f"{type(optimiser).__name__:9}  {rate:<6}  {perfect:3}              {after.round()}", flush=True)


def first_100_in_a_row(history: object) -> float:
    """The iteration that ended them, or infinity."""
    right = np.cumsum(np.append(0, history.correct_digits == 8))
    (ends,) = np.nonzero(right[100:] - right[:-100] == 100)
    return ends[0] + 100 if ends.size else np.inf


if __name__ == "__main__":
    main()
