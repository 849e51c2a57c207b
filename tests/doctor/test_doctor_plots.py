import numpy as np
from matplotlib.figure import Figure

from bptt_lab.doctor import plots


def test_gradient_errors_are_drawn_by_their_logarithm_and_zeros_as_the_least(ax):
    image = plots.gradient_errors(ax, [[0.0, 1e-16, 1e-8], [0.1, 1.0, 1e-20]], ["U", "W"])
    shades = image.norm(image.get_array())
    assert np.allclose(shades, [[0, 0, 0.5], [15 / 16, 1, 0]])
    assert [text.get_text() for text in ax.get_yticklabels()] == ["U", "W"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["1", "2", "3"]
    large = plots.gradient_errors(Figure().subplots(), np.array([[50.0]]), ["U"], scale=False)
    assert large.norm.vmax == 50
