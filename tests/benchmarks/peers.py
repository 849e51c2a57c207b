"""The same training, seven ways. Each is called as sgd(params, x, y, learning_rate), one sum a step, in float64.

Nobody draws: x and y come ready, the same arrays for all. Each peer brings them into the layout that it likes within
the measured time. All return what `training.sgd` returns: the parameters, and the logits that each step saw.
"""

import importlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import transcription

from bptt_lab import data, engine, machine, model, training

N_STEPS, LEARNING_RATE = 20_000, 0.008


class Peer(NamedTuple):
    name: str
    sgd: Callable | None  # None if it cannot run here
    n_steps: int  # measured; a slow one runs fewer than N_STEPS, and its time is scaled
    why_not: str = ""


def from_file(name: str, module: str, n_steps: int) -> Peer:
    """The function `sgd` of a file beside this one, or the reason why it cannot run."""
    try:
        return Peer(name, importlib.import_module(module).sgd, n_steps)
    except ImportError as error:
        return Peer(name, None, n_steps, str(error))


def all_peers() -> list[Peer]:
    numba = engine.sgd if machine.HAS_NUMBA else None
    return [
        Peer('Numba (`engine="numba"`)', numba, N_STEPS, "Numba is not installed"),
        from_file("C, `gcc -O3 -march=native -ffast-math`", "c_loop", N_STEPS),
        from_file("JAX, one jitted `lax.scan`, already compiled", "jax_scan", N_STEPS),
        Peer('NumPy (`engine="numpy"`)', training.sgd, 2_000),
        Peer("transcription of the equations", transcription.sgd, 500),
        from_file("PyTorch, `nn.RNN`, autograd, SGD", "torch_rnn", 500),
    ]


def report_problem(n_steps: int, scale: float = 1.0):
    """Starting parameters of 16 hidden units, x (8, n_steps, 2) and y (8, n_steps, 1)."""
    rng = np.random.default_rng(0)
    return model.init_params(16, rng, scale=scale), *data.sample_sums(n_steps, rng)
