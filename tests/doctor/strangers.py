"""Backward passes as people elsewhere write them, each in a convention of its own, right or with one slip.

A slip has the name of the catalogue's mistake. No two are written alike, and none with anything of the course.
"""

import numpy as np

SLIPS = (
    *("W_not_transposed", "tanh_slope_missing", "tanh_of_tanh", "recurrent_term_missing", "dW_with_same_h"),
    *("tanh_slope_missing_in_recursion", "recursion_skips_first_step", "output_path_missing", "dW_transposed"),
    *("dU_without_first_step", "dU_with_previous_x", "db_from_first_step_only"),
)
OUTPUT_SLIPS = ("sign_flipped", "sigmoid_slope_twice", "dV_with_previous_h", "dc_from_last_step_only")


def columns(slip, params, trace, y):
    """Columns (n, B), weights (out, in), biases (n, 1)."""
    U, W, V, b, c = params
    gU, gW, gV, gb, gc = (np.zeros(p.shape) for p in params)
    T, _, B = y.shape
    later = np.zeros(trace.h[0].shape)
    for t in range(T - 1, -1, -1):
        p = trace.y_hat[t]
        e = (p - y[t]) / B * (-1 if slip == "sign_flipped" else 1)
        e = e * p * (1 - p) if slip == "sigmoid_slope_twice" else e
        out = V.T @ e if slip != "output_path_missing" or t == T - 1 else 0
        g = out if slip == "recursion_skips_first_step" and t == 0 and T > 1 else out + later
        h = np.tanh(trace.h[t]) if slip == "tanh_of_tanh" else trace.h[t]
        d = g * (1 if slip == "tanh_slope_missing" else 1 - h * h)
        later = (W if slip == "W_not_transposed" else W.T) @ (g if slip == "tanh_slope_missing_in_recursion" else d)
        later = 0 * later if slip == "recurrent_term_missing" else later
        gW = gW + d @ (trace.h if slip == "dW_with_same_h" else trace.h_prev)[t].T
        if slip == "dU_with_previous_x":
            gU = gU + (d @ trace.x[t - 1].T if t else 0)
        elif t or slip != "dU_without_first_step":
            gU = gU + d @ trace.x[t].T
        gV = gV + e @ (trace.h_prev if slip == "dV_with_previous_h" else trace.h)[t].T
        gb = d.sum(1, keepdims=True) + (0 if slip == "db_from_first_step_only" else gb)
        gc = gc if slip == "dc_from_last_step_only" and t < T - 1 else gc + e.sum(1, keepdims=True)
    return gU, gW.T if slip == "dW_transposed" else gW, gV, gb, gc


def keras(slip, weights, tape, targets):
    """Batch first, weights (in, out), the loss a mean over everything; one einsum for each sum."""
    kernel, recurrent, dense, _, _ = weights
    N, T, _ = targets.shape
    out = (tape.y_hat - targets) / targets.size
    if slip == "sign_flipped":
        out = (targets - tape.y_hat) / targets.size
    if slip == "sigmoid_slope_twice":
        out = out * tape.y_hat * (1 - tape.y_hat)
    up = out @ dense.T
    if slip == "output_path_missing":
        up[:, :-1] = 0
    states = np.tanh(tape.h) if slip == "tanh_of_tanh" else tape.h
    slope = np.ones_like(states) if slip == "tanh_slope_missing" else 1 - states**2
    through = np.ones_like(slope) if slip == "tanh_slope_missing_in_recursion" else slope
    back = recurrent if slip == "W_not_transposed" else recurrent.T
    for t in range(T - 2, -1, -1):
        if slip == "recurrent_term_missing" or (slip == "recursion_skips_first_step" and t == 0):
            continue
        up[:, t] += (up[:, t + 1] * through[:, t + 1]) @ back
    pre = up * slope
    inputs = tape.x.copy()
    if slip == "dU_without_first_step":
        inputs[:, 0] = 0
    if slip == "dU_with_previous_x":
        inputs = np.concatenate([0 * inputs[:, :1], inputs[:, :-1]], axis=1)
    before = tape.h if slip == "dW_with_same_h" else tape.h_prev
    read = tape.h_prev if slip == "dV_with_previous_h" else tape.h
    d_recurrent = np.einsum("nti,ntj->ij", before, pre)
    return [
        np.einsum("nti,ntj->ij", inputs, pre),
        d_recurrent.T if slip == "dW_transposed" else d_recurrent,
        np.einsum("nti,ntj->ij", read, out),
        pre[:, 0].sum(0) if slip == "db_from_first_step_only" else pre.sum((0, 1)),
        out[:, -1].sum(0) if slip == "dc_from_last_step_only" else out.sum((0, 1)),
    ]


