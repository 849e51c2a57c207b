"""Code that follows another convention: how our problems are put to it, and how its answer is read.

A convention is told in words; `checks.check("07.6", yours, convention=…)` takes one, or the name of one in `READY`.
What is not said is as in this course.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, wraps
from math import prod

import numpy as np

from bptt_lab import bptt
from bptt_lab.doctor.exercise import TOLERANCE, Exercise, errors
from bptt_lab.doctor.exercises import grads_alone
from bptt_lab.doctor.localise import listed
from bptt_lab.doctor.reading import as_floats, read
from bptt_lab.doctor.trial import Trial, Trouble
from bptt_lab.model import Array, Params, Trace

SHAPES = {  # of what an answer may hold, in this course
    **dict(U=("n_h", "n_x"), W=("n_h", "n_h"), V=("n_y", "n_h"), b=("n_h",), c=("n_y",)),
    **dict(dL_do=("T", "B", "n_y"), dL_dh=("T", "B", "n_h")),
}
GIVEN = ("params", *Params._fields, "trace", *Trace._fields, "y", "h_0", "dL_do", "dL_dh", "direct", "cache")
LAYOUTS = ("out, in", "in, out")
LOSSES = ["mean over B", "sum", "mean over T and B", "mean over B and n_y", "mean over T, B and n_y", "mean over T"]
LOSSES += ["mean over n_y", "mean over T and n_y"]


@dataclass(frozen=True, repr=False)
class Convention:
    """How a stranger's code arranges what ours calls params, trace and y, and what it gives back.

    weights    "out, in" (W @ h for a column) or "in, out" (h @ W for a row)
    axes       of sequences: T, B and n in any order; where n stands before B, biases are columns (n, 1)
    loss       "sum", or what it averages over, such as "mean over T and B" (it sums over the rest)
    names      of the parameters, theirs: ours, such as {"Wxh": "U"}; `params` is then a dict, and so may be the answer.
               Two names for one bias are two biases that are added: they have one and the same gradient
    takes      what the function takes, in order, if not what the exercise gives: params, trace, y, a field of these,
               h_0 (zeros), dL_do, direct (∂L/∂h^(t) through o^(t) alone), cache; such as "x, o, y, Wxh, Whh, Why"
    returns    what it gives back, in order, such as "_, _, dWx, dWh, db"; what is called _ is not looked at
    gradients  the layout of the weights' gradients, if not that of the weights
    array      makes an array of theirs from one of NumPy's, such as torch.as_tensor
    forward    their own forward pass; it gives back first their states, last the cache
    feeds      what `forward` takes, in order
    raises     ValueError for words that say nothing here
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
        for name in ("weights", "gradients"):
            word = getattr(self, name) or self.weights
            _need(word in LAYOUTS, f'{name} must be "out, in" or "in, out", got {word!r}')
        _need(sorted(_words(self.axes)) == ["B", "T", "n"], f'axes must be T, B, n as in "B, T, n", got {self.axes!r}')
        _need(self.loss in LOSSES, f"loss must be one of {', '.join(LOSSES)}, got {self.loss!r}")
        known = (*GIVEN, *self.names)
        _among("names must lead to one of", Params._fields, self.names.values())
        _among("takes and feeds must be made of", known, _words(f"{self.takes}, {self.feeds}"))
        gradients = ("_", *(f"d{name}" for name in (*self.names, *Params._fields)))
        _among("returns must be made of", gradients, _words(self.returns))
        needs = "cache" in _words(self.takes) and not callable(self.forward)
        _need(not needs, "forward must be your own forward pass, since caches differ, got none: give forward=…")

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
        """One of `READY`; those of courses need your forward pass: Convention.cs231n(forward=…)."""
        _among("convention must be a Convention or one of", READY, [name])
        ready = READY[name]
        return ready if isinstance(ready, cls) else ready(None)

    def but(self, **changes: object) -> "Convention":
        """The same with some words changed."""
        return replace(self, **changes)

    def __repr__(self) -> str:
        """What was understood, in plain sentences."""
        words, sums = _words(self.takes), [size for size in ("T", "B", "n_y") if size not in self._means]
        loss = [f"a {kind} over {listed(sizes)}" for kind, sizes in (("mean", self._means), ("sum", sums)) if sizes]
        told = {"direct": "∂L/∂h^(t) through o^(t) alone", "cache": f"the cache of {name_of(self.forward)}"}
        layout = f" and their gradients ({self.gradients})" if self.gradients else ""
        text = f"weights are ({self.weights}){layout}, sequences ({self.axes}), and the loss is {' and '.join(loss)}"
        text += f"; {listed(self.names)} are our {listed(self.names.values())}" if self.names else ""
        text += f". Your function takes {listed(told.get(word, word) for word in words)}" if words else ""
        unseen = ", where _ is not looked at" if "_" in _words(self.returns) else ""
        return text + (f". It gives back {self.returns}{unseen}" if self.returns else "")

    def put(self, exercise: Exercise, yours: Callable) -> tuple[Exercise, Callable]:
        """The exercise, with those gradients alone that come back; and the function, to be called as ours is.

        raises   ValueError if the exercise is none on the plain network, or does not give what the function takes
        """
        Trial(yours, exercise.seconds)  # refuses what is no function
        words, parameters = _words(self.takes), exercise.parameters
        plain = exercise.names and "trace" in parameters and {*exercise.names} <= {*SHAPES}
        _need(plain, "a convention must go with a backward pass of the plain network, got another: leave it out")
        kept = tuple(name for name in exercise.names if name in self._wanted(exercise.names).values())
        given = exercise.reference is bptt.backward and not {"dL_do", "direct"}.isdisjoint(words)
        if kept != exercise.names or given:
            exercise = _narrowed(exercise, kept, given)
        words = words or parameters
        known = [*self._given(exercise.arguments(exercise.cases(seed=0)[0])), *["cache"][: bool(self.forward)]]
        _among("in this exercise, takes and feeds must be made of", known, [*words, *_words(self.feeds)])

        def theirs(*arguments: object) -> object:
            given = self._given(dict(zip(exercise.parameters, arguments)))
            trace = arguments[exercise.parameters.index("trace")]
            if "cache" in words:
                given["cache"] = self._cache(given, trace)
            return self._read(exercise.names, yours(*(given[word] for word in words)), _sizes(trace))

        return exercise, theirs

    def scale(self, sizes: Mapping[str, int]) -> float:
        """Their gradients, divided by ours."""
        return sizes["B"] / prod(sizes[size] for size in self._means)

    @property
    def _means(self) -> list[str]:
        """The sizes that their loss averages over."""
        return re.findall(r"\b(?:T|B|n_y)\b", self.loss)

    @property
    def _columns(self) -> bool:
        return self.axes.index("n") < self.axes.index("B")

    def _wanted(self, names: tuple[str, ...]) -> dict[str, str]:
        """Their name: ours, for all that is looked at."""
        if len(names) == 1:
            return {names[0]: names[0]}
        words = [word.removeprefix("d") for word in _words(self.returns) if word != "_"] or self.names or names
        return {word: self.names.get(word, word) for word in words}

    def _turned(self, array: Array, layout: str) -> Array:
        """In their shape; a view, so that what they write into it is seen."""
        if array.ndim == 3:
            return array.transpose(["TBn".index(axis) for axis in _words(self.axes)])
        if array.ndim == 2:
            return array.T if layout == "in, out" else array
        return array[:, None] if self._columns else array

    def _given(self, arguments: dict[str, object]) -> dict[str, object]:
        """All that their function may take, by its word."""
        trace, params = arguments["trace"], arguments.get("params")
        scale, make = self.scale(_sizes(trace)), self.array or (lambda array: array)
        ours = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
        ours |= {name: scale * value for name, value in ours.items() if name.startswith("dL_")}
        ours |= trace._asdict() | (params._asdict() if params else {})
        if params and "dL_do" in ours:
            ours["direct"] = ours["dL_do"] @ params.V
        given = arguments | {name: make(self._turned(array, self.weights)) for name, array in ours.items()}
        h_0 = np.zeros_like(trace.h[0])
        given |= {"trace": Trace(*map(given.get, Trace._fields)), "h_0": make(h_0.T if self._columns else h_0)}
        if params:
            shared = [*self.names.values()]  # two biases have half of ours each
            named = {t: given[o] / 2 if shared.count(o) > 1 else given[o] for t, o in self.names.items()}
            given |= named | {"params": named or Params(*map(given.get, Params._fields))}
        return given

    def _cache(self, given: dict[str, object], trace: Trace) -> object:
        states, *_, last = self.forward(*(given[word] for word in _words(self.feeds)))
        states, expected = as_floats("what your forward pass gives back first", states), self._turned(trace.h, "")
        if states.shape != expected.shape or not np.abs(states - expected).max() <= TOLERANCE:
            sentence = f"{name_of(self.forward)} gives other states than ours, h^(t) = tanh(b + W h^(t-1) + U x^(t))"
            raise Trouble(sentence, "In which order does your forward pass read x, h_0 and the weights?", "wrong")
        return last

    def _read(self, names: tuple[str, ...], answer: object, sizes: Mapping[str, int]) -> object:
        """Their answer as ours: by name; or the array, where there is one alone."""
        wanted, words, found = self._wanted(names), _words(self.returns), {}
        if isinstance(answer, dict):
            answer = {key if key in wanted else str(key).removeprefix("d"): array for key, array in answer.items()}
            answer = {key: array for key, array in answer.items() if key in wanted} or answer
        elif "_" in words and isinstance(answer, tuple | list) and len(answer) == len(words):
            answer = [array for word, array in zip(words, answer) if word != "_"]
        ours = {word: np.zeros([sizes[size] for size in SHAPES[name]]) for word, name in wanted.items()}
        turned = {word: self._turned(array, self.gradients or self.weights) for word, array in ours.items()}
        for word, array in read(answer, turned).items():
            turned[word][...] = array / self.scale(sizes)  # writes into ours
            first = found.setdefault(wanted[word], ours[word])
            if errors({word: ours[word]}, {word: first})[word] > TOLERANCE:
                sentence = f"∂L/∂{word} differs from that of the other bias, and only their sum counts"
                raise Trouble(sentence, "Which of the two reaches a^(t) in another way?", "wrong")
        return found if len(names) > 1 else found[names[0]]


