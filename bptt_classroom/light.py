"""What Jupyter loads and nobody here needs is left out, for whoever imports this before Jupyter: it starts sooner."""

import sys

FORMATS = ("rfc3987_syntax", "isoduration", "rfc3986_validator")  # optional parts of jsonschema, for web addresses
for name in FORMATS:
    sys.modules.setdefault(name, None)  # as if it were not installed
