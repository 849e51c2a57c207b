"""What the exercises of all gated cells share: problems, steps, the mistakes in these, and where to look.

A cell's own file says how its walk back goes and what can go wrong there. Its steps give dL_da, ∂L/∂a, of shape
(T, B, number of blocks times n_h); `order`, the letters of the blocks; and slope_i for a block i, and so on.
"""

from collections.abc import Callable, Mapping
from itertools import permutations
from types import ModuleType

import numpy as np

from bptt_lab import gradcheck
from bptt_lab.doctor import BACKWARD, Mistake
from bptt_lab.gated import gru, lstm
from bptt_lab.model import Array, sigmoid

SIZES = [  # all different; T = 1; T = 2, where ∂L/∂W shows the newest step alone; B = 1; n_y = 1; all different again
    dict(T=T, B=B, n_x=n_x, n_h=n_h, n_y=n_y)
    for T, B, n_x, n_h, n_y in [
        *[(7, 4, 2, 5, 3), (1, 4, 2, 5, 3), (2, 4, 2, 5, 3)],
        *[(7, 1, 2, 5, 3), (7, 4, 2, 5, 1), (9, 3, 4, 6, 2)],
    ]
]
GIVE_IT_AWAY = (
    *(gradcheck.complex_step, gradcheck.central_differences, gradcheck.derivative, gradcheck.central_difference),
    *(function for cell in (lstm, gru) for function in (cell.backward, cell.state_grads)),
    *(function for cell in (lstm, gru) for function in (cell.gate_grads, cell.param_grads)),
)
SEEN = 1e-5  # how wrong a row must be, relative to the largest entry of its array


def draw_for(cell: ModuleType) -> Callable[..., dict[str, object]]:
    """Random problems of a cell; every entry of the parameters is drawn, biases too."""

    def draw(rng: np.random.Generator, T: int, B: int, n_x: int, n_h: int, n_y: int) -> dict[str, object]:
        start = cell.init_params(n_h, rng, n_x, n_y)
        params = type(start)(*(rng.uniform(-0.9, 0.9, array.shape) for array in start))
        x, y = rng.normal(size=(T, B, n_x)), rng.integers(0, 2, (T, B, n_y)).astype(float)
        return dict(params=params, trace=cell.forward(params, x), y=y)

    return draw


def loss_alone(arguments: dict, t: int) -> dict:
    """The arguments with the loss of step t alone: elsewhere y is set to ŷ, so that there is no loss."""
    y = arguments["trace"].y_hat.copy()
    y[t] = arguments["y"][t]
    return arguments | {"y": y}


def total(left: Array, right: Array) -> Array:
    """Σ_t and Σ over the batch of left rightᵀ."""
    return np.tensordot(left, right, axes=((0, 1), (0, 1)))


def one_earlier(array: Array) -> Array:
    """What the index t - 1 finds; at the first step that is -1, the last one."""
    return np.roll(array, 1, axis=0)


def _some(array: Array, steps: Callable[[Array], Array]) -> Array:
    """The array at the steps t for which steps(t) is true, 0 elsewhere; t counts from 0 at the newest."""
    return array * steps(np.arange(len(array))[::-1])[:, None, None]


STEPS = {
    "dL_do": BACKWARD.steps["dL_do"],  # (T, B, n_y)
    "direct": lambda k: k.dL_do @ k.V,  # (T, B, n_h), through the output of the same step
    "W_back": lambda k: k.W,  # as the recursion uses it
    "dL_dU": lambda k: total(k.dL_da, k.x),
    "dL_dW": lambda k: total(k.dL_da, k.h_prev),
    "dL_dV": lambda k: total(k.dL_do, k.h),
    "dL_db": lambda k: k.dL_da.sum(axis=(0, 1)),
    "dL_dc": lambda k: k.dL_do.sum(axis=(0, 1)),
}

# three lines an entry: name and formula with the slip; a question; the code
# fmt: off
MISTAKES = [mistake for mistake in BACKWARD.catalogue.values() if mistake.touches <= {"dL_do", "dL_dV", "dL_dc"}] + [
    Mistake("output_path_missing", None, "∂L/∂h^(t) without Vᵀ ∂L/∂o^(t) for t < T",
            "Who reads h^(t), besides the gates of the next step?",
            after={"direct": lambda k, right: _some(right, lambda t: t == 0)}),
    Mistake("last_state_left_out", None, "∂L/∂h^(T) = 0",
            "Where does the walk back start, and with what?",
            after={"direct": lambda k, right: _some(right, lambda t: t > 0)}),
    Mistake("error_one_step_early", None, "∂L/∂h^(t) = Vᵀ ∂L/∂o^(t+1) + …",
            "Into which state does the error of step t go first: that of step t, or the one before?",
            after={"direct": lambda k, right: np.concatenate([right[1:], 0 * right[:1]])}),
    Mistake("gates_do_not_read_the_state", None, "∂L/∂h^(t) without Wᵀ ∂L/∂a^(t+1)",
            "Who reads h^(t), besides the output of step t?",
            after={"W_back": lambda k, right: 0 * right}),
    Mistake("W_not_transposed", None, "∂L/∂h^(t) = … + W ∂L/∂a^(t+1), for each block of W",
            "Which side of W does the gradient meet, and is that the way back?",
            after={"W_back": lambda k, right: np.concatenate([block.T for block in np.split(right, len(k.order))])}),
    Mistake("dW_with_same_h", None, "∂L/∂W = Σ_t ∂L/∂a^(t) h^(t)ᵀ",
            "Which state does W multiply in step t?",
            instead={"dL_dW": lambda k: total(k.dL_da, k.h)}),
    Mistake("first_step_left_out", None, "∂L/∂U, ∂L/∂V, ∂L/∂b and ∂L/∂c summed over t = 2 … T",
            "Which is the last value of t in your loop?",
            instead={"dL_dU": lambda k: total(k.dL_da[1:], k.x[1:]), "dL_db": lambda k: k.dL_da[1:].sum(axis=(0, 1)),
                     "dL_dV": lambda k: total(k.dL_do[1:], k.h[1:]), "dL_dc": lambda k: k.dL_do[1:].sum(axis=(0, 1))}),
    Mistake("dU_from_last_step_only", None, "∂L/∂U = ∂L/∂a^(T) x^(T)ᵀ",
            "Does each step add to what is there, or write over it?",
            instead={"dL_dU": lambda k: total(k.dL_da[-1:], k.x[-1:])}),
    Mistake("dW_from_last_step_only", None, "∂L/∂W = ∂L/∂a^(T) h^(T-1)ᵀ",
            "Does each step add to what is there, or write over it?",
            instead={"dL_dW": lambda k: total(k.dL_da[-1:], k.h_prev[-1:])}),
    Mistake("db_from_last_step_only", None, "∂L/∂b = ∂L/∂a^(T)",
            "Does each step add to what is there, or write over it?",
            instead={"dL_db": lambda k: k.dL_da[-1].sum(axis=0)}),
]
# fmt: on


def of_blocks(order: str) -> list[Mistake]:
    """Mistakes in the blocks of a cell, whose letters stand in this order; g is the candidate, all others are gates."""
    return [*_of_order(order), *_of_slopes(order.replace("g", ""))]


def _of_order(order: str) -> list[Mistake]:
    """Each other order; all blocks in one array; a block that is forgotten on the way back."""
    entries = []
    for wrong in map("".join, permutations(order)):
        if wrong != order:
            formula = f"blocks in the order {', '.join(wrong)}"
            entries.append(Mistake(f"order_{'_'.join(wrong)}", None, formula,
                                   "In which order do the rows of U, W and b hold the blocks?",
                                   instead={"order": lambda k, wrong=wrong: wrong}))  # fmt: skip
    for n in order:
        entries += [
            Mistake(f"one_array_for_all_blocks_{n}_is_written_last", None, f"each block of ∂L/∂a = ∂L/∂a_{n}",
                    "How many arrays did you make, and how many names do they have?",
                    instead={"order": lambda k, n=n: n * len(order)}),
            Mistake(f"h_is_not_read_by_{n}", None, f"∂L/∂h^(t) without W_{n}ᵀ ∂L/∂a_{n}^(t+1)",
                    "Which of the blocks read h^(t-1)?",
                    after={"W_back": lambda k, right, n=n: _without(right, order.index(n), len(order))}),
        ]  # fmt: skip
    return entries


