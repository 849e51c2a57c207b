"""The same network and the same training in PyTorch: nn.RNN, autograd, SGD."""

import torch

from bptt_lab import data
from bptt_lab.model import Params


def build(params: Params, dtype=torch.float64):
    """An nn.RNN and an nn.Linear with the values of `params`."""
    (n_h, n_x), n_y = params.U.shape, len(params.c)
    rnn, read_out = torch.nn.RNN(n_x, n_h, dtype=dtype), torch.nn.Linear(n_h, n_y, dtype=dtype)
    with torch.no_grad():
        rnn.weight_ih_l0[:], rnn.weight_hh_l0[:] = torch.as_tensor(params.U), torch.as_tensor(params.W)
        rnn.bias_ih_l0[:], read_out.weight[:] = torch.as_tensor(params.b), torch.as_tensor(params.V)
        read_out.bias[:] = torch.as_tensor(params.c)
        rnn.bias_hh_l0.zero_().requires_grad_(False)
    return rnn, read_out


def loss_of(rnn, read_out, x, y):
    logits = read_out(rnn(x)[0])
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, y, reduction="sum") / x.shape[1]


def gradients(rnn, read_out, x, y) -> Params:
    leaves = [rnn.weight_ih_l0, rnn.weight_hh_l0, read_out.weight, rnn.bias_ih_l0, read_out.bias]
    return Params(*torch.autograd.grad(loss_of(rnn, read_out, x, y), leaves))


def train(params: Params, *, rng, n_steps: int, learning_rate: float = 0.008):
    rnn, read_out = build(params)
    leaves = [p for p in (*rnn.parameters(), *read_out.parameters()) if p.requires_grad]
    optimizer = torch.optim.SGD(leaves, lr=learning_rate)
    x_all, y_all = (torch.as_tensor(array) for array in data.sample_sums(n_steps, rng))
    losses = []
    for k in range(n_steps):
        loss = loss_of(rnn, read_out, x_all[:, k : k + 1], y_all[:, k : k + 1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses
