"""Settings of the reading edition. `site/pages.py` lays the sources out beside a copy of this file."""

import re

from bptt_lab import __version__

project = "Back propagation through time"
html_title = project
author = "the bptt-lab authors"
version = release = __version__
copyright = f"{author}, words and pictures CC BY 4.0, code BSD-3-Clause; bptt-lab {version}"  # the footer
extensions = ["myst_nb", "sphinx_copybutton", "sphinx_design"]
extensions += ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
nb_execution_mode = "off"  # outputs are shown as they are stored; nothing runs
nb_mime_priority_overrides = [("html", "text/html", 5)]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_inline"]
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_google_docstring = False
napoleon_use_param = napoleon_use_rtype = False  # as written: shapes are no types to look up
default_role = "code"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_js_files = [("live/live.js", {"type": "module", "priority": 100})]  # before those of the theme
html_extra_path = ["extra"]
html_copy_source = False
html_show_sourcelink = False
mathjax_path = "mathjax/tex-chtml-full.js"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b4f8a", "color-brand-content": "#0b4f8a"},
    "dark_css_variables": {"color-brand-primary": "#8cc8ff", "color-brand-content": "#8cc8ff"},
    "footer_icons": [],
}
pygments_style, pygments_dark_style = "bw", "github-dark"


def as_words(app, what, name, obj, options, lines):
    """For napoleon, which knows the sections: formulas are no markup. What a module holds is aligned by hand."""
    if what == "module":
        lines[:] = [".. code-block:: text", "", *(f"    {line}" for line in lines), ""]
    else:
        lines[:] = [MARKUP.sub(lambda found: found[1] or "\\" + found[0], line) for line in lines]


MARKUP = re.compile(r"""(`[^`]*`)|[\\*|"']|_(?!\w)|^-+(?= )""")  # code stays; the rest would be markup, or curly quotes


def without_brackets(app, what, name, obj, options, lines):
    """x (B, n), and not x ((B, n)): what stands behind a name here is a shape, with brackets of its own."""
    lines[:] = [re.sub(r"\(\*(\(.+?\))\*\)(?= --|$)", r"*\1*", line) for line in lines]


def without_fields(app, what, name, obj, skip, options):
    """The fields of a NamedTuple stand in its source, with their shapes; all that autodoc finds is their number."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def setup(app):
    app.connect("autodoc-process-docstring", as_words, priority=400)  # before napoleon, and after it:
    app.connect("autodoc-process-docstring", without_brackets, priority=600)
    app.connect("autodoc-skip-member", without_fields)
