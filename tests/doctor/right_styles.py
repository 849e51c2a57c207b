"""The right gradient in the styles in which people write it; no two alike, and none made with the course's own."""

import numpy as np

from bptt_lab import model
from bptt_lab.model import Params


def loops_over_everything(params, trace, y):
    T, B, n_y = y.shape
    n_h, n_x = params.U.shape
    dU, dW, dV, db, dc = (np.zeros(p.shape) for p in params)
    for s in range(B):
        after = [0.0] * n_h  # H^(t+1) dL/dh^(t+1)
        for t in range(T - 1, -1, -1):
            delta = [(trace.y_hat[t, s, k] - y[t, s, k]) / B for k in range(n_y)]
            for k in range(n_y):
                dc[k] += delta[k]
                for i in range(n_h):
                    dV[k, i] += delta[k] * trace.h[t, s, i]
            dh = [
                sum(params.V[k, i] * delta[k] for k in range(n_y)) + sum(params.W[j, i] * after[j] for j in range(n_h))
                for i in range(n_h)
            ]
            after = [(1 - trace.h[t, s, i] ** 2) * dh[i] for i in range(n_h)]
            for i in range(n_h):
                db[i] += after[i]
                for j in range(n_h):
                    dW[i, j] += after[i] * trace.h_prev[t, s, j]
                for j in range(n_x):
                    dU[i, j] += after[i] * trace.x[t, s, j]
    return Params(dU, dW, dV, db, dc)


def einsum(params, trace, y):
    delta = (trace.y_hat - y) / y.shape[1]
    da = np.zeros_like(trace.h)
    carry = np.zeros_like(trace.h[0])
    for t in range(len(y))[::-1]:
        dh = np.einsum("bk,ki->bi", delta[t], params.V) + carry
        da[t] = dh * (1 - trace.h[t] ** 2)
        carry = np.einsum("bj,ji->bi", da[t], params.W)
    return (
        np.einsum("tbi,tbj->ij", da, trace.x),
        np.einsum("tbi,tbj->ij", da, trace.h_prev),
        np.einsum("tbk,tbi->ki", delta, trace.h),
        np.einsum("tbi->i", da),
        np.einsum("tbk->k", delta),
    )


def single_precision(params, trace, y):
    U, W, V, b, c = (p.astype(np.float32) for p in params)
    x, h_prev, h, y_hat = (a.astype(np.float32) for a in (trace.x, trace.h_prev, trace.h, trace.y_hat))
    delta = (y_hat - y.astype(np.float32)) / np.float32(y.shape[1])
    dU, dW, db, carry = np.zeros_like(U), np.zeros_like(W), np.zeros_like(b), np.zeros_like(h[0])
    for t in reversed(range(len(y))):
        da = (delta[t] @ V + carry) * (1 - h[t] ** 2)
        dU, dW, db, carry = dU + da.T @ x[t], dW + da.T @ h_prev[t], db + da.sum(0), da @ W
    return Params(dU, dW, sum(d.T @ s for d, s in zip(delta, h)), db, delta.sum((0, 1)))


def batch_major_inside(params, trace, y):
    x, h_prev, h = (a.transpose(1, 0, 2) for a in (trace.x, trace.h_prev, trace.h))
    delta = (trace.y_hat - y).transpose(1, 0, 2) / y.shape[1]  # (B, T, n_y)
    da = delta @ params.V
    for t in range(h.shape[1] - 1, -1, -1):
        if t + 1 < h.shape[1]:
            da[:, t] += da[:, t + 1] @ params.W
        da[:, t] *= 1 - h[:, t] ** 2
    dU, dW = (sum(d.T @ s for d, s in zip(da, source)) for source in (x, h_prev))
    return [dU, dW, sum(d.T @ s for d, s in zip(delta, h)), da.sum((0, 1)), delta.sum((0, 1))]


