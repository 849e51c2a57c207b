"""Solutions of notebook 07."""

import numpy as np

from bptt_lab.model import Params

# %% 07.a
alone = "c"  # o^(t) = c + V h^(t): c is added with no factor

# %% 07.b
shown = "c"  # wrong gradients trained such networks too, and not only right ones times a factor

# %% 07.c
part = "b"  # V and c show that the output gradients are right; three sums do not break at once


# %% 07.1
def my_output_grads(trace, y):
    return trace.y_hat - y  # a batch of one: nothing to divide by


# %% 07.2
def my_state_grads(params, trace, dL_do):
    dL_dh = np.zeros_like(trace.h)
    later = 0  # what arrives from the next state; nothing at the last step
    for t in reversed(range(len(dL_do))):
        dL_dh[t, 0] = params.V.T @ dL_do[t, 0] + later
        later = params.W.T @ ((1 - trace.h[t, 0] ** 2) * dL_dh[t, 0])
    return dL_dh


# %% 07.3
def my_param_grads(trace, dL_do, dL_dh):
    do, da = dL_do[:, 0], ((1 - trace.h**2) * dL_dh)[:, 0]  # (T, 1) and (T, n_h)
    return Params(
        U=sum(np.outer(da_t, x_t) for da_t, x_t in zip(da, trace.x[:, 0])),
        W=sum(np.outer(da_t, h_prev_t) for da_t, h_prev_t in zip(da, trace.h_prev[:, 0])),
        V=sum(np.outer(do_t, h_t) for do_t, h_t in zip(do, trace.h[:, 0])),
        b=da.sum(axis=0),
        c=do.sum(axis=0),
    )


# %% 07.4
def my_backward(params, trace, y):
    dL_do = my_output_grads(trace, y)
    dL_dh = my_state_grads(params, trace, dL_do)
    return my_param_grads(trace, dL_do, dL_dh)


# %% 07.d
how_often = 1  # in the output gradients; everything after them is linear in them


# %% 07.5
def my_batch_backward(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]  # (T, B, 1); the average enters here, and nowhere else
    dL_da = dL_do * params.V  # (T, B, n_h); V is one row, and stretches over the batch
    for t in reversed(range(len(y))):
        if t + 1 < len(y):
            dL_da[t] += dL_da[t + 1] @ params.W
        dL_da[t] *= 1 - trace.h[t] ** 2
    return Params(
        U=sum(da.T @ x_t for da, x_t in zip(dL_da, trace.x)),
        W=sum(da.T @ h_prev for da, h_prev in zip(dL_da, trace.h_prev)),
        V=sum(do.T @ h for do, h in zip(dL_do, trace.h)),
        b=dL_da.sum(axis=(0, 1)),
        c=dL_do.sum(axis=(0, 1)),
    )


# %% 07.6
def my_general_backward(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]  # (T, B, n_y)
    dh_da = 1 - trace.h**2  # (T, B, n_h)
    dL_dh = dL_do @ params.V
    for t in reversed(range(len(y) - 1)):
        dL_dh[t] += (dL_dh[t + 1] * dh_da[t + 1]) @ params.W
    do, da, x, h_prev, h = (
        array.reshape(-1, array.shape[-1]) for array in (dL_do, dL_dh * dh_da, trace.x, trace.h_prev, trace.h)
    )
    return Params(da.T @ x, da.T @ h_prev, do.T @ h, da.sum(axis=0), do.sum(axis=0))
