import matplotlib
import nets
import numpy as np
import pytest
from matplotlib.figure import Figure

from bptt_lab import counterexamples, data, plots, proof

matplotlib.use("Agg")


@pytest.fixture
def ax():
    return Figure().subplots()


def test_accuracies_shows_the_last_iterations_at_their_places(ax):
    digits = np.arange(20_000) % 9
    line, mean = plots.accuracies(ax, digits)
    assert line.get_xdata()[[0, -1]].tolist() == [19_001, 20_000]
    assert (line.get_ydata() == digits[-1_000:]).all()
    assert mean.get_ydata()[0] == digits[-1_000:].mean()
    assert f"{digits[-1_000:].mean():.3f}" in mean.get_label()


def test_a_short_run_is_shown_whole(ax):
    line, _ = plots.accuracies(ax, np.array([3, 4]))
    assert line.get_xdata().tolist() == [1, 2]


def test_loss_curve_thins_the_dots_and_takes_medians_of_whole_windows(ax):
    loss = np.arange(1.0, 10_251.0)
    dots, line = plots.loss_curve(ax, loss, window=500)
    assert len(dots.get_xdata()) <= 2_000 and dots.get_ydata()[1] == loss[dots.get_xdata()[1] - 1]
    assert line.get_ydata()[:2].tolist() == [250.5, 750.5]
    assert line.get_xdata().tolist() == list(range(500, 10_001, 500))


def test_bit_table_and_unrolled_show_the_sum(ax):
    x, y = data.encode_sums([77], [58])
    texts = plots.bit_table(ax, x[:, 0], y[:, 0], data.carries(x)[:, 0])
    rows = np.array([int(text.get_text()) for text in texts]).reshape(4, 8)
    first, second, carry, total = rows
    assert [data.from_bits(row) for row in (first, second, total)] == [77, 58, 135]
    assert ((first + second + carry) % 2 == total).all()
    outputs = plots.unrolled(ax, x[:, 0], y[:, 0], 0.9 * y[:, 0])
    assert [text.get_text() for text in outputs] == [f"{0.9 * bit:.2f}" for bit in y[:, 0, 0]]


def test_blocks_are_drawn_to_one_scale(ax):
    tall, flat = plots.blocks(ax, [("W", 16, 16, plots.PALE), "+", ("x", 2, 1, plots.FIRST)])
    assert tall.get_height() / flat.get_height() == pytest.approx(8)
    assert tall.get_width() / flat.get_width() == pytest.approx(16)


def test_sums_map_puts_each_sum_in_its_place_and_crosses_the_wrong(ax):
    digits = np.full(127**2, 8)
    digits[3 * 127 + 5] = 6
    image = plots.sums_map(ax, digits)
    assert image.get_array()[3, 5] == 6 and (image.get_array() == 8).sum() == 127**2 - 1
    assert ax.lines[0].get_xydata().tolist() == [[5, 3]]
    assert "1 of 16,129 sums wrong" in ax.get_title()


def test_spread_and_gradient_sizes(ax):
    dots = plots.spread(ax, [[8, 7, 6], [5, 5, 5]], ["a", "b"])
    assert [d.get_xdata().tolist() for d in dots] == [[8, 7, 6], [5, 5, 5]]
    line = plots.gradient_sizes(Figure().subplots(), np.array([[[1.0, -3.0]], [[0.5, 0.1]]]))
    assert line.get_ydata().tolist() == [3.0, 0.5]


def test_gradient_errors_are_drawn_by_their_logarithm_and_zeros_as_the_least(ax):
    image = plots.gradient_errors(ax, [[0.0, 1e-16, 1e-8], [0.1, 1.0, 1e-20]], ["U", "W"])
    shades = image.norm(image.get_array())
    assert np.allclose(shades, [[0, 0, 0.5], [15 / 16, 1, 0]])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["U", "W"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "3"]
    large = plots.gradient_errors(Figure().subplots(), np.array([[50.0]]), ["U"], scale=False)
    assert large.norm.vmax == 50


def test_cube_and_cloud_show_each_state_once_and_by_its_carry():
    views = plots.cube(Figure(), (0, 90, 180))
    assert [view.azim for view in views] == [0, 90, 180]
    h, carry = np.random.default_rng(0).uniform(-1, 1, (20, 3)), np.arange(20) % 3 == 0
    without, with_carry = plots.cloud(views[1], h, carry)
    assert (np.transpose(without.get_data_3d()) == h[~carry]).all()
    assert (np.transpose(with_carry.get_data_3d()) == h[carry]).all()
    assert without.get_marker() != with_carry.get_marker() and without.get_color() != with_carry.get_color()


@pytest.mark.parametrize(("build", "n_edges"), [(nets.two_units, 4), (nets.hand_built, 12)])
def test_cells_have_all_their_edges(build, n_edges):
    cells = proof.prove(build()).proof
    ax = plots.cube(Figure())[0] if n_edges == 12 else Figure().subplots()
    lines = plots.cells(ax, cells.corners(), cells.carry)
    assert len(lines) == len(cells.carry)
    widest = int(cells.radius.prod(axis=1).argmax())
    path = np.transpose(lines[widest].get_data_3d() if n_edges == 12 else lines[widest].get_data())
    assert len(path) == 3 * n_edges and np.isnan(path[2::3]).all()
    sides = path[1::3] - path[::3]
    parallel = np.abs(sides @ cells.axes[widest]) > 1e-12
    assert (parallel.sum(axis=1) == 1).all()  # each edge runs along one axis of its box, and has its length
    np.testing.assert_allclose(np.abs(sides @ cells.axes[widest]).max(axis=0), 2 * cells.radius[widest])
    assert lines[widest].get_linestyle() == ("--" if cells.carry[widest] else "-")


def test_the_outline_of_a_zonotope_is_its_hull(ax):
    rng = np.random.default_rng(1)
    centre, G = rng.standard_normal(2), rng.standard_normal((2, 5))
    outline = plots.zonotope(ax, centre, G).get_xy()
    assert len(outline) == 2 * 5 + 1  # closed
    for angle in np.linspace(0, 2 * np.pi, 50):
        direction = np.array([np.cos(angle), np.sin(angle)])
        assert (outline @ direction).max() == pytest.approx(centre @ direction + np.abs(direction @ G).sum())
    signs = np.sign(rng.standard_normal((100, 5)))
    assert ax.patches[0].get_path().contains_points(centre + 0.999 * signs @ G.T).all()


def test_the_machine_has_eight_labelled_arrows(ax):
    arrows = {
        (carry, tuple(map(int, pair))): (int((carry + pair.sum()) // 2), int((carry + pair.sum()) % 2))
        for carry in (0, 1)
        for pair in counterexamples.INPUTS
    }
    labels = plots.machine(ax, arrows)
    assert [label.get_text() for label in labels] == [f"{i} + {j} : {bit}" for (_, (i, j)), (_, bit) in arrows.items()]
    assert len({label.get_position() for label in labels}) == 8  # none upon another
    assert [np.sign(label.get_position()[0]) for label in labels] == [-1, -1, -1, 0, 0, 1, 1, 1]
    with pytest.raises(ValueError, match="two states, got 1"):
        plots.machine(ax, {key: value for key, value in arrows.items() if key[0] == 0})


def test_reading_marks_steps_by_their_carry(ax):
    without, with_carry = plots.reading(ax, [-1.0, 0.5, 2.0], [0, 1, 1])
    assert without.get_xydata().tolist() == [[1, -1]] and with_carry.get_xydata().tolist() == [[2, 0.5], [3, 2]]
