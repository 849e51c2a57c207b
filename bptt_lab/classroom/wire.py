"""What may travel from a submission to the judge: numbers, text, arrays, and lists, tuples and dicts of them.

Python's own way to send objects, pickle, runs code where they arrive. This one makes values, and nothing else.
"""

import base64
import json

import numpy as np

from bptt_lab.model import Params, Trace

LARGEST = 2**26  # bytes of a message
_NAMED = {kind.__name__: kind for kind in (Params, Trace)}  # tuples whose fields a check may ask for by name


class Unreadable(TypeError):
    """A value that cannot travel; the message is the name of its type."""


def pack(value: object) -> bytes:
    """`value` as JSON. Raises Unreadable if there is something else in it."""
    try:
        return json.dumps(_plain(value)).encode()
    except RecursionError:
        raise Unreadable(type(value).__name__) from None


def unpack(message: bytes) -> object:
    """The value again. Raises ValueError if this is no message of `pack`."""
    try:
        return _value(json.loads(message))
    except (RecursionError, TypeError, LookupError, AttributeError) as error:
        raise ValueError(f"a message of pack is needed, got something else: {error}") from None


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value if type(value) in (type(None), bool, int, float, str) else _plain(np.asarray(value))
    if isinstance(value, np.ndarray | np.generic | complex):
        array = np.ascontiguousarray(value)
        if array.dtype.kind not in "biufc":
            raise Unreadable(type(value).__name__)
        data = base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
        return {"array": data, "dtype": array.dtype.newbyteorder("<").str, "shape": np.shape(value)}
    if isinstance(value, tuple):
        return {"tuple": [_plain(part) for part in value], "name": type(value).__name__}
    if isinstance(value, list | range):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(part)] for key, part in value.items()]}
    raise Unreadable(type(value).__name__)


def _value(plain: object) -> object:
    if isinstance(plain, list):
        return [_value(part) for part in plain]
    if not isinstance(plain, dict):
        return plain
    if "array" in plain:
        dtype = np.dtype(plain["dtype"])
        if dtype.kind not in "biufc":
            raise ValueError(f"an array of numbers is needed, got {dtype}")
        array = np.frombuffer(base64.b64decode(plain["array"]), dtype).astype(dtype.newbyteorder("="))
        return array.reshape(plain["shape"])[()]  # one without axes becomes a number
    if "tuple" in plain:
        parts, kind = [_value(part) for part in plain["tuple"]], _NAMED.get(plain["name"])
        return kind(*parts) if kind and len(parts) == len(kind._fields) else tuple(parts)
    return {_value(key): _value(part) for key, part in plain["dict"]}
