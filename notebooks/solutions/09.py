"""Solutions of notebook 09."""

import numpy as np

from bptt_lab import automaton, engine, model, training


# %% 09.1
def smallest_size(seeds):
    n_h = 0
    while True:
        n_h += 1
        for seed in seeds:
            rng = np.random.default_rng(seed)
            trained, _ = training.train(model.init_params(n_h, rng), rng=rng)
            if automaton.prove(trained).status == "proved":
                return n_h, seed


# %% 09.2
def broken(params, name, index, change):
    array = getattr(params, name).copy()
    array[index] += change
    return params._replace(**{name: array})


def smallest_break(params):
    found = []
    for name in params._fields:
        for index in np.ndindex(getattr(params, name).shape):
            for change in (-0.14, 0.14):  # most weights survive this; of the others, ask more closely
                if automaton.shortest_counterexample(broken(params, name, index, change), max_bits=7):
                    while automaton.prove(broken(params, name, index, change * 0.95)).status == "refuted":
                        change *= 0.95
                    found.append((name, index, change))
    return min(found, key=lambda one: abs(one[2]))


# %% 09.3
# 20 seeds and 20,000 steps say no: 0.55 with batches of 1, 0.4 with batches of 16.
def share_proved(batch_size, seeds, n_steps):
    rngs = [np.random.default_rng(seed) for seed in seeds]
    starts = [model.init_params(3, rng) for rng in rngs]
    runs = engine.train_many(starts, rngs=rngs, batch_size=batch_size, n_steps=n_steps)
    verdicts = [automaton.prove(p, max_cells=100, plan=((0.1, 2),)) for p, _ in runs]
    return np.mean([verdict.status == "proved" for verdict in verdicts])
