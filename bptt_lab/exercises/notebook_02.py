"""Exercises of notebook 02: the forward pass."""

from itertools import product
from typing import NamedTuple

import numpy as np

from bptt_lab import data, model
from bptt_lab.doctor import BACKWARD, Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array, Params, Trace


class Step(NamedTuple):
    """What one step gives."""

    h_t: Array  # (n_h,)
    y_hat_t: Array  # (n_y,)


def both(first: Array, second: Array) -> Array:
    return np.tanh(20 * first + 20 * second - 30)


def biases() -> list[float]:
    return [-5.0, -25.0, -45.0]


def one_step(params: Params, x_t: Array, h_before: Array) -> Step:
    trace = model.forward(params, x_t[None, None], h_0=h_before)
    return Step(trace.h[0, 0], trace.y_hat[0, 0])


def count_parameters(n_x: int, n_h: int, n_y: int) -> int:
    return sum(array.size for array in model.init_params(n_h, np.random.default_rng(0), n_x, n_y))


def step_of_a_batch(params: Params, x_t: Array, h_before: Array) -> Array:
    return model.forward(params, x_t[None], h_0=h_before).h[0]


def confidence(trace: Trace) -> Array:
    return np.exp(-model.cross_entropy(trace.o, np.round(trace.y_hat)).sum(axis=(0, 2)))


def _not_both(answer: object, first: Array, second: Array) -> str:
    """How a unit falls short of saying 1 for two ones, and -1 for all else."""
    try:
        answer = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return f"an array of numbers is expected, and {type(answer).__name__} came"
    if answer.shape != first.shape:
        return f"one number for each of the {len(first)} inputs is expected, and shape {answer.shape} came"
    for one, other, said, wanted in zip(first, second, answer, np.where(first + second > 1, 1, -1)):
        inputs = f"to the bits {one} and {other} your unit says {said:.4g}"
        if not abs(said) <= 1:
            return f"{inputs}, and the answer of a unit lies between -1 and 1"
        if said * wanted < 0:
            return f"{inputs}, and {wanted} is wanted"
        if abs(said) < 0.9:
            return f"{inputs}: its weighted sum should be well {'above' if wanted > 0 else 'below'} 0"
    return ""


def _set_by_hand(b: Array) -> Params:
    """Three units that count the ones of a step, if the biases are right; each reads the second one's last answer."""
    U, V, W = np.full((3, 2), 20.0), np.array([[20.0, -20.0, 20.0]]), np.zeros((3, 3))
    W[:, 1] = 10
    return Params(U, W, V, b, c=np.zeros(1))


def _additions_go_wrong(answer: object) -> str:
    """Which additions these biases get wrong, and which unit does not count what it should."""
    try:
        b = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        return "three numbers were expected, such as [0, 0, 0]"
    if b.shape != (3,) or not np.isfinite(b).all():
        return f"three numbers were expected, such as [0, 0, 0], and {answer} came"
    x, y = data.all_sums()
    trace = model.forward(_set_by_hand(b), x)
    wrong = np.flatnonzero(model.digit_accuracy(trace, y) < 8)
    if not wrong.size:
        return ""
    said = data.from_bits(trace.y_hat[:, wrong[0], 0] > 0.5)
    first, second = data.from_bits(x[:, wrong[0]])
    return (
        f"{len(wrong):,} of {x.shape[1]:,} additions go wrong, such as {first} + {second}, where the network "
        f"says {said}{_miscounts(b)}"
    )


def _miscounts(b: Array) -> str:
    """The first unit whose weighted sum has the wrong sign, or is nearly 0; if there is none, the first unsure one."""
    reads = [(0, "in the first step"), (-10, "without a carry"), (10, "with a carry")]
    for enough, (unit, bias), (read, arrives), ones in product((0.5, 0.98), enumerate(b, start=1), reads, range(3)):
        total, weighted = ones + (read > 0), 20 * ones + read + bias
        yes = total >= unit
        if np.tanh(weighted) * (1 if yes else -1) < enough:
            return (
                f". Unit {unit} must say {'yes' if yes else 'no'} to a total of {total}, and its weighted sum, "
                f"{arrives}, is {weighted:g}: it should be well {'above' if yes else 'below'} 0"
            )
    return ""


