"""Wrong answers as people write them: a right program in one of five styles, with a line or two changed.

None is made with the doctor's own steps. Each says what a good verdict may name or where it may send its reader, and
what is wrong in truth: a quantity (o, h, a), the sums of some gradients, or something else.
"""

from typing import NamedTuple

import numpy as np

LOOP = """
def backward(params, trace, y):
    U, W, V, b, c = params
    T, B, n_y = y.shape
    dU, dW, dV, db, dc = [np.zeros_like(p) for p in params]
    dh_next = np.zeros_like(trace.h[0])
    for t in reversed(range(T)):
        do = (trace.y_hat[t] - y[t]) / B
        dh = do @ V + dh_next
        da = dh * (1 - trace.h[t] ** 2)
        dh_next = da @ W
        dV += do.T @ trace.h[t]
        dc += do.sum(axis=0)
        dU += da.T @ trace.x[t]
        dW += da.T @ trace.h_prev[t]
        db += da.sum(axis=0)
    return dU, dW, dV, db, dc
"""
COLUMNS = """
def backward(params, trace, y):
    T, B, n_y = y.shape
    n_h = len(params.b)
    grads = {name: np.zeros(p.shape) for name, p in params._asdict().items()}
    for s in range(B):
        da_next = np.zeros((n_h, 1))
        for t in range(T - 1, -1, -1):
            do = (trace.y_hat[t, s] - y[t, s]).reshape(-1, 1)
            h = trace.h[t, s].reshape(-1, 1)
            h_before = trace.h[t - 1, s].reshape(-1, 1) if t > 0 else np.zeros((n_h, 1))
            da = (1 - h * h) * (params.V.T @ do + params.W.T @ da_next)
            grads["U"] += da @ trace.x[t, s].reshape(1, -1)
            grads["W"] += da @ h_before.T
            grads["V"] += do @ h.T
            grads["b"] += da.ravel()
            grads["c"] += do.ravel()
            da_next = da
    return {name: grad / B for name, grad in grads.items()}
"""
LISTS = """
def backward(params, trace, y):
    T, B = len(y), y.shape[1]
    deltas = [(p - q) / B for p, q in zip(trace.y_hat, y)]
    dhs, g = [], np.zeros_like(trace.h[0])
    for t in range(T - 1, -1, -1):
        g = deltas[t] @ params.V + g
        dhs.append(g)
        g = (g * (1 - trace.h[t] ** 2)) @ params.W
    dhs = dhs[::-1]
    das = [dh * (1 - h * h) for dh, h in zip(dhs, trace.h)]
    dU = sum(da.T @ x for da, x in zip(das, trace.x))
    dW = sum(da.T @ h for da, h in zip(das, trace.h_prev))
    dV = sum(do.T @ h for do, h in zip(deltas, trace.h))
    return dU, dW, dV, sum(da.sum(0) for da in das), sum(do.sum(0) for do in deltas)
"""
ARRAYS = """
def backward(params, trace, y):
    dL_do = (trace.y_hat - y) / y.shape[1]
    slope = 1 - trace.h**2
    dL_dh = dL_do @ params.V
    for t in range(len(y) - 2, -1, -1):
        dL_dh[t] += (dL_dh[t + 1] * slope[t + 1]) @ params.W
    dL_da = dL_dh * slope
    dU = np.einsum("tbi,tbj->ij", dL_da, trace.x)
    dW = np.einsum("tbi,tbj->ij", dL_da, trace.h_prev)
    dV = np.einsum("tbi,tbj->ij", dL_do, trace.h)
    return dU, dW, dV, dL_da.sum(axis=(0, 1)), dL_do.sum(axis=(0, 1))
"""
CHAIN = """
def backward(params, trace, y):
    p, B = trace.y_hat, y.shape[1]
    dL_dp = (-y / p + (1 - y) / (1 - p)) / B
    dL_do = dL_dp * p * (1 - p)
    da, carry = np.empty_like(trace.h), 0.0
    for t in range(len(y))[::-1]:
        da[t] = (dL_do[t] @ params.V + carry) * (1 - trace.h[t]) * (1 + trace.h[t])
        carry = da[t] @ params.W
    flat = lambda z: z.reshape(-1, z.shape[-1])
    dU, dW, dV = flat(da).T @ flat(trace.x), flat(da).T @ flat(trace.h_prev), flat(dL_do).T @ flat(trace.h)
    return dU, dW, dV, flat(da).sum(0), flat(dL_do).sum(0)
"""
STYLES = [LOOP, COLUMNS, LISTS, ARRAYS, CHAIN]


