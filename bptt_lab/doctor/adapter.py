"""Put our problems to code that follows another convention, and read its answer as ours."""

from collections import namedtuple
from collections.abc import Callable, Container, Mapping
from functools import cache, wraps

import numpy as np

from bptt_lab import bptt
from bptt_lab.doctor.conventions import Convention, among, name_of, need, split
from bptt_lab.doctor.exercise import TOLERANCE, Exercise, errors
from bptt_lab.doctor.exercises import grads_alone
from bptt_lab.doctor.passes import Mistake
from bptt_lab.doctor.reading import as_floats, read
from bptt_lab.doctor.trial import Trial, Trouble
from bptt_lab.model import Array, Params, Trace

SHAPES = {  # of what an answer may hold, in this course
    **dict(U=("n_h", "n_x"), W=("n_h", "n_h"), V=("n_y", "n_h"), b=("n_h",), c=("n_y",)),
    **dict(dL_do=("T", "B", "n_y"), dL_dh=("T", "B", "n_h")),
}


def put(convention: Convention, exercise: Exercise, yours: Callable) -> tuple[Exercise, Callable]:
    """The exercise cut down to the gradients that come back, and the function wrapped so that it is called as ours is.

    Raises
    ------
    ValueError
        if the exercise is not one on the plain network, or does not give what the function takes
    """
    Trial(yours, exercise.seconds)  # refuses what is no function
    words, parameters = split(convention.takes), exercise.parameters
    plain = exercise.names and "trace" in parameters and {*exercise.names} <= {*SHAPES}
    need(plain, "a convention must go with a backward pass of the plain network, got another: leave it out")
    kept = tuple(name for name in exercise.names if name in convention.wanted(exercise.names).values())
    given = exercise.reference is bptt.backward and not {"dL_do", "direct"}.isdisjoint(words)
    if kept != exercise.names or given:
        exercise = _narrowed(exercise, kept, given)
    words = words or parameters
    known = [*_given(convention, exercise.arguments(exercise.cases(seed=0)[0])), *["cache"][: bool(convention.forward)]]
    among("in this exercise, takes and feeds must be made of", known, [*words, *split(convention.feeds)])

    def theirs(*arguments: object) -> object:
        given = _given(convention, dict(zip(exercise.parameters, arguments)))
        trace = arguments[exercise.parameters.index("trace")]
        if "cache" in words:
            given["cache"] = _cache(convention, given, trace)
        return _read(convention, exercise.names, yours(*(given[word] for word in words)), _sizes(trace))

    return exercise, theirs


def _given(convention: Convention, arguments: dict[str, object]) -> dict[str, object]:
    """All that their function may take, each under the word for it."""
    trace, params = arguments["trace"], arguments.get("params")
    scale, make = convention.scale(_sizes(trace)), convention.array or (lambda array: array)
    ours = {name: value for name, value in arguments.items() if isinstance(value, np.ndarray)}
    ours |= {name: scale * value for name, value in ours.items() if name.startswith("dL_") and scale != 1}
    ours |= trace._asdict() | (params._asdict() if params else {})
    if params and "dL_do" in ours:
        ours["direct"] = ours["dL_do"] @ params.V
    given = arguments | {name: make(convention.turned(array, convention.weights)) for name, array in ours.items()}
    h_0 = trace.h_prev[0].T if convention.columns else trace.h_prev[0]
    given |= {"trace": Trace(*map(given.get, Trace._fields)), "h_0": make(h_0)}
    if params:
        shared = [*convention.names.values()]  # two biases have half of ours each
        named = {t: given[o] / 2 if shared.count(o) > 1 else given[o] for t, o in convention.names.items()}
        given |= named | {"params": named or Params(*map(given.get, Params._fields))}
    return given


def _cache(convention: Convention, given: dict[str, object], trace: Trace) -> object:
    states, *_, last = convention.forward(*(given[word] for word in split(convention.feeds)))
    states, expected = as_floats("what your forward pass gives back first", states), convention.turned(trace.h, "")
    if states.shape != expected.shape or not np.abs(states - expected).max() <= TOLERANCE:
        sentence = f"{name_of(convention.forward)} gives other states than ours, h^(t) = tanh(b + W h^(t-1) + U x^(t))"
        raise Trouble(sentence, "In which order does your forward pass read x, h_0 and the weights?", "wrong")
    return last


def _read(convention: Convention, names: tuple[str, ...], answer: object, sizes: Mapping[str, int]) -> object:
    """Their answer in our form: arrays by name, or the array itself if there is only one."""
    wanted, words, found = convention.wanted(names), split(convention.returns), {}
    layout = convention.gradients or convention.weights
    if isinstance(answer, dict):
        answer = {key if key in wanted else str(key).removeprefix("d"): array for key, array in answer.items()}
        answer = {key: array for key, array in answer.items() if key in wanted} or answer
    elif "_" in words and isinstance(answer, tuple | list) and len(answer) == len(words):
        answer = [array for word, array in zip(words, answer) if word != "_"]
    ours = {word: np.zeros([sizes[size] for size in SHAPES[name]]) for word, name in wanted.items()}
    turned = {word: convention.turned(array, layout) for word, array in ours.items()}
    for word, array in read(answer, turned).items():
        turned[word][...] = array / convention.scale(sizes)  # writes into ours
        first = found.setdefault(wanted[word], ours[word])
        if errors({word: ours[word]}, {word: first})[word] > TOLERANCE:
            sentence = f"∂L/∂{word} differs from that of the other bias, and only their sum counts"
            raise Trouble(sentence, "Which of the two reaches a^(t) in another way?", "wrong")
    return found if len(names) > 1 else found[names[0]]


@cache
def _narrowed(exercise: Exercise, kept: tuple[str, ...], given: bool) -> Exercise:
    """The exercise with these gradients alone, and the mistakes that can be seen in them.

    Parameters
    ----------
    given
        whether ∂L/∂o is given, in the place of y
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
    mistakes = [_seen(mistake, steps) for mistake in exercise.catalogue.values() if mistake.touches - hidden]
    return exercise.but(
        reference=reference,
        answer=Some(*(getattr(exercise.answer, name) for name in kept)),
        steps=steps,
        mistakes=mistakes,
        alone=grads_alone if given else exercise.alone,
        place=exercise.place if given and kept == ("U", "W", "b") else None,  # what it says needs what is not there
    )


def _seen(mistake: Mistake, steps: Container[str]) -> Mistake:
    """What a mistake does to these steps."""
    instead, after = ({q: f for q, f in part.items() if q in steps} for part in (mistake.instead, mistake.after))
    return mistake._replace(instead=instead, after=after)


def _sizes(trace: Trace) -> dict[str, int]:
    return dict(zip(("T", "B", "n_x", "n_h", "n_y"), (*trace.x.shape, trace.h.shape[2], trace.o.shape[2])))
