"""Exercises of notebook 06: auditing the report."""

import numpy as np

from bptt_lab import bptt, data, gradcheck, model, report, training
from bptt_lab.doctor import BACKWARD, CATALOGUE, Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array, Params

NAMED = ("not_divided_by_B", "tanh_slope_averaged_over_batch")  # in the notebook
SLIPS = {  # equation: what to ask whoever has not found it
    3: "If the target is 1, must the loss fall or rise as ŷ grows?",
    7: "Which a reads h^(t) next, and which equation is derived with another one?",
    11: "Which input does U multiply in step t?",
}
RIGHT_IN_PRINT = {  # equation: what to ask whoever names it
    4: "What is the slope of σ, written with its own value?",
    5: "What does c multiply in step t?",
    6: "What does V multiply in step t?",
    8: "Which slope lies between a^(t) and h^(t)?",
    9: "What does b multiply in step t?",
    10: "Which state does W multiply in step t?",
    12: "Is what it says false, or could it say more?",
}
PLACES = [  # of the listing: its lines, the one at fault, and what to ask whoever names another
    ("ab", "b", "How often does the loss of one addition count, if the batch is that addition alone?"),
    ("cd", "c", "It is equation (4). By which size does the other line divide, and what does that size count?"),
    ("ef", "e", "Do two additions with different states have the same slopes?"),
    ("ghi", "h", "Which terms do the equations (10) and (11) have, and which of them does the listing add?"),
    ("jk", "j", "If there are two outputs, does the bias of the first reach the second?"),
    ("lmn", "m", "Two of the three lines have the same form. Which has not?"),
]


def faulty_lines() -> str:
    return "".join(fault for _, fault, _ in PLACES)


def right_update(b: Array, dL_db: Array, learning_rate: float) -> Array:
    return b - learning_rate * dL_db


def largest_bias(start: Params, rng: np.random.Generator, n: int) -> float:
    return np.abs(_bias(start, rng, n)).max()


def hidden_by_a_batch_of_one() -> str:
    return next(name for name in CATALOGUE if not _not_hidden(name))


def _not_the_slips(answer: object) -> str:
    given = list(answer) if isinstance(answer, tuple | list | set | np.ndarray) else [answer]
    for number in given:
        if number not in [*SLIPS, *RIGHT_IN_PRINT]:
            return f"{number!r} is none of the numbers 3 to 12"
        if number in RIGHT_IN_PRINT:
            return f"({number}) has no slip. {RIGHT_IN_PRINT[number]}"
    left = [asked for number, asked in SLIPS.items() if number not in given]
    return f"{len(left)} of three not found. {left[0]}" if left else ""


def _falls_short(answer: object) -> str:
    given = "".join(map(str, answer)) if isinstance(answer, str | list | tuple) else ""
    letters = [one for one in given.lower() if one.isalpha()]
    if len(letters) != len(PLACES):
        return f'six letters were expected, one for each place, such as "acegjl", and {len(letters)} came'
    for number, (letter, (lines, fault, asked)) in enumerate(zip(letters, PLACES), 1):
        if letter not in lines:
            return f"place {number} has the lines {', '.join(lines)}, and {letter} came"
        if letter != fault:
            return f"place {number}: line {letter} is right. {asked}"
    return ""


def _bias(start: Params, rng: np.random.Generator, n: int) -> Array:
    """b after n iterations of the listing, one by one."""
    for _ in range(n):
        start = report.step(start, *data.sample_sums(1, rng), report.SETTINGS["learning_rate"])
    return start.b


def _draw_update(rng: np.random.Generator, n_h: int) -> dict[str, object]:
    return {"b": rng.normal(size=n_h), "dL_db": rng.normal(size=n_h), "learning_rate": float(rng.uniform(0.1, 0.4))}


