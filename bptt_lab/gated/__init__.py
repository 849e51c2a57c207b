"""Gates: networks that can keep what they have read.

plain      the core's network, to compare with
lstm       a cell beside the state; input, forget and output gate
gru        one state; reset and update gate
gru_after  the same with the reset after the product, as PyTorch has it
"""

from bptt_lab.gated import gru, gru_after, lstm, plain

__all__ = ["gru", "gru_after", "lstm", "plain"]
