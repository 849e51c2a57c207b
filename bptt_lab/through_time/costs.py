"""What an algorithm costs: operations, counted; bytes, as the allocator sees them; seconds of the processor."""

import os
import tracemalloc
from collections.abc import Callable

import numpy as np

from bptt_lab.model import Params


def operations(function: Callable, params: Params, x: np.ndarray, y: np.ndarray, *rest, **settings) -> int:
    """Multiplications and other operations on floats in function(params, x, y, …), counted while it runs.

    A matrix product (m, k) by (k, n) counts m k n; anything else one for each number that it makes, a sum one for each
    that it takes. An operation is counted if the parameters, x or y, or anything made of them, take part in it. The
    count is the same everywhere.
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


def seconds(function: Callable, *args, **settings) -> tuple[float, float]:
    """Processor time of function(…): the program's own, and what the system spends for it, on memory for example."""
    before = os.times()
    function(*args, **settings)
    after = os.times()
    return after.user - before.user, after.system - before.system
