"""Back propagation through time, in small rooms.

The core, in reading order:

data        numbers to bits and back, random sums, all sums, carries
model       the network: parameters, forward pass, loss
bptt        its gradients, in the three stages that the mathematics has
gradcheck   two independent ways to the same gradients
training    stochastic gradient descent, and the history of a run

Around it:

validate    checks at the door: what came, what was expected, what to do
elementary  tanh, sigmoid, exp and log of + - × ÷ alone, the same on every machine
kernels     the training loop compiled, with the same digits on every machine
sweeps      many runs side by side
plots       pictures, as functions of (ax, arrays)
report      the report's experiment, and its listing as six switches
widgets     sliders, and nothing that computes
checks      what an exercise cell calls

What was learned, and the proof:

automaton        carry states, and the machine that a network imitates
merging          few hidden states for many
counterexamples  sums that a network gets wrong, the shortest first
zonotope         one step for a whole set of states
proof            that a network adds numbers of every length, by cells that no input leads out of
verifier         the same proof, checked again by other code

Behind the checks:

passes      the backward pass cut into small steps
mistakes    the catalogue of named wrong gradients
suspects    which of them, alone or in pairs, give the gradient at hand
localise    where to look when no name fits
trial       running a function that may stop, hang or cheat
diagnosis   the verdict in words
"""
