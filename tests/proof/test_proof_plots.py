import nets
import numpy as np
import pytest
from matplotlib.figure import Figure

from bptt_lab import proof
from bptt_lab.proof import plots


def test_cube_and_cloud_show_each_state_once_and_by_its_carry():
    views = plots.cube(Figure(), (0, 90, 180))
    assert [view.azim for view in views] == [0, 90, 180]
    h, carry = np.random.default_rng(0).uniform(-1, 1, (20, 3)), np.arange(20) % 3 == 0
    without, with_carry = plots.cloud(views[1], h, carry)
    assert (np.transpose(without.get_data_3d()) == h[~carry]).all()
    assert (np.transpose(with_carry.get_data_3d()) == h[carry]).all()
    assert without.get_marker() != with_carry.get_marker() and without.get_color() != with_carry.get_color()


@pytest.mark.slow
@pytest.mark.parametrize(("build", "n_edges"), [(nets.two_units, 4), (nets.hand_built, 12)])
def test_cells_have_all_their_edges(build, n_edges):
    cells = proof.prove(build()).certificate
    ax = plots.cube(Figure())[0] if n_edges == 12 else Figure().subplots()
    lines = plots.cells(ax, plots.corners(cells), cells.carry)
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
        for pair in proof.INPUTS
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


@pytest.mark.slow
def test_shadows_hold_the_shadows_of_all_corners_and_touch_them(ax):
    cells = proof.prove(nets.hand_built()).certificate
    plane = np.linalg.qr(np.random.default_rng(2).standard_normal((3, 2)))[0].T
    outlines = plots.shadows(ax, cells, plane)
    assert len(outlines) == len(cells.carry)
    for outline, corners, value in zip(outlines, plots.corners(cells), cells.carry):
        points = corners @ plane.T
        np.testing.assert_allclose(outline.get_xy().min(axis=0), points.min(axis=0), atol=1e-12)
        np.testing.assert_allclose(outline.get_xy().max(axis=0), points.max(axis=0), atol=1e-12)
        assert outline.get_linestyle() == ("--" if value else "-")
