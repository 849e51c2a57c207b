"""The doctor: what is wrong with a gradient, in words. From the door down:

plots      the error of each gradient at each step
diagnosis  the verdict in words
reading    the arrays of an answer
trial      running a function that may stop, hang or cheat
exercises  those of the plain network
catalogue  its named wrong gradients
steps      its right backward pass, cut into small steps
localise   where to look when no name fits
suspects   which known mistakes, alone or in pairs, give the answer at hand
exercise   what the doctor must know of any exercise
passes     an answer cut into named steps, and what a mistake in one of them is

An exercise of your own is a right function, the same cut into steps, problems to try it on, and what can go wrong:

    steps = {"slope": lambda k: 1 - k.h**2, "dL_da": lambda k: k.dL_dh * k.slope}
    twice = Mistake("slope_twice", None, "∂L/∂a = H² ∂L/∂h", "How often?", after={"slope": lambda k, right: right**2})
    draw = lambda rng, T, n_h: {"h": rng.uniform(-1, 1, (T, n_h)), "dL_dh": rng.normal(size=(T, n_h))}
    sizes = [dict(T=7, n_h=3), dict(T=1, n_h=3)]
    tanh = Exercise(lambda h, dL_dh: dL_dh * (1 - h**2), "dL_da", steps, draw, sizes, [twice])
    examine(tanh, lambda h, dL_dh: dL_dh * (1 - h**2) ** 2)  # your gradient is that of a known mistake: “slope twice”

Another exercise on the plain network starts from one that is there: dataclasses.replace(BACKWARD, …).
"""

from bptt_lab.doctor import plots
from bptt_lab.doctor.diagnosis import Diagnosis, examine
from bptt_lab.doctor.exercise import Exercise
from bptt_lab.doctor.exercises import BACKWARD, OUTPUT_GRADS, PARAM_GRADS, STATE_GRADS
from bptt_lab.doctor.passes import Mistake
from bptt_lab.doctor.suspects import suspects
from bptt_lab.doctor.trial import in_words

CATALOGUE, combine = BACKWARD.catalogue, BACKWARD.combine

__all__ = ["CATALOGUE", "Diagnosis", "Exercise", "Mistake", "combine", "examine", "in_words", "plots", "suspects"]
__all__ += ["BACKWARD", "OUTPUT_GRADS", "PARAM_GRADS", "STATE_GRADS"]
