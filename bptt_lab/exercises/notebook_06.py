"""Exercises of notebook 06: auditing the report."""

import numpy as np

from bptt_lab import bptt, data, gradcheck, model, report, training
from bptt_lab.doctor import BACKWARD, CATALOGUE, Exercise, slip
from bptt_lab.model import Array, Params

NAMED = ("not_divided_by_B", "tanh_slope_averaged_over_batch")  # in the notebook


def right_update(b: Array, dL_db: Array, learning_rate: float) -> Array:
    return b - learning_rate * dL_db


def largest_bias(start: Params, rng: np.random.Generator, n: int) -> float:
    return np.abs(_bias(start, rng, n)).max()


def hidden_by_a_batch_of_one() -> str:
    return next(name for name in CATALOGUE if not _not_hidden(name))


def _bias(start: Params, rng: np.random.Generator, n: int) -> Array:
    """b after n iterations of the listing, one by one."""
    for _ in range(n):
        start = report.step(start, *data.sample_sums(1, rng), report.SETTINGS["learning_rate"])
    return start.b


def _draw_update(rng: np.random.Generator, n_h: int) -> dict[str, object]:
    return {"b": rng.normal(size=n_h), "dL_db": rng.normal(size=n_h), "learning_rate": float(rng.uniform(0.1, 0.4))}


def _draw_start(rng: np.random.Generator, n: int, n_h: int, negative: int) -> dict[str, object]:
    """Drawn again until the entry of b that is largest in absolute value is negative, or is not."""
    start, seed = model.init_params(n_h, rng, scale=0.5), int(rng.integers(2**32))
    b = _bias(start, np.random.default_rng(seed), n)
    if (b.max() < -b.min()) != negative:
        return _draw_start(rng, n, n_h, negative)
    return {"start": start, "rng": np.random.default_rng(seed), "n": n}


def _is_found(name: str, B: int) -> bool:
    drawn = BACKWARD.draw(np.random.default_rng(B), T=8, B=B, n_x=2, n_h=5, n_y=3)
    arguments = [drawn[name] for name in BACKWARD.parameters]
    return gradcheck.relative_error(CATALOGUE[name].backward(*arguments), bptt.backward(*arguments)) > 1e-6


def _not_hidden(name: object) -> str:
    if not isinstance(name, str) or name not in CATALOGUE:
        return f"no mistake has the name {name!r}: `list(doctor.CATALOGUE)` has all names"
    if name in NAMED:
        return "the notebook names this one: find another"
    if _is_found(name, B=1):
        return "a batch of one finds this mistake"
    return "" if _is_found(name, B=7) else "a batch of seven hides this mistake as well"


EXERCISES = [
    Exercise(
        id="06.1",
        function="right_update",
        title="What b should become",
        reference=right_update,
        draw=_draw_update,
        sizes=[dict(n_h=4), dict(n_h=1)],
        mistakes=[
            slip(
                *("as_the_listing", "∂L/∂b - η ∂L/∂b", "Where in your line does the old b stand?"),
                lambda b, dL_db, learning_rate: dL_db - learning_rate * dL_db,
            ),
            slip(
                *("uphill", "b + η ∂L/∂b", "Does the loss rise or fall where a gradient points?"),
                lambda b, dL_db, learning_rate: b + learning_rate * dL_db,
            ),
            slip(
                *("learning_rate_missing", "b - ∂L/∂b", "How far does a step go if the learning rate is 0?"),
                lambda b, dL_db, learning_rate: b - dL_db,
            ),
            slip(
                *("the_change_alone", "-η ∂L/∂b", "From where does the step start?"),
                lambda b, dL_db, learning_rate: -learning_rate * dL_db,
            ),
        ],
        hints=(
            "What becomes of the old b in the listing, and what should?",
            "Which rule has notebook 04 for any parameter θ?",
            "From the old b, a small part of the gradient is taken away.",
        ),
    ),
    Exercise(
        id="06.2",
        function="largest_bias",
        title="The bias that is overwritten",
        reference=largest_bias,
        draw=_draw_start,
        sizes=[dict(n=5, n_h=6, negative=1), dict(n=1, n_h=4, negative=1), dict(n=10, n_h=16, negative=0)],
        seconds=120,
        mistakes=[
            slip(
                *("without_absolute_value", "the largest entry", "Which of -3 and 2 is larger in absolute value?"),
                lambda start, rng, n: _bias(start, rng, n).max(),
            ),
            slip(
                *("with_its_sign", "the entry itself, with its sign", "Can an absolute value be negative?"),
                lambda start, rng, n: max(_bias(start, rng, n), key=abs),
            ),
            slip(
                *("the_right_program", "what SGD gives, with b not overwritten", "Which program did you run?"),
                lambda start, rng, n: np.abs(training.train(start, rng=rng, n_steps=n)[0].b).max(),
            ),
            slip(
                *(
                    "one_step_more",
                    "the entry after n + 1 iterations",
                    "How many iterations does your code do for n = 1?",
                ),
                lambda start, rng, n: largest_bias(start, rng, n + 1),
            ),
        ],
        hints=(
            "Which function runs the program as it is printed, and which the right one?",
            "`report.train` takes `rng` and `n_steps` by name, and returns two things: the parameters come first.",
            "Of the five parameters you need b alone. Take absolute values before you look for the largest entry.",
        ),
    ),
    Exercise(
        id="06.3",
        function="hidden_by_a_batch_of_one",
        title="What a batch of one hides",
        reference=hidden_by_a_batch_of_one,
        judge=_not_hidden,
        mistakes=[
            slip(
                *("another_special_case", "one that a single unit hides", "Does W change with the size of the batch?"),
                lambda: "W_not_transposed",
            ),
            slip(
                *("a_single_step", "one that a single step hides", "Which size must be 1 for this one to be hidden?"),
                lambda: "averaged_over_time",
            ),
        ],
        hints=(
            "Which operations do nothing if the batch has one sum?",
            "A mean over one sum changes nothing, nor does a division by B, however often it is done.",
            'The function `hidden` above gives the names for each of `cases`. Print all for "batch of one".',
        ),
    ),
]
