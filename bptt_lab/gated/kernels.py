"""The training loop compiled, for all three cells: the same bits on every machine, because sums run in a fixed order.

Two products and one pair of loops for each cell are all there is. Weights are held for each gate alone, transposed:
U is (G, n_x, n_h), W is (G, n_h, n_h), with G = 1 for the plain cell, 3 for the GRU (r, z, g), 4 for the LSTM
(i, f, g, q), so that inner loops run over the hidden units, side by side in memory.
"""

import math

import numpy as np

from bptt_lab.engine import compiled, exp, log1p, numba, sigmoid, tanh

PLAIN, GRU, LSTM = 1, 3, 4  # the number of blocks names the cell
BETA_1, BETA_2, TINY = 0.9, 0.999, 1e-8  # Adam's, as its paper advises


@compiled
def train(G, theta, sizes, adam, x, y, weight, softmax, states, carry, learning_rates, max_norm):
    """A step of Adam for each batch: changes `theta`, `adam` and `states`, and returns the loss of each batch.

    theta           (N,), the parameters as from `flatten`; sizes is (n_x, n_h, n_y)
    adam            (3, N): both moments, and the number of steps in [2, 0]
    x, y            (n, T, B, n_x) and (n, T, B, n_y)
    weight          (T,), how much the loss of each step counts
    states          (2, B, n_h), h^(0) and s^(0); after the run the last ones if `carry`
    learning_rates  (n,)
    """
    n, T, B, _ = x.shape
    n_x, n_h, n_y = sizes
    grads, losses = np.zeros(len(theta)), np.empty(n)
    h, s = np.zeros((T + 1, B, n_h)), np.zeros((T + 1, B, n_h))
    a, o, dL_do = np.empty((T, G, B, n_h)), np.empty((T, B, n_y)), np.empty((T, B, n_y))
    shown = np.empty((T, B, n_h))  # tanh(s) for the LSTM, r·h^(t-1) for the GRU
    for step in range(n):
        h[0], s[0] = states[0], states[1]
        U, W, V, b, c = fields(G, theta, sizes)
        forward(G, U, W, V, b, c, x[step], h, s, a, shown, o)
        losses[step] = output_grads(o, y[step], weight, softmax, dL_do)
        backward(G, W, V, x[step], h, s, a, shown, dL_do, fields(G, grads, sizes))
        adam_step(theta, grads, adam, learning_rates[step], max_norm)
        if carry:
            states[0], states[1] = h[T], s[T]
    return losses


@compiled
def fields(G, theta, sizes):
    """Views of one flat array: U, W, V, b, c."""
    n_x, n_h, n_y = sizes
    U, W, V, b = G * n_x * n_h, G * n_h * n_h, n_y * n_h, G * n_h
    return (
        theta[:U].reshape(G, n_x, n_h),
        theta[U : U + W].reshape(G, n_h, n_h),
        theta[U + W : U + W + V].reshape(n_y, n_h),
        theta[U + W + V : U + W + V + b].reshape(G, n_h),
        theta[U + W + V + b :],
    )


@compiled
def forward(G, U, W, V, b, c, x, h, s, a, shown, o):
    """Fills h[1:], s[1:], o, and `a` with the gates after their nonlinearities."""
    T, B, n_y = o.shape
    n_h = len(b[0])
    V_T = V.T.copy()
    for t in range(T):
        for g in range(G):
            for k in range(B):
                a[t, g, k] = b[g]
            add_sparse(a[t, g], x[t], U[g])
            if not (G == GRU and g == 2):
                add_product(a[t, g], h[t], W[g])
        if G == PLAIN:
            for k in range(B):
                for j in range(n_h):
                    h[t + 1, k, j] = a[t, 0, k, j] = tanh(a[t, 0, k, j])
        elif G == GRU:
            for k in range(B):
                for j in range(n_h):
                    a[t, 0, k, j] = sigmoid(a[t, 0, k, j])
                    shown[t, k, j] = a[t, 0, k, j] * h[t, k, j]
            add_product(a[t, 2], shown[t], W[2])
            for k in range(B):
                for j in range(n_h):
                    a[t, 1, k, j] = z = sigmoid(a[t, 1, k, j])
                    a[t, 2, k, j] = g_t = tanh(a[t, 2, k, j])
                    h[t + 1, k, j] = z * h[t, k, j] + (1 - z) * g_t
        else:
            for k in range(B):
                for j in range(n_h):
                    a[t, 0, k, j] = i = sigmoid(a[t, 0, k, j])
                    a[t, 1, k, j] = f = sigmoid(a[t, 1, k, j])
                    a[t, 2, k, j] = g_t = tanh(a[t, 2, k, j])
                    a[t, 3, k, j] = q = sigmoid(a[t, 3, k, j])
                    s[t + 1, k, j] = s_t = f * s[t, k, j] + i * g_t
                    shown[t, k, j] = tanh_s = tanh(s_t)
                    h[t + 1, k, j] = q * tanh_s
        for k in range(B):
            o[t, k] = c
        add_product(o[t], h[t + 1], V_T)


