import asyncio
import base64
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.image import imread

from bptt_lab import data, machine, model, report, training, widgets
from bptt_lab.engine import kernels

QUICK = widgets.Settings(n_h=4, n_steps=1_000, learning_rate=0.1)


@pytest.fixture
def playground():
    shown = widgets.Playground(QUICK)
    assert shown.worker.wait(120)
    return shown


def settle(playground):
    assert playground.worker.wait(120)
    return playground.words.value


def test_the_words_tell_the_result_of_a_run_done_by_hand(playground):
    rng = np.random.default_rng(QUICK.seed)
    params, history = training.train(model.init_params(4, rng), rng=rng, n_steps=1_000, learning_rate=0.1)
    x, y = data.all_sums()
    digits = model.digit_accuracy(model.forward(params, x), y)
    words = settle(playground)
    assert f"{history.correct_digits.mean():.3f} of 8 bits right" in words
    assert f"{(digits == 8).sum():,} of 16,129 sums right" in words
    answer = data.from_bits(model.forward(params, data.encode_sums([77], [58])[0]).o[:, 0, 0] > 0)
    assert f"77 + 58 = {answer}" in words


@pytest.mark.parametrize("name", ["Momentum", "Adam"])
def test_another_optimiser_remembers_from_piece_to_piece(playground, name):
    rng = np.random.default_rng(QUICK.seed)
    by = widgets.OPTIMISERS[name]
    settings = dict(n_steps=1_000, learning_rate=0.01, optimiser=by)
    params, history = training.train(model.init_params(4, rng), rng=rng, **settings)
    playground.set(optimiser=name, learning_rate=0.01, as_printed=True)  # the listing knows nothing of it
    words = settle(playground)
    assert f"seed 1, {name}: <b>{history.correct_digits.mean():.3f} of 8 bits right" in words and "As printed" in words
    assert all((ours == theirs).all() for ours, theirs in zip(playground._run[1], params))


def test_a_slider_trains_again_and_draws_again(playground):
    picture, words = playground.picture.value, playground.words.value
    playground.set(n_h=5)
    assert "5 hidden units" in settle(playground)
    assert playground.picture.value != picture and playground.words.value != words
    assert imread(io.BytesIO(playground.picture.value)).shape[2] == 4  # a picture that can be read


def test_where_no_kernel_runs_the_picture_and_its_words_are_shown(playground):
    shown = playground._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert base64.b64decode(shown["image/png"]) == playground.picture.value
    assert (
        "sums right" in shown["text/plain"] and "VBox" not in shown["text/plain"] and "<b>" not in shown["text/plain"]
    )


def test_the_report_s_program_can_be_compared(playground):
    playground.set(as_printed=True)
    words = settle(playground)
    rng = np.random.default_rng(QUICK.seed)
    _, printed = report.train(model.init_params(4, rng), rng=rng, n_steps=1_000, learning_rate=0.1)
    assert f"As printed: <b>{printed.correct_digits.mean():.3f} of 8 bits right" in words
    assert [line.get_label() for line in playground.panels.bits] == ["corrected", "as printed"]
    corrected, as_printed = (line.get_ydata() for line in playground.panels.bits)
    assert np.isclose(as_printed.mean(), printed.correct_digits.mean()) and corrected.mean() > as_printed.mean()


def test_another_sum_is_shown_without_training_again(playground):
    run = playground._run
    playground.addends[0].value = 3
    assert "3 + 58 =" in settle(playground)
    assert playground._run is run


@pytest.mark.slow
def test_rapid_moves_end_on_the_last_value(playground):
    for n_h in range(5, 40):
        playground.set(n_h=n_h)
    assert settle(playground).startswith("39 hidden units")
    assert playground._run[0].n_h == 39


def messages(playground):
    """What the page is told from now on: a list that grows."""
    told = []
    for widget in (playground.stop, playground.bar, playground.words, playground.picture):
        widget.observe(lambda change: told.append((type(change.owner).__name__, change.name, change.new)))
    return told


def test_a_short_run_is_told_by_its_picture_and_its_words_alone(playground, monkeypatch):
    monkeypatch.setattr(widgets, "REFRESH", 1_000)
    playground._between_pictures = 1_000
    told = messages(playground)
    playground.set(seed=2)
    settle(playground)
    assert [(kind, name) for kind, name, _ in told] == [("Image", "value"), ("HTML", "value")]


