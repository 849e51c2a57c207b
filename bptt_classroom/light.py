"""What Jupyter loads and nobody here needs is left out, for whoever imports this before Jupyter: it starts sooner."""

import sys

# optional parts of jsonschema, for web addresses; and a debugger
UNUSED = ("rfc3987_syntax", "isoduration", "rfc3986_validator", "debugpy")
for name in UNUSED:
    sys.modules.setdefault(name, None)  # as if it were not installed