@compiled
def backward(G, W, V, x, h, s, a, shown, dL_do, grads):
    """Adds ∂L/∂U … ∂L/∂c to `grads`. The walk back of `state_grads`, and the sums of `param_grads` on the way."""
    T, B, n_y = dL_do.shape
    n_h = V.shape[1]
    W_back = np.empty((G, n_h, n_h))
    for g in range(G):
        W_back[g] = W[g].T
    dU, dW, dV, db, dc = grads
    dL_dh, dL_ds = np.zeros((B, n_h)), np.zeros((B, n_h))
    before, candidate, dL_da = np.zeros((B, n_h)), np.zeros((B, n_h)), np.empty((G, B, n_h))
    for t in range(T - 1, -1, -1):
        add_product(dL_dh, dL_do[t], V)
        add_outer(dV, dL_do[t], h[t + 1])
        for k in range(B):
            for m in range(n_y):
                dc[m] += dL_do[t, k, m]
        before[:] = 0.0  # becomes ∂L/∂h^(t-1), without the output of that step
        if G == PLAIN:
            for k in range(B):
                for j in range(n_h):
                    dL_da[0, k, j] = dL_dh[k, j] * (1 - h[t + 1, k, j] * h[t + 1, k, j])
        elif G == GRU:
            for k in range(B):
                for j in range(n_h):
                    grad, z, g_t = dL_dh[k, j], a[t, 1, k, j], a[t, 2, k, j]
                    dL_da[1, k, j] = grad * (h[t, k, j] - g_t) * z * (1 - z)
                    dL_da[2, k, j] = grad * (1 - z) * (1 - g_t * g_t)
                    before[k, j] = grad * z
                    candidate[k, j] = 0.0
            add_product(candidate, dL_da[2], W_back[2])
            for k in range(B):
                for j in range(n_h):
                    r = a[t, 0, k, j]
                    before[k, j] += candidate[k, j] * r
                    dL_da[0, k, j] = candidate[k, j] * h[t, k, j] * r * (1 - r)
        else:
            for k in range(B):
                for j in range(n_h):
                    i, f, g_t, q = a[t, 0, k, j], a[t, 1, k, j], a[t, 2, k, j], a[t, 3, k, j]
                    tanh_s, grad = shown[t, k, j], dL_dh[k, j]
                    cell = dL_ds[k, j] + grad * q * (1 - tanh_s * tanh_s)
                    dL_da[0, k, j] = cell * g_t * i * (1 - i)
                    dL_da[1, k, j] = cell * s[t, k, j] * f * (1 - f)
                    dL_da[2, k, j] = cell * i * (1 - g_t * g_t)
                    dL_da[3, k, j] = grad * tanh_s * q * (1 - q)
                    dL_ds[k, j] = cell * f
        for g in range(G):
            if G == GRU and g == 2:
                add_outer(dW[g], shown[t], dL_da[g])
            else:
                add_product(before, dL_da[g], W_back[g])
                add_outer(dW[g], h[t], dL_da[g])
            for k in range(B):
                for i in range(x.shape[2]):
                    if x[t, k, i] != 0:
                        for j in range(n_h):
                            dU[g, i, j] += dL_da[g, k, j] * x[t, k, i]
                for j in range(n_h):
                    db[g, j] += dL_da[g, k, j]
        dL_dh[:] = before


