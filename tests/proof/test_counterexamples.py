"""The shortest wrong sum is the shortest, and the search finds what is likely to go wrong."""

from itertools import product

import nets
import numpy as np
import pytest

from bptt_lab import data, model
from bptt_lab.proof import counterexamples


def test_the_shortest_counterexample_is_the_first_of_all():
    """Against running every pair of 4-bit numbers, in the order that the docstring states."""
    rng, seen = np.random.default_rng(6), set()
    for _ in range(60):
        params = nets.perturbed(nets.hand_built(), rng.choice([0.5, 1.0, 2.0, 4.0]), rng)
        wrong = []
        for first, second in product(range(16), repeat=2):
            x, y = data.encode_sums([first], [second], 5)
            right = model.right_bits(model.forward(params, x[:4]).o, y[:4])[:, 0, 0]
            if not right.all():
                k = int(right.argmin()) + 1
                wrong.append((k, first % 2**k, second % 2**k))
        expected = min(wrong)[1:] if wrong else None
        assert counterexamples.shortest_counterexample(params, max_bits=4) == expected
        seen.add(min(wrong)[0] if wrong else None)
    assert len(seen) >= 3  # several lengths, and some networks that are right


def test_blocks_find_what_one_sweep_finds(monkeypatch):
    rng = np.random.default_rng(7)
    networks = [nets.perturbed(nets.hand_built(), noise, rng) for noise in np.linspace(0.3, 3, 60)]
    whole = [counterexamples.shortest_counterexample(params, max_bits=6) for params in networks]
    monkeypatch.setattr(counterexamples, "BLOCK_DEPTH", 3)
    assert [counterexamples.shortest_counterexample(params, max_bits=6) for params in networks] == whole
    monkeypatch.setattr(counterexamples, "BLOCK_DEPTH", 1)
    assert [counterexamples.shortest_counterexample(params, max_bits=6) for params in networks] == whole


def leaking(hold: float):
    """An adder whose carry is lost in a long run of 0 + 1: it needs h_1 above a threshold, and loses some each step."""
    params = nets.hand_built(4.0)
    return params._replace(W=params.W * hold)


def test_a_late_mistake_is_found_at_its_length():
    lengths = []
    for hold in np.linspace(0.3, 0.9, 25):
        pair = counterexamples.shortest_counterexample(leaking(hold), max_bits=8)
        if pair is None:
            continue
        assert counterexamples.fails(leaking(hold), *pair, 9)
        x, _ = data.encode_sums([pair[0]], [pair[1]], 9)
        k = int(counterexamples.wrong_bits(leaking(hold), x)[:, 0].argmax()) + 1
        assert k == 1 or counterexamples.shortest_counterexample(leaking(hold), max_bits=k - 1) is None
        lengths.append(k)
    assert lengths


def test_the_search_finds_carries_lost_in_long_runs():
    assert counterexamples.likely_counterexample(nets.hand_built()) is None
    first, second = counterexamples.likely_counterexample(nets.forgetful())
    assert counterexamples.fails(nets.forgetful(), first, second, 65)


def test_bad_input_is_turned_away():
    with pytest.raises(ValueError, match="max_bits"):
        counterexamples.shortest_counterexample(nets.hand_built(), max_bits=0)
    with pytest.raises(TypeError, match="real"):
        counterexamples.shortest_counterexample(nets.hand_built()._replace(b=np.zeros(3, dtype=complex)))


def test_the_rim_finds_wrong_sums_that_are_wrong_and_none_in_an_adder():
    rng = np.random.default_rng(8)
    assert counterexamples.extremes(nets.hand_built()) is None
    found = 0
    for noise in np.linspace(0.5, 3, 20):
        params = nets.perturbed(nets.hand_built(), noise, rng)
        pair = counterexamples.extremes(params, n_directions=20)
        if pair is not None:
            found += 1
            assert counterexamples.fails(params, *pair, 65)
    assert found >= 5


def test_a_word_that_is_right_when_it_is_run_alone_ends_no_search(monkeypatch):
    confirm, asked = counterexamples.confirm, []

    def refuse_the_first(params, word):
        asked.append(word)
        return None if len(asked) == 1 else confirm(params, word)

    monkeypatch.setattr(counterexamples, "confirm", refuse_the_first)
    pair = counterexamples.extremes(nets.forgetful(), n_directions=20)
    assert len(asked) == 2 and counterexamples.fails(nets.forgetful(), *pair, 65)


def test_the_bits_that_are_needed_to_see_a_mistake():
    """1 + 1 in a network without a carry goes wrong at the second bit; fewer bits do not hold the sum."""
    assert counterexamples.bits_until_wrong(nets.forgetful(), 1, 1) == 2
    for hold in np.linspace(0.3, 0.9, 25):
        pair = counterexamples.likely_counterexample(leaking(hold))
        if pair is not None:
            n_bits = counterexamples.bits_until_wrong(leaking(hold), *pair)
            assert counterexamples.fails(leaking(hold), *pair, n_bits)
            assert n_bits == sum(pair).bit_length() or not counterexamples.fails(leaking(hold), *pair, n_bits - 1)
