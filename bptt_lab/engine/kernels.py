"""The same SGD loop compiled, for sweeps and live sliders: about 35 times as fast, and the same bits on every machine.

Stage by stage it is `model.forward`, the three stages of `bptt`, and `training.sgd_step`, written as plain loops.
Sums run in a fixed order, and tanh, exp and log are made of + - × ÷ alone, so no CPU or C library rounds differently.
Inner loops run over the hidden units j, side by side in memory (U_T is Uᵀ, W_T is Wᵀ): several fit one instruction.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from bptt_lab import validate
from bptt_lab.engine import wasm
from bptt_lab.engine.elementary import compiled, exp, log1p, numba, sigmoid, tanh
from bptt_lab.model import Array, Params

NO_QUIRKS = (False,) * 6  # see `sgd`
HAS_LOOP = numba is not None or wasm.IN_BROWSER  # compiled when it is called, or ahead of time


def sgd(
    params: Params, x: Array, y: Array, learning_rate: float, batch_size: int = 1, quirks: tuple = NO_QUIRKS
) -> tuple[Params, Array]:
    """`training.sgd`, compiled: one step of SGD for each batch of x and y in turn.

    x, y     (T, n·batch_size, n_x) and (T, n·batch_size, n_y)
    quirks   six switches, each for one behaviour of the printed listing: bias_overwritten, first_step_left_out,
             slope_averaged_over_batch, divided_by_outputs, loss_halved (display only: nothing here changes),
             output_bias_summed_over_all
    returns  the parameters after n steps, and the logits o that each step saw, shaped like y
    raises   ImportError without Numba, but in a browser; ValueError if shapes do not match, or x or y is not finite
    """
    require_numba()
    validate.shapes(params)
    validate.inputs(params, x)
    o = np.empty((*x.shape[:2], len(params.c)))
    validate.targets(o, y)
    U_T, W_T, V, b, c = (np.array(a, float, order="C") for a in (params.U.T, params.W.T, *params[2:]))
    x, y = (np.ascontiguousarray(a, float) for a in (x, y))
    quirks = tuple(bool(quirk) for quirk in quirks)
    loop = wasm.sgd if wasm.IN_BROWSER else _sgd
    loop(U_T, W_T, V, b, c, x, y, o, float(learning_rate), validate.size("batch_size", batch_size), quirks)
    return Params(U_T.T.copy(), W_T.T.copy(), V, b, c), o


def cross_entropy(o: Array, y: Array) -> Array:
    """`model.cross_entropy`, of floats: -y log ŷ - (1 - y) log(1 - ŷ) for each bit."""
    require_numba()
    loss = np.empty(np.shape(o))
    loop = wasm.cross_entropy if wasm.IN_BROWSER else _cross_entropy
    loop(*(np.ascontiguousarray(a, float).reshape(-1) for a in (o, y)), loss.reshape(-1))
    return loss


def require_numba() -> None:
    if not HAS_LOOP:
        raise ImportError(no_compiler('engine "numba" is not there; use "numpy"'))


def no_compiler(what: str) -> str:
    """What is so without Numba, and what to do about it: in a browser nothing, since none exists for it."""
    if wasm.IN_BROWSER:
        return f"Nothing is compiled in a browser: {what}."
    return f"Numba is not installed: {what}. To change that: pip install numba"


@contextmanager
def announcing(say: Callable[[str], None]) -> Iterator[None]:
    """Within it, `say("compiling")` when code is compiled that the disk does not hold, and `say("")` after that."""
    if numba is None:
        yield
        return
    from numba.core import event

    class Announce(event.Listener):
        depth = 0  # compiling one function compiles those that it calls

        def on_start(self, _):
            self.depth += 1
            if self.depth == 1:
                say("compiling")

        def on_end(self, _):
            self.depth -= 1
            if self.depth == 0:
                say("")

    with event.install_listener("numba:compile", Announce()):
        yield


@compiled
def _sgd(U_T, W_T, V, b, c, x, y, o, learning_rate, batch_size, quirks):
    """Changes U_T, W_T, V, b, c, and fills o. The last batch may be a short one."""
    (T, _, n_x), (n_y, n_h) = x.shape, V.shape
    W = np.empty((n_h, n_h))
    h = np.zeros((T + 1, batch_size, n_h))  # h[t] is h^(t); h[0] stays 0
    dh_da = np.empty((T, batch_size, n_h))
    dL_do = np.empty((T, batch_size, n_y))
    dL_da = np.empty((T, batch_size, n_h))
    params = U_T, W_T, V, b, c
    grads = np.zeros((n_x, n_h)), np.zeros((n_h, n_h)), np.zeros((n_y, n_h)), np.zeros(n_h), np.zeros(n_y)
    flat_params = U_T.reshape(-1), W_T.reshape(-1), V.reshape(-1), b, c
    flat_grads = grads[0].reshape(-1), grads[1].reshape(-1), grads[2].reshape(-1), grads[3], grads[4]
    scratch = W, h, dh_da, dL_do, dL_da
    _steps(params, flat_params, grads, flat_grads, scratch, x, y, o, learning_rate, quirks)


@compiled
def _steps(params, flat_params, grads, flat_grads, scratch, x, y, o, learning_rate, quirks):
    """`_sgd` once its arrays are made: nothing is made from here on, so that it runs where there is no Python, too."""
    (U_T, W_T, V, b, c), (W, h, dh_da, dL_do, dL_da) = params, scratch
    N, n_h, batch_size = x.shape[1], len(b), h.shape[1]
    for start in range(0, N, batch_size):
        stop = min(start + batch_size, N)
        x_batch, y_batch, o_batch = x[:, start:stop], y[:, start:stop], o[:, start:stop]
        for i in range(n_h):
            for j in range(n_h):
                W[j, i] = W_T[i, j]
        _forward(U_T, W_T, V, b, c, x_batch, h, o_batch)
        _output_grads(o_batch, y_batch, dL_do, quirks)
        _slopes(h, dh_da, stop - start, quirks)
        _state_grads(W, V, dL_do, dh_da, dL_da, stop - start)
        _param_grads(x_batch, h, dL_do, dL_da, grads, quirks)
        _update(flat_params, flat_grads, learning_rate, quirks)


@compiled
def _forward(U_T, W_T, V, b, c, x, h, o):
    """h^(t) = tanh(b + U x^(t) + W h^(t-1)), o^(t) = c + V h^(t)."""
    (T, B, _), (n_y, n_h) = x.shape, V.shape
    for t in range(T):
        for k in range(B):
            h_t = h[t + 1, k]  # (n_h,), holds a^(t) first
            for j in range(n_h):
                h_t[j] = b[j]
            _add_rows(h_t, U_T, x[t, k])
            _add_rows(h_t, W_T, h[t, k])
            for j in range(n_h):
                h_t[j] = tanh(h_t[j])
            for m in range(n_y):
                o_t = c[m]
                for j in range(n_h):
                    o_t += V[m, j] * h_t[j]
                o[t, k, m] = o_t


@compiled
def _output_grads(o, y, dL_do, quirks):
    """∂L/∂o^(t) = (ŷ^(t) - y^(t)) / B, eqs. (3) and (4)."""
    T, B, n_y = o.shape
    divided_by_outputs = quirks[3]
    divisor = n_y if divided_by_outputs else B
    for t in range(T):
        for k in range(B):
            for m in range(n_y):
                dL_do[t, k, m] = (sigmoid(o[t, k, m]) - y[t, k, m]) / divisor


@compiled
def _slopes(h, dh_da, B, quirks):
    """1 - h², the diagonals of H^(1) … H^(T)."""
    T, _, n_h = dh_da.shape
    slope_averaged_over_batch = quirks[2]
    for t in range(T):
        for k in range(B):
            h_t, slope = h[t + 1, k], dh_da[t, k]
            for j in range(n_h):
                slope[j] = 1 - h_t[j] * h_t[j]
        if slope_averaged_over_batch:
            for j in range(n_h):
                mean = 0.0
                for k in range(B):
                    mean += dh_da[t, k, j] / B
                for k in range(B):
                    dh_da[t, k, j] = mean


@compiled
def _state_grads(W, V, dL_do, dh_da, dL_da, B):
    """∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ ∂L/∂a^(t+1), eq. (7), and ∂L/∂a^(t) = H^(t) ∂L/∂h^(t), eq. (8)."""
    T, _, n_h = dL_da.shape
    for t in range(T - 1, -1, -1):
        for k in range(B):
            grad, slope = dL_da[t, k], dh_da[t, k]  # (n_h,) both; grad holds ∂L/∂h^(t) first
            for j in range(n_h):
                grad[j] = 0.0
            _add_rows(grad, V, dL_do[t, k])
            if t + 1 < T:
                _add_rows(grad, W, dL_da[t + 1, k])
            for j in range(n_h):
                grad[j] *= slope[j]


@compiled
def _param_grads(x, h, dL_do, dL_da, grads, quirks):
    """Sums over time and batch, eqs. (5), (6) and (8) to (11); dU_T and dW_T are transposed, like U_T and W_T."""
    (T, B, _), n_h = x.shape, h.shape[2]
    dU_T, dW_T, dV, db, dc = grads
    first_step_left_out, output_bias_summed_over_all = quirks[1], quirks[5]
    for t in range(T):
        for k in range(B):
            grad, h_t = dL_da[t, k], h[t + 1, k]  # (n_h,) both
            _add_outer(dV, dL_do[t, k], h_t)
            for m in range(len(dc)):
                dc[m] += dL_do[t, k, m]
            for j in range(n_h):
                db[j] += grad[j]
            if t > 0 or not first_step_left_out:
                _add_outer(dU_T, x[t, k], grad)
                _add_outer(dW_T, h[t, k], grad)
    if output_bias_summed_over_all:
        total = 0.0
        for m in range(len(dc)):
            total += dc[m]
        for m in range(len(dc)):
            dc[m] = total


@compiled
def _add_rows(total, rows, factors):
    """total + Σ_i rows[i] · factors[i], i in order; four rows in one pass, so that total is fetched less often."""
    for i in range(len(rows) % 4):
        row, factor = rows[i], factors[i]
        for j in range(len(total)):
            total[j] += row[j] * factor
    for i in range(len(rows) % 4, len(rows), 4):
        f_0, f_1, f_2, f_3 = factors[i], factors[i + 1], factors[i + 2], factors[i + 3]
        r_0, r_1, r_2, r_3 = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
        for j in range(len(total)):
            total[j] = total[j] + r_0[j] * f_0 + r_1[j] * f_1 + r_2[j] * f_2 + r_3[j] * f_3


@compiled
def _add_outer(total, left, right):
    """total + left rightᵀ."""
    for i in range(len(left)):
        row, factor = total[i], left[i]
        for j in range(len(right)):
            row[j] += right[j] * factor


@compiled
def _update(params, grads, learning_rate, quirks):
    """θ - learning_rate · ∂L/∂θ for each of the five, given flat; the sums in `grads` start again from 0."""
    bias_overwritten, b, db = quirks[0], params[3], grads[3]
    if bias_overwritten:
        for j in range(len(b)):
            b[j] = (1 - learning_rate) * db[j]
            db[j] = 0.0
    for theta, grad in zip(params, grads):
        for i in range(len(theta)):
            theta[i] -= learning_rate * grad[i]
            grad[i] = 0.0


@compiled
def _cross_entropy(o, y, loss):
    for i in range(len(o)):
        log_1_plus_e = log1p(exp(-abs(o[i])))
        softplus_o = max(o[i], 0.0) + log_1_plus_e
        softplus_minus_o = max(-o[i], 0.0) + log_1_plus_e
        loss[i] = y[i] * softplus_minus_o + (1 - y[i]) * softplus_o
