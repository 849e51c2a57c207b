"""Solutions of notebook 09."""

import numpy as np

from bptt_lab import engine, model, proof, training


# %% 09.1
def smallest_size(seeds):
    n_h = 0
    while True:
        n_h += 1
        for seed in seeds:
            rng = np.random.default_rng(seed)
            trained, _ = training.train(model.init_params(n_h, rng), rng=rng)
            if proof.prove(trained).status == "proved":
                return n_h, seed


# %% 09.2
def broken(params, name, index, change):
    array = getattr(params, name).copy()
    array[index] += change
    return params._replace(**{name: array})


def smallest_break(params):
    for name in ("b", "c", "V", "W", "U"):  # biases first: they act in each step, whatever is read
        for index in np.ndindex(getattr(params, name).shape):
            for change in (-0.099, 0.099):
                if proof.prove(broken(params, name, index, change)).status == "refuted":
                    return name, index, change


# %% 09.3
# 20 seeds and 20,000 steps say no: 0.55 with batches of 1, 0.4 with batches of 16.
def share_proved(batch_size, seeds, n_steps):
    rngs = [np.random.default_rng(seed) for seed in seeds]
    starts = [model.init_params(3, rng) for rng in rngs]
    runs = engine.train_many(starts, rngs=rngs, batch_size=batch_size, n_steps=n_steps)
    verdicts = [proof.prove(p, max_cells=100, plan=((0.1, 2),)) for p, _ in runs]
    return np.mean([verdict.status == "proved" for verdict in verdicts])
