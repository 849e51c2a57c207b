"""The page of a class, on paper, on a phone and in the dark."""

import re

import pytest

from bptt_classroom import page
from bptt_classroom.records import Class, Result, Student
from bptt_lab.doctor import BACKWARD

LONGEST = sorted(BACKWARD.catalogue.values(), key=lambda one: -len(one.hint + one.formula))


def answer(number, made):
    hints = [made.hint, f"Your answer is that of “{made.name}”.", f"What you computed is {made.formula}."]
    facts = (f"07.{number}", "Any number of outputs", 2.0, "mistake", "∂L/∂h is wrong", [made.name], hints)
    return Result(*facts)


@pytest.fixture
def shown(browser, tmp_path):
    """A class of 40 in which everybody made some of the mistakes that take most words."""
    students = [
        Student(f"s{place}", f"Maximiliane Oberhuber-Schmidt {place}", True, "2026-11-25 21:00:05", ["is late"])
        for place in range(40)
    ]
    for place, student in enumerate(students):
        student.results = [answer(number, LONGEST[(place + number) % 7]) for number in range(1, 7)]
    path = tmp_path / "page.html"
    aside = [(f"{'long' * 30}.pdf", "is a PDF")]
    path.write_text(page.page(Class("07_write_it_yourself", students, lost=aside)), encoding="utf-8")
    opened = browser.new_page()
    opened.set_default_timeout(120_000)
    opened.goto(path.as_uri())
    yield opened
    opened.close()


def sheets(shown):
    data = shown.pdf(prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b", data))


def test_what_to_talk_about_on_monday_fits_one_sheet(shown):
    every = sheets(shown)
    shown.evaluate("document.querySelectorAll('.next, .next ~ *').forEach(one => one.remove())")
    assert "To talk about on Monday" in shown.inner_text("body") and shown.locator("li").count() == 5
    assert sheets(shown) == 1 < every <= 20  # of 40 students with six mistakes each


def test_no_column_is_cut_off_on_paper(shown):
    shown.emulate_media(media="print")
    shown.set_viewport_size({"width": 1039, "height": 700})  # A4, landscape, without its margins, in CSS pixels
    assert shown.evaluate("document.documentElement.scrollWidth") <= 1039


def test_on_a_phone_only_tables_scroll(shown):
    shown.set_viewport_size({"width": 390, "height": 800})
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390
    assert shown.evaluate("[...document.querySelectorAll('.wide')].some(one => one.scrollWidth > one.clientWidth)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(shown, scheme):
    shown.emulate_media(color_scheme=scheme)
    for one in ("body", ".made"):
        ink, paper = (
            shown.evaluate(f"getComputedStyle(document.querySelector('{one}')).{what}")
            for what in ("color", "backgroundColor")
        )
        assert contrast(ink, paper) >= 4.5, (one, ink, paper)


def contrast(*colours):
    """As WCAG defines it."""
    lights = []
    for colour in colours:
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(lights) + 0.05) / (min(lights) + 0.05)
