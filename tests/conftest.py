import matplotlib
import matplotlib.style
import numpy as np
import pytest
from accessible import small_words, told_by_colour_alone
from hypothesis import settings
from matplotlib.figure import Figure
from problems import make_problem

matplotlib.use("Agg")
settings.register_profile("course", deadline=None, max_examples=50)  # no wall clock in a test
settings.load_profile("course")


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what `-m` does not ask for
def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker("ci")
        if item.get_closest_marker("ci"):
            item.add_marker("slow")  # so that `-m "not slow"` leaves it out, too


@pytest.fixture
def problem():
    """T, B, n_x, n_h and n_y all differ, so that a mixed-up axis shows."""
    return make_problem(np.random.default_rng(3), T=8, B=7, n_x=2, n_h=5, n_y=3)


@pytest.fixture
def ax():
    with matplotlib.style.context("bptt_lab.course"):
        ax = Figure().subplots()
        yield ax
        # so that every picture drawn in a test is looked at
        assert not told_by_colour_alone(ax.figure) and not small_words(ax.figure)