def own_names(slip, xs, hs, logits, ys, model):
    """Time last (B, n, T), a dictionary, the loss a sum over everything, the sigmoid from all logits; no h before."""
    grads = {f"d{name}": np.zeros(p.shape) for name, p in model.items()}
    ps = 1 / (1 + np.exp(-logits))
    dh_next, T = 0, xs.shape[2]
    for t in reversed(range(T)):
        dy = ps[:, :, t] - ys[:, :, t]
        if slip == "sign_flipped":
            dy = -dy
        if slip == "sigmoid_slope_twice":
            dy = dy * ps[:, :, t] * (1 - ps[:, :, t])
        h, h_before = hs[:, :, t], hs[:, :, t - 1] if t else 0 * hs[:, :, 0]
        dh = dh_next
        if slip == "recursion_skips_first_step" and t == 0:
            dh = 0
        if slip != "output_path_missing" or t == T - 1:
            dh = dh + dy @ model["Why"]
        if slip == "tanh_slope_missing":
            raw = dh
        elif slip == "tanh_of_tanh":
            raw = dh * (1 - np.tanh(h) ** 2)
        else:
            raw = dh * (1 - h**2)
        if slip == "dU_with_previous_x":
            grads["dWxh"] += raw.T @ xs[:, :, t - 1] if t else 0
        elif slip != "dU_without_first_step" or t:
            grads["dWxh"] += raw.T @ xs[:, :, t]
        grads["dWhh"] += raw.T @ (h if slip == "dW_with_same_h" else h_before)
        grads["dWhy"] += dy.T @ (h_before if slip == "dV_with_previous_h" else h)
        if slip == "db_from_first_step_only":
            grads["dbh"] = raw.sum(0)
        else:
            grads["dbh"] += raw.sum(0)
        if slip != "dc_from_last_step_only" or t == T - 1:
            grads["dby"] += dy.sum(0)
        carried = dh if slip == "tanh_slope_missing_in_recursion" else raw
        dh_next = carried @ (model["Whh"].T if slip == "W_not_transposed" else model["Whh"])
        if slip == "recurrent_term_missing":
            dh_next = 0
    if slip == "dW_transposed":
        grads["dWhh"] = grads["dWhh"].T
    return grads


def rnn_forward(x, h0, Wx, Wh, b):
    """As cs231n has it: (N, T, D) in; a list of tuples is the cache."""
    h, prev, cache = np.zeros((*x.shape[:2], len(b))), h0, []
    for t in range(x.shape[1]):
        following = np.tanh(x[:, t].dot(Wx) + prev.dot(Wh) + b)
        cache.append((x[:, t], prev, following, Wx, Wh))
        h[:, t] = prev = following
    return h, cache


def cs231n(slip, dh, cache):
    N, T, H = dh.shape
    D = cache[0][0].shape[1]
    dx, dWx, dWh, db = np.zeros((N, T, D)), np.zeros((D, H)), np.zeros((H, H)), np.zeros(H)
    dprev, inputs = np.zeros((N, H)), [step[0] for step in cache]
    for t in reversed(range(T)):
        x, prev, following, Wx, Wh = cache[t]
        if slip == "recursion_skips_first_step" and t == 0:
            dprev = np.zeros((N, H))
        dnext = dprev if slip == "output_path_missing" and t < T - 1 else dh[:, t, :] + dprev
        squashed = np.tanh(following) if slip == "tanh_of_tanh" else following
        dtanh = dnext if slip == "tanh_slope_missing" else (1 - squashed**2) * dnext
        dx[:, t] = dtanh.dot(Wx.T)
        dprev = (dnext if slip == "tanh_slope_missing_in_recursion" else dtanh).dot(
            Wh if slip == "W_not_transposed" else Wh.T
        )
        if slip == "recurrent_term_missing":
            dprev = 0 * dprev
        if slip == "dU_with_previous_x":
            x = inputs[t - 1] if t else 0 * x
        if slip == "dU_without_first_step" and t == 0:
            x = 0 * x
        dWx += x.T.dot(dtanh)
        dWh += (following if slip == "dW_with_same_h" else prev).T.dot(dtanh)
        db = dtanh.sum(axis=0) if slip == "db_from_first_step_only" else db + dtanh.sum(axis=0)
    return dx, dprev, dWx, dWh.T if slip == "dW_transposed" else dWh, db


def andrew_forward(x, a0, parameters):
    """As deeplearning.ai has it: (n_x, m, T_x) in; columns; a list of tuples and x are the caches."""
    a = np.zeros((len(a0), *x.shape[1:]))
    predictions, caches, a_prev = [], [], a0
    for t in range(x.shape[2]):
        z = parameters["Wax"] @ x[:, :, t] + parameters["Waa"] @ a_prev + parameters["ba"]
        a[:, :, t] = np.tanh(z)
        predictions.append(parameters["Wya"] @ a[:, :, t] + parameters["by"])
        caches.append((a[:, :, t], a_prev, x[:, :, t], parameters))
        a_prev = a[:, :, t]
    return a, np.stack(predictions, axis=2), (caches, x)


