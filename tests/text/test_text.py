import numpy as np
import pytest

from bptt_lab import gated, gradcheck, machine, text
from bptt_lab.text import ngram

LINES = "the cat sat on the mat.\nthe dog sat on the log.\n" * 40


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "lines.txt"
    path.write_text(LINES.upper(), encoding="utf-8")
    return text.read(path)


@pytest.fixture(
    scope="module",
    params=[  # the loop of the first one is compiled for notebook 13, too
        pytest.param(gated.gru, marks=pytest.mark.slow, id="gru"),
        pytest.param(gated.lstm, marks=pytest.mark.ci, id="lstm"),
    ],
)
def trained(request, corpus):
    return text.train(corpus, request.param, n_h=16, n_rounds=12, window=8)


def test_reading_lowers_and_cuts_at_line_ends(corpus):
    parts = [text.decode(part, corpus.symbols) for part in (corpus.learn, corpus.choose, corpus.judge)]
    assert "".join(parts) == LINES and all(part.endswith("\n") for part in parts)
    assert abs(len(parts[0]) / len(LINES) - 0.85) < 0.02


def test_the_shipped_text_is_what_the_notebook_says():
    genesis = text.read(text.DATA / "genesis.txt")
    assert text.decode(genesis.learn[:29], genesis.symbols) == "in the beginning god created "
    assert len(genesis.symbols) == 37
    assert sum(map(len, genesis[1:])) == 196_818


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("discount", [0.5, 0.9])
def test_every_context_has_probabilities_that_add_up_to_1(corpus, order, discount):
    n = len(corpus.symbols)
    counts = ngram.count(corpus.learn, n, order, discount)
    contexts = np.random.default_rng(0).integers(0, n, (200, order + 1))  # most were never seen
    p = ngram.probabilities(counts, contexts)
    assert (p > 0).all() and np.abs(p.sum(axis=1) - 1).max() < 1e-12


def test_kneser_ney_by_hand():
    """abacab: after a came b, c, b. Single characters count by how many others came before them: b 1, a 2, c 1."""
    counts = ngram.count(text.encode("abacab", "abc"), 3, order=2, discount=0.5)
    alone = (np.array([2, 1, 1]) - 0.5) / 4 + 0.5 * 3 / 4 / 3
    p = ngram.probabilities(counts, np.array([[0]]))[0]
    assert np.allclose(p, (np.array([0, 1.5, 0.5]) + 0.5 * 2 * alone) / 3)


def test_prediction_does_not_see_what_it_predicts(corpus):
    codes = corpus.judge[:60]
    changed = codes.copy()
    changed[30:] = 0
    counts = ngram.count(corpus.learn, len(corpus.symbols), 4)
    writer = text.Writer(gated.gru, gated.gru.init_params(5, np.random.default_rng(0), 15, 15), corpus.symbols[:15])
    assert (ngram.predict(counts, codes)[:31] == ngram.predict(counts, changed)[:31]).all()
    codes, changed = codes % 15, changed % 15
    assert np.abs(text.predict(writer, codes)[:31] - text.predict(writer, changed)[:31]).max() < 1e-15
    assert text.predict(writer, codes).shape == (60, 15)


def test_counts_learn_and_so_does_the_network(corpus, trained):
    n = len(corpus.symbols)
    counts = ngram.count(corpus.learn, n, 6)
    assert text.bits_per_character(ngram.predict(counts, corpus.judge), corpus.judge) < 0.5
    writer, curve = trained
    assert curve[-1] < 0.3 * curve[0]
    assert text.bits_per_character(text.predict(writer, corpus.judge), corpus.judge) < 0.6


def test_guessing_costs_the_logarithm():
    p = np.full((7, 32), 1 / 32)
    assert text.bits_per_character(p, np.arange(7)) == 5


def test_writing_follows_the_seed_and_the_temperature(trained):
    writer, _ = trained
    one, two = (text.write(writer, "the ", 80, np.random.default_rng(0), 0.7) for _ in range(2))
    assert one == two and len(one) == 80
    assert text.write(writer, "the ", 80, np.random.default_rng(1), 0.7) != one
    cold = text.write(writer, "the ", 200, np.random.default_rng(0), 0.01)
    hot = text.write(writer, "the ", 200, np.random.default_rng(0), 5.0)
    assert len(set(cold.split())) < len(set(hot.split()))


def test_writing_a_character_at_a_time_is_the_same_as_going_on(trained):
    """The states that `write` hands on are those of reading the whole text again."""
    writer, _ = trained
    told, rng, u = "the c", np.random.default_rng(0), np.random.default_rng(0).random(30)
    for k in range(30):
        p = text.next_character(writer, told, 0.7)
        told += writer.symbols[int(np.searchsorted(np.cumsum(p), u[k]))]
    assert told[5:] == text.write(writer, "the c", 30, rng, 0.7)


def test_temperature():
    o = np.random.default_rng(0).normal(size=(4, 6))
    assert np.allclose(text.heated(o, 1.0), gated.softmax_of(o))
    assert np.abs(text.heated(o, 1e-3).max(axis=1) - 1).max() < 1e-9
    assert np.ptp(text.heated(o, 1e6)) < 1e-5
    with pytest.raises(ValueError, match="temperature must be positive"):
        text.heated(o, 0.0)


def test_softmax_gradient_is_belief_minus_truth():
    o = np.random.default_rng(0).normal(size=(3, 5))
    y = text.one_hot(np.array([0, 3, 3]), 5)
    numeric = gradcheck.derivative(lambda o: (np.log(np.exp(o).sum(axis=1)) - (y * o).sum(axis=1)).sum(), o)
    assert gradcheck.relative_error(gated.softmax_of(o) - y, numeric) < 1e-12


def test_without_numba_the_stored_parameters_are_loaded(corpus, trained, tmp_path, monkeypatch, capsys):
    writer, curve = trained
    text.store(writer, curve, tmp_path / "stored.npz")
    monkeypatch.setattr(machine, "HAS_NUMBA", False)
    settings = {"n_h": 16, "n_rounds": 12, "window": 8}
    again, curve_again = text.train(corpus, writer.cell, **settings, stored=tmp_path / "stored.npz")
    assert "stored parameters" in capsys.readouterr().out
    assert gradcheck.relative_error(again.params, writer.params) < 1e-6
    assert np.abs(curve_again - curve).max() < 1e-6


def test_the_shipped_parameters_fit_the_shipped_text():
    genesis = text.read(text.DATA / "genesis.txt")
    with np.load(text.DATA / "writer.npz") as file:
        params = gated.gru.Params(*(file[name].astype(float) for name in gated.gru.Params._fields))
    p = text.predict(text.Writer(gated.gru, params, genesis.symbols), genesis.judge)
    assert 1.80 < text.bits_per_character(p, genesis.judge) < 1.90


def test_bad_input_gets_one_line(corpus, trained, tmp_path):
    writer, _ = trained
    with pytest.raises(ValueError, match="must have at least one character"):
        text.write(writer, "", 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="got '7' too: leave it out"):
        text.write(writer, "the 7", 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="order must be at most 11"):
        ngram.count(corpus.learn, 37, 12)
    (tmp_path / "short.txt").write_text("too short", encoding="utf-8")
    with pytest.raises(ValueError, match="at least 1,000 characters"):
        text.read(tmp_path / "short.txt")
    with pytest.raises(ValueError, match="too short for 4 windows of 2000"):
        text.train(corpus, window=2000)
