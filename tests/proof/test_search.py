"""The search says "proved" only of networks that are right, and finds what it is to find."""

from functools import cache

import nets
import numpy as np
import pytest

from bptt_lab import data, model, proof
from bptt_lab.proof import counterexamples
from bptt_lab.proof.search import cover as cover_room
from bptt_lab.proof.search import walk as walk_room
from bptt_lab.proof.search import zonotope

pytestmark = pytest.mark.slow  # what they prove with is compiled once


@cache
def proved(name: str):
    params = {"three": nets.hand_built, "two": nets.two_units}[name]()
    return params, proof.prove(params)


@pytest.mark.versions
@pytest.mark.parametrize("name", ["two", "three"])
def test_exact_adders_are_proved(name):
    params, verdict = proved(name)
    assert verdict.status == "proved" and verdict.counterexample is None and verdict.margin > 1
    assert verdict.cells == len(verdict.certificate.carry) < 20
    assert proof.check(verdict.certificate).margin == verdict.margin


@pytest.mark.parametrize("build", [nets.hand_built, nets.two_units])
def test_an_adder_with_one_spoilt_weight_is_refuted(build):
    params = build()
    refuted = 0
    for name in params._fields:
        for index in np.ndindex(getattr(params, name).shape):
            spoilt = params._replace(**{name: getattr(params, name).copy()})
            getattr(spoilt, name)[index] = 1.0 - getattr(params, name)[index]
            verdict = proof.prove(spoilt, max_seconds=600, plan=((0.3, 1),))
            if verdict.status == "refuted":
                refuted += 1
                assert counterexamples.fails(spoilt, *verdict.counterexample, verdict.n_bits)
            elif verdict.status == "proved":  # W[:, 0] and W[:, 2] of the three units may hardly matter
                assert right_on_long_sums(spoilt, n=20_000)
    assert refuted >= 6


