"""The proof says "proved" only of networks that are right, and its verifier can tell a proof from a spoilt one."""

from functools import cache

import nets
import numpy as np
import pytest

from bptt_lab import data, engine, model, proof
from bptt_lab.proof import cells as cells_room
from bptt_lab.proof import counterexamples, verifier, zonotope
from bptt_lab.proof import walk as walk_room

pytestmark = pytest.mark.slow  # what they prove with takes half a minute to compile once


@cache
def proved(name: str):
    params = {"three": nets.hand_built, "two": nets.two_units}[name]()
    return params, proof.prove(params)


@pytest.mark.versions
@pytest.mark.parametrize("name", ["two", "three"])
def test_exact_adders_are_proved(name):
    params, verdict = proved(name)
    assert verdict.status == "proved" and verdict.counterexample is None and verdict.margin > 1
    assert verdict.cells == len(verdict.proof.carry) < 20
    assert verifier.verify(params, verdict.proof)


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
                assert counterexamples.fails(spoilt, *verdict.counterexample, verdict.n_bits + 1)
            elif verdict.status == "proved":  # W[:, 0] and W[:, 2] of the three units may hardly matter
                assert right_on_long_sums(spoilt, n=20_000)
    assert refuted >= 6


def right_on_long_sums(params, n=100_000, n_bits=64, seed=1):
    rng = np.random.default_rng(seed)
    if counterexamples.search(params, seed=seed) is not None:
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
                assert verifier.verify(params, verdict.proof)
                checked += 1
                assert right_on_long_sums(params, n=100_000 if checked % 10 == 1 else 20_000, seed=checked)
            elif verdict.status == "refuted":
                assert counterexamples.fails(params, *verdict.counterexample, verdict.n_bits + 1)
    assert sum(found.values()) == 8 * n_levels
    assert min(found["proved"], found["refuted"]) >= sum(found.values()) / 6, found


def test_the_undecided_is_called_so():
    params, _ = proved("three")
    verdict = proof.prove(params, max_cells=2)
    assert verdict.status == "undecided" and verdict.proof is None and "more than 2 cells" in verdict.reason
    assert proof.prove(params, max_seconds=1e-9, plan=((0.2, 1),)).status == "undecided"


def test_an_interrupted_search_says_how_far_it_came(monkeypatch):
    params, walk = nets.trained(4, 2), cells_room.Cover.walk

    def interrupted(cover, *args):
        if cover.N > 5:
            raise KeyboardInterrupt
        return walk(cover, *args)

    monkeypatch.setattr(cells_room.Cover, "walk", interrupted)
    verdict = proof.prove(params)
    assert verdict.status == "undecided" and verdict.reason.startswith("interrupted at scale 0.1: ")


def drop_a_cell(cells):
    return proof.Cells(*(part[:-1] for part in cells))


def shrink_a_box(cells):
    radius = cells.radius.copy()
    radius[1:] *= 1e-9  # a little less may do: cells are larger than need be
    return cells._replace(radius=radius)


def swap_a_carry(cells):
    carry = cells.carry.copy()
    carry[-1] = 1 - carry[-1]
    return cells._replace(carry=carry)


def redirect_an_arrow(cells):
    key, other = min(cells.next[1]), max(cells.next[1])
    return with_next(cells, 1, {**cells.next[1], key: cells.next[1][other]})


def with_next(cells, cell, next_):
    return cells._replace(next=[next_ if i == cell else old for i, old in enumerate(cells.next)])


def forget_an_arrow(cells):
    return with_next(cells, 1, {key: cells.next[1][key] for key in sorted(cells.next[1])[1:]})


def stay_without_reading(cells):
    return with_next(cells, 1, {(1, 1): 1})  # the empty word leads from the cell to itself, and proves nothing


def lead_to_the_start(cells):
    key = min(cells.next[1])
    return with_next(cells, 1, {**cells.next[1], key: 0})


def forget_a_half(cells):
    halves = {(2, word): target for (_, word), target in cells.next[1].items()}
    return with_next(cells, 1, halves)._replace(halved=[{1: 0} if i == 1 else {} for i in range(len(cells.carry))])


def move_the_start(cells):
    centre = cells.centre.copy()
    centre[0, 0] = 0.1
    return cells._replace(centre=centre)


def lean_the_axes(cells):
    axes = cells.axes.copy()
    axes[-1, 0] += 1e-6
    return cells._replace(axes=axes)


def swell_a_box(cells):
    return cells._replace(radius=np.where(np.arange(len(cells.radius)) == 1, 1.0, cells.radius.T).T)


@pytest.mark.parametrize("name", ["two", "three"])
@pytest.mark.parametrize(
    "spoil",
    [drop_a_cell, shrink_a_box, swap_a_carry, redirect_an_arrow, forget_an_arrow, stay_without_reading,
     lead_to_the_start, forget_a_half, move_the_start, lean_the_axes, swell_a_box],
)  # fmt: skip
def test_the_verifier_rejects_a_spoilt_proof(name, spoil):
    params, verdict = proved(name)
    spoilt = spoil(verdict.proof)
    assert not verifier.verify(params, spoilt)


