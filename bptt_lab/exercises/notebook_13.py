"""Exercises of notebook 13: a network that writes."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from bptt_lab import gated, text
from bptt_lab.doctor import Exercise, difference, slip
from bptt_lab.exercises.question import question
from bptt_lab.gated import softmax_of
from bptt_lab.model import Array
from bptt_lab.text import Writer


def _draw_logits(rng: np.random.Generator, T: int, B: int, n: int, height: int) -> dict[str, object]:
    """Logits (T, B, n), without leading axes of length 1; and a temperature.

    Every other row lies high, the others low, and in each row one logit is above the rest: if the height is
    large, no exponential is left where anything but a row's own maximum was subtracted.
    """
    o = rng.normal(size=(T, B, n))
    o += height * (-1.0) ** np.arange(T * B).reshape(T, B, 1)
    o[..., 0] += height
    while len(o) == 1:
        o = o[0]
    return dict(o=o, temperature=float(rng.choice([0.3, 0.6, 1.7])))


def _about_probabilities(answer: object, o: Array, temperature: float) -> str:
    found = difference(answer, text.heated(o, temperature), 1e-9)
    if found and np.shape(answer) == o.shape and np.isnan(np.asarray(answer, float)).any():
        return "some rows are NaN: there an exponential was too large for a number, or all of the row became 0"
    return found and _of_shares(answer, o.shape) or found


def _of_shares(answer: object, shape: tuple) -> str:
    """What is wrong with rows that do not add up to 1."""
    rows = np.asarray(answer, float).sum(axis=-1) if np.shape(answer) == shape else 1
    return "" if np.allclose(rows, 1) else "there are rows that do not add up to 1: over which axis do you sum?"


def _shares(exponents: Array, **which: object) -> Array:
    e = np.exp(exponents)
    return e / e.sum(**which)


def _less_the_largest(o: Array, axis: int = -1) -> Array:
    return o - o.max(axis=axis, keepdims=True)


def pairs_table(codes: Array, n: int) -> Array:
    return _in_rows(1 + _counts(codes, n))


def _about_pairs(answer: object, codes: Array, n: int) -> str:
    found = difference(answer, pairs_table(codes, n), 1e-9)
    if found and np.shape(answer) == (n, n) and not np.all(np.asarray(answer, float) > 0):
        return "there are pairs without a probability above 0: was 1 added to each count, also where there is none?"
    return found and _of_shares(answer, (n, n)) or found


def _counts(codes: Array, n: int) -> Array:
    """One pair at a time."""
    times = np.zeros((n, n))
    for pair in zip(codes[:-1], codes[1:]):
        times[pair] += 1
    return times


def _in_rows(table: Array) -> Array:
    return table / table.sum(axis=1, keepdims=True)


def _draw_codes(rng: np.random.Generator, n: int, repeats: int) -> dict[str, object]:
    """All but the last character occur, each `repeats` times."""
    return dict(codes=rng.permutation(np.repeat(np.arange(n - 1), repeats)), n=n)


def greedy(writer: Writer, beginning: str, n: int) -> str:
    return _written(writer, beginning, n, lambda told: told)


def _written(writer: Writer, beginning: str, n: int, read: Callable) -> str:
    """n characters, each the likeliest one after what `read` leaves of the text so far."""
    told = beginning
    for _ in range(n):
        told += writer.symbols[text.next_character(writer, read(told)).argmax()]
    return told[len(beginning) :]


def _draw_writer(rng: np.random.Generator, n_h: int, n: int, length: int, symbols: int) -> dict[str, object]:
    """A small GRU with random weights that never learned to write, but uses three letters at least."""
    letters, written = "abcdefghijklmnopqrstuvwxyz"[:symbols], ""
    cell = SimpleNamespace(forward=gated.gru.forward)  # all that is used of a cell; a module cannot be sent to a grader
    while len(set(written)) < 3:
        writer = Writer(cell, gated.gru.init_params(n_h, rng, symbols, symbols, scale=3), letters)
        beginning = "".join(rng.choice(list(letters), length))
        written = greedy(writer, beginning, 12)
    return dict(writer=writer, beginning=beginning, n=n)


EXERCISES = [
    question(
        "13.a",
        "pair_costs",
        "Two outputs that do not see each other",
        2,
        {
            1: "That is the price if the second output sees the first. Does it?",
            1.386: "How many bits is that, if one bit is 0.693 nats?",
            1.39: "How many bits is that, if one bit is 0.693 nats?",
            0.693: "In which unit is that? And is it the price of one output, or of both?",
            0.69: "In which unit is that? And is it the price of one output, or of both?",
            0.5: "That is a probability. What is the surprise at something to which one gave the probability 1/2?",
            0.25: "That is the probability of the whole answer. How surprised is one by what had probability 1/4?",
            4: "Each output pays for a fair coin. How many outputs are there?",
            0: "Can an output know which of the two comes this time?",
        },
        (
            "What is the best that each output can say, and what does that cost it?",
            "Each says 1/2 and pays for a fair coin, whatever comes. There are two of them.",
        ),
        tolerance=0.001,
    ),
    question(
        "13.b",
        "m_after_two",
        "A running mean that begins at 0",
        0.19,
        {
            0.1: "That is m after the first iteration. And after the second?",
            0.2: "How much of the first m is kept in the second iteration: all of it?",
            1: "That is the mean after the correction. What is m before it?",
            0.81: "That is the share of the start that is left: 0.9 · 0.9. What has come in its place?",
            0.9: "Which of the two numbers multiplies the new gradient?",
            0.99: "Which of the two numbers multiplies the new gradient?",
            0.271: "That is m after three iterations. And after two?",
        },
        (
            "What is m after one iteration?",
            "It is 0.1. In the second, nine tenths of that are kept, and 0.1 is added again.",
        ),
        tolerance=0.0005,
    ),
    question(
        "13.c",
        "guessing_costs",
        "The price of 37 equal chances",
        float(np.log2(37)),
        {
            3.61: "That is the natural logarithm, so these are nats. How many bits?",
            37: "What is the surprise at something to which one gave the probability 1/37?",
            0.027: "That is the probability of each character. How surprising is it?",
            -5.21: "Can a surprise be negative?",
            6: "That many bits are needed to number them. How many does one pay on the average?",
            1.57: "To which base is that logarithm?",
        },
        (
            "Each character gets the probability 1/37. What is the surprise at it, with the logarithm to base 2?",
            "It is the logarithm of 37 to base 2. 32 characters would cost 5 bits, 64 would cost 6.",
        ),
        tolerance=0.01,
    ),
    Exercise(
        id="13.1",
        function="at_temperature",
        title="Temperature",
        reference=text.heated,
        draw=_draw_logits,
        sizes=[
            dict(T=1, B=3, n=5, height=1),
            dict(T=4, B=3, n=6, height=1),
            dict(T=1, B=1, n=4, height=1),
            dict(T=1, B=3, n=4, height=5000),
            dict(T=1, B=1, n=3, height=5000),
        ],
        forbidden=(text.heated, softmax_of),
        judge=_about_probabilities,
        mistakes=[
            slip(
                *("temperature_multiplied", "softmax(o · temperature)"),
                "Near temperature 0 the largest logit must win. Does it, in your formula?",
                lambda o, temperature: _shares(_less_the_largest(o) * temperature, axis=-1, keepdims=True),
            ),
            slip(
                *("temperature_after_the_softmax", "softmax(o) / temperature"),
                "Do your probabilities add up to 1?",
                lambda o, temperature: _shares(_less_the_largest(o), axis=-1, keepdims=True) / temperature,
            ),
            slip(
                *("temperature_not_used", "softmax(o)"),
                "Which line of yours changes with the temperature?",
                lambda o, temperature: _shares(_less_the_largest(o), axis=-1, keepdims=True),
            ),
            slip(
                *("all_rows_add_up_to_1_together", "e^(o / temperature) over the sum of all entries of all rows"),
                "Over which axis must probabilities add up to 1?",
                lambda o, temperature: _shares(_less_the_largest(o) / temperature),
            ),
            slip(
                *("columns_add_up_to_1", "e^(o / temperature) over its sum along the first axis"),
                "Over which axis must probabilities add up to 1?",
                lambda o, temperature: _shares(_less_the_largest(o, 0) / temperature, axis=0, keepdims=True),
            ),
        ],
        hints=(
            "What happens to a softmax if the same number is subtracted from all logits of a row?",
            "One row may hold 1000 and 999, the next 0 and 1. Which number must be subtracted from each?",
            "Subtract each row's own maximum (axis=-1, keepdims=True), divide by the temperature, and only then take "
            "exponentials and their shares.",
        ),
    ),
    question(
        "13.d",
        "softmax_gradient",
        "The gradient of softmax and surprise",
        "a",
        {
            "b": "The slope of the sigmoid cancelled in (4). Is any slope left here, in the two terms on the right?",
            "c": "That is the derivative by ŷ_j. And by o_j, which changes all of ŷ?",
            "d": "That is so for the character that came, where y_j = 1. And for the others?",
        },
        (
            "What is the derivative of the first term, -Σ y_j o_j, by one o_j? And that of the logarithm of the sum?",
            "The first gives -y_j. The derivative of log s is 1/s times that of s, and here s is a sum of which only "
            "e^(o_j) depends on o_j.",
        ),
    ),
    Exercise(
        id="13.2",
        function="pairs_table",
        title="The smallest n-gram",
        reference=pairs_table,
        draw=_draw_codes,
        sizes=[dict(n=4, repeats=9), dict(n=6, repeats=3), dict(n=3, repeats=1), dict(n=2, repeats=5)],
        judge=_about_pairs,
        mistakes=[
            slip(
                *("repeated_pairs_counted_once", "a table in which each pair counts once, however often it occurs"),
                "Some pairs occur more than once. What does table[i, j] += 1 do with arrays i, j that repeat a pair?",
                lambda codes, n: _in_rows(1 + np.minimum(_counts(codes, n), 1)),
            ),
            slip(
                *("next_and_this_exchanged", "p(this = j | next = i)"),
                "Which of the two characters chooses the row?",
                lambda codes, n: pairs_table(codes[::-1], n),
            ),
            slip(
                *("columns_add_up_to_1", "counts over the sums of their columns"),
                "What must add up to 1: all that may follow one character, or all that one character may follow?",
                lambda codes, n: pairs_table(codes[::-1], n).T,
            ),
            slip(
                *("probabilities_of_pairs", "counts over the number of all pairs"),
                "Given the first character, what must all its successors add up to?",
                lambda codes, n: (1 + _counts(codes, n)) / (len(codes) - 1 + n * n),
            ),
            slip(
                *("one_too_few_added_below", "(count + 1) / (sum of the counts + 1)"),
                "If 1 is added to each count of a row, by how much does the sum of the row grow?",
                lambda codes, n: (1 + _counts(codes, n)) / (1 + _counts(codes, n).sum(axis=1, keepdims=True)),
            ),
        ],
        hints=(
            "Which pairs does a text of N characters hold, and how many?",
            "Begin with a table of ones; the sums of its rows come last. Characters that never occur have a row, too.",
            "np.add.at(table, (rows, columns), 1) adds once for each pair, also where a pair comes again; "
            "a loop over the pairs does the same.",
        ),
    ),
    Exercise(
        id="13.3",
        function="greedy",
        title="Always the likeliest character",
        reference=greedy,
        draw=_draw_writer,
        sizes=[
            dict(n_h=8, n=12, length=3, symbols=7),
            dict(n_h=10, n=20, length=6, symbols=9),
            dict(n_h=9, n=1, length=2, symbols=5),
        ],
        mistakes=[
            slip(
                *("beginning_returned_too", "the beginning, and what follows it"),
                "What is asked for: the whole text, or what you wrote?",
                lambda writer, beginning, n: beginning + greedy(writer, beginning, n),
            ),
            slip(
                *("last_character_read_alone", "each character from the one before it alone"),
                "Does next_character remember what it read in the call before?",
                lambda writer, beginning, n: _written(writer, beginning, n, lambda told: told[-1]),
            ),
            slip(
                *("beginning_read_again_and_again", "n times what follows the beginning"),
                "What does the network read before it writes its second character?",
                lambda writer, beginning, n: _written(writer, beginning, n, lambda told: beginning),
            ),
            slip(
                *("one_character_too_many", "n + 1 characters"),
                "How many characters do you get for n = 1?",
                lambda writer, beginning, n: greedy(writer, beginning, n + 1),
            ),
        ],
        hints=(
            "What does the network read before it writes the second character?",
            "text.next_character gives one probability for each of writer.symbols, in their order.",
            "Keep the text so far, add the likeliest character to it, and ask again with the longer text. "
            "Return only what you have added.",
        ),
    ),
]