def test_a_long_run_tells_how_far_it_is_and_can_be_stopped(playground, monkeypatch):
    monkeypatch.setattr(widgets, "REFRESH", -1)  # every piece is late
    playground._between_pictures = 1_000
    told = messages(playground)
    playground.set(n_h=5, batch_size=64, n_steps=2_000)
    settle(playground)
    first = [("Button", "disabled", False), ("IntProgress", "max", 2_000), ("IntProgress", "value", 0)]
    assert [message for message in told if message[0] != "HTML"][:3] == first
    assert told[3] == ("HTML", "value", "Training 5 hidden units …")
    steps = [value for kind, name, value in told if (kind, name) == ("IntProgress", "value")]
    assert len(steps) > 3 and steps == sorted(steps) and steps[-1] == 2_000
    assert told[-1] == ("Button", "disabled", True)


def test_compiling_is_told_at_once(playground, monkeypatch):
    def compiles(*args, say, **settings):
        say("compiling")
        seen.append((playground.bar.description, playground.words.value, playground.stop.disabled))
        say("")
        return real(*args, say=say, **settings)

    seen, real = [], training.in_pieces
    monkeypatch.setattr(training, "in_pieces", compiles)
    playground.set(n_h=5)
    settle(playground)
    assert seen == [("compiling", "Training 5 hidden units …", False)] and playground.bar.description == ""


@pytest.mark.parametrize("wish", ["another run", "stop"])
def test_between_any_two_pieces_it_looks_what_is_wanted(playground, monkeypatch, wish):
    def counted(*args, **settings):
        for n, so_far in enumerate(real(*args, **settings), start=1):
            if settings["n_steps"] == 9_000:
                taken.append(n)
                if n == 2:
                    playground.stop.click() if wish == "stop" else playground.set(n_steps=1_000)
            yield so_far

    taken, real = [], training.in_pieces
    monkeypatch.setattr(training, "in_pieces", counted)
    playground.set(batch_size=64)
    settle(playground)
    playground.set(n_steps=9_000)
    settle(playground)
    assert taken == [1, 2] and playground.stop.disabled
    assert playground._run[0].n_steps == (9_000 if wish == "stop" else 1_000)
    assert len(playground._run[2][0].loss) < 9_000


def test_a_run_that_nobody_wants_any_more_is_dropped(playground):
    playground.set(n_h=64, batch_size=64, n_steps=50_000)  # far longer than this test
    playground.set(n_h=4, batch_size=1, n_steps=1_000)
    assert settle(playground).startswith("4 hidden units")


@pytest.mark.slow
def test_stop_keeps_what_it_has(playground):
    playground.set(n_h=64, batch_size=64, n_steps=50_000)
    playground.stop.click()
    assert "64 hidden units" in settle(playground)
    assert len(playground._run[2][0].loss) < 50_000


def test_reset_goes_back(playground):
    playground.set(n_h=9, learning_rate=0.3)
    playground.reset.click()
    assert playground.settings == QUICK
    assert settle(playground).startswith("4 hidden units")


def test_a_rate_far_too_large_is_explained(playground):
    playground.set(learning_rate=8.0)
    assert "Choose a smaller learning rate" in settle(playground)


def test_an_error_is_told_in_the_page_and_the_next_run_works(playground, monkeypatch):
    def diverges(*args, **settings):
        raise FloatingPointError("the loss is not finite at step 7: use a smaller learning rate")

    with monkeypatch.context() as broken:
        broken.setattr(training, "in_pieces", diverges)
        playground.set(n_h=6)
        assert "not finite at step 7" in settle(playground)
    playground.set(n_h=5)
    assert "5 hidden units" in settle(playground)


def test_every_rate_of_the_map_is_on_the_slider_and_the_report_s_settings_are_the_defaults():
    assert set(widgets.SuccessMap.RATES) <= set(widgets.RATES)
    assert widgets.REPORT == widgets.Settings(16, 0.008, 8, 20_000, 1, widgets.REPORT.seed)


