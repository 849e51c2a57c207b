"""A reader's hands on the playground, in a real browser."""

import pytest

WORDS = ".jp-OutputArea .widget-html-content"


class Playground:
    def __init__(self, lab, page):
        self.lab, self.page = lab, page
        self.image = page.locator(".widget-image").first
        self.settled()

    def words(self):
        return self.page.locator(WORDS).first.inner_text()

    def settled(self):
        """Wait until the words tell of a finished run."""
        self.lab.until(lambda: "sums right" in self.words() and self.stop_is_off())
        return self.words()

    def stop_is_off(self):
        return self.page.get_by_role("button", name="Stop").first.is_disabled()

    def source(self):
        return self.image.get_attribute("src")

    def handle(self, name):
        row = self.page.locator(".widget-hslider, .widget-inline-hbox").filter(has_text=name).first
        return row.locator(".noUi-handle")

    def readout(self, name):
        row = self.page.locator(".widget-hslider, .widget-inline-hbox").filter(has_text=name).first
        return row.locator(".widget-readout").inner_text()

    def changed_from(self, words, source):
        self.lab.until(lambda: self.words() != words and self.source() != source)
        complete = "image => image.complete && image.naturalWidth > 0"
        self.lab.until(lambda: self.image.evaluate(complete))
        return self.settled()


@pytest.fixture
def playground(browser, lab):
    page = browser.new_page(viewport={"width": 1400, "height": 1200})
    page.set_default_timeout(120_000)
    server = lab("05_playground.ipynb")
    server.run_all(page)
    yield Playground(server, page)
    page.close()


def test_sliders_retrain_the_network(playground):
    page = playground.page
    assert playground.readout("hidden size") == "16"

    words, source = playground.words(), playground.source()
    playground.handle("hidden size").focus()
    page.keyboard.press("ArrowRight")
    playground.changed_from(words, source)
    assert playground.readout("hidden size") == "17"
    assert playground.handle("hidden size").get_attribute("aria-valuenow") == "17.0"

    words, source = playground.words(), playground.source()
    playground.handle("seed").hover()  # waits until it moves no more
    page.mouse.down()
    box = playground.handle("seed").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    playground.changed_from(words, source)
    assert int(playground.readout("seed")) > 5

    playground.handle("hidden size").focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    playground.lab.until(lambda: playground.readout("hidden size") == "1")
    playground.lab.until(lambda: "sums right" in playground.words() and "8.000" not in playground.words())
    last = playground.settled()
    assert playground.readout("hidden size") == "1"
    assert "in the last 1,000 of 20,000 iterations" in last

    playground.handle("learning rate").focus()
    page.keyboard.press("End")
    playground.lab.until(lambda: "smaller learning rate" in playground.words())
    playground.settled()
    assert page.locator(".jp-RenderedText[data-mime-type*='stderr']").count() == 0

    page.get_by_role("button", name="Reset").click()
    playground.lab.until(lambda: playground.readout("hidden size") == "16")
    playground.lab.until(lambda: "8.000 of 8 bits right" in playground.words())
