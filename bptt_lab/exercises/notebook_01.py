"""Exercises of notebook 01: the data."""

import itertools
import operator
from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np

from bptt_lab import data
from bptt_lab.doctor import Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array


def number_of(bits: Array) -> int:
    return int(data.from_bits(bits))


def carries_of_one(first_bits: Array, second_bits: Array) -> Array:
    return data.carries(np.stack([first_bits, second_bits], axis=-1)[:, None])[:, 0]


def most_carries() -> tuple[int, int]:
    return 63, 65


def right_with_one_step_of_memory(x: Array, y: Array) -> float:
    return _best_guesser(x, y, lambda ones, t: (ones[t], ones[t - 1] if t else None))


def _best_guesser(x: Array, y: Array, situation: Callable) -> float:
    """Right bits of a sum, guessed by one who knows situation(ones, t) and picks the most frequent target in it."""
    targets, ones = defaultdict(Counter), x.sum(axis=2)
    for t, i in np.ndindex(ones.shape):
        targets[situation(ones[:, i], t)][y[t, i, 0]] += 1
    return sum(max(counted.values()) for counted in targets.values()) / y.shape[1]


def _right_with_a_carry_after_two_ones(x: Array, y: Array) -> float:
    ones = x.sum(axis=2)
    carry = np.vstack([np.zeros_like(ones[:1]), ones[:-1] == 2])
    return np.sum((ones + carry) % 2 == y[..., 0]) / y.shape[1]


def _draw_number(rng: np.random.Generator, T: int) -> dict[str, object]:
    """Bits that are another number when read from the other end; both ends are 1."""
    bits = rng.integers(0, 2, T)
    bits[[0, -1]] = 1
    return _draw_number(rng, T) if T > 3 and (bits == bits[::-1]).all() else {"bits": bits}


def _draw_bits(rng: np.random.Generator, T: int) -> dict[str, object]:
    """Bits whose last step hands on a carry; with 7 or more steps, the others do so for every reason that there is."""
    reasons = [1, 2, 2, 1, 0, 1] if T > 6 else []
    ones = np.array([*reasons, *rng.integers(0, 3, T - len(reasons) - 1), 2])
    first = (ones + rng.integers(0, 2, T)) // 2  # a single one is in either
    return {"first_bits": first.astype(float), "second_bits": (ones - first).astype(float)}


def _draw_sums(rng: np.random.Generator, T: int, B: int) -> dict[str, object]:
    """Sums without their last carry. In which addend a bit stands makes no difference: each is there both ways.

    They are drawn again until it matters that nothing comes before the first step: a one there changes the answer.
    """
    x = rng.choice(2, (T, B, 2), p=[0.3, 0.7]).astype(float)
    ways = itertools.product([1, -1], repeat=2)  # of every other step, and of those between
    x = np.concatenate([np.stack([x_t[:, :: way[t % 2]] for t, x_t in enumerate(x)]) for way in ways], axis=1)
    y = data.to_bits(data.from_bits(x).sum(axis=1) % 2**T, T)[..., None].astype(float)
    after_a_one = _best_guesser(x, y, lambda ones, t: (ones[t], ones[t - 1] if t else 1))
    if T > 2 and after_a_one == right_with_one_step_of_memory(x, y):
        return _draw_sums(rng, T, B)
    return {"x": x, "y": y}


def _fewer_carries(pair: object) -> str:
    try:
        first, second = (operator.index(number) for number in pair)
    except (TypeError, ValueError):
        return "two whole numbers were expected, such as (1, 2)"
    if not 0 <= min(first, second) <= max(first, second) <= 126:
        return f"both numbers must lie between 0 and 126, and {(first, second)} came"
    yours, most = (data.carries(data.encode_sums([a], [b])[0]).sum() for a, b in [(first, second), most_carries()])
    return f"your pair hands on a carry in {yours} of 8 steps; another pair does so in more" if yours < most else ""


