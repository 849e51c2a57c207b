"""Pictures, as functions of (ax, arrays) that return what they drew. One colour for one quantity, in the whole course.

The colours are those of Okabe and Ito (2008), which colour-blind readers tell apart; no picture relies on colour alone.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

FIRST, SECOND, SUM = "#0072B2", "#D55E00", "#009E73"  # the two addends, and what is to come out
HIDDEN, CARRY, LOSS = "#56B4E9", "#E69F00", "#CC79A7"
INK, PALE = "#333333", "#BBBBBB"

NO_MEMORY = 5.04  # right bits of 8 of the best guesser that sees one step alone: notebook 01 derives it


def right_bits(ax: Axes, correct_digits: ArrayLike, window: int = 100, label: str = "", **style) -> object:
    """Right bits of 8 over a whole training: the mean of each `window` iterations.

    The first curve of a picture comes with two levels to compare it with: guessing, and the best without a memory.

    Parameters
    ----------
    correct_digits : (n_steps,)
    **style
        style of the curve, such as color="black", linestyle="--"

    Returns
    -------
    the curve; the point of a window stands at its last iteration
    """
    whole = len(correct_digits) // window * window
    means = np.asarray(correct_digits)[:whole].reshape(-1, window).mean(axis=1)
    if not ax.lines:
        for level, name, look in [(4, "guessing: 4", ":"), (NO_MEMORY, f"no memory: {NO_MEMORY}", "-.")]:
            ax.axhline(level, color=INK, linewidth=1, linestyle=look)
            ax.text(0.99, level - 0.1, name, ha="right", va="top", color=INK, transform=ax.get_yaxis_transform())
    places = np.arange(window, whole + 1, window)
    (curve,) = ax.plot(places, means, label=label, **{"color": SUM, **style})
    ax.set(xlim=(0, whole), ylim=(0, 8.2), yticks=range(0, 9, 2), xlabel="iteration")
    ax.set_ylabel(f"right bits, mean of {window}")
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    return curve


def accuracies(
    ax: Axes,
    correct_digits: ArrayLike,
    last: int = 1_000,
    n_bits: int = 8,
    color: str = SUM,
    label: str = "each iteration",
) -> list:
    """Right bits of each of the `last` iterations, and their mean; the report's figure.

    Parameters
    ----------
    correct_digits : (n_steps,)

    Returns
    -------
    the line of the iterations and the line of the mean
    """
    shown = np.asarray(correct_digits)[-last:]
    steps = np.arange(len(correct_digits) - len(shown), len(correct_digits)) + 1
    (line,) = ax.plot(steps, shown, ".-", color=color, linewidth=0.6, markersize=3, label=label)
    mean = ax.axhline(shown.mean(), color=INK, linestyle="--", linewidth=1, label=f"mean {shown.mean():.3f}")
    below = -0.3 * n_bits  # room for the legend, where no curve can come
    ax.set(xlabel="iteration", ylabel="right bits", ylim=(below, 1.04 * n_bits), yticks=range(0, n_bits + 1, 2))
    ax.set_title(f"the last {len(shown):,} iterations")
    ax.legend(loc="lower right", ncols=2)
    return [line, mean]


def loss_curve(ax: Axes, loss: ArrayLike, window: int = 500, color: str = LOSS, label: str = "") -> list:
    """Loss of each iteration (dots, at most 2,000 of them) and the median of each `window` iterations (line).

    Parameters
    ----------
    loss : (n_steps,)
        nats

    Returns
    -------
    the line of the dots and the line of the medians
    """
    loss = np.asarray(loss)
    steps, thin, window = np.arange(len(loss)) + 1, -(-len(loss) // 2_000), min(window, len(loss))
    whole = len(loss) // window * window
    medians = np.median(loss[:whole].reshape(-1, window), axis=1)
    (dots,) = ax.plot(steps[::thin], loss[::thin], ".", color=PALE, markersize=2)
    label = f"{label}, median of {window}" if label else f"median of {window}"
    (line,) = ax.plot(steps[window - 1 : whole : window], medians, color=color, label=label)
    ax.set(xlabel="iteration", ylabel="loss (nats)", yscale="log", title="loss")
    ax.autoscale(axis="y")
    low, high = ax.get_ylim()
    ax.set_ylim(low, high * (high / low) ** 0.3)  # room for the legend
    ax.minorticks_off()  # they are half of the time that drawing takes
    ax.legend(loc="upper right")
    return [dots, line]


def bit_table(ax: Axes, x: ArrayLike, y: ArrayLike, carry: ArrayLike) -> list:
    """One sum as the network meets it, a column for each step.

    Parameters
    ----------
    x, y, carry : (T, 2), (T, 1) and (T,)
        the addends, their sum, the carry that each step hands on

    Returns
    -------
    the texts of the bits, row by row
    """
    carry_in = np.concatenate([[0], np.asarray(carry)[:-1]])
    rows = [
        ("first addend", np.asarray(x)[:, 0], FIRST),
        ("second addend", np.asarray(x)[:, 1], SECOND),
        ("carry from before", carry_in, CARRY),
        ("sum", np.asarray(y)[:, 0], SUM),
    ]
    texts = []
    for row, (name, bits, colour) in enumerate(rows):
        ax.text(-0.8, -row, name, ha="right", va="center", color=INK)
        texts += [_cell(ax, t, -row, int(bit), colour) for t, bit in enumerate(bits)]
    for t in range(len(carry_in)):
        ax.text(t, 0.8, f"t={t + 1}", ha="center", color=INK)
    ax.set(xlim=(-3.6, len(carry_in) - 0.3), ylim=(-3.7, 1.2), aspect="equal")
    ax.axis("off")
    return texts


def unrolled(ax: Axes, x: ArrayLike, y: ArrayLike, y_hat: ArrayLike) -> list:
    """The network unrolled over one sum: bits go in below, the state is handed to the right, probabilities come out.

    Parameters
    ----------
    x, y, y_hat : (T, 2), (T, 1) and (T, 1)

    Returns
    -------
    the texts of the outputs
    """
    x, y, y_hat = np.asarray(x), np.asarray(y), np.asarray(y_hat)
    wide = 1.25  # from one step to the next
    texts = []
    for t in range(len(x)):
        centre = wide * t
        _arrow(ax, (centre - wide + 0.32, 0), (centre - 0.32, 0), "W")
        _arrow(ax, (centre, -0.98), (centre, -0.32), "U")
        _arrow(ax, (centre, 0.32), (centre, 0.94), "V")
        ax.add_patch(Circle((centre, 0), 0.31, facecolor=HIDDEN, edgecolor=INK))
        ax.text(centre, 0, f"$h^{{({t + 1})}}$", ha="center", va="center")
        for row, colour in enumerate((FIRST, SECOND)):
            _cell(ax, centre, -1.22 - 0.46 * row, int(x[t, row]), colour, size=0.42)
        texts.append(ax.text(centre, 1.1, f"{y_hat[t, 0]:.2f}", ha="center", va="center", color=INK))
        _cell(ax, centre, 1.52, int(y[t, 0]), SUM, size=0.42)
    names = {
        1.52: "target $y$",
        1.1: r"output $\hat{y}$",
        0: "$h^{(0)} = 0$",
        -1.22: "first $x_1$",
        -1.68: "second $x_2$",
    }
    for height, name in names.items():
        ax.text(-wide + 0.22, height, name, ha="right", va="center", color=INK)
    ax.set(xlim=(-wide - 1.5, wide * (len(x) - 1) + 0.4), ylim=(-1.95, 1.8), aspect="equal")
    ax.axis("off")
    return texts


def two_roads(ax: Axes, t: int, first: ArrayLike, second: ArrayLike) -> list:
    """Eq. (7) at step t, for one unit: down from the output of this step, and back from the next state.

    Parameters
    ----------
    t
        the step, from 1 to T; what lies behind it on the walk is known, what lies before it is not yet
    first, second : (T,)
        the two terms of each step; second[T - 1] is 0

    Returns
    -------
    the texts of the numbers: known gradients from t to T, then the terms that meet at t
    """
    first, second, wide = np.asarray(first), np.asarray(second), 2.7  # from one step to the next
    texts = []
    for s in range(1, len(first) + 1):
        across = wide * s
        known, pale = s >= t, {"color": PALE, "linewidth": 1}
        _arrow(ax, (across - wide + 0.45, 0), (across - 0.45, 0), "", **pale)
        _arrow(ax, (across, 0.45), (across, 1.07), "", **pale)
        face = HIDDEN if known else "white"
        ax.add_patch(Circle((across, 0), 0.42, facecolor=face, edgecolor=INK if known else PALE))
        ax.text(across, 0, f"$h^{{({s})}}$", ha="center", va="center", color=INK if known else PALE)
        ax.add_patch(Rectangle((across - 0.42, 1.1), 0.84, 0.6, facecolor="white", edgecolor=INK if known else PALE))
        ax.text(across, 1.4, f"$o^{{({s})}}$", ha="center", va="center", color=INK if known else PALE)
        if known:
            value = f"{first[s - 1] + second[s - 1]:+.3f}"
            texts.append(ax.text(across, -0.5, value, ha="center", va="top", color=INK, fontweight="bold"))
    across, road = wide * t, {"linewidth": 3.5, "mutation_scale": 18}
    _arrow(ax, (across, 1.07), (across, 0.44), "", color=SUM, **road)
    texts.append(ax.text(across - 0.14, 0.76, f"{first[t - 1]:+.3f}", ha="right", va="center", color=SUM))
    if t < len(first):
        _arrow(ax, (across + wide - 0.44, 0), (across + 0.44, 0), "", color=SECOND, linestyle="--", **road)
        middle = across + wide / 2
        texts.append(ax.text(middle, 0.12, f"{second[t - 1]:+.3f}", ha="center", va="bottom", color=SECOND))
    ax.set(xlim=(wide - 2.3, wide * len(first) + 0.6), ylim=(-0.95, 1.75), aspect="equal", title=f"$t = {t}$")
    ax.axis("off")
    return texts


def blocks(ax: Axes, parts: list) -> list:
    """A formula as blocks, to see that its shapes fit.

    Parameters
    ----------
    parts
        strings such as "=" or "+", and tuples (name, rows, columns, colour), drawn to one scale from left to right

    Returns
    -------
    the rectangles
    """
    unit, left, rectangles = 0.22, 0.0, []
    for part in parts:
        if isinstance(part, str):
            ax.text(left, 0, part, ha="center", va="center", fontsize=13)
            left += 0.3
            continue
        name, rows, columns, colour = part
        width, height = unit * columns, unit * rows
        rectangles.append(ax.add_patch(Rectangle((left, -height / 2), width, height, facecolor=colour, edgecolor=INK)))
        ax.text(left + width / 2, height / 2 + 0.12, name, ha="center", va="bottom")
        ax.text(left + width / 2, -height / 2 - 0.12, f"{rows} × {columns}", ha="center", va="top")
        left += width + 0.3
    tallest = max(rectangle.get_height() for rectangle in rectangles)
    ax.set(xlim=(-0.3, left + 0.3), ylim=(-tallest / 2 - 0.6, tallest / 2 + 0.7), aspect="equal")
    ax.axis("off")
    return rectangles


def weighted_sums(ax: Axes, n_h: int, n_x: int) -> list:
    """The first line of eq. (1) as `blocks`: parameters pale, what changes from step to step in colour."""
    a, b, W, h, U, x = [
        ("$a^{(t)}$", n_h, 1, HIDDEN),
        ("$b$", n_h, 1, PALE),
        ("$W$", n_h, n_h, PALE),
        ("$h^{(t-1)}$", n_h, 1, HIDDEN),
        ("$U$", n_h, n_x, PALE),
        ("$x^{(t)}$", n_x, 1, FIRST),
    ]
    return blocks(ax, [a, "=", b, "+", W, h, "+", U, x])


def sums_map(ax: Axes, correct_digits: ArrayLike, n_bits: int = 8, scale: bool = True) -> object:
    """Right bits of every sum i + j, at row i and column j; a wrong sum also gets a cross.

    Parameters
    ----------
    correct_digits : (high²,)
        in the order of `data.all_sums`
    scale
        draw a colour scale beside it

    Returns
    -------
    the image
    """
    high = int(np.sqrt(len(correct_digits)))
    grid = np.asarray(correct_digits).reshape(high, high)
    image = ax.imshow(grid, cmap="cividis", vmin=0, vmax=n_bits, origin="lower", interpolation="nearest")
    wrong = np.argwhere(grid < n_bits)
    if 0 < len(wrong) <= 400:
        ax.plot(wrong[:, 1], wrong[:, 0], "x", color=SECOND, markersize=5)
    ax.set(xlabel="second addend", ylabel="first addend", title=f"{len(wrong):,} of {grid.size:,} additions wrong")
    if scale:
        ax.figure.colorbar(image, ax=ax, label="right bits")
    return image


def states(ax: Axes, h: ArrayLike, carry: ArrayLike, x: ArrayLike | None = None, scale: bool = True) -> object:
    """Hidden states on one sum: a row for each unit, a column for each step, the carry that is handed on below it.

    A dash marks what is negative, for readers and printers without colours.

    Parameters
    ----------
    h, carry : (T, n_h) and (T,)
    x : (T, 2)
        the bits of both addends, to stand above the columns; not shown if not given
    scale
        draw a colour scale beside it

    Returns
    -------
    the image
    """
    h = np.asarray(h).T
    rows = (0.5, len(h) + 0.5)  # units are counted from 1
    image = ax.imshow(
        h, "PuOr", vmin=-1, vmax=1, aspect="auto", interpolation="nearest", extent=(-0.5, h.shape[1] - 0.5, *rows[::-1])
    )
    units, columns = np.nonzero(h < 0)
    ax.plot(columns, units + 1, "_", color="white")
    steps = range(len(carry))
    labels = [f"{t + 1}\n{carry[t]}" for t in steps]
    ax.set(xticks=steps, xticklabels=labels, xlabel="step $t$, and the carry that it hands on", ylabel="hidden unit")
    ax.yaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    if x is not None:
        above = ax.secondary_xaxis("top")
        above.set_xticks(steps, [f"{first:.0f}\n{second:.0f}" for first, second in np.asarray(x)])
        above.tick_params(length=0)
    if scale:
        ax.figure.colorbar(image, ax=ax, label="$h$")
    return image


def spread(ax: Axes, values: ArrayLike, labels: list[str] | None = None) -> list:
    """One dot for each seed, a row for each group, a bar at the median.

    Parameters
    ----------
    values : (n_groups, n_seeds)
        or (n_seeds,) for a single group

    Returns
    -------
    the dots of each group
    """
    values = np.atleast_2d(values)
    drawn = []
    for row, group in enumerate(values):
        jitter = row + 0.25 * np.linspace(-1, 1, len(group))  # in seed order, so that equal values stay visible
        drawn.append(ax.plot(group, jitter, "o", color=SUM, markersize=4, alpha=0.7)[0])
        ax.plot([np.median(group)] * 2, [row - 0.35, row + 0.35], color=INK, linewidth=2)
    ax.set(yticks=range(len(values)), yticklabels=labels or [""] * len(values), ylim=(-0.6, len(values) - 0.4))
    return drawn


def counted(ax: Axes, counts: ArrayLike, rows: list[str], columns: list[str]) -> list:
    """How many there are of each kind: a dot for each, and above the dots their number.

    Parameters
    ----------
    counts : (n_rows, n_columns)
        at most 200 each

    Returns
    -------
    the texts of the numbers, row by row
    """
    texts = []
    for (row, column), n in np.ndenumerate(np.asarray(counts)):
        up, across = np.divmod(np.arange(n), 20)  # lines of twenty
        ax.plot(column + (across - 9.5) / 23, row + 0.42 - up / 16, "o", color=SUM, markersize=1.7)
        texts.append(ax.text(column, row + 0.36 - max(up, default=0) / 16, str(n), ha="center", va="bottom", color=INK))
    ax.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.6), yticks=range(len(rows)), yticklabels=rows)
    ax.set_xticks(range(len(columns)), columns)
    ax.xaxis.tick_top()
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return texts


def gradient_sizes(ax: Axes, dL_dh: ArrayLike, label: str = "", **style) -> object:
    """The largest |∂L/∂h^(t)| of each step, on a logarithmic axis.

    Parameters
    ----------
    dL_dh : (T, B, n_h)

    Returns
    -------
    the line
    """
    sizes = np.abs(dL_dh).max(axis=(1, 2))
    (line,) = ax.plot(np.arange(len(sizes)) + 1, sizes, "o-", label=label, **{"color": HIDDEN, **style})
    ax.set(xlabel="step $t$", ylabel=r"largest $|\partial L / \partial h^{(t)}|$", yscale="log")
    return line


def _cell(ax: Axes, across: float, up: float, bit: int, colour: str, size: float = 0.86) -> object:
    """A bit in a box: filled for 1, empty for 0, so that grey print shows it too."""
    face = colour if bit else "white"
    ax.add_patch(Rectangle((across - size / 2, up - size / 2), size, size, facecolor=face, edgecolor=colour))
    return ax.text(across, up, str(bit), ha="center", va="center", color="white" if bit else INK, fontweight="bold")


def _arrow(ax: Axes, start: tuple, end: tuple, label: str, **look) -> None:
    look = {"arrowstyle": "->", "color": INK, "shrinkA": 0, "shrinkB": 0, **look}
    ax.annotate("", xy=end, xytext=start, arrowprops=look)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    if label:
        beside = {"xytext": (3, 2)} if start[0] == end[0] else {"xytext": (-2, 2), "ha": "center"}
        ax.annotate(f"${label}$", middle, textcoords="offset points", **beside)
