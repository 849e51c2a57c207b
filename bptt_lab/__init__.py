"""Back propagation through time, in small modules.

The core, in reading order:

data        numbers to bits and back, random sums, all sums, carries
model       the network: parameters, forward pass, loss
bptt        its gradients, in the three stages that the mathematics has
gradcheck   two independent ways to the same gradients
optimisers  SGD, momentum, Adam: what is done with a gradient
training    a step for each fresh batch of sums, and the history of a run
validate    checks of arguments: what came, what was expected, what to do
machine     whether there is a compiler, a browser, threads

What notebooks call by name:

plots       pictures, as functions of (ax, arrays)
checks      what an exercise cell calls
widgets     sliders, and nothing that computes
panels      the picture beside the sliders
report      the report's experiment, and its listing as six switches
automaton   carry states, and the machine that a network imitates

Subpackages, entered by their `__init__.py` alone, which is a map of each:

engine        the training loop compiled, with the same digits on every machine
exercises     what the course asks, and all that is known of right and wrong answers
doctor        what is wrong with an answer, in words
proof         a proof that a network adds numbers of every length, or a sum that it gets wrong
through_time  how gradients vanish, what they cost, and the other ways to get them
gated         LSTM and GRU, and a bit to be kept over growing distance
paths         batches with padding, attention, and linear recurrences by a scan
text          a network that writes, and the counts that it must beat

Who imports whom. Each module imports only from those below it; subpackages stand in brackets:

                                 checks
                              [exercises]
        automaton   [paths]   [text]   [through_time]   widgets
                  [gated]   panels   [proof]   report
                      [doctor]   [engine]   plots
      ------------------------- the core -------------------------
                                training
                     bptt   gradcheck   optimisers
                         data   machine   model
                                validate

`tests/draw_map.py` draws it from the imports, here and for CONTRIBUTING.md.
"""

from bptt_lab import engine, machine, training

__version__ = "0.1.0"  # the one place that says it

training.ENGINES.update(engine.ENGINES)  # the core knows no subpackage, so the compiled loop is plugged in here
if machine.IN_BROWSER:
    training.tqdm.monitor_interval = 0  # a bar is watched by a thread, and a browser has none
