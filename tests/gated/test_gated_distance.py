import matplotlib.pyplot as plt
import numpy as np
import pytest
from cells import CELLS, make_cell_problem

from bptt_lab import bptt, gated, machine
from bptt_lab.gated import distance


def test_the_bit_is_shown_once_and_asked_once():
    x, y = distance.sample(9, 200, np.random.default_rng(0))
    assert x.shape == (10, 200, 2) and y.shape == (10, 200, 1)
    assert (x[0, :, 1] == 1).all() and (x[1:, :, 1] == 0).all()
    assert ((x[0, :, 0] > 0) == (y[-1, :, 0] > 0.5)).all()
    assert set(np.unique(x[1:, :, 0])) == {-1, 1} and abs(x[1:, :, 0].mean()) < 0.1
    assert distance.last_step(10).tolist() == [0] * 9 + [1]


@pytest.mark.slow
def test_a_short_distance_is_solved_and_a_network_that_cannot_keep_solves_none():
    rng = np.random.default_rng(0)
    params, steps = distance.learn(gated.lstm, gated.lstm.init_params(8, rng), 3, rng)
    assert 0 < steps <= 300
    x, y = distance.sample(3, 500, np.random.default_rng(1))
    assert ((gated.lstm.forward(params, x).o[-1] > 0) == (y[-1] > 0.5)).mean() > 0.97
    rng = np.random.default_rng(0)
    _, steps = distance.learn(gated.lstm, gated.lstm.init_params(8, rng, forget_bias=-20.0), 28, rng, max_steps=100)
    assert steps == 0


@pytest.mark.slow
@pytest.mark.skipif(not machine.HAS_NUMBA, reason="minutes without the compiled loop")
def test_an_open_forget_gate_reaches_farther():
    closed, half, open_ = (distance.reaches(gated.lstm, range(3), forget_bias=bias) for bias in (0.0, 1.0, 3.0))
    assert max(closed) < min(half) and np.median(half) < np.median(open_)
    assert distance.reach(gated.lstm, 1, forget_bias=1.0) == half[1]


@pytest.mark.parametrize("name", CELLS)
def test_credit_of_all_errors_adds_up_to_the_state_gradients(name):
    cell = CELLS[name]
    params, x, y = make_cell_problem(cell, np.random.default_rng(3), T=6, B=7, n_x=2, n_h=5, n_y=3)
    trace = cell.forward(params, x)
    dL_do = bptt.output_grads(trace, y)
    stage = cell.state_grads
    whole = stage(params, trace, dL_do)
    for of, dL in zip("hs", whole if cell is gated.lstm else [whole]):
        table = gated.credit(cell, params, trace, y, of)
        assert np.abs(table.sum(axis=0) - dL).max() < 1e-14
        assert all((table[k, t] == 0).all() for k in range(6) for t in range(k + 1, 6))
        last = np.sqrt((table[-1] ** 2).sum(axis=(1, 2)))
        assert np.allclose(gated.share_felt(cell, params, trace, y, of), last / last[-1])


def test_pictures_draw_what_they_are_given():
    fig, ax = plt.subplots()
    (dots, _) = gated.plots.reach(ax, {"plain": [7, 10, 14], "lstm, bias 1": [20, 20, 40]})
    assert dots.get_xdata().tolist() == [7, 10, 14]
    fig, ax = plt.subplots()
    lines = gated.plots.felt(ax, {"plain": [0.1, 1], "lstm, bias 0": [0.2, 1], "lstm, bias 3": [0.9, 1]})
    assert [line.get_ydata()[0] for line in lines] == [0.1, 0.2, 0.9]
    assert len({line.get_linestyle() + line.get_color() for line in lines}) == 3
    table = np.zeros((3, 3, 2, 4))
    table[2, 0] = 0.5
    image = gated.plots.credit_table(plt.subplots()[1], table).get_array()
    assert np.isclose(image[2, 0], 0.5 * np.sqrt(8)) and image.mask[0, 1] and not image.mask[1, 0]
    lines = gated.plots.kept(plt.subplots()[1], np.arange(12.0).reshape(3, 4), np.array([1, 0, 1, 0]))
    assert [line.get_ydata()[0] for line in lines] == [0, 2, 1, 3]
    plt.close("all")
