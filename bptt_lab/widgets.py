"""Sliders: they collect settings, hand them to `training`, and show what comes back. Nothing here computes.

Training runs on one thread of its own. A slider only says what is wanted now; the thread looks between two pieces of
work, and drops a run that nobody wants any more. So nothing ever queues, and the page stays alive. In a browser, where
Python has no threads, the pieces take turns with whatever else there is to do.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import ipywidgets as w
import numpy as np
from matplotlib.colors import to_hex
from matplotlib.pyplot import get_cmap

from bptt_lab import data, machine, model, optimisers, report, training
from bptt_lab.engine import train_many
from bptt_lab.model import Params
from bptt_lab.panels import Panels, bundle
from bptt_lab.training import Engine, History

TURN, REFRESH = 0.02, 0.25  # seconds: of training before others have their turn; between two pictures, at least
OPTIMISERS = {type(one).__name__: one for one in (optimisers.SGD(), optimisers.Momentum(), optimisers.Adam())}
RATES = [float(f"{digit}e{power}") for power in (-3, -2, -1, 0) for digit in (1, 2, 3, 5, 8)]


class Settings(NamedTuple):
    n_h: int = 16
    learning_rate: float = 0.008
    n_bits: int = 8
    n_steps: int = 20_000
    batch_size: int = 1
    seed: int = 1
    as_printed: bool = False  # train by the report's listing too, to compare; it knows nothing but SGD
    optimiser: str = "SGD"  # of `OPTIMISERS`


REPORT = Settings()


class Worker:
    """Runs `job(wanted, superseded)` for the newest `wanted`; older ones that wait are dropped.

    Parameters
    ----------
    job
        yields between two pieces of its work
    threaded
        on one thread; else on the event loop, where a job goes on when everything else had its turn
    """

    def __init__(self, job: Callable[[object, Callable[[], bool]], Iterator[None]], threaded: bool | None = None):
        self._job, self._news, self._idle = job, threading.Event(), threading.Event()
        self._wanted, self._threaded = None, not machine.IN_BROWSER if threaded is None else threaded
        self._idle.set()
        if self._threaded:
            threading.Thread(target=self._loop, daemon=True).start()

    def want(self, wanted: object) -> None:
        """Start on `wanted` as soon as the running job has noticed."""
        at_rest = self._idle.is_set()
        self._idle.clear()
        self._wanted = wanted
        self._news.set()
        if at_rest and not self._threaded:
            self._task = asyncio.ensure_future(self._take_turns())  # kept: the event loop does not keep it alive

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no work is left; whether that happened within `timeout` seconds. Without a thread, do not wait."""
        return self._idle.wait(timeout if self._threaded else 0)

    def _loop(self) -> None:
        while self._news.wait():
            for _ in self._pieces():
                pass

    async def _take_turns(self) -> None:
        for _ in self._pieces():
            await asyncio.sleep(0)

    def _pieces(self) -> Iterator[None]:
        while self._news.is_set():
            self._news.clear()
            yield from self._job(self._wanted, self._news.is_set)
            if not self._news.is_set():
                self._idle.set()


