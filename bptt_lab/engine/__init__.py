"""The engine: the training loop compiled, with the same digits on every machine. From the top down:

engines     which loop `training.train` takes, by name and by size
sweeps      many runs side by side
kernels     the loop
wasm        the loop where Python runs in a browser
elementary  tanh, sigmoid, exp and log of + - × ÷ alone
"""

from bptt_lab.engine.elementary import compiled, exp, log1p, numba, sigmoid, tanh
from bptt_lab.engine.engines import ENGINES
from bptt_lab.engine.kernels import HAS_LOOP, announcing, cross_entropy, no_compiler, require_numba, sgd
from bptt_lab.engine.sweeps import train_many, with_bar
from bptt_lab.engine.wasm import IN_BROWSER

__all__ = ["ENGINES", "HAS_LOOP", "IN_BROWSER", "announcing", "compiled", "cross_entropy", "exp", "log1p",
           "no_compiler", "numba", "require_numba", "sgd", "sigmoid", "tanh", "train_many",
           "with_bar"]  # fmt: skip