EXERCISES = [
    question(
        id="01.a",
        name="number",
        title="A number read from its bits",
        answer=13,
        wrong={
            11: "Which of the four bits belongs to 1, and which to 8?",
            176: "On which side does the first bit stand here: on that of 1, or on that of 128?",
            26: "Is the place of the first bit worth 1 or 2?",
            3: "How much is each of these ones worth?",
        },
        hints=(
            "How much is the first bit worth, how much the second?",
            "The places are worth 1, 2, 4 and 8. Which of them are taken?",
        ),
    ),
    Exercise(
        id="01.1",
        function="number_of",
        title="A listing that reads from the wrong end, repaired",
        reference=number_of,
        draw=_draw_number,
        sizes=[dict(T=5), dict(T=1), dict(T=8), dict(T=12)],
        forbidden=(data.from_bits,),
        mistakes=[
            slip(
                *("as_listed", "the number read from the highest bit", "How often is the first bit doubled?"),
                lambda bits: number_of(bits[::-1]),
            ),
            slip(
                *("from_two_on", "twice the number", "What is the first bit worth?"),
                lambda bits: 2 * number_of(bits),
            ),
            slip(
                *("how_many_ones", "how many bits are 1", "Are all ones worth the same?"),
                lambda bits: np.sum(bits),
            ),
        ],
        hints=(
            "Follow the listing with the bits 0, 1: what is `value` after each of them?",
            "Each bit that follows doubles all that came before. So which bit must come last?",
            "Go through the bits from the highest to the lowest, or give each bit its power of two.",
        ),
    ),
    question(
        id="01.b",
        name="bit_and_carry",
        title="One step of 77 + 58",
        answer=(0, 1),
        wrong={
            (1, 0): "Is the carry from the step before in your total?",
            (1, 1): "The total is 2: what is 2 in bits?",
            (0, 0): "Something is left of a total of 2: where does it go?",
            (2, 0): "Is 2 a bit?",
        },
        hints=(
            "Which three bits meet in this step, and what is their total?",
            "A total of 2 is written 10. The 0 stays here. What becomes of the 1?",
        ),
    ),
    Exercise(
        id="01.2",
        function="carries_of_one",
        title="The carries of one addition",
        reference=carries_of_one,
        draw=_draw_bits,
        sizes=[dict(T=3), dict(T=1), dict(T=8), dict(T=12)],
        forbidden=(data.carries,),
        mistakes=[
            slip(
                *("the_carry_that_arrives", "the carry that each step is given", "Which carry leaves the first step?"),
                lambda first_bits, second_bits: np.append(0, carries_of_one(first_bits, second_bits)[:-1]),
            ),
            slip(
                *("without_the_carry_before", "1 where both bits are 1", "With 0 and 1, can a carry be handed on?"),
                lambda first_bits, second_bits: first_bits + second_bits >= 2,
            ),
            slip(
                *("bits_of_the_sum", "the bits that stay", "Of a total of 2, what stays, and what is handed on?"),
                lambda first_bits, second_bits: (
                    (first_bits + second_bits + np.append(0, carries_of_one(first_bits, second_bits)[:-1])) % 2
                ),
            ),
        ],
        hints=(
            "What must a step know besides its two bits?",
            "Go through the steps from the first on, and keep the last carry in a variable that begins with 0.",
            "Three numbers meet in a step: two bits and the carry before. From which total on is a carry handed on?",
        ),
    ),
    question(
        id="01.c",
        name="later_step",
        title="The same input, another target",
        answer=7,
        wrong={
            1: "What is the target in that step?",
            2: "Which of the two addends has the 1 there?",
            5: "Which of the two addends has the 1 there?",
            6: "Which of the two addends has the 1 there?",
            8: "What is the input in that step?",
        },
        hints=(
            "In which columns is there a 1 above a 0?",
            "There are three such columns. In which of them is the bit of the sum 0?",
        ),
    ),
    question(
        id="01.d",
        name="remembered",
        title="How much must be remembered",
        answer=1,
        wrong={
            0: "Take two steps that read the same bits: are their targets always the same?",
            2: "How many values can a carry have, and how many bits tell them apart?",
            7: "Which of the bits read so far does the next step still need?",
            8: "Which of the bits read so far does the next step still need?",
            16: "Which of the bits read so far does the next step still need?",
        },
        hints=(
            "What does a step need besides the two bits that it reads?",
            "It needs the carry, and nothing else. How many bits is a carry?",
        ),
    ),
    Exercise(
        id="01.3",
        function="most_carries",
        title="A pair with the most carries",
        reference=most_carries,
        judge=_fewer_carries,
        mistakes=[
            slip(
                *("the_largest_addends", "126 and 126", "Does the first step of 126 + 126 hand on a carry?"),
                lambda: (126, 126),
            ),
            slip(
                *("the_largest_odd_addends", "125 and 125", "Which steps of 125 + 125 hand on no carry?"),
                lambda: (125, 125),
            ),
        ],
        hints=(
            "In which steps can a carry begin? In which can it at best be passed on?",
            "Once there is a carry, a single 1 in a step is enough to pass it on. So the first step matters most.",
            "By search: `data.carries(x_all).sum(axis=0)` counts for each pair, where i + j stands at index 127·i + j.",
        ),
    ),
    Exercise(
        id="01.4",
        function="right_with_one_step_of_memory",
        title="The best guesser with one step of memory",
        reference=right_with_one_step_of_memory,
        draw=_draw_sums,
        sizes=[dict(T=4, B=7), dict(T=3, B=5), dict(T=1, B=4), dict(T=6, B=2)],
        mistakes=[
            slip(
                *("no_memory", "the right bits of one who knows the ones now", "Where does your guesser look back?"),
                lambda x, y: _best_guesser(x, y, lambda ones, t: ones[t]),
            ),
            slip(
                *("it_knows_the_carry", "every bit", "Can a guesser be right everywhere who has not seen the carry?"),
                lambda x, y: len(y),
            ),
            slip(
                *(
                    "it_knows_the_step",
                    "the right bits of one who also knows t",
                    "May the guesser know which step it is?",
                ),
                lambda x, y: _best_guesser(x, y, lambda ones, t: (t, ones[t], ones[t - 1] if t else None)),
            ),
            slip(
                *(
                    "a_carry_after_two_ones",
                    "the right bits of one who takes a carry for granted after two ones, and else none",
                    "Is the target that your guesser picks always the more frequent one?",
                ),
                _right_with_a_carry_after_two_ones,
            ),
            slip(
                *("a_share", "the share of bits that are right", "How large is your number if every bit is right?"),
                lambda x, y: right_with_one_step_of_memory(x, y) / len(y),
            ),
            slip(
                *("not_a_mean", "the right bits of all additions together", "What is your number divided by?"),
                lambda x, y: right_with_one_step_of_memory(x, y) * y.shape[1],
            ),
            slip(
                *("without_the_first_step", "the right bits from step 2 on", "What is guessed in the first step?"),
                lambda x, y: right_with_one_step_of_memory(x, y) - 1,  # there it is always right
            ),
        ],
        hints=(
            "What does the guesser see in a step, and how many different things can that be?",
            "For each of them, count over all additions and steps how often the target was 0, and how often 1.",
            "Of the two counts the larger is how often the guess is right. Add these up; divide by how many additions.",
        ),
    ),
]
