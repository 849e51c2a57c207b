"""Carry states, the extracted machine, and the shortest wrong sum."""

from itertools import product

import nets
import numpy as np
import pytest

from bptt_lab import automaton, counterexamples, data, merging, model

CARRY_MACHINE = {
    (carry, (i, j)): ((carry + i + j) // 2, (carry + i + j) % 2) for carry, i, j in product((0, 1), repeat=3)
}


@pytest.mark.parametrize("params", [nets.hand_built(), nets.two_units(), nets.trained(3, 3)], ids=["3", "2", "trained"])
def test_a_right_adder_is_the_carry_machine(params):
    machine = automaton.extract(params)
    assert machine.transitions == CARRY_MACHINE
    assert machine.broken is None and machine.counterexample is None
    assert len(machine.members) == 2 and all(members.shape[1] == len(params.b) for members in machine.members)


def test_all_that_is_asked_of_a_network_can_be_had_from_one_place():
    assert automaton.shortest_counterexample is counterexamples.shortest_counterexample
    assert automaton.prove(nets.hand_built(), max_cells=2).status == "undecided"
    assert all(callable(getattr(automaton, name)) for name in automaton.__all__)


def forgetful():
    """Without its carry: 1 + 1 is 00, and every later bit as if nothing had been carried."""
    params = nets.hand_built()
    return params._replace(W=0 * params.W)


def test_a_wrong_adder_shows_its_broken_transition():
    machine = automaton.extract(forgetful())
    (state, pair), (first, second) = machine.broken, machine.counterexample
    assert machine.transitions[state, pair][1] != CARRY_MACHINE[1, pair][1]
    assert (first, second) == (1, 1) and counterexamples.fails(forgetful(), first, second, 2)


def test_too_few_states_are_said_so():
    with pytest.raises(ValueError, match="raise tolerance"):
        automaton.extract(nets.hand_built(), max_states=2)


def test_merged_states_are_reached_by_their_words():
    params = nets.trained(4, 2)
    merged = merging.merge(params, 0.2, n_steps=2)
    for h, carry, word in zip(merged.h[1:], merged.carry[1:], merged.words[1:]):
        x = counterexamples.INPUTS[list(word)][:, None]
        np.testing.assert_allclose(model.forward(params, x).h[-1, 0], h, atol=1e-12)
        assert data.carries(x)[-1, 0] == carry
    assert merged.next.shape == (len(merged.h), 16) and merged.next.max() < len(merged.h)


def test_the_carry_is_read_from_the_states():
    params = nets.hand_built()
    states = automaton.carry_states(params, np.random.default_rng(0), n_sums=50, n_bits=20)
    assert states.h.shape == (50, 20, 3) and states.carry.shape == (50, 20)
    assert states.accuracy == 1 and abs(states.direction[1]) > 0.99  # unit 1 is the carry
    assert ((states.h @ states.direction > states.threshold) == states.carry).all()
    np.testing.assert_allclose(states.components @ states.components.T, np.eye(3), atol=1e-12)
    assert states.variance.sum() == pytest.approx(1) and (np.diff(states.variance) <= 0).all()
    np.testing.assert_allclose(states.attractors[:, 1], [-1, 1], atol=1e-3)


def test_the_read_out_is_not_fitted_to_what_it_is_tested_on():
    params = model.init_params(60, np.random.default_rng(0))  # 61 weights fit 50 carries whatever they are
    states = automaton.carry_states(params, np.random.default_rng(2), n_sums=10, n_bits=5)
    fitted = (states.h @ states.direction > states.threshold) == states.carry
    assert fitted.all() and states.accuracy < 0.95


def test_states_that_differ_later_are_kept_apart():
    """A counter of 1 + 1 that writes 1 at the third: three states, alike in their first bits."""
    next_ = np.array([[0, 0, 0, 1], [1, 1, 1, 2], [2, 2, 2, 0], [0, 0, 0, 1]])
    bit = np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    assert automaton._minimise(next_, bit).tolist() == [0, 1, 2, 0]


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
    assert counterexamples.search(nets.hand_built()) is None
    first, second = counterexamples.search(forgetful())
    assert counterexamples.fails(forgetful(), first, second, 65)


def test_bad_input_is_turned_away():
    with pytest.raises(ValueError, match="n_folds"):
        automaton.carry_states(nets.hand_built(), np.random.default_rng(0), n_folds=1)
    with pytest.raises(ValueError, match="max_bits"):
        counterexamples.shortest_counterexample(nets.hand_built(), max_bits=0)
    with pytest.raises(ValueError, match="tolerance"):
        automaton.extract(nets.hand_built(), tolerance=0)
    with pytest.raises(TypeError, match="real"):
        counterexamples.shortest_counterexample(nets.hand_built()._replace(b=np.zeros(3, dtype=complex)))