class Wrong(NamedTuple):
    """`names` or `words` are what a good verdict says; `truth` is where the fault is."""

    style: str
    changes: dict[str, str]
    truth: str
    names: str = ""  # of mistakes, separated by spaces; any one of the alternatives split by |
    words: str = ""  # a pattern

    def function(self):
        source = self.style
        for old, new in self.changes.items():
            assert source.count(old) == 1, old
            source = source.replace(old, new)
        names = {"np": np}
        exec(source, names)
        return names["backward"]


OUT = r"∂L/∂o\^\(t\)[^.]*(first|fit)|repair ∂L/∂o"
WALK = r"later steps|∂L/∂h\^\(t\)"
SLOPE = r"∂L/∂a\^\(t\)"
ALL_SUMS = "which steps|which sequences|sequences? .* count|B > 1|all five|five sums"
END = "    return dU, dW, dV, db, dc\n"
# fmt: off
WRONG = {
    # the walk
    "carry added up": Wrong(LOOP, {"dh_next = da @ W": "dh_next += da @ W"}, "h", "carry_added_up"),
    "walked forwards": Wrong(LOOP, {"reversed(range(T))": "range(T)"}, "h", "walked_forwards"),
    "error one step early": Wrong(LOOP, {"do @ V + dh_next": "dh_next", "= da @ W": "= da @ W + do @ V"},
                                  "h", "error_one_step_early"),
    "error lands in the step before": Wrong(
        ARRAYS, {"(dL_dh[t + 1] * slope[t + 1]) @ params.W": "((dL_dh[t + 1] * slope[t + 1]) @ params.W)",
                 "dL_dh = dL_do @ params.V": "dL_dh = np.append((dL_do @ params.V)[1:], 0 * trace.h[:1], axis=0)"},
        "h", "error_one_step_early"),
    "slope on the direct part alone": Wrong(
        LOOP, {"do @ V + dh_next": "do @ V * (1 - trace.h[t] ** 2) + dh_next",
               "dh * (1 - trace.h[t] ** 2)\n": "dh\n"}, "h", words=WALK),
    "list not reversed": Wrong(LISTS, {"dhs = dhs[::-1]": "pass"}, "h", "states_not_reversed"),
    "one array T times": Wrong(
        LISTS, {"dhs, g = [], np": "dhs = [np.zeros_like(trace.h[0])] * T\n    g = np",
                "dhs.append(g)": "dhs[t] += g", "dhs = dhs[::-1]": "pass"}, "h", "one_array_for_all_states"),
    "one buffer for all steps": Wrong(
        LISTS, {"dhs, g = [], np": "dhs, buffer, g = [], np.zeros_like(trace.h[0]), np",
                "dhs.append(g)": "buffer[...] = g\n        dhs.append(buffer)"}, "h", "last_written_state_everywhere"),
    "sums of errors without W": Wrong(
        ARRAYS, {"dL_dh = dL_do @ params.V": "dL_dh = np.cumsum((dL_do @ params.V)[::-1], axis=0)[::-1].copy()",
                 "        dL_dh[t] += (dL_dh[t + 1] * slope[t + 1]) @ params.W": "        pass"}, "h", words=WALK),
    "as if the state were added": Wrong(
        ARRAYS, {"@ params.W\n": "@ params.W + dL_dh[t + 1]\n"}, "h", words=WALK),
    "mean of the two parts": Wrong(LOOP, {"do @ V + dh_next": "(do @ V + dh_next) / 2"}, "h", words=WALK),
    "carry kept from sequence to sequence": Wrong(
        COLUMNS, {"        da_next = np.zeros((n_h, 1))\n": "",
                  "    for s in range(B):": "    da_next = np.zeros((n_h, 1))\n    for s in range(B):"}, "h",
        words=f"B > 1.*{WALK}"),
    "nine steps back": Wrong(
        ARRAYS, {"    dL_da =": """    slow = dL_do @ params.V
    part = slow
    for k in range(9):
        part = _back(part, slope, params.W)
        slow[: len(part)] += part
    dL_dh = slow
    dL_da =""", "def backward": "def _back(g, slope, W):\n    return (g[1:] * slope[1:len(g)]) @ W\n\n\ndef backward"},
        "h", words=f"{WALK}"),
    "twenty steps back": Wrong(
        ARRAYS, {"    dL_da =": """    slow = dL_do @ params.V
    part = slow
    for k in range(20):
        part = _back(part, slope, params.W)
        slow[: len(part)] += part
    dL_dh = slow
    dL_da =""", "def backward": "def _back(g, slope, W):\n    return (g[1:] * slope[1:len(g)]) @ W\n\n\ndef backward"},
        "h", words=f"{WALK}"),
    "chunks of five": Wrong(LOOP, {"dh_next = da @ W": "dh_next = da @ W * (t % 5 > 0)"}, "h", words=WALK),
    "W used and also its diagonal": Wrong(
        LOOP, {"dh_next = da @ W": "dh_next = da @ W + da * np.diag(W)"}, "h", words=WALK),
    # the slope of tanh
    "twice h, not squared": Wrong(LOOP, {"(1 - trace.h[t] ** 2)": "(1 - trace.h[t] * 2)"}, "a", words=SLOPE),
    "bracket squared": Wrong(LOOP, {"(1 - trace.h[t] ** 2)": "(1 - trace.h[t]) ** 2"}, "a", words=SLOPE),
    "slope of a rectifier": Wrong(LOOP, {"(1 - trace.h[t] ** 2)": "(trace.h[t] > 0)"}, "a", words=SLOPE),
    "b forgotten in the slope": Wrong(
        LOOP, {"(1 - trace.h[t] ** 2)": "(1 - np.tanh(trace.x[t] @ U.T + trace.h_prev[t] @ W.T) ** 2)"}, "a",
        words=SLOPE),
    "plus for minus in the slope": Wrong(LOOP, {"(1 - trace.h[t] ** 2)": "(1 + trace.h[t] ** 2)"}, "a", words=SLOPE),
    "slope in whole numbers": Wrong(
        ARRAYS, {"dL_da = dL_dh * slope": "dL_da = (0.01 * dL_dh * slope).astype(int)"}, "a",
        words="zero everywhere"),
    # the output gradient
    "y / B": Wrong(LOOP, {"(trace.y_hat[t] - y[t]) / B": "trace.y_hat[t] - y[t] / B"}, "o", words=OUT),
    "divided by T": Wrong(LOOP, {"(trace.y_hat[t] - y[t]) / B": "(trace.y_hat[t] - y[t]) / T"}, "o",
                          "divided_by_steps_not_batch"),
    "rounded outputs": Wrong(LISTS, {"(p - q) / B": "(p.round() - q) / B"}, "o", words=OUT),
    "half of the cross-entropy": Wrong(CHAIN, {" + (1 - y) / (1 - p)": ""}, "o", words=OUT),
    "a sign inside the cross-entropy": Wrong(CHAIN, {" + (1 - y)": " - (1 - y)"}, "o", words=OUT),
    "squared error": Wrong(CHAIN, {"(-y / p + (1 - y) / (1 - p)) / B": "2 * (p - y) / B"}, "o", words=OUT),
    "mean taken away": Wrong(
        CHAIN, {"* p * (1 - p)\n": "* p * (1 - p)\n    dL_do = dL_do - dL_do.mean(axis=-1, keepdims=True)\n"}, "o",
        words=OUT),
    "tanh at the output": Wrong(
        LOOP, {"(trace.y_hat[t] - y[t]) / B": "(trace.y_hat[t] - y[t]) * (1 - trace.y_hat[t] ** 2) / B"}, "o",
        words=OUT),
    "ones alone": Wrong(LOOP, {" / B\n": " / B\n        do[y[t] == 0] = 0\n"}, "o", words=OUT),
    "last output alone": Wrong(LOOP, {" / B\n": " / B * (t == T - 1)\n"}, "o", words=r"steps 1 to 6"),
    "mean over outputs, times two": Wrong(LOOP, {" / B\n": " * 2 / (B * n_y)\n"}, "o", words="2 / .B · n_y|2 / n_y"),
    "logits for outputs": Wrong(LISTS, {"(p - q) / B": "(1 / (1 + np.exp(-p)) - q) / B"}, "o", words=OUT),
    # the sums
    "last state before the first step": Wrong(LOOP, {"trace.h_prev[t]": "trace.h[t - 1]"}, "W",
                                              "last_state_before_the_first_step"),
    "h_prev one too early": Wrong(LOOP, {"trace.h_prev[t]": "trace.h_prev[t - 1]"}, "W", words="sum for ∂L/∂W"),
    "x backwards": Wrong(LOOP, {"trace.x[t]": "trace.x[T - 1 - t]"}, "U", words="sum for ∂L/∂U"),
    "tanh of h in V": Wrong(LOOP, {"dV += do.T @ trace.h[t]": "dV += do.T @ np.tanh(trace.h[t])"}, "V",
                            words="sum for ∂L/∂V"),
    "mean for c": Wrong(LOOP, {"do.sum(axis=0)": "do.mean(axis=0)"}, "c", words="1 / B times"),
    "all of b alike": Wrong(LOOP, {"da.sum(axis=0)": "da.sum()"}, "b", words="sum for ∂L/∂b"),
    "first sequence in c": Wrong(LOOP, {"do.sum(axis=0)": "do[0]"}, "c", words="sum for ∂L/∂c"),
    "W divided in every step": Wrong(LOOP, {"dW += da": "dW /= 2\n        dW += da"}, "W", words="sum for ∂L/∂W"),
    "x one step late in zip": Wrong(LISTS, {"zip(das, trace.x)": "zip(das, trace.x[1:])"}, "U",
                                    words="sum for ∂L/∂U"),
    "V and c divided again": Wrong(LOOP, {END: "    return dU, dW, dV / B, db, dc / B\n"}, "V c",
                                   words="1 / B times.*sums? for ∂L/∂V and ∂L/∂c"),
    "b and c never filled": Wrong(LOOP, {END: "    return dU, dW, dV, 0 * db, 0 * dc\n"}, "b c",
                                  words="zero everywhere.*sums? for"),
    "mean for U and W": Wrong(ARRAYS, {"dL_da, trace.x)": "dL_da, trace.x) / len(y)",
                                       "dL_da, trace.h_prev)": "dL_da, trace.h_prev) / len(y)"}, "U W",
                              words="1 / T times.*sums? for ∂L/∂U and ∂L/∂W"),
    "V not divided": Wrong(COLUMNS, {"do @ h.T": "B * do @ h.T"}, "V", words="B times"),
    "divided for every sequence": Wrong(
        COLUMNS, {"            da_next = da\n": "            da_next = da\n        grads = {n: g / B for n, g in "
                  "grads.items()}\n", "grad / B for": "grad for"}, "sums", words=ALL_SUMS),
    "first step left out": Wrong(LOOP, {"reversed(range(T))": "reversed(range(1, T))"}, "sums",
                                 words="first step|which steps"),
    "last step left out": Wrong(LOOP, {"reversed(range(T))": "reversed(range(T - 1))"}, "sums",
                                words=r"step 7 \(the last\)"),
    "first sequence alone": Wrong(COLUMNS, {"for s in range(B)": "for s in range(1)"}, "sums", words=ALL_SUMS),
    "one sequence too few": Wrong(COLUMNS, {"for s in range(B)": "for s in range(1, B)"}, "sums", words=ALL_SUMS),
    "time and batch exchanged": Wrong(
        ARRAYS, {"    dL_do =": "    trace = trace._replace(**{n: np.swapaxes(getattr(trace, n), 0, 1) for n in "
                 "trace._fields})\n    y = np.swapaxes(y, 0, 1)\n    dL_do ="}, "sums",
        words='axes="B, T, n"'),
    # what is not linear in the error
    "clipped at 0.1": Wrong(LOOP, {END: "    return [np.clip(g, -0.1, 0.1) for g in (dU, dW, dV, db, dc)]\n"},
                            "not linear", words="clip|cut"),
    "clipped by the norm of all": Wrong(
        LOOP, {END: "    norm = np.sqrt(sum((g**2).sum() for g in (dU, dW, dV, db, dc)))\n"
               "    return [g * min(1, 0.5 / norm) for g in (dU, dW, dV, db, dc)]\n"}, "not linear",
        words="clip|norm"),
    "clipped by the norm of each": Wrong(
        LOOP, {END: "    return [g * min(1, 0.2 / np.linalg.norm(g)) for g in (dU, dW, dV, db, dc)]\n"}, "not linear",
        words="clip|norm"),
    "clipped on the way": Wrong(LOOP, {"dh_next = da @ W": "dh_next = np.clip(da @ W, -0.02, 0.02)"}, "not linear h",
                                words="clip|cut"),
    "weights pulled to zero": Wrong(LOOP, {END: "    return [g + 0.01 * p for g, p in zip((dU, dW, dV, db, dc), "
                                    "params)]\n"}, "not linear", words="does not come from the error|added"),
    "length 1": Wrong(LOOP, {END: "    return [g / np.linalg.norm(g) if g.any() else g for g in (dU, dW, dV, db, dc)]"
                             "\n"}, "not linear", words="norm|length|factor"),
    "half precision": Wrong(LOOP, {END: "    return [g.astype(np.float16) for g in (dU, dW, dV, db, dc)]\n"},
                            "precision", words="precision|float16|digits only"),
    "half precision inside": Wrong(LOOP, {"da = dh *": "da = dh.astype(np.float16) *"}, "precision",
                                   words="precision|float16|digits only"),
    # several at once, and what survives
    "the short program": Wrong(
        LOOP, {"(trace.y_hat[t] - y[t]) / B": "(y[t] - trace.y_hat[t]) / B * trace.y_hat[t] * (1 - trace.y_hat[t])",
               "(1 - trace.h[t] ** 2)": "trace.h[t] * (1 - trace.h[t])"}, "o a",
        "sign_flipped sigmoid_slope_twice sigmoid_slope_for_tanh"),
    "learning rate inside": Wrong(LOOP, {END: "    return [-0.1 * g for g in (dU, dW, dV, db, dc)]\n"}, "o",
                                  words="-0.1 times"),
    "sums kept in a default": Wrong(
        LOOP, {"(params, trace, y):": "(params, trace, y, kept={}):", END: "    for n, g in zip('UWVbc', (dU, dW, dV, "
               "db, dc)):\n        kept[n, g.shape] = kept.get((n, g.shape), 0) + g\n"
               "    return [kept[n, p.shape] for n, p in params._asdict().items()]\n"}, "state",
        words="two answers"),
    "sums kept outside": Wrong(
        LOOP, {"def backward": "kept = []\n\n\ndef backward",
               END: "    kept[:] = [k + g for k, g in zip(kept, (dU, dW, dV, db, dc))] or [dU, dW, dV, db, dc]\n"
               "    return kept\n"}, "state", words="two answers"),
    "dropout": Wrong(LOOP, {"da = dh *": "da = dh * (np.random.default_rng().random(dh.shape) < 0.9) *"}, "state",
                     words="two answers"),
    # no gradient
    "columns for rows": Wrong(LOOP, {"do @ V + dh_next": "V.T @ do + dh_next"}, "crash", words="rows"),
    "rows the wrong way": Wrong(LOOP, {"da @ W\n": "W @ da\n"}, "crash", words="rows"),
    "returned in another order": Wrong(LOOP, {END: "    return dW, dU, dV, db, dc\n"}, "crash",
                                       words="another order"),
}
# fmt: on
