"""Solutions of notebook 12."""

import numpy as np

from bptt_lab.gated import lstm

# %% 12.a
left_of_it = 0.6**10

# %% 12.b
needs_the_loop = "b"  # ∂L/∂h^(t) needs ∂L/∂h^(t+1)

# %% 12.c
readers = "b"  # h^(t), by the output gate, and s^(t+1), by the forget gate


# %% 12.1
def my_backward(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    dL_dh, dL_ds, dL_da = dL_do @ params.V, np.zeros_like(trace.s), np.zeros((*y.shape[:2], len(params.b)))
    for t in reversed(range(len(y))):
        i, f, g, q, tanh_s = trace.i[t], trace.f[t], trace.g[t], trace.q[t], np.tanh(trace.s[t])
        dL_ds[t] += q * (1 - tanh_s**2) * dL_dh[t]
        by_cell = [g * i * (1 - i), trace.s_prev[t] * f * (1 - f), i * (1 - g**2)]
        dL_da[t] = np.hstack([*(dL_ds[t] * part for part in by_cell), dL_dh[t] * tanh_s * q * (1 - q)])
        if t > 0:
            dL_ds[t - 1] += f * dL_ds[t]
            dL_dh[t - 1] += dL_da[t] @ params.W

    def summed(left, right):
        return np.tensordot(left, right, axes=((0, 1), (0, 1)))

    U, W, V = summed(dL_da, trace.x), summed(dL_da, trace.h_prev), summed(dL_do, trace.h)
    return lstm.Params(U, W, V, dL_da.sum(axis=(0, 1)), dL_do.sum(axis=(0, 1)))


# %% 12.d
f = 0.5 ** (1 / 8)  # its power of 8 is 1/2
bias_for_8 = np.log(f / (1 - f))

# %% 12.e
ways = 4  # kept by z; in the candidate; by way of r; by way of z