class Playground:
    """Sliders for one training run, a picture of it, and its result in words. Show `.view` in a cell."""

    def __init__(self, settings: Settings = REPORT):
        self.defaults = settings
        self.controls = _controls(settings)
        self.addends = [_number("first addend", 77), _number("second addend", 58)]
        self.reset = w.Button(description="Reset", tooltip="All sliders back to the report's settings")
        self.stop = w.Button(description="Stop", tooltip="End this run, and keep what it has", disabled=True)
        self.bar = w.IntProgress(layout=w.Layout(width="300px"))
        self.words = w.HTML("", layout=w.Layout(min_height="4em"))
        self.picture = w.Image(format="png", layout=w.Layout(max_width="100%"))
        self.panels = Panels()
        self._stopped = threading.Event()
        self._between_pictures = REFRESH
        self._run: tuple | None = None  # settings, parameters and histories of what is shown
        self.worker = Worker(self._work)
        for control in (*self.controls.values(), *self.addends):
            control.observe(self._ask, "value")
        self.reset.on_click(lambda _: self.set(**self.defaults._asdict()))
        self.stop.on_click(lambda _: self._stopped.set())
        buttons = w.HBox([self.reset, self.stop, self.bar])
        controls = w.VBox([*self.controls.values(), w.HBox(self.addends), buttons, self.words])
        beside = w.Layout(flex_flow="row wrap", align_items="flex-start")  # the picture below where there is no room
        controls.layout, self.picture.layout = w.Layout(flex="1 1 330px"), w.Layout(flex="2 1 480px", max_width="768px")
        self.view = w.HBox([controls, self.picture], layout=beside)
        self._ask()

    def _repr_mimebundle_(self, **_) -> dict[str, object]:
        """The sliders; and where no kernel runs, the picture, with words."""
        self.worker.wait(60)
        return bundle(self.view, self.picture.value, f"The playground. {self.words.value}")

    @property
    def settings(self) -> Settings:
        """What the sliders say now."""
        return Settings(**{name: control.value for name, control in self.controls.items()})

    def set(self, **values: float) -> None:
        """Move sliders: `set(n_h=3, learning_rate=0.03)`."""
        for name, value in values.items():
            self.controls[name].value = value

    def _ask(self, _=None) -> None:
        self._stopped.clear()
        self.worker.want((self.settings, tuple(int(number.value) for number in self.addends)))

    def _work(self, wanted: tuple, superseded: Callable[[], bool]) -> Iterator[None]:
        settings, addends = wanted
        try:
            if self._run is None or self._run[0] != settings:
                yield from self._train(settings, addends, superseded)
            if not superseded():
                self._show(addends)
        except Exception as error:  # whatever it is, say it in the page, where the reader looks
            self._run = None
            self.words.value = f"<b>This run ended early.</b> {error}"
        finally:
            self.stop.disabled = True

    def _train(self, settings: Settings, addends: tuple, superseded: Callable[[], bool]) -> Iterator[None]:
        """Each message to the page takes time there, so a short run says nothing before it has ended."""
        engines = ["auto", report.engine(report.AS_PRINTED, settings.n_h)] if settings.as_printed else ["auto"]
        whole, began, histories = settings.n_steps * len(engines), time.monotonic(), []
        next_turn, next_bar, next_picture = began + TURN, began + REFRESH, began + self._between_pictures
        if not self.picture.value:
            self._say_begun(settings, whole)
        for engine in engines:
            histories.append(None)
            for trained, histories[-1] in self._pieces(settings, engine, whole):
                if len(histories) == 1:  # the network that is shown is the corrected one
                    params = trained
                self._run = settings, params, tuple(histories)
                now = time.monotonic()
                if now > next_bar:
                    self._say_begun(settings, whole)
                    self.bar.value = sum(len(history.loss) for history in histories)
                    next_bar = now + REFRESH
                if now > next_picture:
                    self._show(addends)
                    self._between_pictures = max(REFRESH, 3 * (time.monotonic() - now))  # mostly train
                    next_picture = time.monotonic() + self._between_pictures
                if now > next_turn:
                    yield
                    next_turn = time.monotonic() + TURN
                if superseded():
                    self._run = None
                    return
                if self._stopped.is_set():
                    break
        self.bar.max = self.bar.value = whole

    def _say_begun(self, settings: Settings, n_steps: int) -> None:
        if self.stop.disabled:
            self.stop.disabled, self.bar.max, self.bar.value = False, n_steps, 0
            self.words.value = f"Training {settings.n_h} hidden units …"

    def _pieces(self, settings: Settings, engine: str | Engine, n_steps: int) -> Iterator[tuple[Params, History]]:
        """One training run: parameters and history so far, after each piece of it."""

        def say(doing: str) -> None:  # "compiling", on the first run of a machine
            self._say_begun(settings, n_steps)
            self.bar.description = doing

        rng = np.random.default_rng(settings.seed)
        return training.in_pieces(
            model.init_params(settings.n_h, rng),
            rng=rng,
            n_steps=settings.n_steps,
            learning_rate=settings.learning_rate,
            batch_size=settings.batch_size,
            n_bits=settings.n_bits,
            high=max(2, 2 ** (settings.n_bits - 1) - 1),
            optimiser=OPTIMISERS[settings.optimiser] if engine == "auto" else optimisers.SGD(),
            engine=engine,
            say=say,
        )

    def _show(self, addends: tuple) -> None:
        settings, params, histories = self._run
        x, _ = data.encode_sums([addends[0]], [addends[1]])
        trace, digits = model.forward(params, x), report.right_bits_of_all_sums(params)
        self.picture.value = self.panels.png(histories, settings.n_bits, digits, trace.h[:, 0], addends)
        answer = data.from_bits(trace.o[:, 0, 0] > 0)
        self.words.value = in_words(settings, histories, digits, addends, int(answer))


