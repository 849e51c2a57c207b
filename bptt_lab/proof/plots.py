"""Pictures of hidden states, of the cells around them, and of the machine that they make."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from numpy.typing import ArrayLike

from bptt_lab.model import Array
from bptt_lab.plots import CARRY, HIDDEN, INK, PALE
from bptt_lab.proof.certificate import Certificate


def cube(fig: Figure, azimuths: tuple = (-60, 120)) -> list:
    """The cube of the states of three hidden units; one 3-D axes for each direction to look from.

    Parameters
    ----------
    azimuths
        degrees
    """
    views = []
    for place, azimuth in enumerate(azimuths, start=1):
        ax = fig.add_subplot(1, len(azimuths), place, projection="3d", elev=22, azim=azimuth)
        ax.set(xlabel="$h_1$", ylabel="$h_2$", xticks=(-1, 0, 1), yticks=(-1, 0, 1), zticks=(-1, 0, 1))
        ax.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
        ax.set_zlabel("$h_3$")
        ax.set_box_aspect((1, 1, 1), zoom=0.85)
        views.append(ax)
    return views


def cloud(ax: Axes, h: ArrayLike, carry: ArrayLike) -> list:
    """Hidden states as points: circles without a carry, triangles with one.

    Parameters
    ----------
    h, carry
        (N, 2) or, for 3-D axes, (N, 3); and (N,)

    Returns
    -------
    the points of both kinds
    """
    h, carry = np.asarray(h), np.asarray(carry)
    kinds = ((0, "o", HIDDEN, "no carry"), (1, "^", CARRY, "carry"))
    return [ax.plot(*h[carry == k].T, m, color=colour, ms=4, label=label)[0] for k, m, colour, label in kinds]


def corners(certificate: Certificate) -> Array:
    """The 2^n_h corners of every cell, (N, 2^n_h, n_h); corner j has the signs of the binary digits of j."""
    centre, axes, radius = certificate[1:4]
    signs = 2.0 * (np.arange(2 ** centre.shape[1])[:, None] >> np.arange(centre.shape[1])[::-1] & 1) - 1
    return centre[:, None] + (signs * radius[:, None]) @ axes.mT


def cells(ax: Axes, corners: ArrayLike, carry: ArrayLike, **style) -> list:
    """Boxes by their edges: whole lines without a carry, dashed ones with one.

    Parameters
    ----------
    corners, carry
        (N, 2^n_h, n_h) for n_h = 2 or, on 3-D axes, 3, as from `corners`; and (N,)

    Returns
    -------
    one line for each box
    """
    corners = np.asarray(corners)
    n_h = corners.shape[2]
    edges = [(j, j | 1 << k) for j in range(2**n_h) for k in range(n_h) if not j >> k & 1]  # one digit differs
    gap = np.full(n_h, np.nan)
    drawn = []
    for box, value in zip(corners, carry):
        path = np.array([point for i, j in edges for point in (box[i], box[j], gap)])
        look = {"color": CARRY if value else HIDDEN, "linestyle": "--" if value else "-", "linewidth": 1.3}
        drawn.append(ax.plot(*path.T, **{**look, **style})[0])
    return drawn


def zonotope(ax: Axes, centre: ArrayLike, G: ArrayLike, **style) -> object:
    """The outline of {centre + G z : |z_j| <= 1} in the plane.

    Parameters
    ----------
    centre, G : (2,) and (2, p)

    Returns
    -------
    the polygon
    """
    sides = np.asarray(G).T
    sides = sides * np.where((sides[:, :1] < 0) | ((sides[:, :1] == 0) & (sides[:, 1:] < 0)), -1, 1)
    sides = sides[np.argsort(np.arctan2(sides[:, 1], sides[:, 0]))]  # all point to the right; by their slope
    half = np.cumsum(np.concatenate([-sides.sum(axis=0, keepdims=True), 2 * sides]), axis=0)
    return ax.add_patch(Polygon(np.asarray(centre) + np.concatenate([half, -half[1:-1]]), **style))


def shadows(ax: Axes, certificate: Certificate, plane: ArrayLike) -> list:
    """The shadows of cells of any dimension on a plane: whole lines without a carry, dashed ones with one.

    Parameters
    ----------
    plane : (2, n_h)
        two orthogonal directions

    Returns
    -------
    one outline for each cell
    """
    _, centre, axes, radius, carry, *_ = certificate
    drawn = []
    for h, box, value in zip(centre, axes * radius[:, None], carry):
        look = {"edgecolor": CARRY if value else HIDDEN, "linestyle": "--" if value else "-"}
        drawn.append(zonotope(ax, plane @ h, plane @ box, fill=False, **look))
    ax.autoscale_view()
    return drawn


def machine(ax: Axes, transitions: dict) -> list:
    """A machine of two states: an arrow for each transition, labelled with the two bits read and the bit written.

    Parameters
    ----------
    transitions
        {(state, input pair): (state, bit)}, as from `Machine.transitions`

    Returns
    -------
    the labels
    """
    if {state for state, _ in transitions} != {0, 1}:
        raise ValueError(f"the picture is of two states, got {len(transitions) // 4}: print machine.transitions")
    used, labels = {}, []
    for (state, pair), (after, bit) in transitions.items():
        nth = used[state, after] = used.get((state, after), -1) + 1
        side = 2 * state - 1  # state 0 is drawn on the left, state 1 on the right
        if state == after:
            angle = side * (nth - 1) * 1.05
            way = side * np.array([np.cos(angle), np.sin(angle)])  # outwards
            turn = 0.22 * np.array([-way[1], way[0]])
            start, end = (0.46 * way + sign * turn + (side * 1.4, 0) for sign in (-1, 1))
            bend, place = 2.0, 1.15 * way + (side * 1.68, 0)
        else:
            height = 0.22 + 0.3 * nth
            start, end = (side * 0.95, -side * height), (-side * 0.95, -side * height)
            bend, place = 0.15, (0, -side * (height + 0.32))
        arrow = {"arrowstyle": "-|>", "color": INK, "connectionstyle": f"arc3,rad={bend}", "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", xy=end, xytext=start, arrowprops=arrow)
        labels.append(ax.text(*place, f"{pair[0]} + {pair[1]} : {bit}", ha="center", va="center"))
    for state, colour, name in ((0, HIDDEN, "state 0\nno carry"), (1, CARRY, "state 1\ncarry")):
        ax.add_patch(Circle((2.8 * state - 1.4, 0), 0.5, facecolor=colour, edgecolor=INK))
        ax.text(2.8 * state - 1.4, 0, name, ha="center", va="center")
    ax.set(xlim=(-3.4, 3.4), ylim=(-1.7, 1.7), aspect="equal")
    ax.axis("off")
    return labels


def reading(ax: Axes, values: ArrayLike, carry: ArrayLike) -> list:
    """One number for each step, marked by the carry that the step hands on.

    Parameters
    ----------
    values, carry
        (T,) both

    Returns
    -------
    the points without a carry and those with one
    """
    steps = np.arange(len(values)) + 1
    ax.plot(steps, values, color=PALE, zorder=1)
    ax.axhline(0, color=INK, linestyle="--", linewidth=1)
    ax.set(xlabel="step $t$", xticks=steps)
    return cloud(ax, np.column_stack([steps, values]), carry)
