"""Gates: networks that can keep what they have read. From the top down:

lstm_exercise  what the doctor must know of a student's backward pass of the LSTM,
gru_exercise   and of the GRUs
mistakes       what the two share
plots          how far each cell reaches, and what it keeps
distance       the task: a bit to be kept over growing distance
credit         which error reaches which state
training       Adam, for every cell
kernels        the same compiled, with the same digits on every machine
plain          the core's network, to compare with
gru_after      the GRU with the reset after the product, as PyTorch has it
gru            one state; reset and update gate
lstm           a cell beside the state; input, forget and output gate
"""

from bptt_lab.gated import distance, gru, gru_after, lstm, plain, plots
from bptt_lab.gated.credit import credit, share_felt
from bptt_lab.gated.gru_exercise import GRU_AFTER_BACKWARD, GRU_BACKWARD
from bptt_lab.gated.lstm_exercise import LSTM_BACKWARD
from bptt_lab.gated.mistakes import GIVE_IT_AWAY
from bptt_lab.gated.training import Memory, fit, softmax_of

__all__ = ["GIVE_IT_AWAY", "GRU_AFTER_BACKWARD", "GRU_BACKWARD", "LSTM_BACKWARD", "Memory", "credit", "distance", "fit",
           "gru", "gru_after", "lstm", "plain", "plots", "share_felt", "softmax_of"]  # fmt: skip
