"""A network that writes: characters in, probabilities of the next one out. From the top down:

widgets  type a beginning, choose the temperature, watch it write
plots    what may come next, and which unit follows what
writer   training, judging, and writing with fed-back outputs
ngram    the baseline: counts
corpus   a text as numbers
"""

from bptt_lab.text import ngram, plots, widgets, writer
from bptt_lab.text.corpus import DATA, Corpus, bits_per_character, decode, encode, one_hot, read
from bptt_lab.text.writer import Writer, heated, next_character, predict, states, store, train, write

__all__ = ["DATA", "Corpus", "Writer", "bits_per_character", "decode", "encode", "heated", "next_character", "ngram",
           "one_hot", "plots", "predict", "read", "states", "store", "train", "widgets", "write", "writer"]  # fmt: skip
