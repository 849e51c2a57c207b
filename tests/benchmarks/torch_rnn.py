"""The same network and the same training in PyTorch: nn.RNN, autograd, SGD."""

import torch

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


def gradients_of_one(params: Params, x, y) -> Params:
    """For one sum; x is (T, n_x), y is (T, n_y)."""
    x, y = (torch.as_tensor(array, dtype=torch.float64)[:, None] for array in (x, y))
    return Params(*(grad.numpy() for grad in gradients(*build(params), x, y)))


def sgd(params: Params, x, y, learning_rate: float):
    """What `training.sgd` computes with batch_size 1, run eagerly."""
    rnn, read_out = build(params)
    leaves = [rnn.weight_ih_l0, rnn.weight_hh_l0, read_out.weight, rnn.bias_ih_l0, read_out.bias]
    optimizer = torch.optim.SGD(leaves, lr=learning_rate)
    x, y = (torch.as_tensor(array, dtype=torch.float64) for array in (x, y))
    o = torch.empty_like(y)
    for k in range(x.shape[1]):
        logits = read_out(rnn(x[:, k : k + 1])[0])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, y[:, k : k + 1], reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        o[:, k : k + 1] = logits.detach()
    return Params(*(leaf.detach().numpy().copy() for leaf in leaves)), o.numpy()