def column_vectors_and_diag(params, trace, y):
    T, B, _ = y.shape
    grads = {name: np.zeros(p.shape) for name, p in params._asdict().items()}
    for s in range(B):
        dL_dh = {}
        for t in range(T - 1, -1, -1):
            dL_do = ((trace.y_hat[t, s] - y[t, s]) / B)[:, None]
            dL_dh[t] = params.V.T @ dL_do
            if t < T - 1:
                dL_dh[t] = dL_dh[t] + params.W.T @ np.diag(1 - trace.h[t + 1, s] ** 2) @ dL_dh[t + 1]
        for t in range(T):
            H = np.diag(1 - trace.h[t, s] ** 2)
            dL_do = ((trace.y_hat[t, s] - y[t, s]) / B)[:, None]
            grads["c"] += dL_do[:, 0]
            grads["V"] += dL_do @ trace.h[t, s][None, :]
            grads["b"] += (H @ dL_dh[t])[:, 0]
            grads["W"] += H @ dL_dh[t] @ trace.h_prev[t, s][None, :]
            grads["U"] += H @ dL_dh[t] @ trace.x[t, s][None, :]
    return grads


def recursion(params, trace, y):
    def state_gradient(t):
        direct = (trace.y_hat[t] - y[t]) / y.shape[1] @ params.V
        if t == len(y) - 1:
            return direct
        return direct + ((1 - trace.h[t + 1] ** 2) * state_gradient(t + 1)) @ params.W

    da = [(1 - trace.h[t] ** 2) * state_gradient(t) for t in range(len(y))]
    delta = [(p - q) / len(p) for p, q in zip(trace.y_hat, y)]
    return Params(
        U=sum(d.T @ x for d, x in zip(da, trace.x)),
        W=sum(d.T @ h for d, h in zip(da, trace.h_prev)),
        V=sum(d.T @ h for d, h in zip(delta, trace.h)),
        b=sum(d.sum(0) for d in da),
        c=sum(d.sum(0) for d in delta),
    )


def state_shifted_by_hand(params, trace, y):
    h_prev = np.concatenate([np.zeros_like(trace.h[:1]), trace.h[:-1]])
    da = np.zeros((len(y) + 1, *trace.h.shape[1:]))  # one step more, so that the last needs no exception
    for t in range(len(y) - 1, -1, -1):
        da[t] = ((trace.y_hat[t] - y[t]) @ params.V + da[t + 1] @ params.W) * (1 - trace.h[t]) * (1 + trace.h[t])
    da, delta, B = da[:-1], trace.y_hat - y, y.shape[1]  # divided by the batch at the very end
    dU, dW = (np.tensordot(da, source, ((0, 1), (0, 1))) for source in (trace.x, h_prev))
    dV = np.tensordot(delta, trace.h, ((0, 1), (0, 1)))
    return tuple(g / B for g in (dU, dW, dV, da.sum((0, 1)), delta.sum((0, 1))))


class WithState:
    """A class that keeps its gradients between steps, and is called like a function."""

    def __call__(self, params, trace, y):
        self.params, self.grads = params, {name: np.zeros_like(p) for name, p in params._asdict().items()}
        self.carry = np.zeros_like(trace.h[0])
        for *step, target in reversed(list(zip(trace.x, trace.h_prev, trace.h, trace.y_hat, y))):
            self.step(*step, target)
        return self.grads

    def step(self, x, h_prev, h, y_hat, target):
        dy = -(target / y_hat - (1 - target) / (1 - y_hat)) / len(y_hat)  # eq. (3) in full, then eq. (4)
        delta = dy * y_hat * (1 - y_hat)
        da = (delta @ self.params.V + self.carry) * (1 - h**2)
        self.carry = da @ self.params.W
        for name, term in dict(U=da.T @ x, W=da.T @ h_prev, V=delta.T @ h, b=da.sum(0), c=delta.sum(0)).items():
            self.grads[name] += term


_BUFFERS = {}


def buffers_used_again(params, trace, y):
    """The arrays of the last call with parameters of these shapes are filled again."""
    buffers = _BUFFERS.setdefault(tuple(p.shape for p in params), [np.empty_like(p) for p in params])
    for buffer, grad in zip(buffers, einsum(params, trace, y)):
        buffer[...] = grad
    return buffers


def own_complex_step(params, trace, y):
    grads = []
    for place, p in enumerate(params):
        grad = np.zeros(p.shape)
        for index in np.ndindex(p.shape):
            nudged = [q.astype(complex) for q in params]
            nudged[place][index] += 1e-30j
            grad[index] = model.loss(model.forward(Params(*nudged), trace.x), y).imag / 1e-30
        grads.append(grad)
    return Params(*grads)


