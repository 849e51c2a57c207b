"""Optimisers: against their formulas, against PyTorch, compiled and in NumPy, in one call and in many."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import make_problem

from bptt_lab import bptt, engine, machine, model, training
from bptt_lab.optimisers import SGD, Adam, Momentum, flatten, unflatten
from bptt_lab.validate import missing

OPTIMISERS = {"sgd": SGD(), "momentum": Momentum(), "adam": Adam(), "adam, no clip": Adam(max_norm=np.inf)}
compiled_only = pytest.mark.skipif(not machine.HAS_NUMBA, reason="compares with the compiled loop")


def steps(optimiser, n=5, rate=0.1, seed=0):
    """The gradients of n steps, and θ before the first and after each."""
    rng = np.random.default_rng(seed)
    theta, grads = rng.normal(size=7), rng.normal(size=(n, 7))
    memory, thetas = optimiser.start((theta,)), [theta]
    for grad in grads:
        theta, memory = optimiser.step(theta, grad, memory, rate)
        thetas.append(theta)
    return grads, np.array(thetas)


def test_momentum_adds_up_all_gradients_so_far_the_older_the_less():
    grads, thetas = steps(Momentum(0.8))
    for n in range(1, 6):
        v = sum(0.8 ** (n - 1 - k) * grads[k] for k in range(n))
        assert np.allclose(thetas[n - 1] - thetas[n], 0.1 * v, rtol=1e-12)


def test_adam_divides_a_mean_by_the_root_of_a_mean():
    grads, thetas = steps(Adam(max_norm=np.inf))
    for n in range(1, 6):
        shares = [np.array([beta ** (n - 1 - k) for k in range(n)])[:, None] for beta in (0.9, 0.999)]
        mean, square = ((s * g).sum(axis=0) / s.sum() for s, g in zip(shares, (grads[:n], grads[:n] ** 2)))
        assert np.allclose(thetas[n - 1] - thetas[n], 0.1 * mean / (np.sqrt(square) + 1e-8), rtol=1e-9)


def test_a_long_gradient_is_shortened_and_a_short_one_is_not():
    adam, theta = Adam(max_norm=5.0), np.zeros(2)
    for grads, seen in (([30.0, 40.0], [3.0, 4.0]), ([0.3, 0.4], [0.3, 0.4])):
        _, memory = adam.step(theta, np.array(grads), adam.start((theta,)), 0.1)
        assert np.allclose(memory[0], 0.1 * np.array(seen)) and np.allclose(memory[1], 0.001 * np.array(seen) ** 2)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_as_pytorch_has_them(name):
    torch = pytest.importorskip("torch", reason=missing("PyTorch", "this is not tested", "pip install torch"))
    ours, rate = OPTIMISERS[name], 0.05
    grads, thetas = steps(ours, n=40, rate=rate, seed=3)
    theta = torch.tensor(thetas[0], requires_grad=True)
    kinds = {SGD: torch.optim.SGD, Momentum: torch.optim.SGD, Adam: torch.optim.Adam}
    numbers = {"momentum": ours.beta} if isinstance(ours, Momentum) else {}
    theirs = kinds[type(ours)]([theta], lr=rate, **numbers)
    for grad, after in zip(grads, thetas[1:]):
        theta.grad = torch.tensor(grad)
        if name == "adam":
            torch.nn.utils.clip_grad_norm_([theta], ours.max_norm)
        theirs.step()
        assert np.allclose(theta.detach().numpy(), after, rtol=1e-5 if name == "adam" else 1e-10)  # its clip adds 1e-6


def test_flatten_and_back():
    params = model.init_params(3, np.random.default_rng(0))
    assert all((a == b).all() for a, b in zip(params, unflatten(flatten(params), params)))


@compiled_only
@settings(deadline=None, max_examples=30)
@given(
    name=st.sampled_from(list(OPTIMISERS)),
    seed=st.integers(0, 2**32),
    sizes=st.tuples(*[st.integers(1, 6)] * 5),
)
def test_the_compiled_twin_does_the_same(name, seed, sizes):
    T, B, n_x, n_h, n_y = sizes
    params, x, y = make_problem(np.random.default_rng(seed), T=T, B=6 * B, n_x=n_x, n_h=n_h, n_y=n_y)
    params, runs = model.Params(*(0.3 * p for p in params)), []
    for sgd in (training.sgd, engine.sgd):
        memory = OPTIMISERS[name].start(params)
        trained, o = sgd(params, x, y, 0.02, B, optimiser=OPTIMISERS[name], memory=memory)
        runs.append((*trained, o, memory))
    assert all(np.allclose(a, b, rtol=1e-7, atol=1e-9) for a, b in zip(*runs))


@pytest.mark.parametrize("by", ["numpy", "auto"])
@pytest.mark.parametrize("name", OPTIMISERS)
def test_what_is_remembered_survives_from_piece_to_piece(name, by):
    def run(engine):
        rng = np.random.default_rng(5)
        start = model.init_params(4, rng)
        settings = {"n_steps": 60, "batch_size": 2, "learning_rate": 0.05, "engine": engine}
        trained, history = training.train(start, rng=rng, optimiser=OPTIMISERS[name], **settings)
        return (*trained, *history)

    pieces = training.pick_engine(by, 4, 2)._replace(piece_bits=7 * 2 * 8)
    assert all((a == b).all() for a, b in zip(run(by), run(pieces)))


def test_plain_sgd_is_the_default_and_the_others_are_not_it():
    def run(**settings):
        rng = np.random.default_rng(5)
        return training.train(model.init_params(4, rng), rng=rng, n_steps=30, engine="numpy", **settings)[0]

    plain = run()
    assert all((a == b).all() for a, b in zip(plain, run(optimiser=SGD())))
    for other in (Momentum(), Adam()):
        assert np.abs(plain.W - run(optimiser=other).W).max() > 1e-3


def test_a_gradient_as_training_takes_it(problem):
    params, x, y = problem
    moved, _ = training.sgd(params, x, y, 1.0, x.shape[1], optimiser=Momentum())
    grads = bptt.backward(params, model.forward(params, x), y)
    assert all(np.allclose(p - q, g) for p, q, g in zip(params, moved, grads))
