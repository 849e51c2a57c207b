"""Draw the picture in README.md: python tests/draw_overview.py"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from bptt_lab import data, model, plots, training

rng = np.random.default_rng(1)
params, history = training.train(model.init_params(16, rng), rng=rng, progress=True)
x, y = data.encode_sums([77], [58])

figure = plt.figure(figsize=(11, 6), layout="constrained")
above, below = figure.subfigures(2, 1, height_ratios=[1.2, 1])
plots.unrolled(above.subplots(), x[:, 0], y[:, 0], model.forward(params, x).y_hat[:, 0])
left, right = below.subplots(1, 2)
plots.accuracies(left, history.correct_digits, last=len(history.correct_digits))
left.lines[0].set_linestyle("")
left.lines[0].set_alpha(0.3)
left.lines[1].remove()
left.get_legend().remove()
left.set(title="right bits of each sum", ylim=(-0.3, 8.3))
plots.loss_curve(right, history.loss)
figure.savefig(Path(__file__).resolve().parent.parent / "notebooks" / "images" / "overview.png", dpi=90)
