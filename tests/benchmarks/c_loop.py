"""c_loop.c, compiled on import with `gcc -O3 -march=native -ffast-math`, called through ctypes."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from bptt_lab.model import Params

COMPILER = os.environ.get("CC") or shutil.which("gcc") or shutil.which("cc")
FLAGS = ["-O3", "-march=native", "-ffast-math"]
if COMPILER is None:
    raise ImportError("no C compiler: neither gcc nor cc is on the path, and CC is not set")


def _load() -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(__file__).with_name("c_loop.c"), Path(folder) / "c_loop.so"
        compile_it = [COMPILER, *FLAGS, "-fPIC", "-c", source, "-o", library.with_suffix(".o")]
        link = [COMPILER, "-shared", library.with_suffix(".o"), "-o", library, "-lm"]  # -ffast-math here would make
        try:  # the whole process round the smallest numbers to 0
            for command in (compile_it, link):
                subprocess.run(command, check=True, capture_output=True, text=True)
            return ctypes.CDLL(str(library))
        except (OSError, subprocess.CalledProcessError) as error:
            raise ImportError(f"{COMPILER} does not compile c_loop.c: {getattr(error, 'stderr', error)}") from error


_sgd = _load().sgd
_DOUBLES = np.ctypeslib.ndpointer(float, flags="C_CONTIGUOUS")
_sgd.argtypes = [_DOUBLES] * 8 + [ctypes.c_long] * 5 + [ctypes.c_double]
_sgd.restype = ctypes.c_int


def sgd(params: Params, x, y, learning_rate: float):
    """What `training.sgd` computes with batch_size 1; here sums come first in memory, then time."""
    U_T, W_T, V, b, c = (np.array(a, order="C") for a in (params.U.T, params.W.T, *params[2:]))
    x, y = (np.array(a.swapaxes(0, 1), float, order="C") for a in (x, y))
    o = np.empty_like(y)
    (n_steps, T, n_x), (n_y, n_h) = x.shape, V.shape
    if _sgd(U_T, W_T, V, b, c, x, y, o, n_steps, T, n_x, n_h, n_y, learning_rate):
        raise MemoryError("c_loop.c could not get its working memory")
    return Params(U_T.T.copy(), W_T.T.copy(), V, b, c), o.swapaxes(0, 1)
