"""Import this before NumPy and Jupyter, to get one thread for a product, and no part of Jupyter that nobody needs.

Several such processes run beside each other, and threads that wait for each other's share of a small product cost more
than they bring.
"""

import os
import sys

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OPENBLAS", "OMP", "MKL", "NUMBA")}
for name, one in ONE_THREAD.items():
    os.environ.setdefault(name, one)

# optional parts of jsonschema, for web addresses; and a debugger
UNUSED = ("rfc3987_syntax", "isoduration", "rfc3986_validator", "debugpy")
for name in UNUSED:
    sys.modules.setdefault(name, None)  # as if it were not installed
