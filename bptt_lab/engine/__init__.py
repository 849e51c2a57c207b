"""The engine: one compiled training loop for all cells and optimisers, the same digits everywhere. From the top down:

engines     which loop `training.train` takes, by name and by size
sweeps      many runs side by side
kernels     the loop
plain       the core's network as a cell
wasm        the loop where Python runs in a browser
elementary  tanh, sigmoid, exp and log of + - × ÷ alone
"""

from bptt_lab.engine import plain
from bptt_lab.engine.elementary import exp, log1p, sigmoid, tanh
from bptt_lab.engine.engines import ENGINES
from bptt_lab.engine.kernels import add_product, cross_entropy, is_built, run, sgd
from bptt_lab.engine.sweeps import train_many, with_bar

__all__ = ["ENGINES", "add_product", "cross_entropy", "exp", "is_built", "log1p", "plain", "run", "sgd",
           "sigmoid", "tanh", "train_many", "with_bar"]  # fmt: skip
