"""Solutions of notebook 03."""

import numpy as np

# %% 03.a
multiplied = "b"


# %% 03.b
averaged = "c"  # summed over the steps, averaged over the additions


# %% 03.1
def gradient_of_o(y_hat, y):
    return y_hat - y


# %% 03.2
def gradient_of_V(dL_do, h):
    total = np.zeros((dL_do.shape[1], h.shape[1]))
    for t in range(len(h)):
        total += np.outer(dL_do[t], h[t])
    return total


# %% 03.c
readers = 2  # the output of step 3, and the state of step 4


# %% 03.3
def walk_back(V, W, dL_do, h):
    slope = 1 - h**2
    dL_dh = np.zeros_like(h)
    for t in reversed(range(len(h))):
        dL_dh[t] = V.T @ dL_do[t]
        if t + 1 < len(h):
            dL_dh[t] += W.T @ (slope[t + 1] * dL_dh[t + 1])
    return dL_dh


# %% 03.d
made_of = "b"  # five products, one for each unit of the next state


# %% 03.4
def gradient_of_W(dL_da, h):
    total = np.zeros((h.shape[1], h.shape[1]))
    for t in range(1, len(h)):  # the first step has no state before it
        total += np.outer(dL_da[t], h[t - 1])
    return total


# %% 03.e
why_sums = "a"


# %% 03.5
def input_grads(params, dL_da):
    return dL_da @ params.U  # x enters a through U x, so the gradient comes back through Uᵀ


# %% 03.6
def truncated_state_grads(params, trace, dL_do, k):
    dh_da = 1 - trace.h**2
    travelling = dL_do @ params.V  # at index t: the error that has arrived there, so far from step t itself
    dL_dh = travelling.copy()
    for _ in range(k):  # one step further back; what was at index t + 1 arrives at index t
        travelling = (travelling[1:] * dh_da[1 : len(travelling)]) @ params.W
        dL_dh[: len(travelling)] += travelling
    return dL_dh