def right_on_long_sums(params, n=100_000, n_bits=64, seed=1):
    rng = np.random.default_rng(seed)
    if counterexamples.likely_counterexample(params, seed=seed) is not None:
        return False
    for _ in range(n // 20_000):
        x = rng.integers(0, 2, (n_bits, 20_000, 2)).astype(float)
        if counterexamples.wrong_bits(params, x).any():
            return False
    return True


@pytest.mark.parametrize("n_levels", [4, pytest.param(15, marks=pytest.mark.ci)])
def test_never_says_proved_of_a_network_that_fails(n_levels):
    """Networks of varied quality: hand-built and trained ones, with noise from nothing to too much."""
    rng = np.random.default_rng(0)
    bases = [nets.hand_built(), nets.hand_built(8.0), nets.two_units(), nets.two_units(8.0)]
    bases += [nets.trained(n_h, seed) for n_h, seed in [(3, 3), (4, 2), (3, 0), (2, 1)]]
    found = {"proved": 0, "refuted": 0, "undecided": 0}
    checked = 0
    for base in bases:
        for noise in np.geomspace(0.003, 2.0, n_levels):
            params = nets.perturbed(base, noise, rng)
            verdict = proof.prove(params, max_cells=200, max_seconds=600, plan=((0.3, 1),))
            found[verdict.status] += 1
            if verdict.status == "proved":
                assert proof.check(verdict.certificate)
                checked += 1
                assert right_on_long_sums(params, n=100_000 if checked % 10 == 1 else 20_000, seed=checked)
            elif verdict.status == "refuted":
                assert counterexamples.fails(params, *verdict.counterexample, verdict.n_bits)
    assert sum(found.values()) == 8 * n_levels
    assert min(found["proved"], found["refuted"]) >= sum(found.values()) / 6, found


def test_the_undecided_is_called_so():
    params, _ = proved("three")
    verdict = proof.prove(params, max_cells=2)
    assert verdict.status == "undecided" and verdict.certificate is None and "more than 2 cells" in verdict.reason
    assert proof.prove(params, max_seconds=1e-9, plan=((0.2, 1),)).status == "undecided"


def test_an_interrupted_search_says_how_far_it_came(monkeypatch):
    params, walk = nets.trained(4, 2), cover_room.Cover.walk

    def interrupted(cover, *args):
        if cover.N > 5:
            raise KeyboardInterrupt
        return walk(cover, *args)

    monkeypatch.setattr(cover_room.Cover, "walk", interrupted)
    verdict = proof.prove(params)
    assert verdict.status == "undecided" and verdict.reason.startswith("interrupted at scale 0.1: ")


def shrunk_often(monkeypatch):
    """A proof for which cells had to shrink, because they are large and never halved; and how many did."""
    params, shrink, count = nets.trained(4, 2), cover_room.Cover.shrink, []
    monkeypatch.setattr(cover_room, "MAX_HALVINGS", 0)
    monkeypatch.setattr(cover_room.Cover, "shrink", lambda *args: (count.append(args), shrink(*args)))
    return proof.prove(params, max_seconds=600, plan=((1.0, 1),)), len(count)


def test_cells_that_shrank_prove_it_too(monkeypatch):
    verdict, n_shrunk = shrunk_often(monkeypatch)
    assert verdict.status == "proved" and n_shrunk >= 3 and not len(verdict.certificate.halves)


def test_what_led_to_a_cell_that_shrank_must_be_walked_again(monkeypatch):
    class Forgetful(set):
        def add(self, origin):
            pass

    add = cover_room.Cover.add

    def add_forgetful(self, *args):
        cell = add(self, *args)
        self.leads_here[cell] = Forgetful()
        return cell

    monkeypatch.setattr(cover_room.Cover, "add", add_forgetful)
    verdict, n_shrunk = shrunk_often(monkeypatch)
    assert verdict.status == "undecided" and n_shrunk >= 3
    assert "a proof was found, and refused: cell" in verdict.reason and "may end elsewhere" in verdict.reason


def walked_in_pieces(monkeypatch):
    """A proof in which words end although their piece is halved, because a walk may push only a few images."""
    monkeypatch.setattr(cover_room, "MAX_IMAGES", 10)
    return proof.prove(nets.trained(4, 2), plan=((0.1, 1),))


def test_words_that_a_walk_leaves_are_walked_from_the_halves(monkeypatch):
    verdict = walked_in_pieces(monkeypatch)
    one = verdict.certificate
    assert verdict.status == "proved" and np.isin(one.words[:, 0], one.halves[:, 0]).sum() > 3
    assert np.isin(one.halves[:, 0], one.halves[:, 2:]).any()  # halves of halves
    for row in range(0, len(one.halves), 4):
        assert not proof.check(one._replace(halves=np.delete(one.halves, row, axis=0)))


def test_words_that_a_walk_forgets_are_missed(monkeypatch):
    divide = cover_room.Cover.divide

    def forgetful(self, cell, piece, word, tried):
        return divide(self, cell, piece, word, (4,) * len(tried))

    monkeypatch.setattr(cover_room.Cover, "divide", forgetful)
    verdict = walked_in_pieces(monkeypatch)
    assert verdict.status == "undecided" and "no word begins with" in verdict.reason


def test_a_folded_set_holds_all_of_it():
    rng = np.random.default_rng(2)
    G = np.zeros((12, 3))
    G[:6] = rng.standard_normal((6, 3)) * np.array([1, 1, 1, 1, 0.01, 0.02])[:, None]
    G[6:9] = np.diag([0.1, 0.2, 0.3])
    before = G[:9].copy()
    p = walk_room.fold(G, 3, 6, 0.2)
    assert p == 7 and (G[:4] == before[:4]).all()  # two of nine were short
    assert np.allclose(G[4:7], np.diag(np.diag(before[6:9]) + np.abs(before[4:6]).sum(axis=0)))
    for direction in rng.standard_normal((100, 3)):
        assert np.abs(before @ direction).sum() <= np.abs(G[:p] @ direction).sum() + 1e-12


def test_cells_are_fat_where_the_network_forgets():
    params = nets.trained(6, 1)
    rng = np.random.default_rng(3)
    h = model.forward(params, rng.integers(0, 2, (8, 1, 2)).astype(float)).h[-1, 0]
    size, axes = np.linalg.eigh(cover_room.forgotten(params, h))
    for x in rng.integers(0, 2, (20, 3, 1, 2)).astype(float):
        moved = [
            np.linalg.norm(model.forward(params, x, h + 1e-6 * sign).h[-1] - model.forward(params, x, h).h[-1])
            for sign in (axes[:, -1], axes[:, 0])
        ]
        assert moved[0] < moved[1]


def test_points_in_a_cell_are_found_in_it():
    params = nets.trained(4, 2)
    cells = proof.prove(params, plan=((0.12, 3),)).certificate
    cover = cover_room.Cover(params, 1.0, 1, len(cells.carry) + 1)
    for centre, axes, radius, carry in zip(*cells[1:5]):
        cover.add(centre, axes, radius, carry, 1.0)
    rng, room = np.random.default_rng(0), np.empty(4)
    for k in range(1, cover.N):
        box = cover.axes[k] * cover.radius[k]
        for z in (rng.uniform(-0.99, 0.99, 4), rng.choice([-1.01, 1.01], 4)):
            point, inside = cover.centre[k] + box @ z, (np.abs(z) < 1).all()
            gap = walk_room.apart(cover.cover(), point)
            depth = walk_room.depth_in(point, cover.centre[k], cover.axes[k], cover.radius[k], room)
            assert (depth > 0) == inside and (gap[k] < 0 or not inside)
            assert not inside or np.allclose(room, cover.radius[k] * (1 - np.abs(z)), atol=1e-8)


def test_a_set_is_held_by_a_cell_if_and_only_if_its_outermost_points_are():
    rng = np.random.default_rng(1)
    axes = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    radius, centre = np.array([0.3, 0.2, 0.1]), np.array([0.5, -0.2, 0.1])
    signs, found = np.array(list(np.ndindex(2, 2, 2, 2, 2))) * 2.0 - 1, []
    for size in np.geomspace(0.01, 0.2, 60):
        G, room, off, used = size * rng.standard_normal((5, 3)), np.empty(3), np.empty(3), np.empty(3)
        middle = centre + 0.05 * rng.standard_normal(3)
        depth = walk_room.depth_in(middle, centre, axes, radius, room)
        held = depth > 0 and walk_room.holds(axes, room, G, 5, off, used)
        assert held == (np.abs((middle + signs @ G - centre) @ axes) <= radius - 1e-9).all()
        found.append(held)
    assert 10 < sum(found) < 50


def test_states_of_long_sums_return_to_the_cells_that_the_proof_names():
    params = nets.trained(4, 2)
    one = proof.prove(params, plan=((0.12, 3),)).certificate
    ends, used = {(cell, word): end for cell, word, end in one.words.tolist()}, set()
    assert not len(one.halves)
    x = np.random.default_rng(2).integers(0, 2, (200, 50, 2)).astype(float)
    trace, carry = model.forward(params, x), data.carries(x)
    for i in range(50):
        cell, word = 0, 1
        for t in range(200):
            word = 4 * word + int(2 * x[t, i, 0] + x[t, i, 1])
            if (cell, word) in ends:
                used.add((cell, word))
                cell, word = ends[cell, word], 1
                z = one.axes[cell].T @ (trace.h[t, i] - one.centre[cell])
                assert (np.abs(z) <= one.radius[cell]).all() and carry[t, i] == one.carry[cell]
    assert len(used) > 20 and np.abs(trace.o).min() >= proof.check(one).margin


def test_the_band_around_tanh_holds_it_and_is_narrow():
    rng = np.random.default_rng(4)
    low = rng.uniform(-6, 6, 500)
    high = low + rng.exponential(1.0, 500)
    s, middle, half = np.array([zonotope.band(*pair) for pair in zip(low, high)]).T
    a = np.linspace(low, high, 200)
    assert (np.abs(np.tanh(a) - s * a - middle) <= half + 1e-14).all()
    assert (2 * half <= np.tanh(high) - np.tanh(low) + 1e-15).all()  # never wider than the plain box


def test_huge_weights_are_not_proved_by_accident():
    params = nets.hand_built()
    verdict = proof.prove(params._replace(W=params.W * 1e300), max_seconds=2)
    assert verdict.status != "proved"


def test_bad_networks_and_limits_are_turned_away():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="n_x = 3"):
        proof.prove(model.init_params(3, rng, n_x=3))
    with pytest.raises(ValueError, match="64 hidden units"):
        proof.prove(model.init_params(65, rng))
    with pytest.raises(ValueError, match="n_least"):
        proof.prove(nets.hand_built(), plan=((0.1, 15),))
    with pytest.raises(ValueError, match="max_cells"):
        proof.prove(nets.hand_built(), max_cells=0)
    with pytest.raises(TypeError, match="Params"):
        proof.prove(3)
