"""A text as numbers: its characters, and three parts of it, to learn from, to choose by, and to be judged by."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
DATA = Path(__file__).resolve().parent  # genesis.txt, and a network trained on it


class Corpus(NamedTuple):
    symbols: str  # every character that occurs, sorted; a code is a place in it
    learn: Codes  # the first 85 % of the text
    choose: Codes  # the next 7.5 %
    judge: Codes  # the last 7.5 %


def read(path: str | Path) -> Corpus:
    """The text of a file in small letters, in three parts, each cut at the end of a line.

    Raises
    ------
    ValueError
        for a text of fewer than 1,000 characters
    """
    text = Path(path).read_text(encoding="utf-8").lower()
    if len(text) < 1_000:
        raise ValueError(f"a text must have at least 1,000 characters, got {len(text)}: take a longer one")
    symbols = "".join(sorted(set(text)))
    first, second = (text.rindex("\n", 0, int(share * len(text))) + 1 for share in (0.85, 0.925))
    parts = (encode(part, symbols) for part in (text[:first], text[first:second], text[second:]))
    return Corpus(symbols, *parts)


def encode(text: str, symbols: str) -> Codes:
    """The place of each character in `symbols`, (N,).

    Raises
    ------
    ValueError
        for a character that is not among them
    """
    if unknown := set(text) - set(symbols):
        raise ValueError(f"the text must be made of {symbols!r}, got {min(unknown)!r} too: leave it out")
    return np.array([symbols.index(character) for character in text], dtype=np.int64)


def decode(codes: Codes, symbols: str) -> str:
    """The inverse of `encode`."""
    return "".join(symbols[code] for code in codes)


def one_hot(codes: Codes, n_symbols: int) -> NDArray[np.float64]:
    """A 1 at the place of each code, 0 elsewhere; (…, n_symbols)."""
    return np.eye(n_symbols)[codes]


def bits_per_character(p: NDArray, codes: Codes) -> float:
    """Mean of -log₂ of the probability given to what came; p is (N, n_symbols). Nats are log 2 = 0.693 times that."""
    return float(-np.log2(p[np.arange(len(codes)), codes]).mean())
