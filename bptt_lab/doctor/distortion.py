"""What was done to a gradient that is otherwise right: cut, made shorter, rounded, added to."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bptt_lab.doctor.exercise import errors
from bptt_lab.doctor.findings import Findings, equal
from bptt_lab.model import Array

_CLOSE = 0.01  # relative


class Shown(NamedTuple):
    """A fact for the first sentence, and hints; if there are fewer than three, the place to look at follows."""

    fact: str
    hints: tuple[str, ...]


def distortion(found: Findings) -> Shown | None:
    """The distortion that explains all answers; None if none does."""
    return _cut(found) or _rescaled(found) or _coarse(found) or _added(found)


def _cut(found: Findings) -> Shown | None:
    bound = max(np.abs(yours).max() for yours, _ in _pairs(found))
    if not bound or not all(equal(yours, np.clip(right, -bound, bound)) for yours, right in _pairs(found)):
        return None
    ask = "Small entries of yours are right. What happens to a large one?"
    more = f"Every entry is the right one, cut off at ±{bound:.3g}: that is clipping, entry by entry."
    return Shown("but only in large entries", (ask, more, _CLIPPING))


def _rescaled(found: Findings) -> Shown | None:
    wrong = found.wrong()
    for groups, whose in (([wrong], "all gradients together"), ([[name] for name in wrong], "each gradient")):
        vectors = [
            [np.concatenate([one[name].ravel() for name in group]) for one in pair]
            for pair in zip(found.yours, found.right)
            for group in groups
        ]
        length, right_length = np.array([[np.linalg.norm(one) for one in pair] for pair in vectors]).T
        bound, divisor = length.max(), np.where(right_length > 0, right_length, 1)
        if np.count_nonzero(length > (1 - 1e-5) * bound) < 2 or not bound:
            continue  # the longest of all may have another reason to be wrong
        for factors in (np.minimum(1, bound / divisor), bound / divisor):
            if all(equal(yours, factor * right) for factor, (yours, right) in zip(factors, vectors)):
                ask = "The direction of yours is right. What do you do with its length?"
                more = f"The length of {whose} is never above {bound:.3g}, as after clipping or scaling by the norm."
                return Shown("but only in length", (ask, more, _CLIPPING))
    return None


def _coarse(found: Findings) -> Shown | None:
    yours = [array for one in found.yours for array in one.values()]
    with np.errstate(over="ignore"):  # of what is no float16
        half = all((array == np.float16(array)).all() for array in yours) and any((array % 1).any() for array in yours)
    near = max(max(error.values()) for error in found.errors) < _CLOSE
    if not half and not (near and all(map(found.wrong, range(len(found.cases)))) and not found.adds_up):
        return None
    fact = f"but by less than {_CLOSE:.0%}" if near else "and no number has more digits than float16 holds"
    ask = "In which precision do your arrays hold their numbers, and is anything rounded on the way?"
    more = "float16 holds three digits, and float64, which NumPy takes unless it is told another, holds sixteen."
    return Shown(fact, (ask, more, "Look for float16, for round(…), and for finite differences with a large step."))


def _added(found: Findings) -> Shown | None:
    if found.alone is None or found.adds_up:
        return None
    extra = [{n: yours[n] - right[n] for n in right} for yours, right in zip(*found.alone)]
    whole = {name: found.yours[0][name] - found.right[0][name] for name in found.right[0]}
    if max(max(errors(one, whole).values()) for one in extra) > 1e-4:
        return None
    ask = "What would your function give if every ŷ were equal to its y?"
    more = "The same is added to the right gradients, whichever steps have an error: it does not come from the error."
    return Shown("and by the same amount whichever steps have an error", (ask, more))


def _pairs(found: Findings) -> Iterator[tuple[Array, Array]]:
    """Yours and the right one for each problem, of each gradient that is wrong in some problem."""
    return ((yours[name], right[name]) for yours, right in zip(found.yours, found.right) for name in found.wrong())


_CLIPPING = "Clipping belongs to the update of the weights. Here the gradient itself is asked for: hand it back whole."
