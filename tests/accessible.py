"""Rules for readers who see no colours, or do not see the page."""

import re
from itertools import combinations

from matplotlib import rcParams
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

COLOURS = r"\b(red|green|blue|orange|yellow|purple|brown|pink)\b"
FORMS = "solid dashed dotted whole circle circles triangle triangles dot dots dash dashes outline outlines".split()
FORMS += "left right down upper lower thin thick bold bright dark".split()
SHAPES = rf"\$|\b({'|'.join(FORMS)})\b"


def luminance(color) -> float:
    """How bright a colour is in print without colours, 0 to 1 (Rec. 709 weights)."""
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), to_rgb(color)))


def told_by_colour_alone(figure: Figure, least: float = 0.1) -> list[str]:
    """Pairs of lines that have the same form and brightness, and differ in colour."""
    found = []
    for ax in figure.axes:
        for one, other in combinations(ax.lines, 2):
            forms = [(line.get_linestyle(), line.get_marker(), line.get_linewidth()) for line in (one, other)]
            near = abs(luminance(one.get_color()) - luminance(other.get_color())) < least
            if forms[0] == forms[1] and near and not same_color(one.get_color(), other.get_color()):
                found.append(f"{one.get_label()} and {other.get_label()}")
    return found


def small_words(figure: Figure) -> list[str]:
    """What is written smaller than the words of the page, if the picture follows the course's style."""
    found = [one for one in figure.findobj(Text) if one.get_text() and one.get_visible()]
    return [one.get_text() for one in found if one.get_fontsize() < rcParams["font.size"]]


def colours_without_shapes(text: str) -> list[str]:
    """Sentences that tell things apart by a colour, and by nothing else."""
    sentences = re.split(r"(?<=[.;?]) ", " ".join(text.split()))
    return [one for one in sentences if re.search(COLOURS, one, re.I) and not re.search(SHAPES, one, re.I)]


def headings_out_of_order(texts: list[str]) -> list[str]:
    """Headings that are not one at the top and then at most one level deeper than the one before."""
    found, before = [], 0
    for text in texts:
        for marks, title in re.findall(r"^(#+) +(.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M):
            if len(marks) > before + 1 or (len(marks) == 1 and before):
                found.append(title)
            before = len(marks)
    return found or ([] if before else ["there is no heading"])


def pictures_without_a_name(text: str) -> list[str]:
    """Pictures in the text itself that have no alternative text."""
    tags = [tag for tag in re.findall(r"<img[^>]*>", text) if not re.search(r'alt="[^"]+"', tag)]
    return re.findall(r"!\[\s*\]\([^)]*\)", text) + tags
