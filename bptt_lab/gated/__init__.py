"""Gates: networks that can keep what they have read. From the door down:

mistakes   the doctor for the LSTM's backward pass
plots      how far each cell reaches, and what it keeps
distance   the task: a bit to be kept over growing distance
credit     which error reaches which state
training   Adam, for every cell
kernels    the same compiled, with the same digits on every machine
plain      the core's network, to compare with
gru_after  the GRU with the reset after the product, as PyTorch has it
gru        one state; reset and update gate
lstm       a cell beside the state; input, forget and output gate
"""

from bptt_lab.gated import distance, gru, gru_after, lstm, plain, plots
from bptt_lab.gated.credit import credit, share_felt
from bptt_lab.gated.mistakes import BACKWARD
from bptt_lab.gated.training import Memory, fit, softmax_of

__all__ = ["BACKWARD", "Memory", "credit", "distance", "fit", "gru", "gru_after", "lstm", "plain", "plots",
           "share_felt", "softmax_of"]  # fmt: skip
