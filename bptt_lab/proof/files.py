"""Certificates as files, for others to check. What is checked is what was read, so nothing here need be trusted."""

from pathlib import Path
from zipfile import is_zipfile

import numpy as np

from bptt_lab.model import Params
from bptt_lab.proof.certificate import Certificate

NAMES = Params._fields + Certificate._fields[1:]
SHIPPED = Path(__file__).parent / "certificates"


def save(certificate: Certificate, path: str | Path) -> None:
    """Write one file, in NumPy's npz format; every number to the last bit."""
    with open(path, "wb") as file:
        np.savez_compressed(file, **dict(zip(NAMES, certificate.params + certificate[1:])))


def load(path: str | Path) -> Certificate:
    """What `save` wrote; nothing in the file is run. Raises KeyError, OSError or ValueError if it is no certificate."""
    with open(path, "rb") as file:
        if not is_zipfile(file):  # what NumPy says of other files advises to run what is in them
            raise ValueError("it is not in NumPy's npz format, which `save` writes")
    with np.load(path, allow_pickle=False) as file:
        arrays = [file[name] for name in NAMES]
    return Certificate(Params(*arrays[:5]), *arrays[5:])


def shipped(name: str) -> Certificate:
    """A certificate of notebook 09: "three_units" or "sixteen_units"."""
    return load(SHIPPED / f"{name}.npz")
