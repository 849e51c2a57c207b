"""The gated cells against torch.nn.LSTM and torch.nn.GRU, at random sizes: pip install torch==2.13.0, hypothesis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_lab.gated import gru_after, lstm
from bptt_lab.validate import missing

torch = pytest.importorskip("torch", reason=missing("PyTorch", "nothing is compared with it", "pip install torch"))
SIZES = st.tuples(*(st.integers(1, most) for most in (12, 7, 4, 9, 3)), st.integers(0, 2**32 - 1))


def drawn(cell, T, B, n_x, n_h, n_y, seed):
    rng = np.random.default_rng(seed)
    params = cell.init_params(n_h, rng, n_x, n_y)
    params = type(params)(*(rng.uniform(-1, 1, array.shape) for array in params))
    return params, rng.uniform(-1, 1, (T, B, n_x)), rng.integers(0, 2, (T, B, n_y)).astype(float)


def by_torch(kind, arrays, V, c, x, y):
    """Loss, and gradients of W_ih, W_hh, b_ih, b_hh, V, c, x by autograd. PyTorch's order is i, f, g, o and r, z, n."""
    n_h = V.shape[1]
    layer = kind(x.shape[2], n_h).double()
    with torch.no_grad():
        for parameter, array in zip(layer.parameters(), arrays):
            parameter.copy_(torch.from_numpy(array))
    V, c, x = (torch.from_numpy(array).requires_grad_() for array in (V, c, x))
    o = layer(x)[0] @ V.T + c
    loss = torch.nn.functional.binary_cross_entropy_with_logits(o, torch.from_numpy(y), reduction="sum") / y.shape[1]
    loss.backward()
    return [o.detach().numpy(), *(p.grad.numpy() for p in (*layer.parameters(), V, c))]


def close(ours, theirs):
    return all(np.abs(a - b).max() <= 1e-10 * max(1.0, np.abs(b).max()) for a, b in zip(ours, theirs))


@settings(max_examples=200, deadline=None)
@given(SIZES)
def test_lstm(sizes):
    params, x, y = drawn(lstm, *sizes)
    trace = lstm.forward(params, x)
    U, W, V, b, c = lstm.backward(params, trace, y)
    theirs = by_torch(torch.nn.LSTM, (params.U, params.W, params.b, 0 * params.b), params.V, params.c, x, y)
    assert close([trace.o, U, W, b, b, V, c], theirs)


@settings(max_examples=200, deadline=None)
@given(SIZES)
def test_gru_with_the_reset_after_the_product(sizes):
    params, x, y = drawn(gru_after, *sizes)
    trace = gru_after.forward(params, x)
    U, W, V, b, c, d = gru_after.backward(params, trace, y)
    n_h = len(d)
    b_hh = np.concatenate([np.zeros(2 * n_h), params.d])
    theirs = by_torch(torch.nn.GRU, (params.U, params.W, params.b, b_hh), params.V, params.c, x, y)
    assert close([trace.o, U, W, b, np.concatenate([b[: 2 * n_h], d]), V, c], theirs)
