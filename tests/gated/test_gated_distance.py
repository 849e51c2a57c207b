import matplotlib.pyplot as plt
import numpy as np
import pytest
from cells import CELLS, make_cell_problem

from bptt_lab import bptt, gated, machine
from bptt_lab.gated import distance, plain, reached


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
def test_what_is_felt_of_the_last_error_is_the_gradient_of_its_loss_alone(name):
    cell = CELLS[name]
    params, x, y = make_cell_problem(cell, np.random.default_rng(3), T=6, B=7, n_x=2, n_h=5, n_y=3)
    trace = cell.forward(params, x)
    alone = bptt.output_grads(trace, y) * distance.last_step(6)[:, None, None]
    grads = cell.state_grads(params, trace, alone)
    for of, dL in zip("hs", grads if cell is gated.lstm else [grads]):
        lengths = np.sqrt((dL**2).sum(axis=(1, 2)))
        assert np.allclose(gated.share_felt(cell, params, trace, y, of), lengths / lengths[-1], rtol=1e-12)


def test_starts_are_what_their_names_say():
    start = plain.init_params(8, np.random.default_rng(0))
    turned, quiet = reached.orthogonal(start), reached.orthogonal_and_quiet(start)
    assert (
        np.abs(turned.W @ turned.W.T - np.eye(8)).max() < 1e-14 and np.abs(start.W @ start.W.T - np.eye(8)).max() > 0.1
    )
    assert turned.W[0] @ start.W[0] > 0.999 * np.linalg.norm(start.W[0])  # the first row keeps its direction
    assert (turned.U == start.U).all() and (quiet.U == start.U / 10).all() and (quiet.W == turned.W).all()
    gates = gated.lstm.init_params(4, np.random.default_rng(0), forget_bias=3.0)
    assert reached.input_gate(-3, gates).b.tolist() == [-3] * 4 + [3] * 4 + [0] * 8 and (gates.b[:4] == 0).all()


@pytest.mark.skipif(not machine.HAS_NUMBA, reason="minutes without the compiled loop")
def test_rows_of_the_stored_table_come_out_again():
    table = reached.read()
    assert list(table) == [(name, rate) for name in reached.STARTS for rate in reached.RATES]
    for name, rate in (("plain", 0.003), ("plain, orthogonal W", 0.03), ("lstm, bias 0", 0.01)):
        assert reached.compute(name, rate) == table[name, rate]
    medians = {key: np.median(solved) for key, solved in table.items()}
    for rate in reached.RATES:  # what notebook 12 says of it
        assert medians["plain, orthogonal W, small U", rate] == medians["lstm, bias 3", rate]
        best_plain = max(value for (name, one), value in medians.items() if one == rate and name.startswith("plain"))
        assert best_plain < min(medians["lstm, bias 3, input -3", rate], medians["gru, bias 3", rate])
    assert medians["lstm, bias 5", 0.003] > medians["gru, bias 3", 0.003]


def test_pictures_draw_what_they_are_given():
    fig, ax = plt.subplots()
    (dots, _) = gated.plots.reach(ax, {"plain": [7, 10, 14], "lstm, bias 1": [20, 20, 40]})
    assert dots.get_xdata().tolist() == [7, 10, 14]
    fig, ax = plt.subplots()
    lines = gated.plots.felt(ax, {"plain": [0.1, 1], "lstm, bias 0": [0.2, 1], "lstm, bias 3": [0.9, 1]})
    assert [line.get_ydata()[0] for line in lines] == [0.1, 0.2, 0.9]
    assert len({line.get_linestyle() + line.get_color() for line in lines}) == 3
    lines = gated.plots.kept(plt.subplots()[1], np.arange(12.0).reshape(3, 4), np.array([1, 0, 1, 0]))
    assert [line.get_ydata()[0] for line in lines] == [0, 2, 1, 3]
    plt.close("all")
