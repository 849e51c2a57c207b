"""The LSTM against torch.nn.LSTM, and the GRU against its formula in PyTorch: pip install torch==2.13.0, hypothesis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_lab.gated import gru, lstm
from bptt_lab.validate import missing

torch = pytest.importorskip("torch", reason=missing("PyTorch", "nothing is compared with it", "pip install torch"))
SIZES = st.tuples(*(st.integers(1, most) for most in (12, 7, 4, 9, 3)), st.integers(0, 2**32 - 1))


def drawn(cell, T, B, n_x, n_h, n_y, seed):
    rng = np.random.default_rng(seed)
    params = cell.init_params(n_h, rng, n_x, n_y)
    params = type(params)(*(rng.uniform(-1, 1, array.shape) for array in params))
    return params, rng.uniform(-1, 1, (T, B, n_x)), rng.integers(0, 2, (T, B, n_y)).astype(float)


def by_torch(states, arrays, V, c, x, y):
    """Logits, and gradients of the arrays, V and c by autograd; `states` makes h^(1) … h^(T) of x."""
    *arrays, V, c = (torch.from_numpy(array.copy()).requires_grad_() for array in (*arrays, V, c))
    o = states(torch.from_numpy(x), *arrays) @ V.T + c
    loss = torch.nn.functional.binary_cross_entropy_with_logits(o, torch.from_numpy(y), reduction="sum") / y.shape[1]
    loss.backward()
    return [o.detach().numpy(), *(one.grad.numpy() for one in (*arrays, V, c))]


def lstm_states(x, U, W, b):
    """By torch.nn.LSTM, whose order is i, f, g, o; it has two biases, of which one is enough."""
    layer = torch.nn.LSTM(x.shape[2], W.shape[1]).double()
    names = dict(weight_ih_l0=U, weight_hh_l0=W, bias_ih_l0=b, bias_hh_l0=torch.zeros_like(b))
    return torch.func.functional_call(layer, names, x)[0]


def gru_states(x, U, W, b):
    """Cho's, in the order r, z, g; that of torch.nn.GRU resets after the product, and has a bias more."""
    h, states, W_g = torch.zeros(x.shape[1], W.shape[1], dtype=x.dtype), [], W.chunk(3)[2]
    for x_t in x:
        (drive_r, drive_z, drive_g), (past_r, past_z, _) = (x_t @ U.T + b).chunk(3, 1), (h @ W.T).chunk(3, 1)
        r, z = torch.sigmoid(drive_r + past_r), torch.sigmoid(drive_z + past_z)
        h = z * h + (1 - z) * torch.tanh(drive_g + (r * h) @ W_g.T)
        states.append(h)
    return torch.stack(states)


def close(ours, theirs):
    return all(np.abs(a - b).max() <= 1e-10 * max(1.0, np.abs(b).max()) for a, b in zip(ours, theirs))


@pytest.mark.parametrize("cell, states", [(lstm, lstm_states), (gru, gru_states)], ids=["lstm", "gru"])
@settings(max_examples=200, deadline=None)
@given(SIZES)
def test_gradients(cell, states, sizes):
    params, x, y = drawn(cell, *sizes)
    trace = cell.forward(params, x)
    U, W, V, b, c = cell.backward(params, trace, y)
    theirs = by_torch(states, (params.U, params.W, params.b), params.V, params.c, x, y)
    assert close([trace.o, U, W, b, V, c], theirs)
