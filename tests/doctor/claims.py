"""Each claim that a verdict's text makes on an answer, held against the truth on problems that it has not seen."""

import re

import numpy as np

from bptt_lab.doctor import BACKWARD
from bptt_lab.doctor.exercise import TOLERANCE, errors
from bptt_lab.doctor.passes import Pass, steps_with

NAME = re.compile(r"∂L/∂([UWVbc])\b")


class Truth:
    """A student's function on the problems of a seed; `planted` are its mistakes, if it is made of the catalogue's."""

    def __init__(self, student, seed, planted=None, known=BACKWARD):
        self.student, self.planted, self.cases = student, planted, known.cases(seed)
        self.yours = [self.ask(case) for case in self.cases]
        self.right = [BACKWARD.right(case) for case in self.cases]

    def ask(self, case):
        answer = self.student(*BACKWARD.arguments(case).values())
        answer = answer if isinstance(answer, dict) else dict(zip("UWVbc", answer))
        return {name: np.asarray(array, dtype=float) for name, array in answer.items()}

    def wrong(self, places=None):
        pairs = list(zip(self.yours, self.right))
        found = [errors(*pairs[place]) for place in (range(len(pairs)) if places is None else places)]
        return {name for name in "UWVbc" if any(not error[name] <= TOLERANCE for error in found)}

    def at_one(self, size):
        return [place for place, case in enumerate(self.cases) if case.sizes[size] == 1]

    def alone(self):
        steps = [self.cases[0]._replace(step=t) for t in range(self.cases[0].sizes["T"])]
        return [self.ask(step) for step in steps], [BACKWARD.right(step) for step in steps]

    def is_right(self, quantity):
        """Whether a quantity of the pass is right, mistakes and all."""
        if self.planted is None:
            return None
        for case in self.cases:
            ours, theirs = (Pass(steps_with(BACKWARD.steps, m), BACKWARD.arguments(case)) for m in ((), self.planted))
            if not np.allclose(getattr(ours, quantity), getattr(theirs, quantity), rtol=1e-6, atol=1e-9):
                return False
        return True


def close(a, b):
    return np.abs(a - b).max() <= 1e-3 * max(np.abs(a).max(), np.abs(b).max())


def false_claims(verdict, student, seed, planted=None):
    """The claims that do not hold, in words."""
    here, fresh = Truth(student, seed, planted), Truth(student, seed + 1000, planted)
    text, said = "\n".join([verdict.where, *verdict.ladder]), verdict.where
    names = [name for name in "UWVbc" if name in NAME.findall(re.split(" (is|are) wrong", said)[0])]
    checks = {"wrong": set(names) == here.wrong()}
    pairs = [(yours[n], right[n]) for yours, right in zip(fresh.yours, fresh.right) for n in names]
    for size in re.findall(r"(\w+) > 1", said.partition("only when")[2]):
        checks[f"only when {size} > 1"] = not fresh.wrong(fresh.at_one(size)) and bool(fresh.wrong([0]))
    if steps := re.search(r"only (?:in what comes from the loss )?at steps? (\d+)(?: to (\d+))?.* of 7", said):
        first, last = int(steps[1]), int(steps[2] or steps[1])
        yours, right = fresh.alone()
        scale = {n: max(np.abs(one[n]).max() for one in right) for n in "UWVbc"}
        bad = [any(np.abs(a[n] - b[n]).max() > TOLERANCE * scale[n] for n in a) for a, b in zip(yours, right)]
        checks["steps"] = bad == [first <= t + 1 <= last for t in range(7)]
    if times := re.search(r", ([^,]*?) times what it should be", said):
        formula = times[1].replace("·", "*").replace("²", "**2")
        values = [eval(formula, {}, case.sizes) for case in fresh.cases]
        each = zip(np.repeat(values, len(names)), pairs)
        checks["factor"] = all(close(yours, value * right) for value, (yours, right) in each)
    claims = {
        "with the wrong sign": lambda: all(close(a, -b) for a, b in pairs),
        "wrong, transposed": lambda: all(close(a.T, b) for a, b in pairs),
        "zero everywhere": lambda: not any(a.any() for a, b in pairs),
        "but only in length": lambda: all(close(a * np.vdot(b, b), b * np.vdot(a, b)) for a, b in pairs),
        "but by less than 1%": lambda: all(max(errors(*p).values()) < 0.01 for p in zip(here.yours, here.right)),
        "here only where T = 30": lambda: not here.wrong([0, 1, 2, 3]) and bool(here.wrong([4])),
        "does not add up": lambda: not adds_up(here),
        "by the same amount": lambda: adds_the_same(fresh),
        "that ∂L/∂o^(t) is right": lambda: here.is_right("dL_do") is not False,
        "that ∂L/∂a^(t) is right, so": lambda: here.is_right("dL_da") is not False,
        "∂L/∂o^(t), which is wrong": lambda: here.is_right("dL_do") is not True,
        "a single step is right": lambda: not fresh.wrong(fresh.at_one("T")),
        "so is a single step": lambda: not fresh.wrong(fresh.at_one("T")),
        "a single sequence is right": lambda: not fresh.wrong(fresh.at_one("B")),
        "already for a single step": lambda: bool(fresh.wrong(fresh.at_one("T"))),
        "same answer to two questions": lambda: False,
    }
    checks |= {claim: holds() for claim, holds in claims.items() if claim in text and "two answers" not in text}
    if bound := re.search(r"cut off at ±([\d.e-]+)", text):
        checks["cut"] = all(close(a, np.clip(b, -float(bound[1]), float(bound[1]))) for a, b in pairs)
    if verdict.mistakes:
        for mistakes in (verdict.mistakes, *verdict.alternatives):
            made = [BACKWARD.catalogue[name] for name in mistakes]
            theirs = [BACKWARD.wrong(case, made) for case in fresh.cases]
            worst = max(max(errors(*pair).values()) for pair in zip(fresh.yours, theirs))
            checks[" and ".join(mistakes)] = worst < 1e-3
    return [claim for claim, holds in checks.items() if not holds]


def adds_up(truth):
    steps, _ = truth.alone()
    total = {name: sum(one[name] for one in steps) for name in "UWVbc"}
    return max(errors(total, truth.yours[0]).values()) <= TOLERANCE


def adds_the_same(truth):
    yours, right = truth.alone()
    extra = [{n: a[n] - b[n] for n in a} for a, b in zip([*yours, truth.yours[0]], [*right, truth.right[0]])]
    return all(close(one[n], extra[0][n]) for one in extra for n in one)
