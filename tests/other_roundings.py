"""Notebooks as on a processor that rounds otherwise.

    PYTHONPATH=tests .venv/bin/python -m pytest -p other_roundings notebooks

Each forward pass of the core takes U and W with some last bits changed, so that NumPy's training runs soon go other
ways. What a notebook prints must not depend on that. The environment variable ROUNDINGS, a number, picks other bits.
"""

import os
import tempfile
from pathlib import Path

ULP = 2.0**-52


def pytest_configure():
    os.environ["IPYTHONDIR"] = folder = tempfile.mkdtemp(prefix="other-roundings-")  # kernels read what is in it
    startup = Path(folder) / "profile_default" / "startup" / "other_roundings.py"
    startup.parent.mkdir(parents=True)
    startup.write_text(Path(__file__).read_text(encoding="utf-8") + "\n\nround_otherwise()\n", encoding="utf-8")


def round_otherwise():
    import numpy as np

    from bptt_lab import model

    rng, forward = np.random.default_rng(int(os.environ.get("ROUNDINGS", 0))), model.forward

    def otherwise(weights):
        if type(weights) is not np.ndarray or weights.dtype != float:  # a complex step, or operations that are counted
            return weights
        return weights * (1 + ULP * rng.integers(-1, 2, weights.shape))

    def forward_otherwise(params, *rest, **more):
        return forward(params._replace(U=otherwise(params.U), W=otherwise(params.W)), *rest, **more)

    model.forward = forward_otherwise
