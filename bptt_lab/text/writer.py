"""A network that reads characters, says what may come next, and can be fed what it said."""

from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_lab import gated, machine, validate
from bptt_lab.text.corpus import Codes, Corpus, encode, one_hot

Array = NDArray[np.float64]


class Writer(NamedTuple):
    cell: ModuleType  # gated.gru or gated.lstm
    params: tuple
    symbols: str


def train(
    corpus: Corpus,
    cell: ModuleType = gated.gru,
    *,
    n_h: int = 64,
    seed: int = 0,
    n_rounds: int = 6,
    batch_size: int = 4,
    window: int = 32,
    learning_rate: float = 0.01,
    stored: str | Path | None = None,
) -> tuple[Writer, Array]:
    """Read `n_rounds` times the part to learn from, in `batch_size` places at once, always fed with the true text.

    Parameters
    ----------
    window
        characters between two steps of Adam; gradients go back no further (truncated BPTT), states are carried on
    stored
        parameters to load where Numba is not installed: what this same call gives, to 7 digits

    Returns
    -------
    the writer, and the loss of each round in nats a character
    """
    n, n_rounds = len(corpus.symbols), validate.size("n_rounds", n_rounds)
    params = cell.init_params(n_h, np.random.default_rng(seed), n, n)
    if not machine.HAS_NUMBA and stored is not None:
        if not machine.IN_BROWSER:  # there nobody can change it, and the notebook says so
            print(machine.no_compiler("the stored parameters of this run are loaded"))
        with np.load(stored) as file:
            return Writer(cell, type(params)(*(file[name].astype(float) for name in params._fields)), corpus.symbols), (
                file["curve"].astype(float)
            )
    x, y = _batches(corpus.learn, batch_size, window)
    n_steps = n_rounds * x.shape[1] // batch_size
    rates = learning_rate * np.linspace(1.2, 0.02, n_steps).clip(max=1.0)  # slower towards the end
    weight, memory, curve = np.full(window, 1 / window), None, np.empty(n_rounds)
    for turn, round_rates in enumerate(np.split(rates, n_rounds)):
        if memory is not None:  # each round starts at the beginning of the text, with nothing in mind
            memory = memory._replace(states=np.zeros_like(memory.states))
        params, memory, losses = gated.fit(
            cell, params, one_hot(x, n), one_hot(y, n), batch_size=batch_size, learning_rates=round_rates,
            weight=weight, softmax=True, carry=True, memory=memory,
        )  # fmt: skip
        curve[turn] = losses.mean()
    return Writer(cell, params, corpus.symbols), curve


def store(writer: Writer, curve: Array, path: str | Path) -> None:
    """Parameters and curve as single-precision numbers; `train` loads them where it cannot train quickly."""
    arrays = {name: array.astype(np.float32) for name, array in writer.params._asdict().items()}
    np.savez_compressed(path, curve=curve.astype(np.float32), **arrays)


def predict(writer: Writer, codes: Codes) -> Array:
    """p(character | those before it) for every place of a text, (N, n_symbols); the first place gets equal shares."""
    n = len(writer.symbols)
    trace = writer.cell.forward(writer.params, one_hot(codes[:-1], n)[:, None])
    return np.concatenate([np.full((1, n), 1 / n), gated.softmax_of(trace.o[:, 0])])


def states(writer: Writer, codes: Codes) -> Array:
    """h after each character, (N, n_h)."""
    return writer.cell.forward(writer.params, one_hot(codes, len(writer.symbols))[:, None]).h[:, 0]


def heated(o: Array, temperature: float) -> Array:
    """ŷ = softmax(o / temperature): near 0 the likeliest alone, at 1 the network's, beyond that flatter."""
    return gated.softmax_of(o / validate.positive("temperature", temperature))


def next_character(writer: Writer, text: str, temperature: float = 1.0) -> Array:
    """Probabilities of what follows a text, (n_symbols,)."""
    codes = encode(text, writer.symbols)
    trace = writer.cell.forward(writer.params, one_hot(codes, len(writer.symbols))[:, None])
    return heated(trace.o[-1, 0], temperature)


def write(writer: Writer, beginning: str, n: int, rng: np.random.Generator, temperature: float = 1.0) -> str:
    """n characters that follow `beginning`, each drawn from the probabilities, and then read as if it were true.

    Raises
    ------
    ValueError
        for an empty beginning, or a character that the text did not have
    """
    if not beginning:
        raise ValueError("the beginning must have at least one character, got none: begin with a space or a letter")
    cell, params, symbols = writer
    x, kept, written = one_hot(encode(beginning, symbols), len(symbols))[:, None], (), []
    for u in rng.random(validate.size("n", n)):
        trace = cell.forward(params, x, *kept)
        kept = (trace.h[-1], trace.s[-1]) if cell is gated.lstm else (trace.h[-1],)
        p = heated(trace.o[-1, 0], temperature)
        code = min(int(np.searchsorted(np.cumsum(p), u)), len(symbols) - 1)
        written.append(symbols[code])
        x = one_hot(np.array([[code]]), len(symbols))
    return "".join(written)


def _batches(codes: Codes, batch_size: int, window: int) -> tuple[Codes, Codes]:
    """x and y, (T, n·B): B places of the text, read on in parallel; y is x one character later."""
    length = (len(codes) - 1) // (batch_size * window) * window
    if not length:
        raise ValueError(f"the text is too short for {batch_size} windows of {window}: take fewer or shorter ones")
    shape = (batch_size, length // window, window)
    x, y = (codes[start : start + batch_size * length].reshape(shape) for start in (0, 1))
    return x.transpose(2, 1, 0).reshape(window, -1), y.transpose(2, 1, 0).reshape(window, -1)
