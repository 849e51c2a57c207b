"""The proof that a network adds numbers of every length, or a sum that it gets wrong.

Read `certificate` first, and `sets` after it: what a proof is, and how it is checked. Nothing else must be trusted.
From the top down:

__main__         python -m bptt_lab.proof check FILE
plots            pictures of states, cells and machines
search           how certificates are found; not to be trusted
counterexamples  sums that a network gets wrong, the shortest first
addition         what a network must do to add
files            certificates as files, for others to check
certificate      what a proof is, and how it is checked
sets             a step of the network for a whole set of states, every rounding counted
"""

from bptt_lab.proof import plots
from bptt_lab.proof.addition import INPUTS, adder, step
from bptt_lab.proof.certificate import Certificate, Checked, check, sets_of
from bptt_lab.proof.counterexamples import confirm, fails, likely_counterexample, shortest_counterexample, wrong_bits
from bptt_lab.proof.files import load, save, shipped
from bptt_lab.proof.search import Outcome, merge, prove
from bptt_lab.proof.sets import Sets, margins, push

__all__ = ["INPUTS", "Certificate", "Checked", "Outcome", "Sets", "adder", "check", "confirm", "fails",
           "likely_counterexample", "load", "margins", "merge", "plots", "prove", "push", "save", "sets_of", "shipped",
           "shortest_counterexample", "step", "wrong_bits"]  # fmt: skip