def _of_slopes(gates: str) -> list[Mistake]:
    def all_gates(slope: Callable[[Array], Array]) -> dict[str, Callable]:
        return {f"slope_{n}": lambda k, n=n: slope(getattr(k, n)) for n in gates}

    single = [
        Mistake(f"slope_of_{n}_missing", None, f"∂L/∂a_{n}^(t) = ∂L/∂{n}^(t)",
                f"What lies between a_{n}^(t) and {n}^(t)?",
                instead={f"slope_{n}": lambda k: np.ones_like(k.g)})
        for n in gates + "g"
    ] + [
        Mistake(f"half_of_the_slope_of_{n}", None, f"{n}^(t) for the slope of the gate {n}",
                "What is the slope of the sigmoid, written with its value?",
                instead={f"slope_{n}": lambda k, n=n: getattr(k, n)})
        for n in gates
    ]  # fmt: skip
    return single + [
        Mistake("gate_slopes_missing", None, f"∂L/∂a^(t) of {', '.join(gates)} without the slope of the sigmoid",
                "What lies between what goes into a gate and what comes out?",
                instead=all_gates(np.ones_like)),
        Mistake("tanh_slope_for_gates", None, f"1 - {gates[0]}^(t)² for the slope of the gate {gates[0]}, and so on",
                "Which function makes a gate, and what is its slope?",
                instead=all_gates(lambda p: 1 - p**2)),
        Mistake("sigmoid_slope_for_candidate", None, "g^(t) (1 - g^(t)) for the slope of the candidate",
                "Which function makes the candidate?",
                instead={"slope_g": lambda k: _slope(k.g)}),
        Mistake("slopes_at_a", None, "a (1 - a) for the slope of a gate, 1 - a_g^(t)² for that of the candidate",
                "Do p (1 - p) and 1 - p² take what goes into sigmoid and tanh, or what comes out?",
                instead=all_gates(lambda p: _slope(np.log(p / (1 - p))))
                | {"slope_g": lambda k: 1 - np.arctanh(k.g) ** 2}),
        Mistake("sigmoid_and_tanh_twice", None, f"the slopes σ'({gates[0]}^(t)), tanh'(g^(t)) and so on",
                "The trace holds what came out of sigmoid and tanh. How often have you applied them?",
                instead=all_gates(lambda p: _slope(sigmoid(p))) | {"slope_g": lambda k: 1 - np.tanh(k.g) ** 2}),
    ]  # fmt: skip


def slopes(order: str) -> dict[str, Callable]:
    """Steps: the slope of each block, (T, B, n_h)."""
    return {f"slope_{n}": lambda k, n=n: _slope(getattr(k, n)) for n in order} | {"slope_g": lambda k: 1 - k.g**2}


def _slope(p: Array) -> Array:
    """The slope of the sigmoid where its value is p."""
    return p * (1 - p)


def _without(W: Array, place: int, n: int) -> Array:
    return np.concatenate([block * (i != place) for i, block in enumerate(np.split(W, n))])


# where to look, when no known mistake fits

Words = tuple[str, str, None]  # a place and a question; no equation has a number here