def _draw_start(rng: np.random.Generator, n: int, n_h: int, negative: int) -> dict[str, object]:
    """A start, drawn again until the largest entry of b in absolute value is negative, or is not if `negative` is 0."""
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
    question(
        id="06.a",
        name="divided_by",
        title="What divides the gradient of an output",
        answer="B",
        wrong={
            "T": "Does the loss add up the steps, or average over them?",
            "n_y": "Does the loss add up the outputs of a step, or average over them?",
        },
        hints=(
            "Over what does the loss (2) average?",
            "Each addition has its own loss. The loss of the batch is their mean, so one size is below the line.",
        ),
    ),
    question(
        id="06.b",
        name="without_memory",
        title="The best without memory",
        answer=5.04,
        wrong={
            4: "So many are right if nothing is known. What does one know who sees the two bits of the step?",
            8: "With the bits 1 and 0 and no memory, is the target always the same?",
            0.63: "That is the share of the bits that are right. How many of 8 are that?",
            6.77: "That one remembers the step before. What if nothing at all is remembered?",
        },
        hints=(
            "Notebook 01 has a guesser who sees the two bits of a step and nothing else.",
            "It is more than 5 of the 8 bits, by less than a tenth: look it up in notebook 01.",
        ),
        tolerance=0.0101,
    ),
    question(
        id="06.c",
        name="slips",
        title="Three slips in print",
        answer=(3, 7, 11),
        wrong={},
        judge=_not_the_slips,
        hints=(
            "For each equation: does the sign make sense, and which number is multiplied in step t?",
            "One slip is a sign. The two others are times: something of another step stands there.",
            "The times are in the derivation of one equation, and in a factor that U multiplies.",
        ),
    ),
    Exercise(
        id="06.1",
        function="faulty_lines",
        title="Six places, six faults",
        reference=faulty_lines,
        judge=_falls_short,
        mistakes=[
            slip(
                *("the_sums_for_granted", "g for h in place 4", "With which step do the sums begin?"),
                lambda: "bcegjm",
            ),
            slip(
                *("all_first_lines", "the first line of each place", "What would b be after n updates, by line m?"),
                lambda: "acegjl",
            ),
        ],
        hints=(
            "Read each line beside its equation: (2), (3), (8), (10) and (11), (5), and the update of notebook 04.",
            "Try each place with two additions in the batch, and with two outputs. What changes that should not?",
            "In the order of the places: a number 2, a size, a mean, a first step, a sum too many, an old value lost.",
        ),
    ),
    question(
        id="06.d",
        name="b_after",
        title="What the listing makes of b",
        answer=1.8,
        wrong={
            4.8: "That is the right update. Where does line m read the old b?",
            3: "Where does line m read the old b?",
            2: "What does line m take away from the gradient?",
            -0.2: "Which number stands first in line m?",
            2.2: "Is it plus or minus, in line m?",
        },
        hints=(
            "Put the numbers into line m, one by one.",
            "Line m reads the gradient twice, and b not at all.",
        ),
    ),
    Exercise(
        id="06.2",
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
    question(
        id="06.e",
        name="unnoticed",
        title="Why the mean of the slopes was not noticed",
        answer="b",
        wrong={
            "a": "Two slopes are 1 and 0.2. Is their mean near both?",
            "c": "Is the error of the slopes small at batch 1, or is there none?",
            "d": "With one addition in the batch, is a gradient check able to tell a number from its mean?",
        },
        hints=(
            "How many additions were in a batch of the report?",
            'Look at the column "1, 1" of the table, in the row of this switch.',
        ),
    ),
    Exercise(
        id="06.3",
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
    question(
        id="06.f",
        name="what_was_run",
        title="Was what is printed what was run?",
        answer="c",
        wrong={
            "a": "Of 200 seeds with the bias fault alone, how many come to the report's band?",
            "b": "Of 200 seeds as printed, do none come to the report's band?",
            "d": "Of 200 seeds with all corrected, how many come to the report's band, and how many to 8.000?",
        },
        hints=(
            "Which rows of the picture have a seed in the report's band?",
            "A row with few seeds in the band makes the report's number rare. Does it make it impossible?",
        ),
    ),
    Exercise(
        id="06.4",
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
