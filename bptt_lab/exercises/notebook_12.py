"""Exercises of notebook 12: gates."""

from collections.abc import Callable

import numpy as np

from bptt_lab import gated
from bptt_lab.doctor import Exercise, slip
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


def bias_for(distance: int) -> float:
    """σ(b)^distance = 1/2."""
    f = 0.5 ** (1 / distance)
    return float(np.log(f / (1 - f)))


EXERCISES = [
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
    Exercise(
        id="12.3",
        function="bias_for",
        title="A forget bias for a distance",
        reference=bias_for,
        draw=lambda rng, distance: {"distance": distance},
        sizes=[dict(distance=distance) for distance in (1, 2, 8, 40, 160)],
        tolerance=1e-6,
        mistakes=[
            slip(
                *("long_distance_formula", "log(distance / log 2), which is near for long distances alone"),
                "For distance 1, which f leaves half, and which bias gives it?",
                lambda distance: np.log(distance / np.log(2)),
            ),
            slip(
                *("gate_for_bias", "the gate f, and not the bias that makes it"),
                "Is your number σ(b_f), or b_f?",
                lambda distance: 0.5 ** (1 / distance),
            ),
            slip(
                *("sign_flipped", "log((1 - f) / f)"),
                "Does a gate that stands open have a positive bias, or a negative one?",
                lambda distance: -bias_for(distance),
            ),
            slip(
                *("half_shared_out", "a bias with f = 1 - 1/(2 distance)"),
                "Does each step take away the same amount, or the same share?",
                lambda distance: np.log(2 * distance - 1),
            ),
        ],
        hints=(
            "What is left of 1 after `distance` steps that each leave the share f?",
            "First find f: its power is 1/2. Then find the bias: σ(b_f) = f.",
            "σ(b) = 1 / (1 + e^(-b)), so e^(-b) = 1/f - 1. For f take the right root of 1/2.",
        ),
    ),
]
