"""The equations line by line: one sum at a time, column vectors, diagonal matrices. The baseline of the benchmarks."""

import numpy as np

from bptt_lab.model import Params


def gradients(params: Params, x, y) -> tuple[Params, float, int, np.ndarray]:
    """Eqs. (1) to (11) for one sum, its loss, right bits and logits; x is (T, n_x), y is (T, n_y)."""
    U, W, V, b, c = params.U, params.W, params.V, params.b[:, None], params.c[:, None]
    T = len(x)
    loss, right = 0.0, 0
    h = [np.zeros_like(b)]  # h[t] is h^(t), a column; h[0] is the state before the first step
    y_hat, o = [None], []
    for t in range(1, T + 1):
        a_t = b + W @ h[t - 1] + U @ x[t - 1][:, None]
        h.append(np.tanh(a_t))
        o_t = c + V @ h[t]
        o.append(o_t[:, 0])
        y_hat.append(1 / (1 + np.exp(-o_t)))
        y_t = y[t - 1][:, None]
        loss += np.sum(-y_t * np.log(y_hat[t]) - (1 - y_t) * np.log(1 - y_hat[t]))
        right += np.sum(np.round(y_hat[t]) == y_t)

    dL_do, dL_dh, H = [None] * (T + 1), [None] * (T + 1), [None] * (T + 1)
    for t in range(T, 0, -1):
        y_t = y[t - 1][:, None]
        dL_dy_hat = (y_hat[t] - y_t) / (y_hat[t] - y_hat[t] ** 2)
        dL_do[t] = dL_dy_hat * y_hat[t] * (1 - y_hat[t])
        H[t] = np.diag(1 - h[t][:, 0] ** 2)
        dL_dh[t] = V.T @ dL_do[t]
        if t < T:
            dL_dh[t] = dL_dh[t] + W.T @ H[t + 1] @ dL_dh[t + 1]

    steps = range(1, T + 1)
    grads = Params(
        U=sum(H[t] @ dL_dh[t] @ x[t - 1][None, :] for t in steps),
        W=sum(H[t] @ dL_dh[t] @ h[t - 1].T for t in steps),
        V=sum(dL_do[t] @ h[t].T for t in steps),
        b=sum(H[t] @ dL_dh[t] for t in steps)[:, 0],
        c=sum(dL_do[t] for t in steps)[:, 0],
    )
    return grads, loss, right, np.array(o)


def sgd(params: Params, x, y, learning_rate: float):
    """The report's training loop, one sum a step; what `training.sgd` computes with batch_size 1."""
    o = np.empty_like(y)
    for k in range(x.shape[1]):
        grads, _, _, o[:, k] = gradients(params, x[:, k], y[:, k])
        params = Params(*(theta - learning_rate * dL_dtheta for theta, dL_dtheta in zip(params, grads)))
    return params, o
