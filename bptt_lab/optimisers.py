"""What is done with a gradient: SGD, momentum, Adam. Each is `start(params)` and `step(theta, grads, memory, rate)`.

θ and its gradient are all parameters in one row, (N,), as `flatten` gives them. The memory is what a step hands to the
next, (rows, N). `update` is the same as `step`, compiled: it changes its arrays in place.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from bptt_lab.machine import in_place
from bptt_lab.model import Array


class Optimiser(Protocol):
    """What `train` asks of an optimiser: a dataclass of numbers, with these members."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    update: ClassVar[Callable]

    def start(self, params: tuple) -> Array: ...

    def step(self, theta: Array, grads: Array, memory: Array, learning_rate: float) -> tuple[Array, Array]: ...


def flatten(params: tuple) -> Array:
    """All parameters in one row, (N,)."""
    return np.concatenate([array.ravel() for array in params])


def unflatten(theta: Array, like: Any) -> Any:
    """θ in the shapes and the type of `like`."""
    ends = np.cumsum([array.size for array in like])
    return type(like)(*(theta[end - p.size : end].reshape(p.shape) for end, p in zip(ends, like)))


@in_place
def _sgd(theta, grads, memory, learning_rate, numbers):
    for i in range(len(theta)):
        theta[i] -= learning_rate * grads[i]


@dataclass(frozen=True)
class SGD:
    """θ ← θ - η g."""

    update: ClassVar[Callable] = staticmethod(_sgd)

    def start(self, params: tuple) -> Array:
        """Nothing is remembered, (0, N)."""
        return np.zeros((0, flatten(params).size))

    def step(self, theta: Array, grads: Array, memory: Array, learning_rate: float) -> tuple[Array, Array]:
        return theta - learning_rate * grads, memory


@in_place
def _momentum(theta, grads, memory, learning_rate, numbers):
    (beta,) = numbers
    for i in range(len(theta)):
        memory[0, i] = beta * memory[0, i] + grads[i]
        theta[i] -= learning_rate * memory[0, i]


@dataclass(frozen=True)
class Momentum:
    """v ← β v + g, θ ← θ - η v: a ball that rolls, and keeps the share β of its speed.

    Polyak, "Some methods of speeding up the convergence of iteration methods" (1964), as PyTorch has it.
    """

    beta: float = 0.9
    update: ClassVar[Callable] = staticmethod(_momentum)

    def start(self, params: tuple) -> Array:
        """v = 0, (1, N)."""
        return np.zeros((1, flatten(params).size))

    def step(self, theta: Array, grads: Array, memory: Array, learning_rate: float) -> tuple[Array, Array]:
        v = self.beta * memory[0] + grads
        return theta - learning_rate * v, v[None]


@in_place
def _adam(theta, grads, memory, learning_rate, numbers):
    beta_1, beta_2, tiny, max_norm = numbers
    square = 0.0
    for i in range(len(theta)):
        square += grads[i] * grads[i]
    shorter = min(1.0, max_norm / (math.sqrt(square) + 1e-30))
    for i in range(len(theta)):
        grad = shorter * grads[i]
        memory[0, i] += (1 - beta_1) * (grad - memory[0, i])
        memory[1, i] += (1 - beta_2) * (grad * grad - memory[1, i])
        memory[2, i] *= beta_1
        memory[3, i] *= beta_2
        mean, spread = memory[0, i] / (1 - memory[2, i]), math.sqrt(memory[1, i] / (1 - memory[3, i]))
        theta[i] -= learning_rate * mean / (spread + tiny)


@dataclass(frozen=True)
class Adam:
    """θ ← θ - η mean / √(mean of squares), both means running, of a gradient that is first shortened to `max_norm`.

    Kingma and Ba, "Adam: a method for stochastic optimization" (2015), with the numbers that it advises.
    """

    beta_1: float = 0.9
    beta_2: float = 0.999
    tiny: float = 1e-8
    max_norm: float = 1.0
    update: ClassVar[Callable] = staticmethod(_adam)

    def start(self, params: tuple) -> Array:
        """Means of g and of g², 0; then β₁ and β₂ to the power of the steps so far, 1; (4, N)."""
        return np.repeat([[0.0], [0.0], [1.0], [1.0]], flatten(params).size, axis=1)

    def step(self, theta: Array, grads: Array, memory: Array, learning_rate: float) -> tuple[Array, Array]:
        grads = grads * min(1.0, self.max_norm / (np.sqrt(np.sum(grads**2)) + 1e-30))
        mean = memory[0] + (1 - self.beta_1) * (grads - memory[0])
        square = memory[1] + (1 - self.beta_2) * (grads**2 - memory[1])
        power_1, power_2 = self.beta_1 * memory[2], self.beta_2 * memory[3]  # both means began at 0: that is undone
        theta = theta - learning_rate * mean / (1 - power_1) / (np.sqrt(square / (1 - power_2)) + self.tiny)
        return theta, np.stack([mean, square, power_1, power_2])
