"""Solutions of notebook 08."""

import numpy as np

from bptt_lab.model import Params


def rows(array):
    return array.reshape(-1, array.shape[-1])


def collect(trace, dL_do, dL_da):
    do, da = rows(dL_do), rows(dL_da)
    dU, dW, dV = da.T @ rows(trace.x), da.T @ rows(trace.h_prev), do.T @ rows(trace.h)
    return Params(dU, dW, dV, b=da.sum(axis=0), c=do.sum(axis=0))


# %% 08.a
hidden_by_one = "b"  # dividing by B = 1 changes nothing


# %% 08.b
wrong_steps = 6  # a loss at step 1 has no earlier state to go back to


# %% 08.1
def cured_1(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    slope = 1 - trace.h**2
    dL_dh = dL_do @ params.V
    for t in reversed(range(len(y) - 1)):
        dL_dh[t] += (dL_dh[t + 1] * slope[t + 1]) @ params.W
    return collect(trace, dL_do, dL_dh * slope)


# %% 08.c
shown_right = "a"  # U and b are made from it too, and are right


# %% 08.2
def cured_2(params, trace, y):
    dU, dW, dV, db, dc = (np.zeros_like(p) for p in params)
    later = np.zeros_like(trace.h[0])
    for t in reversed(range(len(y))):
        do = (trace.y_hat[t] - y[t]) / len(y[t])
        da = (do @ params.V + later) * (1 - trace.h[t] ** 2)
        dU += da.T @ trace.x[t]
        dW += da.T @ trace.h_prev[t]
        dV += do.T @ trace.h[t]
        db += da.sum(axis=0)
        dc += do.sum(axis=0)
        later = da @ params.W
    return Params(dU, dW, dV, db, dc)


# %% 08.3
def cured_3(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    dL_da, later = np.zeros_like(trace.h), 0
    for t in reversed(range(len(y))):
        dL_da[t] = (dL_do[t] @ params.V + later) * (1 - trace.h[t] ** 2)
        later = dL_da[t] @ params.W
    dU, dW, dV, db, dc = (np.zeros_like(p) for p in params)
    for t in range(len(y)):
        dU += dL_da[t].T @ trace.x[t]
        dW += dL_da[t].T @ trace.h_prev[t]
        dV += dL_do[t].T @ trace.h[t]
        db += dL_da[t].sum(axis=0)
        dc += dL_do[t].sum(axis=0)
    return Params(dU, dW, dV, db, dc)


# %% 08.4
def cured_4(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    dL_da, later = np.zeros_like(trace.h), 0
    for t in reversed(range(len(y))):
        dL_da[t] = (dL_do[t] @ params.V + later) * (1 - trace.h[t] ** 2)
        later = dL_da[t] @ params.W
    return collect(trace, dL_do, dL_da)


# %% 08.5
def cured_5(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    dL_da = np.zeros_like(trace.h)
    later = 0
    for t in reversed(range(len(y))):
        dL_da[t] = (dL_do[t] @ params.V + later) * (1 - trace.h[t] ** 2)
        later = dL_da[t] @ params.W
    return collect(trace, dL_do, dL_da)


# %% 08.6
def cured_6(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    slope = 1 - trace.h**2
    dL_dh = dL_do @ params.V
    for t in reversed(range(len(y) - 1)):
        dL_dh[t] += (dL_dh[t + 1] * slope[t + 1]) @ params.W
    return collect(trace, dL_do, dL_dh * slope)


# %% 08.7
def cured_7(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    slope = 1 - trace.h**2
    dL_dh = [dL_do[-1] @ params.V]
    for t in reversed(range(len(y) - 1)):
        from_later = (dL_dh[0] * slope[t + 1]) @ params.W
        dL_dh.insert(0, dL_do[t] @ params.V + from_later)
    return collect(trace, dL_do, np.array(dL_dh) * slope)


# %% 08.8
def cured_8(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    dL_da, later = np.zeros_like(trace.h), 0
    for t in reversed(range(len(y))):
        dL_da[t] = (dL_do[t] @ params.V + later) * (1 - trace.h[t] ** 2)
        later = dL_da[t] @ params.W
    dU, dW = np.zeros_like(params.U), np.zeros_like(params.W)
    for t in range(len(y)):
        dU += dL_da[t].T @ trace.x[t]
        dW += dL_da[t].T @ trace.h_prev[t]
    return collect(trace, dL_do, dL_da)._replace(U=dU, W=dW)


# %% 08.9
def cured_9(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    slope = 1 - trace.h**2
    dL_dh = dL_do @ params.V
    for t in reversed(range(len(y) - 1)):
        dL_dh[t] += (dL_dh[t + 1] * slope[t + 1]) @ params.W
    return collect(trace, dL_do, dL_dh * slope)


# %% 08.10
def cured_10(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    slope = 1 - trace.h**2
    dL_dh = dL_do @ params.V
    for t in reversed(range(len(y) - 1)):
        dL_dh[t] += (dL_dh[t + 1] * slope[t + 1]) @ params.W
    return collect(trace, dL_do, dL_dh * slope)
