"""What the writers of notebook 13 pay on text that they have not seen: python tests/benchmarks/text_models.py

The part to judge by is used, so nothing may be chosen by this table. Seconds are processor time.
"""

import time

from bptt_lab import gated, text
from bptt_lab.text import ngram

if __name__ == "__main__":
    corpus = text.read(text.DATA / "genesis.txt")
    counts = ngram.predict(ngram.count(corpus.learn, len(corpus.symbols), 10, 0.9), corpus.judge)
    print("| model | rounds | seconds | bits, learned from | bits, to judge by |", "|---|---|---|---|---|", sep="\n")
    print(f"| counts, order 10 | | | | {text.bits_per_character(counts, corpus.judge):.2f} |")
    text.train(corpus, n_rounds=1, n_h=4)  # compiles
    for cell, n_h, n_rounds in ((gated.gru, 64, 6), (gated.lstm, 64, 6), (gated.gru, 128, 6), (gated.gru, 128, 12)):
        began = time.process_time()
        writer, _ = text.train(corpus, cell, n_h=n_h, n_rounds=n_rounds)
        taken = time.process_time() - began
        learned, judged = (
            text.bits_per_character(text.predict(writer, codes), codes) for codes in (corpus.learn, corpus.judge)
        )
        name = f"{cell.__name__.rpartition('.')[2].upper()}, {n_h} units"
        print(f"| {name} | {n_rounds} | {taken:.0f} | {learned:.2f} | {judged:.2f} |", flush=True)