class SuccessMap:
    """How many of 12 seeds end with 1,000 perfect sums, for hidden size × learning rate; a cell sets the sliders."""

    SIZES, RATES, SEEDS = (1, 2, 3, 4, 8, 16, 32, 64), (0.001, 0.003, 0.008, 0.03, 0.1, 0.3, 1.0), 12

    def __init__(self, playground: Playground):
        self.playground = playground
        self.cells = {(n_h, rate): self._cell(n_h, rate) for n_h in self.SIZES for rate in self.RATES}
        self.start = w.Button(description="Start", tooltip="Train every cell, small networks first")
        self.stop = w.Button(description="Stop", tooltip="Keep the cells that are done", disabled=True)
        self.bar = w.IntProgress(max=len(self.cells), layout=w.Layout(width="200px"))
        self.words = w.HTML("Press Start.")
        self._stopped = threading.Event()
        self.worker = Worker(self._work)
        self.start.on_click(lambda _: self.worker.want(self.playground.settings.n_steps))
        self.stop.on_click(lambda _: self._stopped.set())
        self.view = w.VBox([w.HBox([self.start, self.stop, self.bar]), self.words, self._grid()])

    def _repr_mimebundle_(self, **_) -> dict[str, object]:
        """The map; and where no kernel runs, what it would hold."""
        words = f"A map of {len(self.cells)} settings: where Python runs, press Start, and it fills."
        return self.view._repr_mimebundle_() | {"text/plain": words}

    def _cell(self, n_h: int, rate: float) -> w.Button:
        button = w.Button(description="·", layout=w.Layout(width="auto"), tooltip=f"{n_h} units, learning rate {rate}")
        button.on_click(lambda _: self.playground.set(n_h=n_h, learning_rate=rate))
        return button

    def _grid(self) -> w.GridspecLayout:
        grid = w.GridspecLayout(len(self.SIZES) + 1, len(self.RATES) + 1, layout=w.Layout(max_width="760px"))
        grid[0, 0] = w.HTML("units \\ rate")
        for column, rate in enumerate(self.RATES, start=1):
            grid[0, column] = w.HTML(f"<b>{rate:g}</b>")
        for row, n_h in enumerate(self.SIZES, start=1):
            grid[row, 0] = w.HTML(f"<b>{n_h}</b>")
            for column, rate in enumerate(self.RATES, start=1):
                grid[row, column] = self.cells[n_h, rate]
        return grid

    def _work(self, n_steps: int, superseded: Callable[[], bool]) -> Iterator[None]:
        self._stopped.clear()
        self.start.disabled, self.stop.disabled, self.bar.value = True, False, 0
        together = 1 if machine.IN_BROWSER else self.SEEDS  # runs between two looks at Stop
        try:
            for done, (n_h, rate) in enumerate(self.cells):
                self.words.value = f"Training {self.SEEDS} seeds of {n_h} units at learning rate {rate:g} …"
                runs = []
                for first in range(0, self.SEEDS, together):
                    rngs = [np.random.default_rng(seed) for seed in range(first, first + together)]
                    starts = [model.init_params(n_h, rng) for rng in rngs]
                    stop = self._stopped.is_set
                    runs += train_many(starts, rngs=rngs, learning_rates=rate, n_steps=n_steps, stop=stop)
                    if self._stopped.is_set():
                        self.words.value = f"Stopped after {done} of {len(self.cells)} cells."
                        return
                    yield
                perfect = [not isinstance(run, Exception) and run[1].correct_digits[-1_000:].min() == 8 for run in runs]
                self._fill(self.cells[n_h, rate], int(np.sum(perfect)))
                self.bar.value = done + 1
            self.words.value = f"Done: each cell holds how many of {self.SEEDS} seeds ended with 1,000 perfect sums."
        except Exception as error:
            self.words.value = f"<b>The map ended early.</b> {error}"
        finally:
            self.start.disabled, self.stop.disabled = False, True

    def _fill(self, cell: w.Button, n: int) -> None:
        cell.description = f"{n} of {self.SEEDS}"
        cell.style.button_color = to_hex(get_cmap("cividis")(n / self.SEEDS))
        cell.style.text_color = "white" if n < self.SEEDS / 2 else "black"


