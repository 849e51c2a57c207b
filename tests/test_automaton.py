"""Carry states, the extracted machine, and the shortest wrong sum."""

from itertools import product

import nets
import numpy as np
import pytest

from bptt_lab import automaton, model, proof

CARRY_MACHINE = {
    (carry, (i, j)): ((carry + i + j) // 2, (carry + i + j) % 2) for carry, i, j in product((0, 1), repeat=3)
}


@pytest.mark.parametrize("params", [nets.hand_built(), nets.two_units(), nets.trained(3, 3)], ids=["3", "2", "trained"])
def test_a_right_adder_is_the_carry_machine(params):
    machine = automaton.extract(params)
    assert machine.transitions == CARRY_MACHINE
    assert machine.broken is None and machine.counterexample is None
    assert len(machine.members) == 2 and all(members.shape[1] == len(params.b) for members in machine.members)


def test_a_wrong_adder_shows_its_broken_transition():
    machine = automaton.extract(nets.forgetful())
    (state, pair), (first, second) = machine.broken, machine.counterexample
    assert machine.transitions[state, pair][1] != CARRY_MACHINE[1, pair][1]
    assert (first, second) == (1, 1) and proof.fails(nets.forgetful(), first, second, 2)


def test_too_few_states_are_said_so():
    with pytest.raises(ValueError, match="raise tolerance"):
        automaton.extract(nets.hand_built(), max_states=2)


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


def test_bad_input_is_turned_away():
    with pytest.raises(ValueError, match="n_folds"):
        automaton.carry_states(nets.hand_built(), np.random.default_rng(0), n_folds=1)
    with pytest.raises(ValueError, match="tolerance"):
        automaton.extract(nets.hand_built(), tolerance=0)
