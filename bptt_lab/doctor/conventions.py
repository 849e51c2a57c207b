"""Code that follows another convention: the words that describe it, and what they mean here.

`checks.check("07.6", yours, convention=…)` takes a `Convention`, or the name of one that is ready.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod

from bptt_lab.doctor.localise import listed
from bptt_lab.model import Array, Params, Trace

GIVEN = ("params", *Params._fields, "trace", *Trace._fields, "y", "h_0", "dL_do", "dL_dh", "direct", "cache")
LAYOUTS = ("out, in", "in, out")
LOSSES = ["mean over B", "sum", "mean over T and B", "mean over B and n_y", "mean over T, B and n_y", "mean over T"]
LOSSES += ["mean over n_y", "mean over T and n_y"]


@dataclass(frozen=True, repr=False)
class Convention:
    """How a stranger's code arranges what ours calls params, trace and y, and what it gives back.

    Anything that is not said is as in this course.

    Parameters
    ----------
    weights
        "out, in" (W @ h for a column) or "in, out" (h @ W for a row)
    axes
        the axes of sequences: T, B and n in any order; if n stands before B, biases are columns (n, 1)
    loss
        "sum", or what it averages over, such as "mean over T and B" (it sums over the rest)
    names
        their name: our name, for each parameter of the network, such as {"Wxh": "U"}; `params` is then a dict, and the
        answer may be one too. Two names for one bias are two biases that are added: both have the same gradient
    takes
        what the function takes, in order, if not what the exercise gives: params, trace, y, a field of these, h_0
        (h^(0)), dL_do, direct (∂L/∂h^(t) through o^(t) alone), cache; such as "x, o, y, Wxh, Whh, Why"
    returns
        what it gives back, in order, such as "_, _, dWx, dWh, db"; what is called _ is ignored
    gradients
        the layout of the weights' gradients; that of the weights if not given
    array
        makes an array of theirs from one of NumPy's, such as torch.as_tensor
    forward
        their own forward pass; what it gives back begins with their states, and ends with the cache
    feeds
        what `forward` takes, in order

    Raises
    ------
    ValueError
        for words that mean nothing here
    """

    weights: str = "out, in"
    axes: str = "T, B, n"
    loss: str = "mean over B"
    names: Mapping[str, str] = field(default_factory=dict)
    takes: str = ""
    returns: str = ""
    gradients: str = ""
    array: Callable | None = None
    forward: Callable | None = None
    feeds: str = ""

    def __post_init__(self):
        for name in ("weights", "axes", "loss", "takes", "returns", "gradients", "feeds"):
            need(isinstance(getattr(self, name), str), f"{name} must be text, got {getattr(self, name)!r}")
        need(isinstance(self.names, Mapping), f'names must be a dict such as {{"Wxh": "U"}}, got {self.names!r}')
        for name in ("weights", "gradients"):
            word = getattr(self, name) or self.weights
            need(word in LAYOUTS, f'{name} must be "out, in" or "in, out", got {word!r}')
        need(sorted(split(self.axes)) == ["B", "T", "n"], f'axes must be T, B, n as in "B, T, n", got {self.axes!r}')
        need(self.loss in LOSSES, f"loss must be one of {', '.join(LOSSES)}, got {self.loss!r}")
        known = (*GIVEN, *self.names)
        among("names must lead to one of", Params._fields, self.names.values())
        among("takes and feeds must be made of", known, split(f"{self.takes}, {self.feeds}"))
        gradients = ("_", *(f"d{name}" for name in (*self.names, *Params._fields)))
        among("returns must be made of", gradients, split(self.returns))
        there = "cache" not in split(self.takes) or callable(self.forward)
        need(there, f"forward must be your own forward pass, for its cache, got {self.forward}: give forward=…")

    @classmethod
    def cs231n(cls, forward: Callable) -> "Convention":
        """rnn_backward(dh, cache), with the cache of their own rnn_forward(x, h0, Wx, Wh, b)."""
        words = dict(takes="direct, cache", returns="_, _, dWx, dWh, db", feeds="x, h_0, Wx, Wh, b")
        return cls("in, out", "B, T, n", names={"Wx": "U", "Wh": "W", "b": "b"}, forward=forward, **words)

    @classmethod
    def deeplearning_ai(cls, forward: Callable) -> "Convention":
        """rnn_backward(da, caches), with the caches of their own rnn_forward(x, a0, parameters)."""
        names = {"Wax": "U", "Waa": "W", "Wya": "V", "ba": "b", "by": "c"}
        words = dict(takes="direct, cache", returns="_, _, dWax, dWaa, dba", feeds="x, h_0, params")
        return cls(axes="n, B, T", names=names, forward=forward, **words)

    @classmethod
    def named(cls, name: str) -> "Convention":
        """The one of this name in `READY`; those of courses need your forward pass: Convention.cs231n(forward=…)."""
        among("convention must be a Convention or one of", READY, [name])
        ready = READY[name]
        return ready if isinstance(ready, cls) else ready(None)

    def but(self, **changes: object) -> "Convention":
        """The same convention with some words changed."""
        return replace(self, **changes)

    def __repr__(self) -> str:
        """What was understood, in plain sentences."""
        words, sums = split(self.takes), [size for size in ("T", "B", "n_y") if size not in self.means]
        loss = [f"a {kind} over {listed(sizes)}" for kind, sizes in (("mean", self.means), ("sum", sums)) if sizes]
        told = {"direct": "∂L/∂h^(t) through o^(t) alone", "cache": f"the cache of {name_of(self.forward)}"}
        layout = f" and their gradients ({self.gradients})" if self.gradients else ""
        text = f"weights are ({self.weights}){layout}, sequences ({self.axes}), and the loss is {' and '.join(loss)}"
        text += f"; {listed(self.names)} are our {listed(self.names.values())}" if self.names else ""
        text += f". Your function takes {listed(told.get(word, word) for word in words)}" if words else ""
        unseen = ", where _ is not looked at" if "_" in split(self.returns) else ""
        return text + (f". It gives back {self.returns}{unseen}" if self.returns else "")

    def scale(self, sizes: Mapping[str, int]) -> float:
        """Their gradients, divided by ours."""
        return sizes["B"] / prod(sizes[size] for size in self.means)

    @property
    def means(self) -> list[str]:
        """The sizes that their loss averages over."""
        return re.findall(r"\b(?:T|B|n_y)\b", self.loss)

    @property
    def columns(self) -> bool:
        return self.axes.index("n") < self.axes.index("B")

    def wanted(self, names: tuple[str, ...]) -> dict[str, str]:
        """Our name for each of their names that is looked at."""
        if len(names) == 1:
            return {names[0]: names[0]}
        words = [word.removeprefix("d") for word in split(self.returns) if word != "_"] or self.names or names
        return {word: self.names.get(word, word) for word in words}

    def turned(self, array: Array, layout: str) -> Array:
        """The array in their shape; a view, so that what they write into it is seen."""
        if array.ndim == 3:
            return array.transpose(["TBn".index(axis) for axis in split(self.axes)])
        if array.ndim == 2:
            return array.T if layout == "in, out" else array
        return array[:, None] if self.columns else array


def name_of(function: Callable) -> str:
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else "your_function"


def split(text: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", text) if word]


def among(what: str, known: object, words: object) -> None:
    wrong = [word for word in words if word not in known]
    need(not wrong, f"{what} {', '.join(known)}, got {wrong[:1]}")


def need(holds: bool, sentence: str) -> None:
    if not holds:
        raise ValueError(sentence)


def _tensor(array: Array) -> object:
    import torch  # not needed for anything else

    return torch.as_tensor(array)


_TORCH = dict(weight_ih_l0="U", weight_hh_l0="W", bias_ih_l0="b", bias_hh_l0="b", weight="V", bias="c")
READY = {  # those of libraries have the loss that is the library's default
    "columns": Convention(axes="T, n, B"),
    "keras": Convention("in, out", "B, T, n", "mean over T, B and n_y"),
    "torch": Convention(loss="mean over T, B and n_y", names=_TORCH, array=_tensor),
    "cs231n": Convention.cs231n,
    "deeplearning.ai": Convention.deeplearning_ai,
}
