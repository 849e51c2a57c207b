"""The classroom."""

from bptt_lab.classroom.twin import Verdict, twin

__all__ = ["Verdict", "twin"]