def place_for(order: str, asleep: str, one: Mapping[str, tuple], two: Mapping[str, tuple]) -> Callable[..., Words]:
    """Look at the rows of each block, first where T = 1, then where T = 2.

    Parameters
    ----------
    asleep
        the gate that has nothing to multiply in the first step
    one
        wrong blocks: a place and a question, for what is wrong already in a single step
    two
        the same for what goes wrong between two steps; "" for all others
    """

    def place(found) -> Words:
        wrong = set(found.wrong())
        if not {"U", "b"} <= wrong or wrong & {"V", "c"}:
            return _in_a_sum(wrong)
        if "W" not in wrong:
            look = "look at the first step, and at the sums for ∂L/∂U and ∂L/∂b"
            question = "Do your loop and your sums reach the first step?"
            return f"∂L/∂W is right, to which the first step adds nothing: {look}", question, None
        if rows := _wrong_rows(found, order, 1, "Ub"):
            return _one_step(rows, asleep, one)
        if not found.right_at_one("T"):
            return "look at ∂L/∂a^(t), which U, W and b need, first with T = 1", two[""][1], None
        return _two_steps(_wrong_rows(found, order, 2, "W"), _wrong_rows(found, order, 2, "Ub"), order, two)

    return place


def _one_step(rows: str, asleep: str, one: Mapping[str, tuple]) -> Words:
    look, question = one.get(rows) or _at_gates(rows)
    if asleep in rows:
        look = f"look at the order of the blocks, and at the factors of ∂L/∂a_{asleep}^(t)"
        question = "Which gate has nothing to multiply in the first step, and what is then its gradient?"
    return f"already a single step is wrong, in the rows of {_and(rows)}: {look}", question, None


def _two_steps(newer: str, both: str, order: str, two: Mapping[str, tuple]) -> Words:
    """Where to look if one step is right, but `newer` rows are wrong in the newer of two, or `both` in their sum."""
    if newer == order:
        question = "Where does the walk back start, and with what?"
        return "a single step is right; of two, the newer one is wrong in all rows: begin there", question, None
    if newer:
        look, question = _at_gates(newer)
        proof = "a single step is right, where the state before is 0; with two, ∂L/∂W is wrong in the rows of"
        return f"{proof} {_and(newer)}: {look} where the state before is not 0", question, None
    if both:
        look, question = two.get(both) or two[""]
        return f"a single step is right, and so is the newer one of two steps: {look}", question, None
    question = "What goes on from step t to step t - 1: all that has arrived at t, once, and nothing else?"
    look = "look at what is handed on from step to step, and at each index that is not t"
    return f"not seen with one step or two: {look}", question, None


def _in_a_sum(wrong: set[str]) -> Words:
    if wrong >= set("UVbc"):
        question = "Which two variables does the output gradient compare, and what divides their difference?"
        return "begin with ∂L/∂c: it needs nothing but ∂L/∂o^(t)", question, None
    first = sorted(wrong & set("Vc")) or sorted(wrong)
    look = f"look at the sum for {_and(f'∂L/∂{n}' for n in first)}"
    shown = "∂L/∂o^(t)" if wrong & set("Vc") else "∂L/∂a^(t)"
    return f"{shown} is right, as the others show: {look}", "What multiplies it in each step, and what is added?", None


def _at_gates(rows: str) -> tuple[str, str]:
    subject = f"does {rows}^(t)" if len(rows) == 1 else "does each of them"
    question = f"What {subject} multiply on the way forward, and what made it?"
    return f"look at {_and(f'∂L/∂a_{n}^(t)' for n in rows)}", question


def _wrong_rows(found, order: str, T: int, names: str) -> str:
    """Letters of the blocks that have a wrong row in these gradients, in the problems with T steps."""
    wrong = set()
    for case, yours, right in zip(found.cases, found.yours, found.right):
        for name in names if case.sizes["T"] == T else ():
            size = max(np.abs(right[name]).max(), 0.1 * max(np.abs(array).max() for array in right.values()))
            parts = np.split(np.abs(yours[name] - right[name]) / size, len(order))
            wrong |= {n for n, part in zip(order, parts) if part.max() > SEEN}
    return "".join(n for n in order if n in wrong)


def _and(words) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
