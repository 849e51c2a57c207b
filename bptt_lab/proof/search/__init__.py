"""The search for certificates; nothing here need be trusted, since `check` has the last word. From the top down:

prover    refute, or cover and check
cover     cells that are made, halved and shrunk until no input leads out of them
walk      from a cell along all words, until each ends in a cell
zonotope  one step for a whole set of states
merging   few hidden states for many
"""

from bptt_lab.proof.search.merging import merge
from bptt_lab.proof.search.prover import Outcome, prove

__all__ = ["Outcome", "merge", "prove"]
