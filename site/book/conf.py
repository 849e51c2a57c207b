"""Settings of the reading edition. `site/pages.py` lays the sources out beside a copy of this file."""

from bptt_lab import __version__

project = "Back propagation through time"
html_title = project
author = "the bptt-lab authors"
version = release = __version__
copyright = f"{author}, words and pictures CC BY 4.0, code BSD-3-Clause; bptt-lab {version}"  # the footer
extensions = ["myst_nb", "sphinx_copybutton", "sphinx_design", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
nb_execution_mode = "off"  # outputs are shown as they are stored; nothing runs
nb_mime_priority_overrides = [("html", "text/html", 5)]
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "attrs_inline"]
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": False}
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


def as_written(app, what, name, obj, options, lines):
    """Docstrings here are aligned by hand, for a terminal: show them as they stand. They are words, not Python."""
    if lines and any(line.strip() for line in lines):
        lines[:] = [".. code-block:: text", "", *(f"    {line}" for line in lines), ""]


def setup(app):
    app.connect("autodoc-process-docstring", as_written)
