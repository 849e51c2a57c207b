"""What an algorithm costs: operations, counted; bytes, as the allocator sees them; seconds; slopes of log-log plots."""

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from bptt_lab.model import Params


def operations(function: Callable, params: Params, x: np.ndarray, y: np.ndarray, *rest, **settings) -> int:
    """Multiplications and other operations on floats in function(params, x, y, …), counted while it runs.

    A matrix product (m, k) by (k, n) counts m k n; anything else one for each number that it makes, a sum one for each
    that it takes. What the parameters, x or y, or anything made of them, take part in is counted: the same everywhere.
    """
    total = 0

    class Counted(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
            nonlocal total
            inputs = [np.asarray(i) if isinstance(i, Counted) else i for i in inputs]
            if out is not None:
                options["out"] = tuple(np.asarray(o) if isinstance(o, Counted) else o for o in out)
            result = getattr(ufunc, method)(*inputs, **options)
            if np.asarray(result).dtype.kind == "f":
                made = np.size(inputs[0]) if method == "reduce" else np.size(result)
                total += made * (np.shape(inputs[0])[-1] if ufunc is np.matmul else 1)
            return np.asarray(result).view(Counted)

    params = Params(*(array.view(Counted) for array in params))
    function(params, x.view(Counted), y.view(Counted), *rest, **settings)
    return total


def peak_bytes(function: Callable, *args, **settings) -> int:
    """The most memory that function(…) holds at one time, beyond what it was given. Tracing slows it down."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        function(*args, **settings)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def seconds(function: Callable, *args, repeats: int = 1, **settings) -> float:
    """Wall-clock time of function(…), the shortest of `repeats`."""
    taken = []
    for _ in range(repeats):
        begin = time.perf_counter()
        function(*args, **settings)
        taken.append(time.perf_counter() - begin)
    return min(taken)


def slope(sizes: ArrayLike, costs: ArrayLike, last: int | None = None) -> float:
    """p of the power law cost ≈ constant · size^p: the least-squares line through the logarithms.

    last     fit the `last` points only: a power law is what is left at large sizes
    """
    chosen = slice(None) if last is None else slice(-last, None)
    return float(np.polyfit(np.log(sizes)[chosen], np.log(costs)[chosen], 1)[0])