def in_words(settings: Settings, histories: tuple, digits: np.ndarray, addends: tuple, answer: int) -> str:
    """The result of a run, for those who do not see the picture, or do not trust their eyes."""
    history, *printed = histories
    first, second = addends
    shown, guessing = history.correct_digits[-1_000:], settings.n_bits * np.log(2)
    by = "" if settings.optimiser == "SGD" else f", {settings.optimiser}"
    sentences = [
        f"{settings.n_h} hidden units, learning rate {settings.learning_rate:.3g}, seed {settings.seed}{by}: "
        f"<b>{shown.mean():.3f} of {settings.n_bits} bits right</b> in the last {len(shown):,} of "
        f"{len(history.loss):,} iterations; {(digits == 8).sum():,} of {len(digits):,} sums right.",
        f"{first} + {second} = {answer}, says the network: " + ("right." if answer == first + second else "wrong."),
    ]
    if printed:
        digits_as_printed = printed[0].correct_digits[-1_000:].mean()
        sentences.append(f"As printed: <b>{digits_as_printed:.3f} of {settings.n_bits} bits right</b>.")
    if (late := np.median(history.loss[-1_000:])) > 1.5 * guessing:
        sentences.append(
            f"The loss is {late:.1f} nats, and guessing would cost {guessing:.1f}: steps this long overshoot "
            "and saturate the network. Choose a smaller learning rate."
        )
    return " ".join(sentences)


def _controls(settings: Settings) -> dict[str, w.Widget]:
    return {
        "n_h": _slider(w.IntSlider, "hidden size", settings.n_h, min=1, max=64),
        "learning_rate": _slider(
            w.SelectionSlider,
            "learning rate",
            settings.learning_rate,
            options=[(f"{rate:g}", rate) for rate in RATES],
        ),
        "n_bits": _slider(w.IntSlider, "bits", settings.n_bits, min=2, max=16),
        "n_steps": _slider(w.IntSlider, "iterations", settings.n_steps, min=1_000, max=50_000, step=1_000),
        "batch_size": _slider(w.IntSlider, "batch size", settings.batch_size, min=1, max=64),
        "seed": _slider(w.IntSlider, "seed", settings.seed, min=0, max=99),
        "as_printed": w.Checkbox(
            description="the report's program as printed, too",
            value=settings.as_printed,
            layout=w.Layout(width="480px"),
        ),
        "optimiser": _slider(w.Dropdown, "optimiser", settings.optimiser, options=list(OPTIMISERS)),
    }


def _slider(kind: type, name: str, value: float, **range_: float) -> w.Widget:
    style = {"description_width": "100px"}
    return kind(
        value=value,
        description=name,
        style=style,
        layout=w.Layout(width="100%", max_width="480px"),
        **range_,
    )


def _number(name: str, value: int) -> w.BoundedIntText:
    style = {"description_width": "100px"}
    return w.BoundedIntText(value=value, min=0, max=126, description=name, style=style, layout=w.Layout(width="190px"))
