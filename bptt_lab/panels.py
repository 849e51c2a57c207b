"""The playground's picture. What stays is drawn once; a moved slider draws only what changes."""

import base64
import html
import io
import re

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter
from PIL import Image

from bptt_lab import data, plots
from bptt_lab.model import Array
from bptt_lab.training import History

LOW, HIGH = 1e-3, 100.0  # nats; what lies outside is drawn at the edge


def bundle(view: object, png: bytes, words: str) -> dict[str, object]:
    """What a cell shows and stores of sliders: `view` where a kernel runs; elsewhere their picture, and words.

    Parameters
    ----------
    words
        HTML
    """
    plain = html.unescape(re.sub("<.*?>", " ", words.replace("<b>", "").replace("</b>", "")))
    picture = {"image/png": base64.b64encode(png).decode(), "text/plain": " ".join(plain.split())}
    return view._repr_mimebundle_() | picture


class Panels:
    """Four panels: right bits, loss, all sums, and the hidden states on one sum."""

    def __init__(self):
        self.figure = Figure(figsize=(9.6, 6.6), dpi=80)
        self.canvas = FigureCanvasAgg(self.figure)
        self.kept: dict[tuple, object] = {}  # pixels: of the frame, and of the frame with what tells of the addends

    def png(self, histories: list[History], n_bits: int, digits: Array, h: Array, addends: tuple[int, int]) -> bytes:
        """The picture of one run.

        Parameters
        ----------
        histories
            the history of the run, and perhaps that of the report's program beside it
        digits : (127²,)
            right bits of each sum in the order of `data.all_sums`
        h : (8, n_h)
            hidden states while it adds `addends`
        """
        frame = len(histories[0].loss), n_bits, len(histories)
        if frame not in self.kept:
            self._frame(*frame)
            self.canvas.draw()
            self.kept = {frame: self._pixels()}
        if (frame, addends) not in self.kept:
            self.canvas.restore_region(self.kept[frame])
            self._draw(self._addends(addends))
            self.kept = {frame: self.kept[frame], (frame, addends): self._pixels()}
        self.canvas.restore_region(self.kept[frame, addends])
        self._draw(self._curves(histories, n_bits) + self._sums(digits) + self._states(h))
        drawn = io.BytesIO()
        Image.fromarray(np.asarray(self.canvas.buffer_rgba())).save(drawn, "png", compress_level=1)
        return drawn.getvalue()

    def _pixels(self) -> object:
        return self.canvas.copy_from_bbox(self.figure.bbox)

    def _draw(self, artists: list[Artist]) -> None:
        for artist in artists:
            artist.axes.draw_artist(artist)

    def _frame(self, n_steps: int, n_bits: int, n_runs: int) -> None:
        self.figure.clear()
        (bits, loss), (sums, states) = self.figure.subplots(2, 2)
        self.figure.subplots_adjust(left=0.07, right=0.955, top=0.94, bottom=0.13, wspace=0.23, hspace=0.42)
        looks = [(plots.SUM, plots.LOSS, "-", "corrected"), (plots.SECOND, plots.SECOND, "--", "as printed")][:n_runs]
        self.bits, self.loss = [], []
        for colour, of_loss, look, name in looks:
            self.bits += bits.plot([], [], look, color=colour, linewidth=1.5, animated=True, label=name)
            self.loss += loss.plot([], [], look, color=of_loss, linewidth=1.5, animated=True, label=name)
        bits.set(xlim=(0, n_steps), ylim=(0, 1.04 * n_bits), xlabel="iteration", ylabel="right bits, mean of a block")
        levels = [(n_bits / 2, "guessing", ":")] + ([(plots.NO_MEMORY, "no memory", "-.")] if n_bits == 8 else [])
        for level, name, look in levels:
            bits.axhline(level, color=plots.INK, linewidth=1, linestyle=look, label=name)
        loss.set(xlim=(0, n_steps), ylim=(LOW, HIGH), yscale="log", xlabel="iteration", ylabel="loss (nats), median")
        loss.axhline(n_bits * np.log(2), color=plots.INK, linewidth=1, linestyle=":", label="guessing")
        loss.yaxis.set_minor_formatter(NullFormatter())
        for ax, corner in ((bits, "lower right"), (loss, "upper right")):
            ax.xaxis.set_major_locator(MaxNLocator(4))
            ax.xaxis.set_major_formatter("{x:,.0f}")
            ax.legend(loc=corner, ncols=2)
        self.image = sums.imshow([[0.0]], "cividis", vmin=0, vmax=8, origin="lower", aspect="auto", animated=True)
        self.image.set_extent((-0.5, 126.5, -0.5, 126.5))
        (self.crosses,) = sums.plot([], [], "x", color=plots.SECOND, markersize=5, animated=True)
        sums.set(xlabel="second addend", ylabel="first addend", xlim=(-0.5, 126.5), ylim=(-0.5, 126.5))
        extent = (0.5, 8.5, 1, 0)
        self.states = states.imshow([[0.0]], "PuOr", vmin=-1, vmax=1, aspect="auto", extent=extent, animated=True)
        (self.dashes,) = states.plot([], [], "_", color="white", animated=True)
        states.set(xticks=range(1, 9), yticks=[], xlim=(0.5, 8.5), ylim=(1, 0), ylabel="hidden units")
        states.set_xlabel("step $t$, its two bits, the carry that it hands on", labelpad=30)
        self.below = [states.text(t + 1, 1.13, "", ha="center", va="top", animated=True) for t in range(8)]
        loss.set_title("loss", y=1.03, pad=0)
        self.titles = [ax.text(0.5, 1.03, "", transform=ax.transAxes, ha="center", animated=True, fontsize=12)
                       for ax in (bits, sums, states)]  # fmt: skip

    # each of these sets what changes, and returns it

    def _curves(self, histories: list[History], n_bits: int) -> list[Artist]:
        for history, bits, loss in zip(histories, self.bits, self.loss):
            size = max(1, len(history.loss) // 200)
            whole = len(history.loss) // size * size
            steps = np.arange(size, whole + 1, size)
            bits.set_data(steps, history.correct_digits[:whole].reshape(-1, size).mean(axis=1))
            loss.set_data(steps, np.clip(np.median(history.loss[:whole].reshape(-1, size), axis=1), LOW, HIGH))
        shown = histories[0].correct_digits[-1_000:]
        self.titles[0].set_text(f"{shown.mean():.3f} of {n_bits} bits right at the end")
        return [*self.bits, *self.loss, self.titles[0]]

    def _sums(self, digits: Array) -> list[Artist]:
        grid = np.asarray(digits).reshape(127, 127)
        self.image.set_data(grid)
        wrong = np.argwhere(grid < 8)
        few = wrong if len(wrong) <= 400 else wrong[:0]
        self.crosses.set_data(few[:, 1], few[:, 0])
        self.titles[1].set_text(f"{len(wrong):,} of {grid.size:,} additions wrong")
        return [self.image, self.crosses, self.titles[1]]

    def _states(self, h: Array) -> list[Artist]:
        h = np.asarray(h).T
        self.states.set_data(h)
        units, columns = np.nonzero(h < 0)
        self.dashes.set_data(columns + 1, (units + 0.5) / len(h))
        return [self.states, self.dashes]

    def _addends(self, addends: tuple[int, int]) -> list[Artist]:
        x, _ = data.encode_sums([addends[0]], [addends[1]])
        for text, bits, carry in zip(self.below, x[:, 0].astype(int), data.carries(x)[:, 0]):
            text.set_text(f"{bits[0]} {bits[1]}\n{carry}")
        self.titles[2].set_text(f"hidden states on {addends[0]} + {addends[1]}; -1 brown, dashed")
        return [*self.below, self.titles[2]]
