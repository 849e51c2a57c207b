"""Fresh arguments for any exercise, at random sizes, found by the names of its parameters.

The course gives the same name to the same quantity everywhere, so one table serves all exercises. An exercise whose
arguments need more than their names can say has a line in `OWN`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bptt_lab import bptt, data, model, training
from bptt_lab.model import Params

WORDS = ("the", "and", "he", "was", "in", "of", "to", "it")  # for a network that writes


def draw(rng: np.random.Generator) -> dict[str, object]:
    """A problem whose sizes all differ and are larger than 1, and every quantity of the course that goes with it."""
    n_x, n_h, n_y, B, T = sizes = [int(size) for size in rng.permutation(np.arange(2, 10))[:5]]
    if T < 4:
        return draw(rng)  # too short to show a mistake in the recursion
    shapes = [(n_h, n_x), (n_h, n_h), (n_y, n_h), (n_h,), (n_y,)]
    params = Params(*(rng.uniform(-0.7, 0.7, shape) for shape in shapes))
    x, y = (rng.integers(0, 2, (T, B, n)).astype(float) for n in (n_x, n_y))
    trace = model.forward(params, x)
    grads = bptt.backward(params, trace, y)
    dL_do = rng.normal(size=(T, B, n_y))
    dL_da = (1 - trace.h**2) * bptt.state_grads(params, trace, bptt.output_grads(trace, y))
    first_bits, second_bits = data.sample_sums(1, rng, n_bits=T + 5, high=2 ** (T + 4))[0][:, 0].T  # (T + 5,) each
    n, t = int(rng.integers(2, 6)), int(rng.integers(T))
    return dict(zip("n_x n_h n_y B T".split(), sizes)) | {
        **dict(params=params, x=x, y=y, trace=trace, h=trace.h, o=trace.o, y_hat=trace.y_hat, grads=grads),
        **dict(dL_do=dL_do, dL_dh=rng.normal(size=(T, B, n_h)), dL_da=dL_da, x_t=x[t], t=t, n=n),
        **dict(h_before=rng.uniform(-1, 1, (B, n_h)), b=params.b, dL_db=rng.normal(size=n_h)),
        **dict(first_bits=first_bits, second_bits=second_bits, learning_rate=float(rng.uniform(0.05, 1))),
        **dict(correct_digits=digits(rng), values=rng.normal(size=n * int(rng.integers(2, 9)))),
        **dict(k=int(rng.integers(T)), seeds=[int(seed) for seed in rng.integers(1_000, size=4)]),
        **dict(max_norm=float(rng.uniform(0.05, 2)), length=int(rng.integers(1, T)), window=int(rng.integers(1, T))),
        **dict(temperature=float(rng.uniform(0.2, 3)), distance=int(rng.integers(2, 200))),
        **dict(codes=rng.integers(n, size=60), beginning=" ".join(rng.choice(WORDS, 3)) + " "),
        **dict(batch_size=int(rng.integers(2, 9)), n_steps=int(rng.integers(1_000, 2_000))),
    }


def digits(rng: np.random.Generator) -> np.ndarray:
    """A short history of correct digits, (n,), that ends with some at 8, or with none."""
    return np.concatenate([rng.integers(6, 9, rng.integers(2, 20)), np.full(rng.integers(4), 8)])


def _trained(rng: np.random.Generator) -> dict[str, object]:
    """Another network of 3 units that adds all sums right."""
    for seed in rng.permutation(1_000):
        start = np.random.default_rng(seed)
        params, history = training.train(model.init_params(3, start), rng=start)
        if history.correct_digits[-5_000:].min() == 8:
            return dict(params=params)


def _sums(rng: np.random.Generator) -> dict[str, object]:
    """Other sums, of another length."""
    n_bits = int(rng.integers(3, 9))
    x, y = data.sample_sums(int(rng.integers(5, 50)), rng, n_bits, high=2 ** (n_bits - 1))
    return dict(x=x, y=y)


OWN: Mapping[str, Callable[[np.random.Generator], dict[str, object]]] = {
    "smallest_break(params)": _trained,
    "right_with_one_step_of_memory(x, y)": _sums,
}
ONCE = {"smallest_break", "smallest_size", "share_proved"}  # each call trains networks: one case is enough


def cases(function: Callable, names: Sequence[str], seed: int, seen: Sequence[tuple] = ()) -> list[dict[str, object]]:
    """Some problems, by name, that hold at least `names`.

    seen    the visible problems; where names or kinds are not those of the course, they are drawn again in their sizes
    raises  LookupError if a name is not known, and no problem was seen
    """
    own, problems = OWN.get(f"{function.__name__}{inspect.signature(function)}", draw), []
    for number in range(1 if function.__name__ in ONCE else 5):
        rng = np.random.default_rng([seed, number])
        problem, shown = own(rng), seen[number % len(seen)] if seen else ()
        unknown = [name for name in names if name not in problem]
        if unknown and not seen:
            raise LookupError(f"arguments are drawn by name, got {unknown[0]} in {function.__name__}: see problems.py")
        if unknown or not all(_alike(problem[name], one) for name, one in zip(names, shown)):
            problem = dict(zip(names, (again(one, rng) for one in shown)))
        problems.append(problem)
    return problems


def again(value: object, rng: np.random.Generator) -> object:
    """Other numbers in the same sizes; what is no array stays what it is."""
    if isinstance(value, tuple):
        parts = [again(part, rng) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, np.ndarray) and value.ndim:
        return rng.permuted(value) if value.dtype.kind != "f" else value * rng.uniform(0.5, 1.5, value.shape)
    return value


def _alike(drawn: object, seen: object) -> bool:
    if isinstance(seen, tuple):
        return type(drawn) is type(seen)
    return isinstance(drawn, str) == isinstance(seen, str) and np.ndim(drawn) == np.ndim(seen)


def parameters(yours: Callable, function: Callable, reference: Callable, how_many: int) -> list[str]:
    """The names of the arguments that a check gives, from the first function that takes so many and names them."""
    for one in (yours, function, reference):
        kinds = inspect.signature(one).parameters.values()
        needed = [kind for kind in kinds if kind.default is kind.empty]
        if len(needed) <= how_many <= len(kinds) and not any(kind.kind is kind.VAR_POSITIONAL for kind in kinds):
            return [kind.name for kind in kinds][:how_many]
    return [f"argument {number}" for number in range(how_many)]
