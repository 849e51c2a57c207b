import base64
import io

import numpy as np
import pytest
from matplotlib.image import imread

from bptt_lab import gated, text

SYMBOLS = "\n abcdefgh"


@pytest.fixture
def desk():
    params = gated.gru.init_params(6, np.random.default_rng(0), 10, 10, scale=2.0)
    return text.widgets.Desk(text.Writer(gated.gru, params, SYMBOLS), beginning="abc")


def test_a_click_writes_what_the_writer_writes(desk):
    expected = text.write(desk.author, "abc", 100, np.random.default_rng(0), 0.7)
    desk.buttons[100].click()
    assert desk.written == expected
    assert expected.split("\n")[0] in desk.page.value


def test_the_picture_and_the_words_show_the_next_character(desk):
    p = text.next_character(desk.author, "abc", 0.7)
    best = int(np.argmax(p))
    assert f"Next: {SYMBOLS[best]!r} {100 * p[best]:.0f} %".replace("'", "&#x27;") in desk.page.value
    assert imread(io.BytesIO(desk.picture.value)).shape[2] == 4
    before = desk.picture.value
    desk.temperature.value = 2.0
    assert desk.picture.value != before


def test_a_page_that_was_only_stored_shows_the_picture_and_the_words(desk):
    shown = desk._repr_mimebundle_()
    assert base64.b64decode(shown["image/png"]) == desk.picture.value
    assert shown["text/plain"].startswith("abc Next: '") and "<" not in shown["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_another_beginning_starts_again(desk):
    desk.buttons[1].click()
    assert len(desk.written) == 1
    desk.beginning.value = "ABB"  # capitals are made small
    assert desk.written == "" and "<b>abb</b>" in desk.page.value
    desk.buttons[1].click()
    desk.again.click()
    assert desk.written == ""


def test_what_cannot_be_read_is_explained_and_the_next_try_works(desk):
    desk.beginning.value = "ab7"
    assert "leave it out" in desk.page.value
    desk.buttons[1].click()
    assert desk.written == "" and "leave it out" in desk.page.value
    desk.beginning.value = ""
    assert "type a beginning" in desk.page.value
    desk.beginning.value = "ab"
    assert "Next:" in desk.page.value
