"""The compiled loop for a browser, where Numba cannot run: WebAssembly, made of the same source, with the same bits.

`loop.wasm` is what Numba and LLVM make of `kernels`, ahead of time (site/build_wasm.py). It sees nothing but a memory
of its own: arrays are copied in, the loop runs, and what it changed is copied out.
"""

import sys
from collections.abc import Sequence
from functools import cache
from math import prod
from pathlib import Path

from bptt_lab.model import Array

IN_BROWSER = sys.platform == "emscripten"  # Python as WebAssembly (Pyodide): no Numba there, and no threads
FILE = Path(__file__).with_name("loop.wasm")
EXCEPTION, ARRAYS_FROM = 512, 1_024  # addresses: what the loop raised, and the arrays; its constants stand below
PAGE = 65_536  # bytes, the unit in which its memory grows


def sgd(U_T, W_T, V, b, c, x, y, o, learning_rate, batch_size, quirks) -> None:
    """`kernels._sgd`: changes U_T, W_T, V, b, c, and fills o."""
    (T, N, n_x), (n_y, n_h), B = x.shape, V.shape, batch_size
    grads = [(n_x, n_h), (n_h, n_h), (n_y, n_h), (n_h,), (n_y,)]
    scratch = [(n_h, n_h), (T + 1, B, n_h), (T, B, n_h), (T, B, n_y), (T, B, n_h)]
    room = [prod(shape) for shape in grads + scratch]
    _call("sgd", [U_T, W_T, V, b, c, o, x, y], room, 6, T, N, n_x, n_h, n_y, B, learning_rate, *quirks)


def cross_entropy(o: Array, y: Array, loss: Array) -> None:
    """`kernels._cross_entropy`: fills loss."""
    _call("cross_entropy", [loss, o, y], [], 1, o.size)


def _call(name: str, arrays: Sequence[Array], room: Sequence[int], n_changed: int, *numbers: float) -> None:
    """Run the function `name` on the addresses of arrays and of room, and on numbers; the first arrays are changed.

    room  for how many more floats each, all 0 at first
    """
    module, at = _module(), [ARRAYS_FROM]
    for size in [*(array.size for array in arrays), *room]:
        at.append(at[-1] + 8 * size)
    module.clear(ARRAYS_FROM, at[-1])
    for address, array in zip(at, arrays):
        module.write(address, array)
    if module.run(name, 0, EXCEPTION, *at[:-1], *numbers):
        raise RuntimeError(f"{FILE.name} stopped in {name}: build it again with site/build_wasm.py")
    for address, array in zip(at, arrays[:n_changed]):
        module.read(address, array)


class Module:
    """`loop.wasm` in the browser that this Python runs in."""

    def __init__(self):
        import js
        from pyodide.ffi import to_js

        def as_object(entries: dict):
            return to_js(entries, dict_converter=js.Object.fromEntries)

        self.memory = js.WebAssembly.Memory.new(as_object({"initial": 1}))
        code = js.WebAssembly.Module.new(to_js(FILE.read_bytes()))
        imports = as_object({"env": as_object({"__linear_memory": self.memory})})
        self.functions = js.WebAssembly.Instance.new(code, imports).exports
        self.floats = js.Float64Array

    def clear(self, start: int, stop: int) -> None:
        """Zeros from one address to the other; more memory if there is too little."""
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
def _module() -> Module:
    return Module()