@compiled
def output_grads(o, y, weight, softmax, dL_do):
    """Fills ∂L/∂o^(t) = weight^(t) (ŷ^(t) - y^(t)) / B, and returns L; nothing but shown depends on the logarithm."""
    T, B, n_y = o.shape
    loss = 0.0
    for t in range(T):
        for k in range(B):
            highest, total = o[t, k].max(), 0.0
            for m in range(n_y):
                if softmax:
                    dL_do[t, k, m] = exp(o[t, k, m] - highest)
                    total += dL_do[t, k, m]
                else:
                    dL_do[t, k, m] = sigmoid(o[t, k, m])
                    loss += weight[t] / B * (max(o[t, k, m], 0.0) - y[t, k, m] * o[t, k, m])
                    loss += weight[t] / B * log1p(exp(-abs(o[t, k, m])))
            for m in range(n_y):
                if softmax:
                    dL_do[t, k, m] /= total
                    if y[t, k, m] != 0:
                        loss += weight[t] / B * y[t, k, m] * (highest - o[t, k, m] + math.log(total))
                dL_do[t, k, m] = weight[t] / B * (dL_do[t, k, m] - y[t, k, m])
    return loss


@compiled
def adam_step(theta, grads, adam, learning_rate, max_norm):
    """Kingma and Ba, "Adam" (2015), on a gradient shortened to `max_norm`; `grads` starts again from 0."""
    square = 0.0
    for i in range(len(theta)):
        square += grads[i] * grads[i]
    shorter = min(1.0, max_norm / (math.sqrt(square) + 1e-30))
    adam[2, 0] += 1
    first_sum, second_sum = 1.0, 1.0
    for _ in range(int(min(adam[2, 0], 50_000))):  # β^step by products, so that no machine's `pow` enters
        first_sum *= BETA_1
        second_sum *= BETA_2
    for i in range(len(theta)):
        grad = shorter * grads[i]
        adam[0, i] += (1 - BETA_1) * (grad - adam[0, i])
        adam[1, i] += (1 - BETA_2) * (grad * grad - adam[1, i])
        mean, spread = adam[0, i] / (1 - first_sum), math.sqrt(adam[1, i] / (1 - second_sum))
        theta[i] -= learning_rate * mean / (spread + TINY)
        grads[i] = 0.0


@compiled
def add_product(out, rows, matrix):
    """out += rows @ matrix, four rows of the matrix at a time; (B, n), (B, m), (m, n)."""
    B, m = rows.shape
    n = out.shape[1]
    for i in range(m % 4):
        for k in range(B):
            for j in range(n):
                out[k, j] += rows[k, i] * matrix[i, j]
    for i in range(m % 4, m, 4):
        M_0, M_1, M_2, M_3 = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        for k in range(B):
            r_0, r_1, r_2, r_3, out_k = rows[k, i], rows[k, i + 1], rows[k, i + 2], rows[k, i + 3], out[k]
            for j in range(n):
                out_k[j] = out_k[j] + M_0[j] * r_0 + M_1[j] * r_1 + M_2[j] * r_2 + M_3[j] * r_3


@compiled
def add_outer(out, left, right):
    """out += leftᵀ @ right, four rows at a time; (m, n), (B, m), (B, n)."""
    B, m = left.shape
    n = right.shape[1]
    for k in range(B % 4):
        for i in range(m):
            for j in range(n):
                out[i, j] += left[k, i] * right[k, j]
    for k in range(B % 4, B, 4):
        R_0, R_1, R_2, R_3 = right[k], right[k + 1], right[k + 2], right[k + 3]
        for i in range(m):
            l_0, l_1, l_2, l_3, out_i = left[k, i], left[k + 1, i], left[k + 2, i], left[k + 3, i], out[i]
            for j in range(n):
                out_i[j] = out_i[j] + R_0[j] * l_0 + R_1[j] * l_1 + R_2[j] * l_2 + R_3[j] * l_3


@compiled
def add_sparse(out, rows, matrix):
    """As `add_product`, for rows that are mostly 0: one-hot characters."""
    for k in range(len(rows)):
        for i in range(rows.shape[1]):
            if rows[k, i] != 0:
                for j in range(out.shape[1]):
                    out[k, j] += rows[k, i] * matrix[i, j]


def flatten(params, G):
    """U, W, V, b, c of a cell as one flat array; its gates' blocks transposed."""
    U, W, V, b, c = (np.asarray(array, float) for array in params)
    blocks = [np.concatenate([block.T.ravel() for block in np.split(stacked, G)]) for stacked in (U, W)]
    return np.concatenate([*blocks, V.ravel(), b, c])


def unflatten(theta, G, sizes):
    """U, W, V, b, c in the shapes that the cell has."""
    U, W, V, b, c = fields(G, theta, sizes)
    return [
        np.concatenate([block.T for block in U]),
        np.concatenate([block.T for block in W]),
        V.copy(),
        b.ravel(),
        c.copy(),
    ]


__all__ = ["GRU", "LSTM", "PLAIN", "flatten", "numba", "train", "unflatten"]
