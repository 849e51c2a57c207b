"""Learning along a stream that need not end: a step of SGD after each time step, and the state is never reset."""

import numpy as np

from bptt_lab import training, validate
from bptt_lab.model import Array, Params
from bptt_lab.through_time.influence import as_params, grads_of_step, start, step
from bptt_lab.through_time.norms import clip


def learn_online(
    params: Params, x: Array, y: Array, *, learning_rate: float, max_norm: float = 1.0
) -> tuple[Params, Array]:
    """θ ← θ - learning_rate · ∂L^(t)/∂θ for t = 1 … T, each gradient by RTRL and clipped to `max_norm`.

    Parameters
    ----------
    x, y : (T, B, n_x) and (T, B, n_y)
        B streams that share the parameters

    Returns
    -------
    the parameters after T steps, and the logits (T, B, n_y) that each step saw before it learned from them

    References
    ----------
    Williams and Zipser (1989). The influence comes from parameters of earlier steps, so this is the gradient only in
    the limit of a small learning rate, as they say
    """
    validate.fitting(params, x, y)
    learning_rate, max_norm = validate.positive("learning_rate", learning_rate), validate.positive("max_norm", max_norm)
    h, influence = start(params, x.shape[1])
    o = np.empty(y.shape)
    for t, (x_t, y_t) in enumerate(zip(x, y)):
        h, influence = step(params, h, influence, x_t)
        o[t] = h @ params.V.T + params.c
        grads = as_params(*grads_of_step(params, h, influence, y_t))
        params = training.sgd_step(params, clip(grads, max_norm), learning_rate)
    return params, o
