"""The checker with one small mistake in it, at every place: some near test notices.

An operator, a comparison, a constant, an index, a sign or a name is exchanged. Those that no test notices are all
listed in `harmless.txt`, each with its reason: what they compute is as right, or more careful. A mistake that could let
a false proof through is none of them.
"""

import signal
import warnings
from pathlib import Path

import exchanged
import near
import numpy as np
import pytest

from bptt_lab.proof import certificate, sets

HARMLESS = dict(line.split("  # ") for line in Path(__file__).with_name("harmless.txt").read_text("utf-8").splitlines())
TREE = exchanged.parsed(certificate)


@pytest.fixture(autouse=True)
def quiet():
    near.good()  # made by the checker as it is
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


class Endless(Exception):
    pass


def noticed(sets, certificate):
    """The near test that notices; a mistake may also make the checker run without end."""

    def stop(*_):
        raise Endless

    old = signal.signal(signal.SIGVTALRM, stop)
    try:
        for test in near.NEAR:
            signal.setitimer(signal.ITIMER_VIRTUAL, 3)
            test(sets, certificate)
    except Exception:
        return test
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)


def above(changed):
    """A certificate module that uses a changed `sets`."""
    fresh = exchanged.executed(TREE, certificate)
    for name in ("ROUND", "Sets", "affine", "margins", "push", "up"):
        setattr(fresh, name, getattr(changed, name))
    return fresh


def unnoticed(module):
    """What was changed, wherever no test notices; and all changes."""
    found, tried = [], []
    for name, changed in exchanged.mutants(module):
        tried.append(name)
        pair = (changed, above(changed)) if module is sets else (sets, changed)
        if name not in HARMLESS and not noticed(*pair):
            found.append(name)
    return found, tried


@pytest.mark.ci
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="without a timer, a mistake could run without end")
def test_every_mistake_that_matters_is_noticed():
    assert not noticed(sets, certificate)
    found, tried = zip(*map(unnoticed, (sets, certificate)))
    assert sum(found, []) == []
    tried = sum(tried, [])
    assert len(tried) > 250 and all(tried.count(name) == 1 for name in HARMLESS)
    assert len(HARMLESS) < 0.2 * len(tried)
