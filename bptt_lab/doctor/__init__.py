"""The doctor: what is wrong with a gradient, in words. From the door down:

plots      the error of each gradient at each step
diagnosis  the verdict in words
trial      running a function that may stop, hang or cheat
localise   where to look when no name fits
suspects   which known mistakes, alone or in pairs, give the gradient at hand
catalogue  the named wrong gradients
passes     the backward pass cut into small steps
"""

from bptt_lab.doctor import plots
from bptt_lab.doctor.catalogue import CATALOGUE
from bptt_lab.doctor.diagnosis import Diagnosis, examine
from bptt_lab.doctor.passes import Mistake, combine
from bptt_lab.doctor.suspects import suspects

__all__ = ["CATALOGUE", "Diagnosis", "Mistake", "combine", "examine", "plots", "suspects"]
