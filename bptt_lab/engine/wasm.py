"""The compiled loop for a browser, where Numba cannot run: WebAssembly, made of the same source, with the same bits.

The files are what Numba and LLVM make of `kernels`, ahead of time (site/build_wasm.py). Each sees nothing but a memory
of its own: arrays are copied in, a loop runs, and what it changed is copied out.
"""

from collections.abc import Sequence
from functools import cache
from math import prod
from pathlib import Path

import numpy as np

from bptt_lab.model import Array

FOLDER = Path(__file__).parent
FILES = {  # each is loaded when one of its functions is called; the figures of the pages have the first two
    "loop.wasm": ("plain_SGD", "cross_entropy"),
    "optimisers.wasm": ("plain_Momentum", "plain_Adam"),
    "gates.wasm": (  # what notebooks 06, 12 and 13 train
        *("plain_Listing", "Averaged_Listing", "plain_Adam_last_first", "gru_Adam_last_first", "lstm_Adam_last_first"),
        *("gru_Adam_softmax_last_first", "lstm_Adam_softmax_last_first"),
    ),
}
FILE_OF = {name: file for file, names in FILES.items() for name in names}
EXCEPTION, ARRAYS_FROM = 512, 1_024  # addresses: what the loop raised, and the arrays; its constants stand below
PAGE = 65_536  # bytes, the unit in which its memory grows


def train(name: str, theta: Array, given: list[Array], shapes: Sequence[tuple], numbers: tuple) -> None:
    """Run a loop of `kernels`: change θ, and the memory and the states in `given`; fill o.

    Parameters
    ----------
    shapes
        the shapes of all arrays, from `kernels.layout`
    numbers
        what else the loop takes, after T, N, B and the sizes
    """
    (rows, _), (_, B, n_h), (T, N, n_y), *_, (_, _, n_x), _ = (array.shape for array in given)
    room = [prod(shape) for shape in shapes[5 + len(given) :]]
    parts = np.split(theta, np.cumsum([prod(shape) for shape in shapes[:4]]))  # views of θ
    _call(name, [*parts, *given], room, 8, rows, T, N, B, n_x, n_h, n_y, *numbers)


def cross_entropy(o: Array, y: Array, loss: Array) -> None:
    """Run `kernels._cross_entropy`: fill loss."""
    _call("cross_entropy", [loss, o, y], [], 1, o.size)


def _call(name: str, arrays: Sequence[Array], room: Sequence[int], n_changed: int, *numbers: float) -> None:
    """Run the function `name` on the addresses of arrays and of room, and on numbers; the first arrays are changed.

    Parameters
    ----------
    room
        sizes of further arrays, in floats, all 0 at first
    """
    module, at = _module(FILE_OF[name]), [ARRAYS_FROM]
    for size in [*(array.size for array in arrays), *room]:
        at.append(at[-1] + 8 * size)
    module.clear(ARRAYS_FROM, at[-1])
    for address, array in zip(at, arrays):
        module.write(address, array)
    if module.run(name, 0, EXCEPTION, *at[:-1], *numbers):
        raise RuntimeError(f"{FILE_OF[name]} stopped in {name}: build it again with site/build_wasm.py")
    for address, array in zip(at, arrays[:n_changed]):
        module.read(address, array)


class Module:
    """One of the files, loaded into the browser in which this Python runs."""

    def __init__(self, file: str):
        import js
        from pyodide.ffi import to_js

        def as_object(entries: dict):
            return to_js(entries, dict_converter=js.Object.fromEntries)

        self.memory = js.WebAssembly.Memory.new(as_object({"initial": 1}))
        code = js.WebAssembly.Module.new(to_js((FOLDER / file).read_bytes()))
        imports = as_object({"env": as_object({"__linear_memory": self.memory})})
        self.functions = js.WebAssembly.Instance.new(code, imports).exports
        self.floats = js.Float64Array

    def clear(self, start: int, stop: int) -> None:
        """Write zeros from one address to the other; take more memory if there is too little."""
        missing = stop - self.memory.buffer.byteLength
        if missing > 0:
            self.memory.grow(-(-missing // PAGE))
        self._view(start, (stop - start) // 8).fill(0)

    def write(self, address: int, array: Array) -> None:
        self._view(address, array.size).assign(array)

    def read(self, address: int, array: Array) -> None:
        self._view(address, array.size).assign_to(array)

    def run(self, name: str, *arguments: float) -> int:
        return getattr(self.functions, name)(*arguments)

    def _view(self, address: int, size: int):
        return self.floats.new(self.memory.buffer, address, size)


@cache
def _module(file: str) -> Module:
    return Module(file)