def test_halves_of_a_cell_prove_it_too():
    params, verdict = proved("three")
    whole = verdict.proof
    both = {(piece, word): target for (_, word), target in whole.next[1].items() for piece in (2, 3)}
    assert verifier.verify(params, with_next(whole, 1, both)._replace(halved=[{}, {1: 0}] + [{}] * (len(both) - 1)))


def test_a_verdict_is_verified_by_its_proof():
    params, verdict = proved("three")
    assert verifier.verify(params, verdict)
    assert not verifier.verify(params, verdict._replace(proof=shrink_a_box(verdict.proof)))
    assert not verifier.verify(params, proof.prove(params, max_cells=2))


@pytest.mark.parametrize("doubtful", [1, 2, 3])
def test_doubtful_bits_at_any_step_keep_a_network_from_being_proved(monkeypatch, doubtful):
    params, _ = proved("three")

    def margin(network, centre, G, p, bit):
        n_steps = p // 3 - 1  # G has 3 columns more after each step, if none are folded
        return -1.0 if n_steps == doubtful else zonotope.margin(network, centre, G, p, bit)

    plan = ((0.05, 3),)
    monkeypatch.setattr(walk_room, "FOLD", 0.0)
    verdict = proof.prove(params, plan=plan)
    assert verdict.status == "proved" and max(word for leads in verdict.proof.next for _, word in leads) >= 4**3
    monkeypatch.setattr(walk_room, "margin", margin)
    monkeypatch.setattr(cells_room, "walk", getattr(walk_room.walk, "py_func", walk_room.walk))
    verdict = proof.prove(params, plan=plan)
    assert verdict.status == "undecided" and "cannot be left safely" in verdict.reason


def shrunk_often(monkeypatch):
    """A proof for which cells had to shrink, because they are large and never halved; and how many did."""
    params, shrink, count = nets.trained(4, 2), cells_room.Cover.shrink, []
    monkeypatch.setattr(cells_room, "MAX_HALVINGS", 0)
    monkeypatch.setattr(cells_room.Cover, "shrink", lambda *args: (count.append(args), shrink(*args)))
    return params, proof.prove(params, max_seconds=600, plan=((1.0, 1),)), len(count)


def test_cells_that_shrank_prove_it_too(monkeypatch):
    params, verdict, n_shrunk = shrunk_often(monkeypatch)
    assert verdict.status == "proved" and n_shrunk >= 3 and not any(verdict.proof.halved)
    assert verifier.verify(params, verdict)


def test_what_led_to_a_cell_that_shrank_must_be_walked_again(monkeypatch):
    class Forgetful(set):
        def add(self, origin):
            pass

    add = cells_room.Cover.add

    def add_forgetful(self, *args):
        cell = add(self, *args)
        self.leads_here[cell] = Forgetful()
        return cell

    monkeypatch.setattr(cells_room.Cover, "add", add_forgetful)
    params, verdict, n_shrunk = shrunk_often(monkeypatch)
    assert verdict.status == "proved" and n_shrunk >= 3
    assert not verifier.verify(params, verdict)


def walked_in_pieces(monkeypatch):
    """A proof in which words end although their piece is halved, because a walk may push only a few images."""
    monkeypatch.setattr(cells_room, "MAX_IMAGES", 15)
    params = nets.trained(4, 2)
    return params, proof.prove(params, plan=((0.1, 1),))


def ends_before_halves(cells):
    """(cell, piece, word) of these words."""
    both = enumerate(zip(cells.halved, cells.next))
    return [(cell, *key) for cell, (halved, leads) in both for key in leads if key[0] in halved]


def test_words_that_a_walk_leaves_are_walked_from_the_halves(monkeypatch):
    params, verdict = walked_in_pieces(monkeypatch)
    assert verdict.status == "proved" and len(ends_before_halves(verdict.proof)) > 3
    assert verifier.verify(params, verdict)


def test_what_a_piece_says_of_its_halves_is_verified_too(monkeypatch):
    params, verdict = walked_in_pieces(monkeypatch)
    cells = verdict.proof
    for cell, piece, word in ends_before_halves(cells)[::3]:
        leads = cells.next[cell]
        centre = cells.centre[leads[piece, word]]
        far = int(np.abs(cells.centre - centre).sum(axis=1).argmax())
        assert not verifier.verify(params, with_next(cells, cell, {**leads, (piece, word): far}))


def test_words_that_a_walk_forgets_are_missed_by_the_verifier(monkeypatch):
    divide = cells_room.Cover.divide

    def forgetful(self, cell, piece, word, tried):
        return divide(self, cell, piece, word, (4,) * len(tried))

    monkeypatch.setattr(cells_room.Cover, "divide", forgetful)
    params, verdict = walked_in_pieces(monkeypatch)
    assert verdict.status == "proved" and not verifier.verify(params, verdict)


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
    size, axes = np.linalg.eigh(cells_room.forgotten(params, h))
    for x in rng.integers(0, 2, (20, 3, 1, 2)).astype(float):
        moved = [
            np.linalg.norm(model.forward(params, x, h + 1e-6 * sign).h[-1] - model.forward(params, x, h).h[-1])
            for sign in (axes[:, -1], axes[:, 0])
        ]
        assert moved[0] < moved[1]


