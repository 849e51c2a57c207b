"""Exercises of notebook 12: gates."""

from collections.abc import Callable

import numpy as np

from bptt_lab import gated
from bptt_lab.doctor import Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array, sigmoid


def one_step(params: gated.gru_after.Params, x_t: Array, h_prev: Array) -> Array:
    return gated.gru_after.forward(params, x_t[None], h_prev).h[0]


def _draw(rng: np.random.Generator, B: int, n_x: int, n_h: int, n_y: int) -> dict[str, object]:
    start = gated.gru_after.init_params(n_h, rng, n_x, n_y)
    params = gated.gru_after.Params(*(rng.uniform(-1, 1, array.shape) for array in start))
    return dict(params=params, x_t=rng.normal(size=(B, n_x)), h_prev=rng.uniform(-1, 1, (B, n_h)))


def _with(
    candidate: Callable = lambda drive, past, r, d, h, W: np.tanh(drive + r * (d + past)),
    mixed: Callable = lambda z, g, h: z * h + (1 - z) * g,
    order: str = "rzg",
    back: bool = False,
) -> Callable:
    """The step with one of its parts exchanged; `back` takes each block of W the wrong way round."""

    def step(params: gated.gru_after.Params, x_t: Array, h_prev: Array) -> Array:
        U, W, _, b, _, d = params
        drive = dict(zip(order, np.split(x_t @ U.T + b, 3, axis=1)))
        blocks = dict(zip(order, np.split(W, 3)))
        past = {name: h_prev @ (block if back else block.T) for name, block in blocks.items()}
        r, z = sigmoid(drive["r"] + past["r"]), sigmoid(drive["z"] + past["z"])
        return mixed(z, candidate(drive["g"], past["g"], r, d, h_prev, blocks["g"]), h_prev)

    return step


EXERCISES = [
    question(
        "12.a",
        "left_of_it",
        "What a factor of 0.6 leaves",
        0.006,
        {
            6.0: "That adds ten factors. What do ten steps do with the length: add to it, or multiply it?",
            0.06: "That is one factor, shared out over ten steps. How often is the length multiplied by 0.6?",
            0.6: "That is left after one step. And after ten?",
        },
        (
            "In each step the length is multiplied by 0.6. What are two steps, then?",
            "It is 0.6 to the power of 10: less than a hundredth.",
        ),
        tolerance=0.0005,
    ),
    question(
        "12.b",
        "needs_the_loop",
        "The stage that walks back",
        "b",
        {
            "a": "Is ∂L/∂o^(t) computed from anything of step t + 1?",
            "c": "Once all ∂L/∂h^(t) are known, does one term of the sum need another one?",
        },
        (
            "In which of the three does step t need what was computed for step t + 1?",
            "Equation (7) has ∂L/∂h on both sides.",
        ),
    ),
    question(
        "12.c",
        "readers",
        "Who reads the cell",
        "b",
        {
            "a": "How does the next cell begin: from 0, or from something that was kept?",
            "c": "Look at the four equations of the gates: is there an s in them?",
            "d": "Does the output read the cell itself, or what the output gate lets through?",
        },
        (
            "Go through the equations: on which right-hand sides does s stand?",
            "It stands on two: in the equation for h of the same step, and in the one for s of the next step.",
        ),
    ),
    gated.LSTM_BACKWARD.but(
        id="12.1",
        function="my_backward",
        title="The backward pass of the LSTM",
        hints=(
            "Who reads s^(t), and who reads h^(t)?",
            "(A) and (B) need each other: before step t - 1 gets anything, ∂L/∂s^(t) and ∂L/∂h^(t) must both be whole.",
            "One loop from the last step: first the state gives to the cell of its step, then (C), then both of step t "
            "give to step t - 1. After the loop come the sums, with what each block is multiplied with.",
        ),
    ),
    question(
        "12.d",
        "bias_for_8",
        "A forget bias for eight steps",
        2.40,
        {
            0.917: "That is the gate f. Which bias makes it?",
            -2.40: "Does a gate that stands open have a positive bias, or a negative one?",
            2.71: "Does each step take away the same amount, or the same share?",
            0.0: "That leaves half in one step. How much in eight?",
            0.5: "What is it that must be 1/2: the bias, the gate, or the gate to the power of 8?",
        },
        (
            "First find f: its power of 8 is 1/2. Then find the bias: σ(b_f) = f.",
            "f is the root of order 8 of 1/2, near 0.92. And σ(b) = 1 / (1 + e^(-b)), so e^(-b) = 1/f - 1.",
        ),
        tolerance=0.01,
    ),
    question(
        "12.e",
        "ways",
        "From one state of a GRU to the next",
        4,
        {
            1: "That is what z keeps. Is the old state in the gates and in the candidate, too?",
            2: "Is the old state in both gates? And twice in the last equation, once inside g?",
            3: "Those are the three matrices. Which way has no matrix in it?",
            5: "In the equation for g, r ⊙ h has the state twice: once itself, and once in r, which was counted already.",
        },
        (
            "Mark every h^(t-1) in the four equations.",
            "One in r, one in z, one in g, and one in the last line.",
        ),
    ),
    Exercise(
        id="12.2",
        function="one_step",
        title="The GRU of PyTorch, one step",
        reference=one_step,
        draw=_draw,
        sizes=[
            dict(B=4, n_x=3, n_h=5, n_y=2),
            dict(B=3, n_x=5, n_h=2, n_y=4),
            dict(B=1, n_x=2, n_h=4, n_y=3),
            dict(B=3, n_x=2, n_h=1, n_y=4),
        ],
        forbidden=(gated.gru_after.forward,),
        mistakes=[
            slip(
                *("reset_before_the_product", "g = tanh(b_g + U_g x + d + W_g (r ⊙ h))"),
                "What does the reset gate multiply here: the state, or what W_g has made of it?",
                _with(lambda drive, past, r, d, h, W: np.tanh(drive + d + (r * h) @ W.T)),
            ),
            slip(
                *("bias_outside_the_reset", "g = tanh(b_g + U_g x + d + r ⊙ (W_g h))"),
                "If r is 0, what is left of d?",
                _with(lambda drive, past, r, d, h, W: np.tanh(drive + d + r * past)),
            ),
            slip(
                *("second_bias_forgotten", "g = tanh(b_g + U_g x + r ⊙ (W_g h))"),
                "Which of the six parameters have you used?",
                _with(lambda drive, past, r, d, h, W: np.tanh(drive + r * past)),
            ),
            slip(
                *("z_and_1_minus_z_exchanged", "h = (1 - z) ⊙ h + z ⊙ g"),
                "What happens in this cell where z is 1?",
                _with(mixed=lambda z, g, h: (1 - z) * h + z * g),
            ),
            slip(
                *("blocks_in_the_order_z_r_g", "the step with the blocks in the order z, r, g"),
                "Which rows of U, W and b belong to which gate?",
                _with(order="zrg"),
            ),
            slip(
                *("W_not_transposed", "h @ W for each block of W"),
                "States are rows. What is W h, written for a row?",
                _with(back=True),
            ),
        ],
        hints=(
            "Which of the three blocks is changed, and which two are those of the GRU above?",
            "Split b + U x and W h into three blocks each, before anything is added. What is d added to?",
            "np.split(…, 3, axis=1) gives the blocks r, z, g. Two of them are added and go through the sigmoid; "
            "in the third the part from the state gets d, and then meets the gate.",
        ),
    ),
]
