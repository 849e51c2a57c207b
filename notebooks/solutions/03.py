"""Solutions of notebook 03."""

import numpy as np


# %% 03.1
def my_state_grads(params, trace, dL_do):
    dL_dh = np.zeros_like(trace.h)
    later = np.zeros_like(trace.h[0])  # what arrives from the next state; nothing at the last step
    for t in reversed(range(len(dL_do))):
        dL_dh[t] = dL_do[t] @ params.V + later
        later = (dL_dh[t] * (1 - trace.h[t] ** 2)) @ params.W
    return dL_dh


# %% 03.2
def input_grads(params, dL_da):
    return dL_da @ params.U  # x enters a through U x, so the gradient comes back through Uᵀ


# %% 03.3
def truncated_state_grads(params, trace, dL_do, k):
    dh_da = 1 - trace.h**2
    travelling = dL_do @ params.V  # at index t: the error that has arrived there, so far from step t itself
    dL_dh = travelling.copy()
    for _ in range(k):  # one step further back; what was at index t + 1 arrives at index t
        travelling = (travelling[1:] * dh_da[1 : len(travelling)]) @ params.W
        dL_dh[: len(travelling)] += travelling
    return dL_dh