def _draw_step(rng: np.random.Generator, **sizes: int) -> dict[str, object]:
    drawn = BACKWARD.draw(rng, T=2, **sizes)
    return {"params": drawn["params"], "x_t": drawn["x"][1], "h_before": drawn["trace"].h[0]}


def _draw_one_step(rng: np.random.Generator, **sizes: int) -> dict[str, object]:
    drawn = _draw_step(rng, B=1, **sizes)
    return drawn | {"x_t": drawn["x_t"][0], "h_before": drawn["h_before"][0]}


def _step_slip(name: str, formula: str, hint: str, state=None, output=None):
    """A wrong step of one addition: state(params, a_t, x_t, h_before), or output(params, h_t, h_before), is wrong."""

    def whole(params: Params, x_t: Array, h_before: Array) -> Step:
        a_t = params.b + params.W @ h_before + params.U @ x_t
        h_t = state(params, a_t, x_t, h_before) if state else np.tanh(a_t)
        return Step(h_t, output(params, h_t, h_before) if output else model.sigmoid(params.c + params.V @ h_t))

    return slip(name, formula, hint, whole)


def _draw_trace(rng: np.random.Generator, T: int, B: int) -> dict[str, object]:
    """A trace in which about as many outputs are nearer to 1 as are nearer to 0."""
    trace, o = BACKWARD.draw(rng, T, B, n_x=2, n_h=4, n_y=1)["trace"], rng.normal(size=(T, B, 1))
    return {"trace": trace._replace(o=o, y_hat=model.sigmoid(o))}


