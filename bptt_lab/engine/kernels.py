"""The training loop compiled, for every cell and every optimiser: the same bits on every machine.

Stage by stage it is a cell's `forward` and the three stages of its `backward`, and an optimiser's `step`, written as
plain loops. Sums run in a fixed order, and tanh, exp and log are made of + - × ÷ alone, so no CPU or C library rounds
differently. Inner loops run over the hidden units j, side by side in memory: several fit one instruction.

What differs from cell to cell stands with the cell, in its module:

BLOCKS     G, how many blocks its U, W and b hold; here each block is stored on its own, transposed
LATE       the block of W, if there is one, that multiplies what `step` leaves in `shown`, in place of h^(t-1)
step       from a^(t) = b + U x^(t) + W h^(t-1), in its first argument, to the gates in the same place, h^(t), s^(t)
step_back  from ∂L/∂h^(t) to ∂L/∂a^(t); it adds to ∂L/∂h^(t-1) what does not go by W, or goes by the late block

What an optimiser does stands with the optimiser, in its `update`. `loop` links both to the functions below.
"""

from dataclasses import astuple
from functools import cache, lru_cache
from math import prod
from types import ModuleType
from typing import TypeAlias

import numpy as np

from bptt_lab import machine, optimisers, training, validate
from bptt_lab.engine import plain, wasm
from bptt_lab.engine.elementary import exp, log1p, sigmoid
from bptt_lab.machine import in_place, linked
from bptt_lab.model import Array, Params
from bptt_lab.optimisers import Optimiser

Cell: TypeAlias = ModuleType | type  # with the four names above