@cache
def _narrowed(exercise: Exercise, kept: tuple[str, ...], given: bool) -> Exercise:
    """With these gradients alone, and those mistakes that can be seen in them.

    given   ∂L/∂o is given, in the place of y
    """

    def from_output_grads(params: Params, trace: Trace, dL_do: Array) -> Params:
        return bptt.param_grads(trace, dL_do, bptt.state_grads(params, trace, dL_do))

    whole, Some = from_output_grads if given else exercise.reference, namedtuple("Some", kept)

    @wraps(whole)
    def reference(*arguments: object, **named: object) -> tuple:
        return Some(*(getattr(whole(*arguments, **named), name) for name in kept))

    hidden = {getattr(exercise.answer, name) for name in exercise.names if name not in kept}
    hidden |= {"dL_do"} if given else set()
    steps = {name: step for name, step in exercise.steps.items() if name not in hidden}
    mistakes = [
        mistake._replace(**{when: {q: f for q, f in getattr(mistake, when).items() if q in steps} for when in _WHEN})
        for mistake in exercise.catalogue.values()
        if mistake.touches - hidden
    ]
    return exercise.but(
        reference=reference,
        answer=Some(*(getattr(exercise.answer, name) for name in kept)),
        steps=steps,
        mistakes=mistakes,
        alone=grads_alone if given else exercise.alone,
        place=exercise.place if given and kept == ("U", "W", "b") else None,  # what it says needs what is not there
    )


_WHEN = ("instead", "after")


def name_of(function: Callable) -> str:
    name = getattr(function, "__name__", "")
    return name if name.isidentifier() else "your_function"


def _sizes(trace: Trace) -> dict[str, int]:
    return dict(zip(("T", "B", "n_x", "n_h", "n_y"), (*trace.x.shape, trace.h.shape[2], trace.o.shape[2])))


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[,\s]+", text) if word]


def _among(what: str, known: object, words: object) -> None:
    wrong = [word for word in words if word not in known]
    _need(not wrong, f"{what} {', '.join(known)}, got {wrong[:1]}")


def _need(holds: bool, sentence: str) -> None:
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