EXERCISES = [
    question(
        id="02.a",
        name="largest_total",
        title="The largest total of one step",
        answer=3,
        wrong={
            2: "Two bits come in. What else is added in that step?",
            4: "How large is a carry, at most?",
            1: "What if both bits are 1?",
        },
        hints=(
            "Which three bits does a step add?",
            "Each bit is 0 or 1; so is the carry. When is their total largest?",
        ),
    ),
    question(
        id="02.b",
        name="without_memory",
        title="Right bits without a memory",
        answer=5.04,
        wrong={
            4: "That is what a coin gets. Does one who sees both bits know more than a coin?",
            8: "The bits 1 and 0 give 1 without a carry. What do they give with one, and who can tell these apart?",
            6.77: "That guesser remembers the input of the step before. What if it remembers nothing?",
        },
        hints=(
            "What does the best guesser without a memory say when exactly one of the two bits is 1?",
            "It is more than the 4 of a coin, and less than 6: notebook 01 counts it over all additions.",
        ),
        tolerance=0.05,
    ),
    Exercise(
        id="02.1",
        function="both",
        title="A unit that says whether both bits are 1",
        reference=both,
        draw=lambda rng: {"first": np.array([0, 0, 1, 1]), "second": np.array([0, 1, 0, 1])},
        judge=_not_both,
        mistakes=[
            slip(
                *(
                    "at_least_one",
                    "whether at least one bit is 1",
                    "How large is the weighted sum if just one bit is 1?",
                ),
                lambda first, second: np.tanh(20 * first + 20 * second - 5),
            ),
            slip(
                *("not_squashed", "a weighted sum that is not squashed", "Which function squashes a weighted sum?"),
                lambda first, second: 20 * first + 20 * second - 30.0,
            ),
        ],
        hints=(
            "With weights of 20, how large is the weighted sum without its bias, for each of the four inputs?",
            "Those are 0, 20, 20 and 40. The bias moves all four: 40 must stay above 0, the others must come below.",
            "Any bias well between -40 and -20 will do. Then the tanh.",
        ),
    ),
    question(
        id="02.c",
        name="carry_unit",
        title="The unit that is the carry",
        answer=2,
        wrong={
            1: "Does a total of 1 hand on a carry?",
            3: "Does a total of 2 hand on a carry?",
        },
        hints=(
            "From which totals on does a step hand on a carry?",
            "A carry goes on from a total of 2 and from one of 3. Which column of the table says 1 for just these?",
        ),
    ),
    Exercise(
        id="02.2",
        function="biases",
        title="Three units that add, set by hand",
        reference=biases,
        judge=_additions_go_wrong,
        mistakes=[
            slip(
                *(
                    "first_step_forgotten",
                    "what fits all steps but the first",
                    "What does a first step read, -10 or 0?",
                ),
                lambda: [0.0, -20.0, -40.0],
            ),
            slip(
                *(
                    "only_the_first_step",
                    "what fits the first step alone",
                    "In a later step, what does a unit read of the second one if no carry arrives: 0 or -10?",
                ),
                lambda: [-10.0, -30.0, -50.0],
            ),
            slip(
                *("signs_turned_round", "biases above 0", "What does the first unit say if it reads zeros alone?"),
                lambda: [5.0, 25.0, 45.0],
            ),
        ],
        hints=(
            "For the first unit: how large is its weighted sum without a bias, for a total of 0, and of 1?",
            "For a total of 1 it is 20 in the first step, and later 20 - 10 without a carry, or 0 + 10 with one. "
            "For a total of 0 it is 0 or -10. The bias must bring 10 well above 0, and 0 well below.",
            "So the first bias lies well between -10 and 0. Each other unit needs one more 1 than the unit before: "
            "20 more in its weighted sum.",
        ),
    ),
    Exercise(
        id="02.3",
        function="one_step",
        title="One step of one addition",
        reference=one_step,
        draw=_draw_one_step,
        sizes=[dict(n_x=2, n_h=3, n_y=1), dict(n_x=4, n_h=5, n_y=3)],
        forbidden=(model.forward,),
        mistakes=[
            _step_slip(
                *("W_turned", "tanh(b + Wᵀ h + U x)", "Does row 1 of W hold what unit 1 reads, or who reads unit 1?"),
                state=lambda params, a_t, x_t, h: np.tanh(params.b + params.W.T @ h + params.U @ x_t),
            ),
            _step_slip(
                *("no_bias_in_the_state", "h = tanh(W h + U x)", "What does a unit add to what it reads?"),
                state=lambda params, a_t, x_t, h: np.tanh(a_t - params.b),
            ),
            _step_slip(
                *("state_not_squashed", "h = b + W h + U x", "Can a unit of yours say more than 1?"),
                state=lambda params, a_t, x_t, h: a_t,
            ),
            _step_slip(
                *("sigmoid_in_the_state", "h = σ(b + W h + U x)", "Can a unit of yours say -1?"),
                state=lambda params, a_t, x_t, h: model.sigmoid(a_t),
            ),
            _step_slip(
                *("state_forgotten", "h = tanh(b + U x)", "Where does your step read the state before?"),
                state=lambda params, a_t, x_t, h: np.tanh(params.b + params.U @ x_t),
            ),
            _step_slip(
                *("no_bias_in_the_output", "ŷ = σ(V h)", "What is your logit if all units say 0?"),
                output=lambda params, h_t, h: model.sigmoid(params.V @ h_t),
            ),
            _step_slip(
                *("no_biases", "h = tanh(W h + U x) and ŷ = σ(V h)", "Which two of the five arrays did you leave out?"),
                state=lambda params, a_t, x_t, h: np.tanh(a_t - params.b),
                output=lambda params, h_t, h: model.sigmoid(params.V @ h_t),
            ),
            _step_slip(
                *("minus_at_c_alone", "ŷ = 1 / (1 + e^(-c + V h))", "How much of the exponent has its minus?"),
                output=lambda params, h_t, h: model.sigmoid(params.c - params.V @ h_t),
            ),
            _step_slip(
                *("output_of_the_old_state", "ŷ = σ(c + V h) with the state before", "Which state does V read?"),
                output=lambda params, h_t, h: model.sigmoid(params.c + params.V @ h),
            ),
            _step_slip(
                *("logit_returned", "o in the place of ŷ", "Is your second answer a probability?"),
                output=lambda params, h_t, h: params.c + params.V @ h_t,
            ),
            _step_slip(
                *("tanh_in_the_output", "ŷ = tanh(c + V h)", "Can a probability be below 0?"),
                output=lambda params, h_t, h: np.tanh(params.c + params.V @ h_t),
            ),
            _step_slip(
                *("sign_of_the_exponent", "ŷ = 1 / (1 + e^o)", "Does your ŷ grow with the logit?"),
                output=lambda params, h_t, h: model.sigmoid(-params.c - params.V @ h_t),
            ),
        ],
        hints=(
            "Equation (1) has four lines. Which two of their results are asked for?",
            "Write the four lines one below the other. A matrix times a column is `W @ h_before`.",
            "The first line has three terms; the third reads the new state, not the one before. Return two things: "
            "`return h_t, y_hat_t`.",
        ),
    ),
    Exercise(
        id="02.4",
        function="count_parameters",
        title="How many numbers training can change",
        reference=count_parameters,
        draw=lambda rng, **sizes: sizes,
        sizes=[dict(n_x=2, n_h=16, n_y=1), dict(n_x=3, n_h=5, n_y=2), dict(n_x=1, n_h=1, n_y=1)],
        mistakes=[
            slip(
                *("without_biases", "the entries of U, W and V", "What does a unit add to its weighted inputs?"),
                lambda n_x, n_h, n_y: n_h * (n_x + n_h + n_y),
            ),
            slip(
                *("without_output_biases", "the entries of U, W, V and b", "Which part of o^(t) needs no state?"),
                lambda n_x, n_h, n_y: n_h * (n_x + n_h + n_y + 1),
            ),
            slip(
                *("one_bias_each", "the entries of U, W, V, and two more", "Do all hidden units share one bias?"),
                lambda n_x, n_h, n_y: n_h * (n_x + n_h + n_y) + 2,
            ),
            slip(
                *("without_W", "the entries of U, V, b and c", "How does a state reach the next state?"),
                lambda n_x, n_h, n_y: n_h * (n_x + n_y + 1) + n_y,
            ),
            slip(
                *(
                    "W_with_n_h_entries",
                    "a W that joins each unit to itself alone",
                    "How many rows has W, and columns?",
                ),
                lambda n_x, n_h, n_y: n_h * (n_x + n_y + 2) + n_y,
            ),
        ],
        hints=(
            "How many arrays does a Params hold?",
            "Write down the shape of each of the five; a matrix has as many entries as rows times columns.",
            "U joins each input to each hidden unit, W each hidden unit to each, V each hidden unit to each output; "
            "and every unit that sums, hidden or output, has a bias.",
        ),
    ),
    Exercise(
        id="02.5",
        function="step_of_a_batch",
        title="One step for a batch",
        reference=step_of_a_batch,
        draw=_draw_step,
        sizes=[dict(B=4, n_x=2, n_h=3, n_y=1), dict(B=1, n_x=2, n_h=3, n_y=1), dict(B=2, n_x=4, n_h=5, n_y=3)],
        forbidden=(model.forward,),
        mistakes=[
            slip(
                *("W_not_transposed", "tanh(b + h W + x Uᵀ), in rows", "What is (W h)ᵀ, if h is a column?"),
                lambda params, x_t, h_before: np.tanh(params.b + h_before @ params.W + x_t @ params.U.T),
            ),
            slip(
                *("bias_missing", "tanh(W h + U x)", "What is in a unit if state and inputs are all 0?"),
                lambda params, x_t, h_before: np.tanh(h_before @ params.W.T + x_t @ params.U.T),
            ),
            slip(
                *("tanh_missing", "b + W h + U x", "Can your state be larger than 1?"),
                lambda params, x_t, h_before: params.b + h_before @ params.W.T + x_t @ params.U.T,
            ),
            slip(
                *("sigmoid", "σ(b + W h + U x)", "Can your state be negative?"),
                lambda params, x_t, h_before: model.sigmoid(params.b + h_before @ params.W.T + x_t @ params.U.T),
            ),
            slip(
                *("state_missing", "tanh(b + U x)", "Which line of yours remembers the step before?"),
                lambda params, x_t, h_before: np.tanh(params.b + x_t @ params.U.T),
            ),
            slip(
                *("bias_outside", "b + tanh(W h + U x)", "Where does the bracket of your tanh end?"),
                lambda params, x_t, h_before: params.b + np.tanh(h_before @ params.W.T + x_t @ params.U.T),
            ),
        ],
        hints=(
            "Which of the four lines of equation (1) lead to the new state?",
            "The formula has columns, the code has rows: (W h)ᵀ = hᵀ Wᵀ. So states and inputs stand on the left.",
            "With rows, every product ends in a transposed matrix; a bias (n_h,) is added to each row as it is.",
        ),
    ),
    question(
        id="02.d",
        name="guessing",
        title="The loss of a network that always says 0.5",
        answer=8 * np.log(2),
        wrong={
            np.log(2): "That is one bit. How many has an addition?",
            8.0: "That is with the logarithm to base 2. Which base has the natural one?",
            8 * np.log10(2): "Which base has the natural logarithm?",
            4 * np.log(2): "Can a bit be right without any surprise, if the network says 0.5?",
            -8 * np.log(2): "Is log 0.5 above or below 0, and what stands before it in (2)?",
            4.0: "Those are right bits. What is -log 0.5?",
        },
        hints=(
            "How surprised is it by one bit, be that bit 0 or 1?",
            "By -log 0.5, for each bit, and (2) adds over the steps. A mean of equal numbers is that number.",
        ),
        tolerance=0.05,
    ),
    question(
        id="02.e",
        name="wasted",
        title="Probability given to answers that never occur",
        answer=0.5,
        wrong={
            0.0: "When the first output says 1, does the second one know of it?",
            0.25: "Is there just one answer that never occurs?",
            1.0: "How probable does it find 00?",
        },
        hints=(
            "Which four answers are possible, and how probable is each of them?",
            "If both outputs say 0.5, each of 00, 01, 10 and 11 has the probability 0.5 · 0.5. Which two never occur?",
        ),
    ),
    Exercise(
        id="02.6",
        function="confidence",
        title="The network's confidence in its own answer",
        reference=confidence,
        draw=_draw_trace,
        sizes=[dict(T=5, B=3), dict(T=1, B=4), dict(T=3, B=1), dict(T=1, B=1)],
        mistakes=[
            slip(
                *("a_mean", "the mean over steps", "How probable is it that two coins both show heads?"),
                lambda trace: np.maximum(trace.y_hat, 1 - trace.y_hat).mean(axis=(0, 2)),
            ),
            slip(
                *("all_ones", "the probability that all bits are 1", "Is the most probable bit always 1?"),
                lambda trace: trace.y_hat.prod(axis=(0, 2)),
            ),
            slip(
                *("least_probable", "the probability of the least probable answer", "Is 0.2 or 0.8 the more probable?"),
                lambda trace: np.minimum(trace.y_hat, 1 - trace.y_hat).prod(axis=(0, 2)),
            ),
            slip(
                *("least_certain_bit", "the confidence in one bit alone", "Must one bit be right, or all of them?"),
                lambda trace: np.maximum(trace.y_hat, 1 - trace.y_hat).min(axis=(0, 2)),
            ),
            slip(
                *("logarithm", "the logarithm of the probability", "Can a probability be negative?"),
                lambda trace: np.log(np.maximum(trace.y_hat, 1 - trace.y_hat)).sum(axis=(0, 2)),
            ),
        ],
        hints=(
            "If ŷ of a bit is 0.2, which value does the network find more probable, and how probable?",
            "Of each bit take the larger one of ŷ and 1 - ŷ. Outputs have three axes: time, batch, output.",
            "Given the inputs, the bits of an answer are independent: multiply their probabilities, over all axes "
            "but that of the batch.",
        ),
    ),
]
