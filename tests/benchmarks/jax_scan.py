"""The same training in JAX: the whole run is one jitted `lax.scan` over steps, and the time steps are unrolled."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from bptt_lab.model import Params

jax.config.update("jax_enable_x64", True)


def loss_and_logits(params, x, y):
    """x is (T, n_x), y is (T, n_y): one sum. Python's loop over t leaves T copies of the step for XLA to fuse."""
    h, logits = jnp.zeros(len(params.b)), []
    for x_t in x:
        h = jnp.tanh(params.b + params.W @ h + params.U @ x_t)
        logits.append(params.c + params.V @ h)
    o = jnp.stack(logits)
    return jnp.sum(y * jax.nn.softplus(-o) + (1 - y) * jax.nn.softplus(o)), o


def gradients_of_one(params: Params, x, y) -> Params:
    return jax.grad(loss_and_logits, has_aux=True)(params, x, y)[0]


@partial(jax.jit, static_argnames="learning_rate")
def _sgd(params, x, y, learning_rate):
    def step(params, one):
        grads, o = jax.grad(loss_and_logits, has_aux=True)(params, *one)
        return jax.tree.map(lambda theta, grad: theta - learning_rate * grad, params, grads), o

    return jax.lax.scan(step, params, (x, y))


def sgd(params: Params, x, y, learning_rate: float):
    """What `training.sgd` computes with batch_size 1; the scan runs over the sums, so they come first."""
    params, o = _sgd(params, x.swapaxes(0, 1).astype(float), y.swapaxes(0, 1).astype(float), learning_rate)
    return Params(*map(np.asarray, params)), np.asarray(o).swapaxes(0, 1)


def forget_compiled() -> None:
    _sgd.clear_cache()