def deeplearning_ai(slip, da, caches):
    steps, x = caches
    n_a, m, T_x = da.shape
    gradients = {"dx": np.zeros(x.shape), "dWax": 0, "dWaa": 0, "dba": 0}
    da_prev = np.zeros((n_a, m))
    for t in range(T_x - 1, -1, -1):
        a_next, a_prev, xt, parameters = steps[t]
        used = da[:, :, t]
        if slip == "output_path_missing":
            used = used * (t == T_x - 1)
        if slip == "recursion_skips_first_step":
            da_prev = da_prev * (t > 0)
        da_next = used + da_prev
        slope = 1 - np.square(np.tanh(a_next) if slip == "tanh_of_tanh" else a_next)
        dz = da_next * (slope if slip != "tanh_slope_missing" else 1)
        if slip == "dU_with_previous_x":
            xt = x[:, :, t - 1] * (t > 0)
        if slip == "dU_without_first_step":
            xt = xt * (t > 0)
        gradients["dx"][:, :, t] = parameters["Wax"].T @ dz
        gradients["dWax"] = gradients["dWax"] + np.dot(dz, xt.T)
        gradients["dWaa"] = gradients["dWaa"] + np.dot(dz, (a_next if slip == "dW_with_same_h" else a_prev).T)
        total = np.sum(dz, axis=1, keepdims=True)
        gradients["dba"] = total if slip == "db_from_first_step_only" else gradients["dba"] + total
        Waa = parameters["Waa"] if slip == "W_not_transposed" else parameters["Waa"].T
        da_prev = np.dot(Waa, da_next if slip == "tanh_slope_missing_in_recursion" else dz)
        da_prev = da_prev * (slip != "recurrent_term_missing")
    gradients["da0"] = da_prev
    if slip == "dW_transposed":
        gradients["dWaa"] = gradients["dWaa"].T
    return gradients


class Tensor:
    """What a tensor of PyTorch can do, as far as `tensors` needs it."""

    def __init__(self, array):
        self.array = np.asarray(array)

    shape = property(lambda self: self.array.shape)
    T = property(lambda self: Tensor(self.array.T))

    def __getitem__(self, index):
        return Tensor(self.array[index])

    def __len__(self):
        return len(self.array)

    def _with(self, operation, other):
        return Tensor(operation(self.array, other.array if isinstance(other, Tensor) else other))

    def __add__(self, other):
        return self._with(np.add, other)

    def __sub__(self, other):
        return self._with(np.subtract, other)

    def __mul__(self, other):
        return self._with(np.multiply, other)

    def __truediv__(self, other):
        return self._with(np.divide, other)

    def __matmul__(self, other):
        return self._with(np.matmul, other)

    __radd__ = __add__

    def tanh(self):
        return Tensor(np.tanh(self.array))

    def sum(self, dim):
        return Tensor(self.array.sum(dim))

    def detach(self):
        return self

    cpu = detach

    def __array__(self, *_, **__):
        raise TypeError("can't convert a tensor that requires grad: use detach()")

    def numpy(self):
        return self.array


def tensors(slip, state, trace, y):
    """Tensors under the names of nn.RNN and nn.Linear, two biases, the loss a mean over everything."""
    T, B, n_y = y.shape
    total = dict.fromkeys(state, 0)
    later = trace.h[0] * 0
    for t in range(T - 1, -1, -1):
        p, h = trace.y_hat[t], trace.h[t]
        g_out = (p - y[t]) / (T * B * n_y)
        if slip == "sign_flipped":
            g_out = g_out * -1
        if slip == "sigmoid_slope_twice":
            g_out = g_out * p * (p - 1) * -1
        g = later * (0 if slip == "recursion_skips_first_step" and t == 0 else 1)
        if slip != "output_path_missing" or t == T - 1:
            g = g + g_out @ state["weight"]
        value = h.tanh() if slip == "tanh_of_tanh" else h
        pre = g if slip == "tanh_slope_missing" else g - g * value * value
        hh = state["weight_hh_l0"]
        later = (g if slip == "tanh_slope_missing_in_recursion" else pre) @ (hh.T if slip == "W_not_transposed" else hh)
        later = later * (0 if slip == "recurrent_term_missing" else 1)
        x = trace.x[max(t - 1, 0) if slip == "dU_with_previous_x" else t]
        keep = 0 if t == 0 and slip in ("dU_with_previous_x", "dU_without_first_step") else 1
        total["weight_ih_l0"] += pre.T @ x * keep
        total["weight_hh_l0"] += pre.T @ (h if slip == "dW_with_same_h" else trace.h_prev[t])
        total["weight"] += g_out.T @ (trace.h_prev[t] if slip == "dV_with_previous_h" else h)
        for name in ("bias_ih_l0", "bias_hh_l0"):
            total[name] = pre.sum(0) + (0 if slip == "db_from_first_step_only" else total[name])
        if slip != "dc_from_last_step_only" or t == T - 1:
            total["bias"] += g_out.sum(0)
    if slip == "dW_transposed":
        total["weight_hh_l0"] = total["weight_hh_l0"].T
    return total
