"""Settings of the network of notebook 13, on the part to choose by: python tests/benchmarks/text_models.py

The part to judge by is not read, so one may choose by this table. No dropout. Seconds are processor time.
"""

import time
from itertools import product

from bptt_lab import text

if __name__ == "__main__":
    corpus = text.read(text.DATA / "genesis.txt")
    text.train(corpus, n_rounds=1, n_h=4)  # compiles
    print(
        "| units | rate | rounds | seconds | bits, learned from | bits, to choose by |",
        "|---|---|---|---|---|---|",
        sep="\n",
    )
    for n_h, rate, n_rounds in product((64, 128), (0.005, 0.01), (6, 10)):
        began = time.process_time()
        writer, _ = text.train(corpus, n_h=n_h, learning_rate=rate, n_rounds=n_rounds)
        taken = time.process_time() - began
        learned, chosen = (
            text.bits_per_character(text.predict(writer, codes), codes) for codes in (corpus.learn, corpus.choose)
        )
        print(f"| {n_h} | {rate} | {n_rounds} | {taken:.0f} | {learned:.2f} | {chosen:.2f} |", flush=True)
