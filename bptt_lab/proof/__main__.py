"""Check a certificate: python -m bptt_lab.proof check FILE

One line says what was found. The exit status is 0 if the certificate proves its network, 1 if it is refused, and 2 if
there is no such file, or no certificate in it.
"""

import sys
from zipfile import BadZipFile

from bptt_lab.proof.certificate import check
from bptt_lab.proof.files import load


def main(words: list[str]) -> int:
    if "-h" in words or "--help" in words:
        print(__doc__)
        return 0
    if len(words) != 2 or words[0] != "check":
        print("a command and a file are needed: python -m bptt_lab.proof check FILE", file=sys.stderr)
        return 2
    try:
        certificate = load(words[1])
    except (AttributeError, BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
        print(f"{words[1]}: no certificate: {error}", file=sys.stderr)
        return 2
    checked = check(certificate)
    n_h = certificate.params.b.size
    found = f"proves that its network of {n_h} units adds numbers of every length, by {checked.margin:.3f} nats"
    print(f"{words[1]} {found} ({checked.reason})" if checked else f"{words[1]} is refused: {checked.reason}")
    return 0 if checked else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
