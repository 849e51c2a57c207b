"""The arrays behind the pictures, and what the sliders say."""

import base64

import numpy as np
from matplotlib.figure import Figure

from bptt_lab import model, through_time
from bptt_lab.through_time import plots, sliders


def axes(n=1):
    return Figure().subplots(1, n)


def test_credit_map_shows_the_table_and_hides_what_is_zero():
    sizes = np.tril(10.0 ** -np.arange(16).reshape(4, 4))
    image = plots.credit_map(axes(), sizes, labels=list("abcd"), decades=6)
    shown = image.get_array()
    assert shown.mask[0, 1] and not shown.mask[1, 0]
    assert np.isclose(shown[1, 0], 1e-4) and np.isclose(shown[3, 3], 1e-6)  # the smallest are drawn as the darkest
    assert [label.get_text() for label in image.axes.get_xticklabels()] == list("abcd")


def test_fan_draws_the_median():
    *thin, median = plots.fan(axes(), [[1, 2], [1, 4], [1, 9]])
    assert len(thin) == 3 and list(median.get_ydata()) == [1, 4]


def test_log_log_draws_theory_through_the_last_point():
    ax = axes()
    line = plots.log_log(ax, [10, 100], [5, 50], "RTRL", slope=2)
    theory = ax.lines[1]
    assert list(line.get_ydata()) == [5, 50]
    assert np.allclose(theory.get_ydata(), [0.5, 50])


def test_moves_are_drawn_in_order():
    ax = axes()
    schedule = list(through_time.schedule(10, 4))
    lines = plots.moves(ax, schedule)
    assert [tuple(line.get_xdata()) for line in lines] == [(start, stop) for _, start, stop in schedule]


def test_small_radii_vanish_and_large_ones_explode():
    vanished, held = sliders.measure(0.5, drive=0.1), sliders.measure(1.0, drive=0.0)
    exploded = sliders.measure(1.5, drive=0.0)
    assert np.median(vanished.norms[:, -1]) < 1e-12
    assert 0.01 < np.median(held.norms[:, -1]) < 100
    assert "vanishes" in sliders.in_words(vanished) and "holds" in sliders.in_words(held)
    assert vanished.norms.shape == (sliders.B, sliders.T)
    assert (vanished.norms <= vanished.bound ** np.arange(sliders.T) * 1.000001).all()
    assert exploded.slope > vanished.slope or exploded.radius == 1.5


def test_the_slider_changes_picture_and_words():
    widget = sliders.SpectralRadius(radius=0.5)
    picture, words = widget.picture.value, widget.words.value
    assert picture[:4] == b"\x89PNG" and "vanishes" in words
    stored = widget._repr_mimebundle_()  # what a page shows where no kernel runs
    assert base64.b64decode(stored["image/png"]) == picture
    assert stored["text/plain"].startswith("Over 59 steps the gradient vanishes: times")
    widget.radius.value = 2.4
    assert widget.picture.value != picture and widget.words.value != words


def test_vanishing_draws_what_it_was_given():
    params = model.init_params(4, np.random.default_rng(0))
    eigenvalues = np.linalg.eigvals(params.W)
    points, median = plots.vanishing(*axes(2), eigenvalues, [[1, 0.5], [1, 0.25], [1, 0.1]], 0.9, 1.1)
    assert (points.get_xdata() == eigenvalues.real).all() and list(median.get_ydata()) == [1, 0.25]
