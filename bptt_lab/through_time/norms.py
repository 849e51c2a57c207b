"""A gradient as one long vector: its length, its direction, and a limit to its length."""

import numpy as np

from bptt_lab import validate
from bptt_lab.model import Params


def norm(grads: Params) -> float:
    """√(Σ of the squares of all entries of all five)."""
    return float(np.sqrt(sum(np.vdot(array, array) for array in grads)))


def clip(grads: Params, max_norm: float) -> Params:
    """The same direction, at most `max_norm` long: grads · min(1, max_norm / ‖grads‖).

    Raises
    ------
    TypeError, ValueError
        for a max_norm that is not positive
    ValueError
        for NaN or infinity in an entry

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks", Algorithm 1
    """
    max_norm = validate.positive("max_norm", max_norm)
    validate.params(grads)
    size = norm(grads)
    return Params(*(array * (max_norm / size) for array in grads)) if size > max_norm else grads


def angle(a: Params, b: Params) -> float:
    """The angle between two gradients in degrees: 0 same direction, 90 nothing in common, 180 opposite.

    Raises
    ------
    ValueError
        if one of them is 0 everywhere
    """
    if not norm(a) * norm(b):
        raise ValueError("both gradients must have a direction, got one that is 0 everywhere: nothing to compare")
    cosine = sum(np.vdot(*pair) for pair in zip(a, b)) / (norm(a) * norm(b))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
