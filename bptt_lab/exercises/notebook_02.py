"""Exercises of notebook 02: the forward pass."""

import numpy as np

from bptt_lab import model
from bptt_lab.doctor import BACKWARD, Exercise, slip
from bptt_lab.model import Array, Params, Trace


def count_parameters(n_x: int, n_h: int, n_y: int) -> int:
    return sum(array.size for array in model.init_params(n_h, np.random.default_rng(0), n_x, n_y))


def one_step(params: Params, x_t: Array, h_before: Array) -> Array:
    return model.forward(params, x_t[None], h_0=h_before).h[0]


def confidence(trace: Trace) -> Array:
    return np.exp(-model.cross_entropy(trace.o, np.round(trace.y_hat)).sum(axis=(0, 2)))


def _draw_step(rng: np.random.Generator, **sizes: int) -> dict[str, object]:
    drawn = BACKWARD.draw(rng, T=2, **sizes)
    return {"params": drawn["params"], "x_t": drawn["x"][1], "h_before": drawn["trace"].h[0]}


def _draw_trace(rng: np.random.Generator, T: int, B: int) -> dict[str, object]:
    """About as many outputs are nearer to 1 as are nearer to 0."""
    trace, o = BACKWARD.draw(rng, T, B, n_x=2, n_h=4, n_y=1)["trace"], rng.normal(size=(T, B, 1))
    return {"trace": trace._replace(o=o, y_hat=model.sigmoid(o))}


EXERCISES = [
    Exercise(
        id="02.1",
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
        id="02.2",
        function="one_step",
        title="One step for a batch",
        reference=one_step,
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
    Exercise(
        id="02.3",
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
