"""The proof: that a network adds numbers of every length, or a sum that it gets wrong. From the door down:

plots            pictures of states, cells and machines
verifier         the same proof, checked again by other code
cells            sets of states that no input leads out of
walk             from a cell along all words, until each ends in a cell
zonotope         one step for a whole set of states
merging          few hidden states for many
counterexamples  sums that a network gets wrong, the shortest first
"""

from bptt_lab.proof import plots
from bptt_lab.proof.cells import Cells, Verdict, prove
from bptt_lab.proof.counterexamples import INPUTS, adder, confirm, fails, search, shortest_counterexample, wrong_bits
from bptt_lab.proof.merging import merge
from bptt_lab.proof.verifier import verify
from bptt_lab.proof.zonotope import push

__all__ = ["INPUTS", "Cells", "Verdict", "adder", "confirm", "fails", "merge", "plots", "prove", "push",
           "search", "shortest_counterexample", "verify", "wrong_bits"]  # fmt: skip
