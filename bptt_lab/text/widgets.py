"""A box to type a beginning in, a slider for the temperature, and buttons that let the network go on.

A click writes at once, in a fraction of a second: no thread is needed, so it works in a browser's Python too.
"""

import html
import io

import ipywidgets as w
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bptt_lab.panels import bundle
from bptt_lab.text import plots, writer
from bptt_lab.text.writer import Writer


class Desk:
    """The box, the slider and the buttons. Show it in a cell."""

    def __init__(self, author: Writer, beginning: str = "and god said, ", seed: int = 0):
        self.author, self.rng, self.written = author, np.random.default_rng(seed), ""
        wide = w.Layout(width="600px")
        self.beginning = w.Text(value=beginning, description="beginning", layout=wide, continuous_update=True)
        self.temperature = w.FloatSlider(
            value=0.7, min=0.1, max=2.0, step=0.1, description="temperature", layout=wide, continuous_update=True
        )
        self.buttons = {n: w.Button(description=name) for n, name in ((1, "1 character"), (100, "100 characters"))}
        self.again = w.Button(description="Start again")
        self.page = w.HTML(layout=w.Layout(max_width="700px", min_height="5em"))
        self.picture = w.Image(format="png", layout=w.Layout(max_width="100%"))
        self.figure = Figure(figsize=(6, 3.2), dpi=80)
        FigureCanvasAgg(self.figure)
        for n, button in self.buttons.items():
            button.on_click(lambda _, n=n: self.go_on(n))
        self.again.on_click(self._start_again)
        self.beginning.observe(self._start_again, "value")
        self.temperature.observe(self._show, "value")
        buttons = w.HBox([*self.buttons.values(), self.again])
        self.view = w.VBox([self.beginning, self.temperature, buttons, self.page, self.picture])
        self._show()

    def _repr_mimebundle_(self, **_) -> dict[str, object]:
        return bundle(self.view, self.picture.value, self.page.value)

    def go_on(self, n: int) -> None:
        """Write n more characters."""
        try:
            self.written += writer.write(self.author, self._text(), n, self.rng, self.temperature.value)
        except ValueError as error:
            self.page.value = f"<b>{html.escape(str(error))}</b>"
        else:
            self._show()

    def _text(self) -> str:
        return self.beginning.value.lower() + self.written

    def _start_again(self, _=None) -> None:
        self.written = ""
        self._show()

    def _show(self, _=None) -> None:
        try:
            if not self._text():
                raise ValueError("type a beginning: at least one character")
            p = writer.next_character(self.author, self._text(), self.temperature.value)
        except ValueError as error:
            self.page.value = f"<b>{html.escape(str(error))}</b>"
            return
        told, new = (html.escape(part).replace("\n", "<br>") for part in (self.beginning.value.lower(), self.written))
        best = np.argsort(-p, kind="stable")[:3]
        names = ", ".join(f"{self.author.symbols[i]!r} {100 * p[i]:.0f} %" for i in best)
        self.page.value = f"<b>{told}</b>{new}<br><i>Next: {html.escape(names)} …</i>"
        self.figure.clear()
        ax = self.figure.subplots()
        self.figure.subplots_adjust(left=0.08, right=0.98, top=0.97, bottom=0.15)
        plots.next_character(ax, p, self.author.symbols)
        png = io.BytesIO()
        self.figure.savefig(png, format="png")
        self.picture.value = png.getvalue()
