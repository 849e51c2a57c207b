"""Gates: networks that can keep what they have read. From the top down:

lstm_exercise  what the doctor must know of a student's backward pass of the LSTM,
gru_exercise   and of the GRU
mistakes       what the two share
plots          how far each cell reaches, and what it keeps
reached        how far each cell carries a bit, from several starts and at several rates
distance       the task: a bit to be kept over growing distance; how much of its error reaches each state
training       any optimiser, for every cell
gru            one state; reset and update gate
lstm           a cell beside the state; input, forget and output gate
blocks         what they share
"""

from bptt_lab import engine
from bptt_lab.gated import distance, gru, lstm, plots
from bptt_lab.gated.distance import share_felt
from bptt_lab.gated.gru_exercise import GRU_BACKWARD
from bptt_lab.gated.lstm_exercise import LSTM_BACKWARD
from bptt_lab.gated.mistakes import GIVE_IT_AWAY
from bptt_lab.gated.training import Memory, fit, softmax_of

plain = engine.plain  # the core's network, to compare with
__all__ = ["GIVE_IT_AWAY", "GRU_BACKWARD", "LSTM_BACKWARD", "Memory", "distance", "fit",
           "gru", "lstm", "plain", "plots", "share_felt", "softmax_of"]  # fmt: skip
