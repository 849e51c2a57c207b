import numpy as np
import pytest
from matplotlib.figure import Figure

from bptt_lab import data, plots


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


def test_right_bits_shows_the_mean_of_each_window_and_two_levels_once(ax):
    digits = np.repeat([4, 6, 8], 100)
    curve = plots.right_bits(ax, [*digits, 0])  # the last window is not whole
    plots.right_bits(ax, digits[::-1], window=150, linestyle="--")
    assert curve.get_xydata().tolist() == [[100, 4], [200, 6], [300, 8]]
    assert [line.get_ydata()[0] for line in ax.lines] == [4, plots.NO_MEMORY, 4, pytest.approx(22 / 3)]
    assert [text.get_text() for text in ax.texts] == ["guessing: 4", "no memory: 5.04"]


def test_without_a_memory_5_04_bits_are_right():
    x, y = data.all_sums()
    ones, best = x.sum(axis=2), 0
    for kind in range(3):
        targets = y[ones == kind]
        best += max(targets.sum(), (1 - targets).sum()) / y.shape[1]
    assert round(best, 2) == plots.NO_MEMORY


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


def test_in_the_weighted_sums_each_product_fits(ax):
    a, b, W, h, U, x = plots.weighted_sums(ax, 6, 2)
    assert W.get_width() == h.get_height() and U.get_width() == x.get_height()
    assert a.get_height() == b.get_height() == W.get_height() == U.get_height()
    assert {block.get_facecolor() for block in (b, W, U)}.isdisjoint(block.get_facecolor() for block in (a, h, x))


def test_sums_map_puts_each_sum_in_its_place_and_crosses_the_wrong(ax):
    digits = np.full(127**2, 8)
    digits[3 * 127 + 5] = 6
    image = plots.sums_map(ax, digits)
    assert image.get_array()[3, 5] == 6 and (image.get_array() == 8).sum() == 127**2 - 1
    assert ax.lines[0].get_xydata().tolist() == [[5, 3]]
    assert "1 of 16,129 additions wrong" in ax.get_title()


def test_spread_and_gradient_sizes(ax):
    dots = plots.spread(ax, [[8, 7, 6], [5, 5, 5]], ["a", "b"])
    assert [d.get_xdata().tolist() for d in dots] == [[8, 7, 6], [5, 5, 5]]
    line = plots.gradient_sizes(Figure().subplots(), np.array([[[1.0, -3.0]], [[0.5, 0.1]]]))
    assert line.get_ydata().tolist() == [3.0, 0.5]


def test_counted_draws_a_dot_for_each_and_their_number(ax):
    texts = plots.counted(ax, [[200, 0], [21, 179]], ["first", "second"], ["few", "many"])
    assert [text.get_text() for text in texts] == ["200", "0", "21", "179"]
    drawn = [np.array(line.get_data()) for line in ax.lines]
    assert [len(dots.T) for dots in drawn] == [200, 0, 21, 179]
    for dots, (row, column) in zip(drawn, [(0, 0), (0, 1), (1, 0), (1, 1)]):
        assert (np.abs(dots.T - (column, row)) < 0.5).all()
    first_top = drawn[0][1].min()
    assert texts[0].get_position()[1] < first_top and texts[2].get_position()[1] < drawn[2][1].min()


def test_two_roads_show_both_terms_and_what_is_known(ax):
    first, second = [0.1, 0.2, 0.3], [0.01, -0.5, 0.0]
    shown = [text.get_text() for text in plots.two_roads(ax, 2, first, second)]
    assert shown == ["-0.300", "+0.300", "+0.200", "-0.500"]  # h^(1) is not known yet
    last = [text.get_text() for text in plots.two_roads(Figure().subplots(), 3, first, second)]
    assert last == ["+0.300", "+0.300"]  # no second road leads to the last state


def test_states_count_units_from_one_and_show_the_bits_above(ax):
    h, x = np.arange(6.0).reshape(2, 3) / 6, np.array([[0, 1], [1, 1]])
    image = plots.states(ax, h, [0, 1], x, scale=False)
    assert (np.asarray(image.get_array()) == h.T).all() and list(image.get_extent()) == [-0.5, 1.5, 3.5, 0.5]
    assert [tick for tick in ax.get_yticks() if 1 <= tick <= 3] == [1, 2, 3]
    above = ax.child_axes[0].get_xticklabels()
    assert [label.get_text() for label in above] == ["0\n1", "1\n1"]