def forward_mode(params, trace, y):
    """Sensitivities S^(t) = dh^(t)/dθ carried forwards, real-time recurrent learning; nothing goes back in time."""
    T, B, _ = y.shape
    n_h, n_x = params.U.shape
    grads = [np.zeros(p.shape) for p in params]
    S = {0: np.zeros((B, n_h, n_h, n_x)), 1: np.zeros((B, n_h, n_h, n_h)), 3: np.zeros((B, n_h, n_h))}
    eye = np.eye(n_h)
    for t in range(T):
        delta = (trace.y_hat[t] - y[t]) / B
        grads[2] += delta.T @ trace.h[t]
        grads[4] += delta.sum(0)
        now = {
            0: eye[None, :, :, None] * trace.x[t][:, None, None, :],
            1: eye[None, :, :, None] * trace.h_prev[t][:, None, None, :],
            3: np.broadcast_to(eye, (B, n_h, n_h)),
        }
        slope = 1 - trace.h[t] ** 2
        for place in S:
            total = np.einsum("ij,bj...->bi...", params.W, S[place]) + now[place]
            S[place] = np.einsum("bi,bi...->bi...", slope, total)
            grads[place] += np.einsum("bi,bi...->...", delta @ params.V, S[place])
    return grads


def tape(params, trace, y):
    """A tiny automatic differentiation: every operation leaves a note on how to send its gradient back."""
    notes, grads, values = [], {}, []

    def node(value, *parents):
        values.append(value)
        notes.append(parents)
        return len(values) - 1

    def matmul_t(a, w):  # a @ w.T
        va, vw = values[a], values[w]
        return node(va @ vw.T, (a, lambda g: g @ vw), (w, lambda g: g.T @ va))

    def add(a, b):
        return node(values[a] + values[b], (a, lambda g: g), (b, lambda g: g if values[b].ndim == 2 else g.sum(0)))

    def tanh(a):
        out = np.tanh(values[a])
        return node(out, (a, lambda g: g * (1 - out * out)))

    U, W, V, b, c = (node(p) for p in params)
    h = node(np.zeros_like(trace.h[0]))
    for x_t, y_t in zip(trace.x, y):
        h = tanh(add(add(matmul_t(h, W), matmul_t(node(x_t), U)), b))
        o = add(matmul_t(h, V), c)
        grads[o] = (1 / (1 + np.exp(-values[o])) - y_t) / len(y_t)
    for place in reversed(range(len(values))):
        for parent, send in notes[place]:
            if place in grads:
                grads[parent] = grads.get(parent, 0) + send(grads[place])
    return [grads.get(place, np.zeros_like(values[place])) for place in (U, W, V, b, c)]


def matrices_of_the_whole_sequence(params, trace, y):
    """One linear system for all steps: (I - M) dL/dh = direct, with the Jacobians of the steps above the diagonal."""
    T, B, _ = y.shape
    n_h = len(params.b)
    delta = (trace.y_hat - y) / B
    dL_dh = np.zeros_like(trace.h)
    for s in range(B):
        M = np.zeros((T, n_h, T, n_h))
        for t in range(T - 1):
            M[t, :, t + 1, :] = params.W.T * (1 - trace.h[t + 1, s] ** 2)
        direct = (delta[:, s] @ params.V).ravel()
        dL_dh[:, s] = np.linalg.solve(np.eye(T * n_h) - M.reshape(T * n_h, -1), direct).reshape(T, n_h)
    da = (dL_dh * (1 - trace.h**2)).reshape(T * B, -1)
    flat = {name: getattr(trace, name).reshape(T * B, -1) for name in ("x", "h_prev", "h")}
    delta = delta.reshape(T * B, -1)
    return Params(da.T @ flat["x"], da.T @ flat["h_prev"], delta.T @ flat["h"], da.sum(0), delta.sum(0))


STYLES = {
    style.__name__: style
    for style in [
        loops_over_everything, einsum, single_precision, batch_major_inside, column_vectors_and_diag, recursion,
        state_shifted_by_hand, own_complex_step, forward_mode, buffers_used_again, tape,
        matrices_of_the_whole_sequence,
    ]
} | {"WithState": WithState()}  # fmt: skip
