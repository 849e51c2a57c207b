"""Solutions of notebook 10."""

import numpy as np

from bptt_lab import bptt, model

# %% 10.a
on_the_way = "b"  # the tanh of step t + 1, and then W

# %% 10.b
kept = 1  # the carry

# %% 10.c
jacobian = "b"  # W acts first, so it stands on the right


# %% 10.1
def my_clip(grads, max_norm):
    norm = np.sqrt(sum(np.sum(array**2) for array in grads))
    return model.Params(*(array * min(1, max_norm / norm) for array in grads))


# %% 10.2
def my_truncated_backward(params, trace, y, window):
    dL_do = bptt.output_grads(trace, y)
    dh_da = 1 - trace.h**2
    dL_dh = np.zeros_like(trace.h)
    for s in range(len(trace.h)):  # the error of step s, back through `window` states at most
        g = dL_do[s] @ params.V
        for t in range(s, max(s - window, -1), -1):
            dL_dh[t] += g
            g = (g * dh_da[t]) @ params.W
    return bptt.param_grads(trace, dL_do, dL_dh)


# %% 10.d
window = 3  # the state that read the bit, one more, and the one that must say it