def sgd(
    params: Params,
    x: Array,
    y: Array,
    learning_rate: float,
    batch_size: int = 1,
    optimiser: Optimiser = optimisers.SGD(),
    memory: Array | None = None,
    cell: Cell = plain,
    **settings,
) -> tuple[Params, Array]:
    """`training.sgd`, compiled: one step of the optimiser for each batch of x and y in turn.

    Parameters
    ----------
    x, y : (T, n·batch_size, n_x) and (T, n·batch_size, n_y)
        the last batch may be a short one
    memory
        what the optimiser keeps, from its `start`: changed in place
    **settings
        passed on to `run`

    Returns
    -------
    the parameters after n steps, and the logits o that each step saw, shaped like y

    Raises
    ------
    ImportError
        without Numba, except in a browser
    ValueError
        if shapes do not match, or x or y is not finite
    """
    validate.shapes(params)
    validate.inputs(params, x)
    validate.targets(np.empty((*x.shape[:2], len(params.c))), y)
    N, batch_size = x.shape[1], validate.size("batch_size", batch_size)
    memory = optimiser.start(params) if memory is None else memory
    machine.require_loop()
    if cell is plain and not machine.there_or_says_so(is_built(cell, optimiser)):
        return training.sgd(params, x, y, learning_rate, batch_size, optimiser=optimiser, memory=memory)
    o, whole = [], N - N % batch_size
    for part, B in ((slice(whole), batch_size), (slice(whole, N), N % batch_size)):
        if x[:, part].size:
            states = np.zeros((2, B, params.V.shape[1]))
            rates = np.full(x[0, part].shape[0] // B, float(learning_rate))
            params, o_part = run(cell, optimiser, params, memory, states, x[:, part], y[:, part], rates, **settings)
            o.append(o_part)
    return params, o[0] if len(o) == 1 else np.concatenate(o, axis=1)


def run(
    cell: Cell,
    optimiser: Optimiser,
    params: tuple,
    memory: Array,
    states: Array,
    x: Array,
    y: Array,
    rates: Array,
    *,
    weight: Array | None = None,
    softmax: bool = False,
    carry: bool = False,
    last_first: bool = False,
    first: int = 0,
) -> tuple[tuple, Array]:
    """A step of the optimiser for each of n batches, of equal size. Changes `memory` and `states`.

    Parameters
    ----------
    states : (2, B, n_h)
        h^(0) and s^(0); if `carry`, it holds the last states after the run
    x, y : (T, n·B, n_x) and (T, n·B, n_y)
    rates : (n,)
        learning rates
    weight : (T,)
        how much the loss of each step counts; 1 if not given
    softmax
        ŷ is the softmax of o; else each output has its own sigmoid
    last_first
        sum over time from T down to 1, and at a state add what comes from the next state before what comes from its
        output. Another order has other roundings; each kind of run keeps the order that it began with
    first
        the step at which the sums for U and W begin: 0, except in the report's listing

    Returns
    -------
    the parameters, and the logits o that each step saw, shaped like y
    """
    machine.require_loop()
    (T, N, n_x), B, (n_y, n_h) = x.shape, states.shape[1], params.V.shape
    order = _order(cell.BLOCKS, n_x, n_h, n_y)
    shapes = layout(cell.BLOCKS, len(memory), T, N, B, n_x, n_h, n_y)
    weight = np.ones(T) if weight is None else weight
    theta, given = _zeros((len(order),)), [memory[:, order], states, np.empty(y.shape), weight, rates, x, y]
    theta[:] = optimisers.flatten(params)[order]
    given = [machine.for_loops(array) for array in given]
    flags = bool(carry), int(first)
    which, numbers = (cell, type(optimiser), softmax, last_first), tuple(map(float, astuple(optimiser)))
    if machine.IN_BROWSER:
        wasm.train(loop_name(*which), theta, given, shapes, flags + numbers)
    else:
        grads, room = _zeros(theta.shape), [_zeros(shape) for shape in shapes[17:]]
        arrays = (*_views(theta, shapes), *given, *_views(grads, shapes), *room)
        loop(*which)(theta, grads, arrays, flags, numbers)
    memory[:, order], states[:], flat = given[0], given[1], np.empty(len(theta))
    flat[order] = theta
    return optimisers.unflatten(flat, params), given[2]


def layout(G, rows, T, N, B, n_x, n_h, n_y):
    """The shapes of all arrays of the loop: parameters, what is given, gradients, and room to work in."""
    params = (G, n_x, n_h), (G, n_h, n_h), (n_y, n_h), (G, n_h), (n_y,)  # U, W, V, b, c
    size = G * n_h * (n_x + n_h + 1) + n_y * (n_h + 1)
    given = (rows, size), (2, B, n_h), (T, N, n_y), (T,), (N // B,), (T, N, n_x), (T, N, n_y)  # memory … y
    weights, states, gates = ((G, n_h, n_h), (n_h, n_y)), (2, T + 1, B, n_h), (T, G, B, n_h)
    room = states, gates, (T, B, n_h), *weights, (T, B, n_y), gates, (3, B, n_h)
    return *params, *given, *params, *room


def _zeros(shape):
    """Zeros that begin where a line of the cache begins, since reading from two lines at once takes longer."""
    size = prod(shape)
    room = np.zeros(size + 7)
    start = -room.ctypes.data // 8 % 8
    return room[start : start + size].reshape(shape)


def _views(theta, shapes):
    """U, W, V, b, c of the loop, as views of one row."""
    ends = np.cumsum([np.prod(shape) for shape in shapes[:5]])
    return [part.reshape(shape) for part, shape in zip(np.split(theta, ends[:-1]), shapes)]


@lru_cache(maxsize=64)
def _order(G, n_x, n_h, n_y):
    """Which of the parameters, flattened, stands at each place of the loop's θ."""
    U, W, V, b, c = shapes = (G * n_h, n_x), (G * n_h, n_h), (n_y, n_h), (G, n_h), (n_y,)
    places = np.split(np.arange(sum(map(np.prod, shapes))), np.cumsum([np.prod(shape) for shape in shapes[:-1]]))
    blocks = [row.reshape(G, n_h, -1).swapaxes(1, 2).ravel() for row in places[:2]]
    return np.concatenate([*blocks, *places[2:]])


def cross_entropy(o: Array, y: Array) -> Array:
    """`model.cross_entropy`, of floats: -y log ŷ - (1 - y) log(1 - ŷ) for each bit."""
    machine.require_loop()
    loss = np.empty(np.shape(o))
    function = wasm.cross_entropy if machine.IN_BROWSER else _cross_entropy
    function(*(machine.for_loops(a).reshape(-1) for a in (o, y)), loss.reshape(-1))
    return loss


def is_built(cell: Cell, optimiser: Optimiser, softmax: bool = False, last_first: bool = False) -> bool:
    """Whether there is a loop for this cell and this optimiser: a browser has those of `wasm.FILES` alone."""
    if machine.IN_BROWSER:
        return loop_name(cell, type(optimiser), softmax, last_first) in wasm.FILE_OF
    return machine.HAS_NUMBA


def loop_name(cell: Cell, optimiser: type, softmax: bool, last_first: bool) -> str:
    """The name of a loop, such as plain_SGD or lstm_Adam_softmax_last_first."""
    words = [cell.__name__.split(".")[-1], optimiser.__name__, *["softmax"] * softmax, *["last_first"] * last_first]
    return "_".join(words)


@cache
def loop(cell: Cell, optimiser: type, softmax: bool, last_first: bool) -> object:
    """The loop of a cell and an optimiser: the functions below, in which the names in `parts` mean theirs."""
    name = loop_name(cell, optimiser, softmax, last_first)
    parts = {
        "SOFTMAX": softmax,
        "LAST_FIRST": last_first,
        "BLOCKS": cell.BLOCKS,
        "LATE": cell.LATE,
        "step": cell.step,
        "step_back": cell.step_back,
        "update": optimiser.update,
    }
    for function in (_add_input, _add_input_outer, _transpose, _forward, _output_grads, _walk_back, _param_grads):
        parts[function.__name__] = linked(function, name, parts)
    return linked(_train, name, parts)


BLOCKS = LATE = SOFTMAX = LAST_FIRST = step = step_back = update = None  # see `loop`


@in_place
def _train(theta, grads, arrays, flags, numbers):
    """Change θ, and the memory and the states among the arrays of `layout`; fill o."""
    U, W, V, b, c, memory, states, o, weight, rates, x, y, dU, dW, dV, db, dc = arrays[:17]
    hs, a, shown, W_back, V_T, dL_do, dL_da, back = arrays[17:]
    carry, first = flags
    T, B = dL_do.shape[:2]
    for n in range(len(rates)):
        if n == 0 or carry:
            _copy(states, hs[:, 0])
        _transpose(W, V, W_back, V_T)
        _forward(U, W, V, b, c, V_T, x, n * B, hs, a, shown, o)
        _output_grads(o, y, n * B, weight, dL_do)
        _walk_back(W_back, V, hs, a, shown, dL_do, back, dL_da)
        _param_grads(x, n * B, hs, shown, dL_do, dL_da, (dU, dW, dV, db, dc), first)
        update(theta, grads, memory, rates[n], numbers)
        for i in range(len(grads)):
            grads[i] = 0.0
        if carry:
            _copy(hs[:, T], states)


@in_place
def _copy(states, to):
    for i in range(2):
        for k in range(states.shape[1]):
            for j in range(states.shape[2]):
                to[i, k, j] = states[i, k, j]


@in_place
def _transpose(W, V, W_back, V_T):
    """Fill what `_walk_back` multiplies by, and `_forward` too if there are many outputs."""
    n_h = W.shape[1]
    for g in range(BLOCKS):
        for i in range(n_h):
            for j in range(n_h):
                W_back[g, j, i] = W[g, i, j]
    if SOFTMAX:
        for m in range(len(V)):
            for i in range(n_h):
                V_T[i, m] = V[m, i]


@in_place
def _forward(U, W, V, b, c, V_T, x, start, hs, a, shown, o):
    """a^(t) = b + U x^(t) + W h^(t-1), h^(t) and s^(t) by the cell, o^(t) = c + V h^(t)."""
    h, s = hs[0], hs[1]
    for t in range(len(x)):
        for k in range(h.shape[1]):
            x_t, h_prev = x[t, start + k], h[t, k]
            for g in range(BLOCKS):
                a_t = a[t, g, k]
                for j in range(len(a_t)):
                    a_t[j] = b[g, j]
                _add_input(a_t, U[g], x_t)
                if g != LATE:
                    _add_rows(a_t, W[g], h_prev)
        step(W, (a[t], h[t], h[t + 1], s[t], s[t + 1], shown[t]))
        for k in range(h.shape[1]):
            h_t, o_t = h[t + 1, k], o[t, start + k]
            if SOFTMAX:
                for m in range(len(c)):
                    o_t[m] = c[m]
                _add_rows(o_t, V_T, h_t)
            else:  # few outputs: no use in taking them side by side
                for m in range(len(c)):
                    o_m = c[m]
                    for j in range(len(h_t)):
                        o_m += h_t[j] * V[m, j]
                    o_t[m] = o_m


@in_place
def _output_grads(o, y, start, weight, dL_do):
    """∂L/∂o^(t) = weight^(t) (ŷ^(t) - y^(t)) / B, eqs. (3) and (4)."""
    T, B, n_y = dL_do.shape
    for t in range(T):
        for k in range(B):
            o_t, y_t, grad, total = o[t, start + k], y[t, start + k], dL_do[t, k], 1.0
            if SOFTMAX:
                highest, total = o_t[0], 0.0
                for m in range(1, n_y):
                    highest = max(highest, o_t[m])
                for m in range(n_y):
                    grad[m] = exp(o_t[m] - highest)
                    total += grad[m]
            else:
                for m in range(n_y):
                    grad[m] = sigmoid(o_t[m])
            for m in range(n_y):
                grad[m] = weight[t] * (grad[m] / total - y_t[m]) / B


@in_place
def _walk_back(W_back, V, hs, a, shown, dL_do, back, dL_da):
    """From t = T to 1: ∂L/∂h^(t) = Vᵀ ∂L/∂o^(t) + Wᵀ ∂L/∂a^(t+1) + what the cell adds, eq. (7), and ∂L/∂a^(t)."""
    h, s, T = hs[0], hs[1], len(dL_do)
    back[:] = 0.0
    for t in range(T - 1, -1, -1):
        dL_dh, before = back[t % 2], back[1 - t % 2]  # the cell has added to the first what does not go by W
        for k in range(len(dL_dh)):
            grad, grad_before = dL_dh[k], before[k]
            for j in range(len(grad_before)):
                grad_before[j] = 0.0
            if not LAST_FIRST:
                _add_rows(grad, V, dL_do[t, k])
            if t + 1 < T:
                for g in range(BLOCKS):
                    if g != LATE:
                        _add_rows(grad, W_back[g], dL_da[t + 1, g, k])
            if LAST_FIRST:
                _add_rows(grad, V, dL_do[t, k])
        step_back(W_back, (a[t], h[t], h[t + 1], s[t], s[t + 1], shown[t]), (dL_dh, back[2], before, dL_da[t]))


@in_place
def _param_grads(x, start, hs, shown, dL_do, dL_da, grads, first):
    """Sums over time and batch, eqs. (5), (6) and (8) to (11)."""
    (T, B, _), h, (dU, dW, dV, db, dc) = dL_do.shape, hs[0], grads
    for n in range(T):
        t = T - 1 - n if LAST_FIRST else n
        _add_outer(dV, dL_do[t], h[t + 1])
        _add_sum(dc, dL_do[t])
        for g in range(BLOCKS):
            _add_sum(db[g], dL_da[t, g])
            if t >= first:
                for k in range(B):
                    _add_input_outer(dU[g], x[t, start + k], dL_da[t, g, k])
                _add_outer(dW[g], shown[t] if g == LATE else h[t], dL_da[t, g])


@in_place
def add_product(out, rows, matrix):
    """out += rows @ matrix; (B, n), (B, m), (m, n)."""
    for k in range(len(out)):
        _add_rows(out[k], matrix, rows[k])


@in_place
def _add_rows(out, matrix, factors):
    """out + Σ_i matrix[i] · factors[i], i in order; four rows in one pass, so that out is fetched less often."""
    for i in range(len(factors) % 4):
        row, factor = matrix[i], factors[i]
        for j in range(len(out)):
            out[j] += row[j] * factor
    for i in range(len(factors) % 4, len(factors), 4):
        f_0, f_1, f_2, f_3 = factors[i], factors[i + 1], factors[i + 2], factors[i + 3]
        M_0, M_1, M_2, M_3 = matrix[i], matrix[i + 1], matrix[i + 2], matrix[i + 3]
        for j in range(len(out)):
            out[j] = out[j] + M_0[j] * f_0 + M_1[j] * f_1 + M_2[j] * f_2 + M_3[j] * f_3


@in_place
def _add_outer(out, left, right):
    """out += leftᵀ @ right, four rows at a time; (m, n), (B, m), (B, n)."""
    for k in range(len(left) % 4):
        left_k, right_k = left[k], right[k]
        for i in range(len(out)):
            row, factor = out[i], left_k[i]
            for j in range(len(right_k)):
                row[j] += right_k[j] * factor
    for k in range(len(left) % 4, len(left), 4):
        R_0, R_1, R_2, R_3 = right[k], right[k + 1], right[k + 2], right[k + 3]
        for i in range(len(out)):
            l_0, l_1, l_2, l_3, row = left[k, i], left[k + 1, i], left[k + 2, i], left[k + 3, i], out[i]
            for j in range(len(R_0)):
                row[j] = row[j] + R_0[j] * l_0 + R_1[j] * l_1 + R_2[j] * l_2 + R_3[j] * l_3


@in_place
def _add_sum(out, rows):
    for k in range(len(rows)):
        row = rows[k]
        for j in range(len(out)):
            out[j] += row[j]


@in_place
def _add_input(out, matrix, x):
    """As `_add_rows`; with a softmax x is one-hot, and rows times 0 are left out."""
    for i in range(len(x)):
        if not SOFTMAX or x[i] != 0:
            row, factor = matrix[i], x[i]
            for j in range(len(out)):
                out[j] += row[j] * factor


@in_place
def _add_input_outer(out, x, right):
    """out + x rightᵀ, as `_add_input`."""
    for i in range(len(x)):
        if not SOFTMAX or x[i] != 0:
            row, factor = out[i], x[i]
            for j in range(len(right)):
                row[j] += right[j] * factor


@in_place
def _cross_entropy(o, y, loss):
    for i in range(len(o)):
        log_1_plus_e = log1p(exp(-abs(o[i])))
        softplus_o = max(o[i], 0.0) + log_1_plus_e
        softplus_minus_o = max(-o[i], 0.0) + log_1_plus_e
        loss[i] = y[i] * softplus_minus_o + (1 - y[i]) * softplus_o
