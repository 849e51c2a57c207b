"""Exercises of notebook 09: what it learned. Here networks are trained and proved, so problems are few and small."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from bptt_lab import model, proof, training
from bptt_lab.doctor import Exercise, slip
from bptt_lab.model import Params

# Seeds. After the usual training networks of three units are
PROVED = (3, 4, 6, 8, 10, 12, 13, 14, 15, 17, 19, 24, 26, 27)
FRAGILE = (8, 33, 37, 49, 53, 73, 88)  # proved; 0.1 less in one bias breaks them, and 0.1 more the network of seed 3
REFUTED = (2, 5, 7, 11, 16, 18, 20, 21)  # and with four units proved
# and with batches of 16 and 4,000 steps
EARLY = (6, 20)  # proved; with batches of 1 they are not
LATE = (0, 10, 12, 13, 15, 24)  # not proved; after 20,000 steps they are
LIMIT = 0.1  # a change must be smaller


@cache
def _trained(n_h: int, seed: int, batch_size: int = 1, n_steps: int = 20_000) -> Params:
    rng = np.random.default_rng(seed)
    return training.train(model.init_params(n_h, rng), rng=rng, batch_size=batch_size, n_steps=n_steps)[0]


@cache
def _status(n_h: int, seed: int) -> str:
    return proof.prove(_trained(n_h, seed)).status


def smallest_size(seeds: Sequence[int]) -> tuple[int, int]:
    n_h = 1
    while True:
        for seed in seeds:
            if _status(n_h, seed) == "proved":
                return n_h, seed
        n_h += 1


def _draw_seeds(rng: np.random.Generator, good: int, bad: int) -> dict[str, object]:
    return {"seeds": _some(rng, PROVED, good, REFUTED, bad)}


def _some(rng: np.random.Generator, these: Sequence[int], n: int, others: Sequence[int], m: int) -> list[int]:
    """n of these and m of the others, mixed."""
    chosen = [*rng.choice(these, n, replace=False), *rng.choice(others, m, replace=False)]
    return [int(seed) for seed in rng.permutation(chosen)]


def _about_size(answer: object, seeds: Sequence[int]) -> str:
    """Several networks of the smallest size may be proved: each is an answer."""
    if not isinstance(answer, tuple | list) and np.shape(answer) != (2,) or len(answer) != 2:
        return f"a size and a seed are expected, in a tuple, and {answer!r} came"
    n_h, seed = answer
    if seed not in seeds:
        return f"{seed} is none of the seeds"
    least = smallest_size(seeds)[0]
    if n_h == least:
        return "" if _status(n_h, seed) == "proved" else f"with {n_h} units, seed {seed} is not proved; another seed is"
    return f"{n_h} units are {'too few: none is proved' if n_h < least else 'more than needed: fewer can be proved'}"


def smallest_break(params: Params) -> tuple[str, tuple[int, ...], float]:
    """The first weight that breaks the network, from the last array to the first."""
    for name in reversed(params._fields):
        for index in np.ndindex(getattr(params, name).shape):
            for change in (0.99 * LIMIT, -0.99 * LIMIT):
                if proof.prove(_changed(params, name, index, change)).status == "refuted":
                    return name, index, change
    raise ValueError(f"a network that a change below {LIMIT} breaks is needed, got one that survives all")


def _changed(params: Params, name: str, index: tuple[int, ...], change: float) -> Params:
    array = getattr(params, name).copy()
    array[index] += change
    return params._replace(**{name: array})


def _draw_network(rng: np.random.Generator, number: int) -> dict[str, object]:
    """The network of the notebook, and then another one."""
    seed = 3 if number == 1 else int(rng.choice(FRAGILE))
    return {"params": Params(*(array.copy() for array in _trained(3, seed)))}


def _about_break(answer: object, params: Params) -> str:
    if not isinstance(answer, tuple | list) or len(answer) != 3:
        return f"a name, an index and a change are expected, in a tuple, and {answer!r} came"
    name, index, change = answer
    if name not in params._fields:
        return f"the name of an array is expected, one of {', '.join(params._fields)}, and {name!r} came"
    shape, place = getattr(params, name).shape, tuple(np.ravel(np.asarray(index, dtype=object)))  # 1, (1,) and [1]
    if len(place) != len(shape) or any(i not in range(-n, n) for i, n in zip(place, shape)):
        return f"{index!r} is no index of one entry of {name}, which has shape {shape}"
    if not abs(change) < LIMIT:
        return f"the change is {change:.3g}, and one smaller than {LIMIT} in size is asked"
    status = proof.prove(_changed(params, name, place, change)).status
    found = "still proved" if status == "proved" else "not proved any more, but no wrong sum is found either"
    return "" if status == "refuted" else f"with this change the network is {found}"


def share_proved(batch_size: int, seeds: Sequence[int], n_steps: int) -> float:
    return _proved(batch_size, seeds, n_steps) / len(seeds)


def _proved(batch_size: int, seeds: Sequence[int], n_steps: int) -> int:
    return sum(_quick_status(batch_size, seed, n_steps) == "proved" for seed in seeds)


@cache
def _quick_status(batch_size: int, seed: int, n_steps: int) -> str:
    return proof.prove(_trained(3, seed, batch_size, n_steps), max_cells=100, plan=((0.1, 2),)).status


def _draw_training(rng: np.random.Generator, large: int, good: int, bad: int) -> dict[str, object]:
    """Batches of 16 if `large` is 1, else of 1; the share is never one half."""
    if large:
        return dict(batch_size=16, seeds=_some(rng, EARLY, good, LATE, bad), n_steps=4_000)
    return dict(batch_size=1, seeds=_some(rng, PROVED, good, REFUTED, bad), n_steps=20_000)


EXERCISES = [
    Exercise(
        id="09.1",
        function="smallest_size",
        title="The smallest network that learns to add",
        reference=smallest_size,
        draw=_draw_seeds,
        sizes=[dict(good=1, bad=2), dict(good=0, bad=1)],
        judge=_about_size,
        seconds=600.0,
        mistakes=[
            slip(
                *("seed_and_size_exchanged", "the seed, and then the size"),
                "Which of the two numbers is asked for first?",
                lambda seeds: smallest_size(seeds)[::-1],
            ),
            slip(
                *("place_for_seed", "the size, and the place of the seed in the list"),
                "Is your second number a seed, or does it count seeds?",
                lambda seeds: (smallest_size(seeds)[0], seeds.index(smallest_size(seeds)[1])),
            ),
            slip(
                *("size_alone", "the size alone"),
                "Two numbers are asked for. Which is the other one?",
                lambda seeds: smallest_size(seeds)[0],
            ),
        ],
        hints=(
            "In which order must sizes and seeds be tried, so that the first success is the answer?",
            "Each network needs a generator of its own, made from its seed, for its start and for its training.",
            "Two loops: sizes outside, from 1 up; seeds inside. Train, call proof.prove, and return as soon as the "
            'status is "proved".',
        ),
    ),
    Exercise(
        id="09.2",
        function="smallest_break",
        title="How robust is a proved network?",
        reference=smallest_break,
        draw=_draw_network,
        sizes=[dict(number=1), dict(number=2)],
        judge=_about_break,
        seconds=600.0,
        hints=(
            "There are 22 weights, and two directions for each. How long does it take to try them all?",
            "Not every array is equally easy to break with. Which weights act in each step, whatever is read?",
            "For each weight and each direction add a change a little below 0.1, in a copy, and ask proof.prove "
            'whether the network is "refuted". Return the first that is.',
        ),
    ),
    Exercise(
        id="09.3",
        function="share_proved",
        title="Do larger batches make more networks provable?",
        reference=share_proved,
        draw=_draw_training,
        sizes=[dict(large=0, good=2, bad=1), dict(large=1, good=1, bad=2)],
        seconds=600.0,
        mistakes=[
            slip(
                *("counted_and_not_shared_out", "how many are proved"),
                "A share lies between 0 and 1. What must the count be divided by?",
                _proved,
            ),
            slip(
                *("n_steps_not_used", "the share after the usual 20,000 steps"),
                "Does training get the number of steps that your function got?",
                lambda batch_size, seeds, n_steps: share_proved(batch_size, seeds, 20_000),
            ),
            slip(
                *("batch_size_not_used", "the share with batches of 1"),
                "Does training get the batch size that your function got?",
                lambda batch_size, seeds, n_steps: share_proved(1, seeds, n_steps),
            ),
            slip(
                *("not_proved_counted", "the share of those that are not proved"),
                "Which status do you count?",
                lambda batch_size, seeds, n_steps: 1 - share_proved(batch_size, seeds, n_steps),
            ),
        ],
        hints=(
            "What is done for one seed, and what is done with the results of all?",
            "For one seed: a generator, a start of 3 units, training with the two settings, and prove.",
            'Count the seeds whose status is "proved", and divide by the number of seeds. '
            "max_cells and plan are those of the text.",
        ),
    ),
]