def test_points_in_a_cell_are_found_in_it():
    params, verdict = nets.trained(4, 2), proof.prove(nets.trained(4, 2), plan=((0.12, 3),))
    cells = verdict.proof
    cover = cells_room.Cover(params, 1.0, 1, len(cells.carry) + 1)
    for centre, axes, radius, carry in zip(*cells[:4]):
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


@pytest.mark.parametrize("field", ["U", "W", "V", "b"])
def test_the_verifier_rejects_a_proof_of_another_network(field):
    params, verdict = proved("three")
    flipped = getattr(params, field).copy()
    flipped.flat[1] *= -1
    assert not verifier.verify(params._replace(**{field: flipped}), verdict.proof)


def test_states_of_long_sums_return_to_the_cells_that_the_proof_names():
    params = nets.trained(4, 2)
    verdict = proof.prove(params, plan=((0.12, 3),))
    cells, words = verdict.proof, set()
    assert verifier.verify(params, verdict)
    x = np.random.default_rng(2).integers(0, 2, (200, 50, 2)).astype(float)
    trace, carry = model.forward(params, x), data.carries(x)
    for i in range(50):
        cell, word = 0, 1
        for t in range(200):
            if not cells.halved[cell]:
                word = 4 * word + int(2 * x[t, i, 0] + x[t, i, 1])
                target = cells.next[cell].get((1, word))
                if target is None:
                    continue
                z = cells.axes[target].T @ (trace.h[t, i] - cells.centre[target])
                assert (np.abs(z) <= cells.radius[target]).all() and carry[t, i] == cells.carry[target]
                words.add(word)
                cell, word = target, 1
    assert len(words) > 20 and np.abs(trace.o).min() >= verdict.margin


def test_a_push_holds_every_point_of_its_set_for_every_word():
    rng = np.random.default_rng(3)
    params = model.init_params(5, rng, scale=2.0)
    centre, G = rng.uniform(-0.5, 0.5, (1, 5)), 0.1 * rng.standard_normal((1, 5, 7))
    after, columns, carry, margin = zonotope.push(params, centre, G, np.array([1]))
    z = rng.uniform(-1, 1, (4_000, 7))
    z[:200] = np.sign(z[:200])
    h = centre + z @ G[0].T
    directions = rng.standard_normal((50, 5))
    for i, pair in enumerate(counterexamples.INPUTS):
        trace = model.forward(params, np.tile(pair, (1, len(h), 1)), h_0=h)
        reach = np.abs(directions @ columns[i]).sum(axis=1)
        assert (np.abs(directions @ (trace.h[0] - after[i]).T) <= reach[:, None]).all()
        assert carry[i] == (1 + pair.sum()) // 2
        sign = 2 * ((1 + pair.sum()) % 2) - 1
        assert (sign * trace.o >= margin[i]).all()


def test_the_band_around_tanh_holds_it_and_is_narrow():
    rng = np.random.default_rng(4)
    low = rng.uniform(-6, 6, 500)
    high = low + rng.exponential(1.0, 500)
    s, middle, half = np.array([zonotope.band(*pair) for pair in zip(low, high)]).T
    a = np.linspace(low, high, 200)
    assert (np.abs(np.tanh(a) - s * a - middle) <= half + 1e-14).all()
    assert (2 * half <= np.tanh(high) - np.tanh(low) + 1e-15).all()  # never wider than the plain box


def test_rounding_is_a_tenth_of_the_slack_at_most():
    """Pre-activation and tanh against extended precision, in several orders of summation, for wide and large nets."""
    rng = np.random.default_rng(5)
    long = np.longdouble
    for n_h, scale in [(2, 1.0), (16, 3.0), (64, 30.0)]:
        U, W, V, b, c = params = model.init_params(n_h, rng, scale=scale)
        b[:] = rng.uniform(-scale, scale, n_h)
        h, x = rng.uniform(-1, 1, (300, n_h)), rng.integers(0, 2, (300, 2)).astype(float)
        exact = np.tanh(long(h) @ long(W.T) + long(x) @ long(U.T) + long(b))
        allowed = 0.1 * zonotope.SLACK * (1 + np.abs(b) + np.abs(U).sum(axis=1) + np.abs(W).sum(axis=1))
        order = rng.permutation(n_h)
        backwards = np.tanh((h[:, order] @ W[:, order].T) + (b + x @ U.T))
        for computed in (model.forward(params, x[None], h_0=h).h[0], backwards):
            assert (np.abs(computed - exact) <= allowed).all()


def test_tanh_is_within_four_units_in_the_last_place_and_one():
    a = np.concatenate([np.linspace(-25, 25, 200_001), np.geomspace(1e-300, 700, 100_001), [0.0]])
    exact = np.tanh(np.longdouble(a))
    for ours in (np.tanh(a), np.array([engine.tanh(float(p)) for p in a])):
        assert (np.abs(ours - exact) <= 4 * np.spacing(np.abs(ours))).all() and (np.abs(ours) <= 1).all()


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
