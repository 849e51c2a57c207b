"""The doctor: what is wrong with a student's function, in words. From the top down:

plots        the error of each gradient at each step
recognise    the convention in which a function would be right
adapter      our problems for code in another convention, and its answer
conventions  the words that say which convention
confusion    how often the doctor is right about the mistakes it knows
examination  ask, compare, and put the finding into words
verdict      what is said: a table, a sentence, and hints, one at a time
compare      an answer of any kind beside the right one
reading      the arrays of an answer
trial        running a function that may stop, hang or cheat
exercises    the exercises of the plain network's backward pass
catalogue    its named wrong gradients
places       where to look in its backward pass when no name fits
steps        the right backward pass, cut into small steps
localise     what the comparison shows: which gradients, sizes, factor, steps
distortion   a right gradient that was cut, made shorter, rounded or added to
findings     what the comparison gave
suspects     which known mistakes, alone or in pairs, give the answer at hand
exercise     what the doctor must know of any exercise
passes       an answer cut into named steps, and what a mistake in one of them is

An exercise of your own is a right function, the same cut into steps, problems to try it on, and what can go wrong:

    steps = {"slope": lambda k: 1 - k.h**2, "dL_da": lambda k: k.dL_dh * k.slope}
    twice = Mistake("slope_twice", None, "∂L/∂a = H² ∂L/∂h", "How often?", after={"slope": lambda k, right: right**2})
    draw = lambda rng, T, n_h: {"h": rng.uniform(-1, 1, (T, n_h)), "dL_dh": rng.normal(size=(T, n_h))}
    sizes = [dict(T=7, n_h=3), dict(T=1, n_h=3)]
    tanh = Exercise(lambda h, dL_dh: dL_dh * (1 - h**2), "dL_da", steps, draw, sizes, [twice])
    examine(tanh, lambda h, dL_dh: dL_dh * (1 - h**2) ** 2).hints(2)  # Your answer is that of “slope twice”.

Another exercise on the plain network starts from one that is there: BACKWARD.but(…).
"""

from bptt_lab.doctor import plots, recognise
from bptt_lab.doctor.compare import difference
from bptt_lab.doctor.confusion import confusion
from bptt_lab.doctor.conventions import Convention
from bptt_lab.doctor.examination import examine, judge, questions
from bptt_lab.doctor.exercise import Exercise
from bptt_lab.doctor.exercises import BACKWARD, OUTPUT_GRADS, PARAM_GRADS, STATE_GRADS
from bptt_lab.doctor.passes import Mistake, slip
from bptt_lab.doctor.suspects import suspects
from bptt_lab.doctor.trial import Outcome, Trial, Trouble, giving, in_words
from bptt_lab.doctor.verdict import Verdict, Words

CATALOGUE, combine = BACKWARD.catalogue, BACKWARD.combine

__all__ = ["CATALOGUE", "Convention", "Exercise", "Mistake", "Outcome", "Trial", "Trouble", "Verdict", "Words"]
__all__ += ["combine", "confusion", "difference", "examine", "in_words", "judge", "plots", "questions", "recognise"]
__all__ += ["giving", "slip", "suspects", "BACKWARD", "OUTPUT_GRADS", "PARAM_GRADS", "STATE_GRADS"]
