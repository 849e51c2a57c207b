"""The same gradient by forward mode in JAX: `jax.jacfwd` of the loss, the time loop a `lax.scan`, compiled once."""

import jax
import jax.numpy as jnp
import numpy as np

from bptt_lab.model import Params

jax.config.update("jax_enable_x64", True)


def loss(params, x, y):
    """x is (T, B, n_x), y is (T, B, n_y)."""

    def step(h, x_t):
        h = jnp.tanh(h @ params.W.T + x_t @ params.U.T + params.b)
        return h, h @ params.V.T + params.c

    _, o = jax.lax.scan(step, jnp.zeros((x.shape[1], len(params.b))), x)
    return jnp.sum(y * jax.nn.softplus(-o) + (1 - y) * jax.nn.softplus(o)) / x.shape[1]


_jacfwd = jax.jit(jax.jacfwd(loss))


def rtrl(params: Params, x, y) -> Params:
    """What `through_time.rtrl` computes; the first call for each shape compiles."""
    return Params(*map(np.asarray, _jacfwd(params, x, y)))