def test_the_map_fills_its_cells_and_a_cell_sets_the_sliders(playground, monkeypatch):
    monkeypatch.setattr(widgets.SuccessMap, "SIZES", (3, 8))
    monkeypatch.setattr(widgets.SuccessMap, "RATES", (0.1, 0.8))
    monkeypatch.setattr(widgets.SuccessMap, "SEEDS", 2)
    success = widgets.SuccessMap(playground)
    assert success._repr_mimebundle_()["text/plain"].startswith("A map of 4 settings:")
    success.start.click()
    assert success.worker.wait(120)
    assert "Done" in success.words.value
    assert all(cell.description in {"0 of 2", "1 of 2", "2 of 2"} for cell in success.cells.values())
    success.cells[8, 0.8].click()
    assert (playground.settings.n_h, playground.settings.learning_rate) == (8, 0.8)
    settle(playground)


def test_the_map_can_be_stopped(playground, monkeypatch):
    asked = threading.Event()
    real = widgets.train_many

    def first_cell_then_stop(*args, **settings):
        if asked.is_set():
            success.stop.click()
        asked.set()
        return real(*args, **settings)

    monkeypatch.setattr(widgets, "train_many", first_cell_then_stop)
    monkeypatch.setattr(widgets.SuccessMap, "SEEDS", 2)
    success = widgets.SuccessMap(playground)
    success.start.click()
    assert success.worker.wait(120)
    assert success.words.value == "Stopped after 1 of 56 cells."
    assert sum(cell.description != "·" for cell in success.cells.values()) == 1
    assert not success.start.disabled and success.stop.disabled


# without threads, as in a browser


def on_an_event_loop(monkeypatch, reader):
    """Run the coroutine `reader(playground)` where no thread can be started."""

    def refuse(thread):
        raise RuntimeError("can't start new thread")

    async def page():
        playground = widgets.Playground(QUICK)
        await finished(playground)
        await reader(playground)

    class Worker(widgets.Worker):
        def __init__(self, job):
            super().__init__(job, threaded=False)

    def run():
        monkeypatch.setattr(threading.Thread, "start", refuse)
        monkeypatch.setattr(widgets, "Worker", Worker)
        monkeypatch.setattr(kernels, "machine", SimpleNamespace(**vars(machine)))  # the loop of this machine,
        monkeypatch.setattr(machine, "IN_BROWSER", True)  # but runs take turns
        asyncio.run(page())

    # in a thread of its own: a browser that is being tested keeps a loop in this one
    with ThreadPoolExecutor(1) as pool:
        pool.submit(run).result()


async def finished(playground):
    while not playground.worker.wait():
        await asyncio.sleep(0)
    return playground.words.value


def test_without_threads_sliders_train_again_and_runs_that_nobody_wants_are_dropped(monkeypatch):
    async def reader(playground):
        picture = playground.picture.value
        assert playground.words.value.startswith("4 hidden units")
        playground.set(n_h=64, batch_size=64, n_steps=50_000)  # far longer than this test
        await asyncio.sleep(0.3)
        assert not playground.worker.wait() and not playground.stop.disabled
        playground.set(n_h=5, batch_size=1, n_steps=1_000)
        assert (await finished(playground)).startswith("5 hidden units")
        assert playground.picture.value != picture and playground.stop.disabled

    on_an_event_loop(monkeypatch, reader)


def test_without_threads_stop_keeps_what_it_has_and_progress_shows(monkeypatch):
    async def reader(playground):
        playground.set(n_h=64, batch_size=64, n_steps=50_000)
        while not playground.bar.value:
            await asyncio.sleep(0)
        playground.stop.click()
        assert "64 hidden units" in await finished(playground)
        assert 0 < len(playground._run[2][0].loss) < 50_000

    on_an_event_loop(monkeypatch, reader)


def test_without_threads_the_map_fills_its_cells_and_can_be_stopped(monkeypatch):
    monkeypatch.setattr(widgets.SuccessMap, "SIZES", (3, 8))
    monkeypatch.setattr(widgets.SuccessMap, "RATES", (0.1,))
    monkeypatch.setattr(widgets.SuccessMap, "SEEDS", 2)

    async def reader(playground):
        success = widgets.SuccessMap(playground)
        success.start.click()
        assert "Done" in await finished(success)
        assert all(cell.description in {"0 of 2", "1 of 2", "2 of 2"} for cell in success.cells.values())
        success.start.click()
        await asyncio.sleep(0)
        success.stop.click()
        assert await finished(success) == "Stopped after 0 of 2 cells."

    on_an_event_loop(monkeypatch, reader)
