"""Tests of the checker that take the modules to be tested, so that they can be run on versions with a mistake in them.

Exact arithmetic is Python's: every float64 is a fraction.
"""

import re
from fractions import Fraction
from functools import cache
from itertools import product

import nets
import numpy as np

from bptt_lab import model, proof
from bptt_lab.model import Params

U = Fraction(1, 2**53)
TANH = 2.0**-50


def exact(array):
    return np.vectorize(Fraction, otypes=[object])(np.asarray(array, dtype=float))


def random_sets(sets, rng, N=6, n_h=3, p=4):
    scale = 10.0 ** rng.uniform(-3, 1, (N, p, n_h))
    G, centre = scale * rng.standard_normal((N, p, n_h)), rng.standard_normal((N, n_h))
    return sets.Sets(centre, G, 1e-9 * rng.random((N, n_h)), np.arange(N) % 2)


# sets: rounding


def up_is_the_next_number(sets, _):
    a = np.array([1.0, -1.0, 0.0, 1e300])
    assert (sets.up(a) == np.nextafter(a, np.inf)).all()
    low, high = sets.outwards(a, a)
    assert (low == np.nextafter(a, -np.inf)).all() and (high == np.nextafter(a, np.inf)).all()


def intervals_hold_what_they_should(sets, _):
    rng = np.random.default_rng(0)
    ends = [np.sort(rng.standard_normal((2, 40)) * 10.0 ** rng.uniform(-9, 9, 40), axis=0) for _ in range(2)]
    p, q = (sets.Interval(*pair) for pair in ends)
    for found, combine in ((p + q, lambda a, b: a + b), (p * q, lambda a, b: a * b)):
        for i in range(40):
            true = [combine(Fraction(a[i]), Fraction(b[i])) for a in p for b in q]
            assert Fraction(found.low[i]) < min(true) and max(true) < Fraction(found.high[i])
            assert found.low[i] >= np.nextafter(np.nextafter(float(min(true)), -np.inf), -np.inf)
            assert found.high[i] <= np.nextafter(np.nextafter(float(max(true)), np.inf), np.inf)


def tanh_is_held_with_its_error(sets, _):
    a = np.linspace(-3, 3, 101)
    low, high = sets.tanh(a)
    assert (low < np.tanh(a) - TANH).all() and (high > np.tanh(a) + TANH).all()
    assert (high - low < 2.5 * TANH).all()


def reach_is_rounded_up(sets, _):
    some = random_sets(sets, np.random.default_rng(1), N=40, p=9)
    reach, true = some.reach(), np.abs(exact(some.G)).sum(axis=1) + exact(some.error)
    plain = np.abs(some.G).sum(axis=1) + some.error
    even = random_sets(sets, np.random.default_rng(1), N=40, p=8)
    best = exact(np.abs(even.G).sum(axis=1) + even.error)  # another order of this sum may lose (p + 1) U more
    assert (exact(even.reach()) >= best * (1 + 10 * U)).all()
    lost = sets.Sets(np.zeros((1, 2)), np.full((1, 300, 2), 0.99 * 2.0**-53), np.ones((1, 2)), np.array([0]))
    lost.G[0, 0] = 1.0  # each of the others is too small to be added to it
    assert (exact(lost.reach()) >= 2 + 299 * Fraction(0.99 * 2.0**-53)).all()
    for p in (1, 2):
        few = random_sets(sets, np.random.default_rng(p), N=40, p=p)
        assert (exact(few.reach()) >= np.abs(exact(few.G)).sum(axis=1) + exact(few.error)).all()
    assert (exact(plain) < true).any() and (exact(plain) > true).any()  # so it matters
    assert (exact(reach) >= true).all() and (reach < plain * (1 + 1e-14)).all()


def affine_counts_every_rounding(sets, _):
    rng = np.random.default_rng(2)
    for M_shape, n_terms in (((2, 3), 2), ((6, 2, 3), 0), ((6, 3, 3), 3), ((1, 30), 1), ((6, 1, 30), 1)):
        some, M = random_sets(sets, rng, n_h=M_shape[-1]), rng.standard_normal(M_shape)
        terms = [rng.standard_normal((6, M_shape[-2])) for _ in range(n_terms)]
        found = sets.affine(M, some, *terms)
        Ms = np.broadcast_to(M, (6, *M_shape[-2:]))
        for i in range(6):
            M_i, true = exact(Ms[i]), [exact(array[i]) for array in some[:3]]
            middle = M_i @ true[0] + sum(exact(term[i]) for term in terms)
            size = np.abs(M_i) @ (np.abs(true[0]) + np.abs(true[1]).sum(axis=0) + true[2])
            size = size + sum(np.abs(exact(term[i])) for term in terms)
            wrapping = np.abs(M_i) @ true[2]
            used = np.abs(exact(found.centre[i]) - middle)
            used = used + np.abs(exact(found.G[i]) - true[1] @ M_i.T).sum(axis=0)
            network = (M_shape[-1] + 3) * U * size
            assert (exact(found.error[i]) >= wrapping + used + 2 * network).all()
            assert (exact(found.error[i]) <= wrapping + 12 * network).all()
        assert found.G.shape == (6, 4, M_shape[-2]) and (found.carry == some.carry).all()


def nothing_is_lost_below_the_smallest_numbers(sets, _):
    some = sets.Sets(np.full((1, 1), 1e-200), np.full((1, 1, 1), 1e-200), np.zeros((1, 1)), np.array([0]))
    assert sets.affine(np.full((1, 1), 1e-200), some).error > 0
    params = Params(np.zeros((1, 2)), np.zeros((1, 1)), np.zeros((1, 1)), np.full(1, 400.0), np.zeros(1))
    assert sets.push(params, some, np.zeros((1, 2)))[0].error > 0


# sets: tanh


def slopes(low, high):
    chord = (np.tanh(high) - np.tanh(low)) / (high - low)
    return [chord, 0 * chord, np.ones_like(chord), 0.5 * chord, np.minimum(1, 1.5 * chord)]


def above_is_above_and_close(sets, _):
    rng = np.random.default_rng(3)
    low = np.concatenate([rng.uniform(-4, 4, 60), -(10.0 ** rng.uniform(-12, 0, 20))])
    high = low + np.concatenate([10.0 ** rng.uniform(-6, 0.6, 60), 10.0 ** rng.uniform(-12, 0, 20)])
    a = np.linspace(low, high, 301).astype(np.longdouble)
    for i, s in enumerate(slopes(low, high)):
        true = (np.tanh(a) - s * a).max(axis=0)
        found = sets.above(low, high, s)
        assert (found >= true).all()
        if i == 0:  # for the chord it is as good as can be
            assert (found - true < 1e-5 * (high - low) + 1e-14).all()
        assert (found - true < 0.6 * (high - low) + 1e-14).all()


def the_tangent_may_touch_anywhere(sets, _):
    """Whatever point is taken for p, `above` is above."""

    class Misled:
        def __getattr__(self, name):
            return getattr(np, name)

        def arctanh(self, a):
            return np.arctanh(a) * np.random.default_rng(0).choice([0.3, 0.8, 1.3, 3.0], np.shape(a))

    rng, old = np.random.default_rng(10), sets.np
    low = rng.uniform(-1, 2, 200)
    high = low + rng.uniform(0.1, 3, 200)
    s = slopes(low, high)[0]
    a = np.linspace(low, high, 301)
    sets.np = Misled()
    try:
        found = sets.above(low, high, s)
    finally:
        sets.np = old
    assert (found >= (np.tanh(a) - s * a).max(axis=0)).all() and (found < 3).all()


def above_counts_the_error_of_tanh(sets, _):
    """At the ends, where nothing else is uncertain, and at a tangent."""
    low, high = np.array([-2.0, -2.0, 0.5, 0.0]), np.array([-1.0, 1.0, 0.5, 3.0])
    s = np.array([0.0, 0.9, 0.3, 0.5])
    a = np.array([-1.0, 1.0, 0.5, np.arctanh(np.sqrt(0.5))])
    a[1] = np.arctanh(np.sqrt(1 - 0.9))
    assert (sets.above(low, high, s) > np.tanh(a) - s * a + 0.9 * TANH).all()


# sets: a step


def network(n_h=3, seed=4, scale=1.5):
    rng = np.random.default_rng(seed)
    shapes = [(n_h, 2), (n_h, n_h), (1, n_h), (n_h,), (1,)]
    return Params(*(scale * rng.uniform(-1, 1, shape) for shape in shapes))


def a_step_holds_all_states(sets, _):
    rng, params = np.random.default_rng(5), network()
    x, signs = np.array([(0, 0), (0, 1), (1, 0), (1, 1)] * 2, dtype=float), np.array(list(product((-1, 1), repeat=3)))
    for size in (1e-9, 1e-3, 0.1, 0.5):
        centre, G = rng.uniform(-0.8, 0.8, (8, 3)), size * rng.standard_normal((8, 3, 3))
        start = sets.Sets(centre, G, np.full((8, 3), 1e-3 * size), np.arange(8) // 4)
        after, bit = sets.push(params, start, x)
        total = x.sum(axis=1) + np.arange(8) // 4
        assert (bit == total % 2).all() and (after.carry == total // 2).all() and after.G.shape == (8, 6, 3)
        z = np.concatenate([signs, rng.uniform(-1, 1, (60, 3))])
        h = centre[:, None] + z @ G + start.error[:, None] * rng.choice([-1, 1], (8, len(z), 3))
        h = np.tanh(np.longdouble(h @ params.W.T + (x @ params.U.T + params.b)[:, None]))  # (8, 68, 3)
        rest = h - after.centre[:, None] - z @ after.G[:, :3]  # what the old columns leave to the new ones
        new = np.abs(after.G[:, 3:]).sum(axis=1) + after.error
        assert (np.abs(rest) <= new[:, None]).all()
        for towards in rng.standard_normal((10, 3)):
            assert (
                np.abs((h - after.centre[:, None]) @ towards) <= (np.abs(after.G @ towards).sum(1))[:, None] + 1e-12
            ).all()
        assert (np.abs(after.G[:, 3:]).sum(axis=1) < 3 * size).all()  # not much too large


def a_step_is_straight_where_tanh_is(sets, _):
    """A tiny set: the columns are those of the derivative, and the rest is of the second order."""
    params, rng = network(), np.random.default_rng(6)
    centre, G = rng.uniform(-0.5, 0.5, (4, 3)), 1e-5 * rng.standard_normal((4, 3, 3))
    after, _ = sets.push(params, sets.Sets(centre, G, np.zeros((4, 3)), np.zeros(4, dtype=int)), np.zeros((4, 2)))
    h = np.tanh(centre @ params.W.T + params.b)
    assert np.allclose(after.centre, h, atol=1e-9)
    assert np.allclose(after.G[:, :3], (G @ params.W.T) * (1 - h**2)[:, None], atol=1e-9)
    assert (np.abs(after.G[:, 3:]).sum(axis=1) < 1e-8).all()


def a_step_is_rounded_outwards(sets, _):
    """Against fractions, with numbers made up for what `affine` and `above` find."""
    rng, old = np.random.default_rng(11), (sets.affine, sets.above)
    a = random_sets(sets, rng, N=60, n_h=2)
    a.error[:] = rng.random((60, 2))
    a.centre[::2] *= 1e4
    heights, seen = rng.random((2, 60, 2)), []
    sets.affine = lambda *_: a
    sets.above = lambda *some: (seen.append(some), heights[len(seen) - 1])[1]
    params = Params(np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((1, 2)), np.zeros(2), np.zeros(1))
    after, _ = sets.push(params, a, np.zeros((60, 2)))
    sets.affine, sets.above = old
    (low_, high_, _), (low, high, s) = seen
    assert (low_ == -high).all() and (high_ == -low).all()
    c, e = exact(a.centre), exact(a.error)
    reach = np.abs(exact(a.G)).sum(axis=1) + e
    assert (exact(low) <= c - reach).all() and (exact(high) >= c + reach).all()
    assert (high - low <= 2 * a.reach() * (1 + 1e-14) + 1e-15 * np.abs(a.centre)).all()
    new = exact(after.G[:, 4:].sum(axis=1))
    top = exact(s) * (c + e) + exact(heights[1]) + Fraction(TANH)
    bottom = exact(s) * (c - e) - exact(heights[0]) - Fraction(TANH)
    assert (exact(after.centre) + new >= top).all() and (exact(after.centre) - new <= bottom).all()
    assert (2 * new <= top - bottom + Fraction(1e-10)).all()


def a_point_is_off_by_the_error_of_tanh(sets, _):
    """True tanh, the network's tanh and its rounding: all that a single state may become."""
    params, x = network(), np.zeros((1, 2))
    after, _ = sets.push(params, sets.Sets(np.zeros((1, 3)), np.zeros((1, 0, 3)), np.zeros((1, 3)), np.array([0])), x)
    new = np.abs(after.G).sum(axis=1) + after.error
    assert (new >= 2 * TANH).all() and (new < 30 * TANH).all()


def a_step_holds_its_interval(sets, _):
    """The middle of the interval that is found last in a step is rounded; what is left holds both ends."""
    seen, old = [], sets.Interval

    class Watched(old):
        def __add__(self, other):
            seen.append(super().__add__(other))
            return seen[-1]

    params, rng = network(), np.random.default_rng(12)
    points = sets.Sets(rng.uniform(-1, 1, (20, 3)), np.zeros((20, 0, 3)), np.zeros((20, 3)), np.arange(20) % 2)
    sets.Interval = Watched
    try:
        after, _ = sets.push(params, points, np.ones((20, 2)))
    finally:
        sets.Interval = old
    low, high, centre, new = map(exact, (*seen[-1], after.centre, after.G.sum(axis=1)))
    assert (centre - new <= low).all() and (high <= centre + new).all()


def columns_are_rounded_with_their_error(sets, _):
    params, rng = network(), np.random.default_rng(7)
    some = random_sets(sets, rng, N=5, p=5)._replace(error=np.zeros((5, 3)))
    after, _ = sets.push(params, some, np.ones((5, 2)))
    moved = exact(np.abs(after.G[:, :5])).sum(axis=1)
    assert (exact(after.error) >= U * moved).all() and (exact(after.error) <= 4 * U * moved + Fraction(1e-290)).all()


def a_margin_is_the_worst_of_all_states(sets, _):
    params, rng = network(), np.random.default_rng(8)
    some = random_sets(sets, rng, N=20, p=2)
    for bit in (0, 1):
        found = sets.margins(params, some, np.full(20, bit))
        for i in range(20):
            o = exact(params.V[0]) @ exact(some.centre[i]) + Fraction(params.c[0])
            reach = np.abs(exact(some.G[i]) @ exact(params.V[0])).sum() + np.abs(exact(params.V[0])) @ exact(
                some.error[i]
            )
            true = (2 * bit - 1) * o - reach
            assert Fraction(found[i]) < true and float(true) - found[i] < 1e-13 * (1 + float(abs(o) + reach))


# certificates


@cache
def good():
    """Small certificates of two and of three units by hand; in the last two, cells are halved."""
    found = [proof.prove(build()).certificate for build in (nets.two_units, nets.hand_built)]
    found.append(proof.prove(nets.two_units(), plan=((0.05, 1),)).certificate)
    return [
        *found,
        with_halves(found[0], 1, 0),
        with_halves(with_halves(found[1], 2, 1), len(found[1].carry), 2, slice(3, 9)),
    ]


def with_halves(certificate, cell, axis, handed_on=slice(None)):
    """The same with a cell that is halved: some of its words are handed on to two new cells, the halves."""
    params, centre, axes, radius, carry, halves, words = certificate
    half = np.where(np.arange(len(params.b)) == axis, radius[cell] / 2, radius[cell])
    away, N = half[axis] * axes[cell][:, axis], len(carry)
    mine = np.flatnonzero(words[:, 0] == cell)[handed_on]
    new = [np.column_stack([np.full(len(mine), i), words[mine, 1:]]) for i in (N, N + 1)]
    return certificate._replace(
        centre=np.concatenate([centre, [centre[cell] - away, centre[cell] + away]]),
        axes=np.concatenate([axes, axes[[cell, cell]]]),
        radius=np.concatenate([radius, [half * (1 + 1e-9) + 1e-10] * 2]),
        carry=np.concatenate([carry, carry[[cell, cell]]]),
        halves=np.concatenate([halves, [[cell, axis, N, N + 1]]]),
        words=np.concatenate([np.delete(words, mine, axis=0), *new]),
    )


def at(array, index, value):
    """A copy with another value at an index."""
    array = array.copy()
    array[index] = value
    return array


def good_ones_hold(_, certificate):
    for one in good():
        checked = certificate.check(one)
        assert checked and checked.reason.startswith(f"{len(one.carry)} cells, {len(one.words)} words")
        reordered = one._replace(words=np.random.default_rng(0).permutation(one.words))
        assert certificate.check(reordered).margin == checked.margin > 1


def the_margin_is_that_of_the_worst_state(_, certificate):
    one = good()[0]
    x = np.random.default_rng(0).integers(0, 2, (300, 300, 2)).astype(float)
    seen = np.abs(model.forward(one.params, x).o).min()
    assert 0.7 * seen < certificate.check(one).margin <= seen


def a_bit_is_right_by_any_margin(_, certificate):
    """A bias of the logit that leaves a margin of 1e-6, and one that leaves none."""
    one = good()[0]

    def biased(more):
        return certificate.check(one._replace(params=one.params._replace(c=one.params.c + more)))

    margin = biased(0).margin
    right, wrong = ([biased(sign * (margin + more)) for sign in (-1, 1)] for more in (-1e-6, 1e-6))
    assert all(right) and 0.9e-6 < min(right).margin < 1.1e-6
    assert not all(wrong) and all(checked or ": bit " in checked.reason for checked in wrong)


def spoilt(one):
    """(a certificate with a mistake, what the refusal says) for each kind of mistake."""
    params, centre, axes, radius, carry, halves, words = one
    last, N, n_h = len(carry) - 1, len(carry), len(params.b)
    into_1 = int(np.flatnonzero(words[:, 2] == words[0, 2])[0])
    target = words[into_1, 2]
    other = int(np.flatnonzero(carry == 1 - carry[target])[0])
    far = int(np.abs(centre - centre[target]).sum(axis=1).argmax())
    yield one._replace(radius=at(radius, target, 0.0)), rf"word 0b\d+ to cell {target}: may end elsewhere"
    yield one._replace(radius=at(radius, target, -radius[target])), rf"to cell {target}: may end elsewhere"
    yield one._replace(centre=at(centre, target, centre[target] + 3 * radius[target].max())), "cell"
    yield one._replace(carry=at(carry, target, 1 - carry[target])), "cell"
    yield one._replace(words=words[1:]), f"cell {words[0, 0]}: no word begins with {words[0, 1]:#b}"
    yield one._replace(words=words[:0]), r"cell \d+: no word begins with 0b1"
    yield one._replace(words=at(words, (0, 1), words[0, 1] ^ 1)), f"cell {words[0, 0]}"
    yield (
        one._replace(words=at(words, (0, 2), other)),
        f"cell {words[0, 0]}, word .* to cell {other}: may end elsewhere",
    )
    yield one._replace(words=at(words, (0, 2), far)), f"cell {words[0, 0]}, word .* to cell {far}: may end elsewhere"
    yield one._replace(words=at(words, (0, 2), N)), r"words\[0, 2\]: no such cell"
    yield one._replace(words=at(words, (0, 2), -1)), r"words\[0, 2\]: no such cell"
    yield one._replace(words=at(words, (0, 0), -1)), r"words\[0, 0\]: no such cell"
    yield one._replace(words=at(words, (0, 1), 1)), r"words\[0, 1\]: .* nothing is read"
    yield one._replace(words=at(words, (0, 1), 3)), r"words\[0, 1\]: .* nothing is read"
    yield one._replace(words=np.concatenate([words[words[:, 0] != 1], [[1, 1, 1]]])), "nothing is read"
    yield one._replace(centre=at(centre, (0, 0), 0.1)), "cell 0: its centre is not 0"
    yield one._replace(carry=at(carry, 0, 1)), "cell 0: .* or its carry is not 0"
    yield one._replace(radius=at(radius, (0, 0), -1e-3)), "cell 0: its centre is not 0"
    yield one._replace(radius=at(radius, target, np.full(n_h, 3.0))), f"cell {target}, word"
    yield one._replace(axes=at(axes, (last, 0), axes[last, 0] + 1e-6)), rf"axes\[{last}\]: not orthonormal"
    yield one._replace(axes=at(axes, last, 2 * axes[last])), rf"axes\[{last}\]: not orthonormal"
    yield one._replace(axes=at(axes, last, 0.5 * axes[last])), rf"axes\[{last}\]: not orthonormal"
    for name in ("centre", "axes", "radius"):
        yield one._replace(**{name: at(getattr(one, name), 1, np.nan)}), rf"{name}\[1, 0.*\]: NaN"
        yield one._replace(**{name: at(getattr(one, name), 1, np.inf)}), rf"{name}\[1, 0.*\]: NaN or inf"
        yield one._replace(**{name: getattr(one, name).astype(np.float32)}), f"{name}: float64 of shape"
        yield one._replace(**{name: getattr(one, name)[:-1]}), f"{name}: float64 of shape"
    yield one._replace(carry=carry.astype(float)), "carry: int64 of shape"
    yield one._replace(words=words[:, :2]), "words: int64 of shape"
    yield one._replace(words=words.astype(float)), "words: int64 of shape"
    yield one._replace(halves=np.zeros((0, 3), dtype=int)), "halves: int64 of shape"
    yield one._replace(carry=np.array(0)), "shape"
    yield one._replace(carry=carry[:0], centre=centre[:0], axes=axes[:0], radius=radius[:0]), "shape"
    for name in params._fields:
        array = getattr(params, name)
        yield one._replace(params=params._replace(**{name: at(array, 0, np.nan)})), rf"{name}\[0.*\]: NaN"
        yield one._replace(params=params._replace(**{name: array[None]})), f"{name}: float64 of shape"
        if array.any():
            yield one._replace(params=params._replace(**{name: -array})), "cell"
    yield one._replace(params=params._replace(c=params.c + 20)), "bit 1 may be wrong"
    yield one._replace(params=params._replace(W=params.W * 1e300)), "cell"
    yield one._replace(params=params._replace(b=params.b + 1e308)), "cell"
    for row, said in [((1, 0, 1, N - 1), "farther"), ((1, 0, 0, N - 1), "farther"), ((1, 0, N - 1, 1), "farther"),
                      ((1, n_h, 2, 2), "no such axis"), ((1, -1, 2, 2), "no such axis"), ((-1, 0, 2, 2), "no such"),
                      ((1, 0, 2, N), "no such cell"), ((1, 0, N, 2), "no such cell")]:  # fmt: skip
        yield one._replace(halves=np.concatenate([halves, [row]])), rf"halves\[\d+.*\]: .*{said}"


def every_spoilt_one_is_refused(_, certificate):
    for one in good()[:2]:
        for bad, said in spoilt(one):
            checked = certificate.check(bad)
            assert not checked and np.isnan(checked.margin), said
            assert re.search(said, checked.reason), (said, checked.reason)


def halves_must_hold_all_of_their_cell(_, certificate):
    for one in good()[3:]:
        cell, axis, lower, upper = one.halves[0]
        for end, sign in ((lower, 1), (upper, -1)):
            for other in range(len(one.params.b)):
                little = at(one.radius, (end, other), one.radius[end, other] * (1 - 1e-3))
                assert "a half is not inside" in certificate.check(one._replace(radius=little)).reason
                for way in (-1e-3, 1e-3):
                    if other != axis:
                        away = way * one.radius[end, other] * one.axes[end][:, other]
                        moved = one._replace(centre=at(one.centre, end, one.centre[end] + away))
                        assert "a half is not inside" in certificate.check(moved).reason
            away = sign * 1e-3 * one.radius[end, axis] * one.axes[end][:, axis]
            moved = one._replace(centre=at(one.centre, end, one.centre[end] + away))
            assert "a half is not inside" in certificate.check(moved).reason
            turned = one._replace(carry=at(one.carry, end, 1 - one.carry[end]))
            assert "halves[0]: a half is not inside" in certificate.check(turned).reason
        swapped = one._replace(halves=at(one.halves, (0, slice(2, 4)), [upper, lower]))
        assert "a half is not inside" in certificate.check(swapped).reason
        assert "no word begins" in certificate.check(one._replace(halves=one.halves[:0])).reason
        ends = np.flatnonzero(one.words[:, 2] == cell)[:1]
        into_half = one._replace(words=at(one.words, (ends, 2), lower))
        assert certificate.check(into_half).reason.startswith(f"cell[{lower}]: a half, and")
        twice = one._replace(halves=np.concatenate([one.halves, [[0, 0, lower, upper]]]))
        assert certificate.check(twice).reason.startswith(f"cell[{lower}]: a half, and")
        twins = one._replace(halves=at(one.halves, (0, 3), lower))
        assert certificate.check(twins).reason.startswith(f"cell[{lower}]: a half, and")
        below = np.flatnonzero(np.isin(one.words[:, 0], one.halves[:, 2:]))
        for row in below[::7]:
            gone = certificate.check(one._replace(words=np.delete(one.words, row, axis=0))).reason
            assert gone.endswith(f": no word begins with {one.words[row, 1]:#b}")


def nothing_may_be_left_out(_, certificate):
    one = good()[0]
    for row in range(0, len(one.words), 5):
        rest = one._replace(words=np.delete(one.words, row, axis=0))
        cell, word, _ = one.words[row]
        assert certificate.check(rest).reason == f"cell {cell}: no word begins with {word:#b}"
    longer = one._replace(words=at(one.words, (3, 1), 4 * one.words[3, 1]))  # one of four that would be needed
    assert "no word begins with" in certificate.check(longer).reason
    swapped = one._replace(words=at(one.words, (0, 1), 2 * one.words[0, 1]))  # an odd number of bits
    assert "no word begins with" in certificate.check(swapped).reason


def many_words_are_all_followed(_, certificate):
    """More words than are followed together, with the mistake in the first, the last, or between."""
    one = good()[0]
    many = np.tile(one.words, (2100 // len(one.words) + 1, 1))
    assert certificate.check(one._replace(words=many))
    for row in range(0, len(one.words), 9):  # the worst is among the first
        rest = np.tile(one.words[row], (2000, 1))
        checked = certificate.check(one._replace(words=np.concatenate([one.words, rest])))
        assert checked.margin == certificate.check(one).margin
    far = int(np.abs(one.centre - one.centre[many[0, 2]]).sum(axis=1).argmax())
    for row in (0, 1999, 2000, len(many) - 1):
        end = far if many[row, 2] != far else 1
        assert "may end elsewhere" in certificate.check(one._replace(words=at(many, (row, 2), end))).reason


def the_inputs_are_those_of_the_words(sets, certificate):
    for one in good():
        seen, words = [], one.words[:, :2].tolist()

        def push(params, some, x, seen=seen):
            seen.append(2 * x[:, 0] + x[:, 1])
            return sets.push(params, some, x)

        old, certificate.push = certificate.push, push
        certificate.check(one)
        certificate.push = old
        for t, x in enumerate(seen, start=1):
            spelled = [(cell, f"{word:b}"[1 : 1 + 2 * t]) for cell, word in words]
            begun = {(cell, bits) for cell, bits in spelled if len(bits) == 2 * t}
            assert sorted(x) == sorted(int(bits[-2:], 2) for _, bits in begun)
        assert 2 * len(seen) + 1 == max(word.bit_length() for _, word in words)


def long_words_are_read_from_their_first_input(sets, certificate):
    """Also where a float64 does not hold the number of a word."""
    one, seen = good()[0], []

    def push(_, some, x):
        seen.append(x[0].tolist())
        return sets.Sets(*(np.repeat(array[:1], len(x), axis=0) for array in some)), np.zeros(len(x), dtype=int)

    old = certificate.push, certificate.margins, certificate.inside
    certificate.push, certificate.margins = push, lambda _, some, bit: np.ones(len(bit))
    certificate.inside = lambda _, some, cell: np.ones(len(cell), dtype=bool)
    try:
        for word in (2**55 - 1, 2**61 - 2, 2**63 - 1, 2**62):
            seen.clear()
            certificate.follow(one._replace(words=np.array([[1, word, 1]])), 0)
            bits = f"{word:b}"[1:]
            assert seen == [[int(bits[t]), int(bits[t + 1])] for t in range(0, len(bits), 2)]
    finally:
        certificate.push, certificate.margins, certificate.inside = old


def what_was_checked_is_true_or_false(_, certificate):
    assert [bool(certificate.Checked(margin, "")) for margin in (0.5, 0.0, -0.5, np.nan)] == [True, False, False, False]


def one_cell(axes, radius, centre=(0.0, 0.0)):
    n_h = len(radius)
    params = Params(np.zeros((n_h, 2)), np.zeros((n_h, n_h)), np.zeros((1, n_h)), np.zeros(n_h), np.zeros(1))
    none = np.zeros((0, 3), dtype=int)
    return proof.Certificate(params, np.array([centre]), axes[None], np.array([radius]), np.array([1]), none, none)


def inside_is_exact_at_the_rim(sets, certificate):
    rng = np.random.default_rng(9)
    for _ in range(60):
        centre, h = rng.standard_normal((2, 2))
        G, error = rng.standard_normal((3, 2)), 1e-3 * rng.random(2)
        true = np.abs(exact(h) - exact(centre)) + np.abs(exact(G)).sum(axis=0) + exact(error)
        for factor in (1 - 1e-9, 1, 1 + 1e-9):
            radius = np.array([float(value) for value in true]) * factor
            cell = one_cell(np.eye(2), radius, centre)
            some = sets.Sets(h[None], G[None], error[None], np.array([1]))
            held = certificate.inside(cell, some, np.array([0]))[0]
            assert held == (factor > 1)  # at the rim itself, rounding leaves it open
            assert not certificate.inside(cell, some._replace(carry=np.array([0])), np.array([0]))[0]


def inside_counts_the_distance_of_the_centres(sets, certificate):
    """The difference of the centres is rounded: 1 - 2⁻⁶⁰ counts as 1. So is the sum of this and the error."""
    seen = []

    def affine(M, away, *terms):
        seen.append(away.error[0, 0])
        return sets.affine(M, away, *terms)

    certificate.affine, old = affine, certificate.affine
    for error in (0.0, 8.0):
        far = sets.Sets(np.array([[1.0, 0.0]]), np.zeros((1, 0, 2)), np.full((1, 2), error), np.array([1]))
        certificate.inside(one_cell(np.eye(2), [2.0, 2.0], (2.0**-60, 0.0)), far, np.array([0]))
    certificate.affine = old
    assert 2.0**-53 <= seen[0] < 2.0**-51 and 8 < seen[1] < 8 + 2.0**-48


def inside_is_rounded_up(sets, certificate):
    """1 + 2⁻⁵⁴ is rounded to 1, but lies in no cell that ends at 1."""
    some = sets.Sets(np.ones((1, 1)), np.zeros((1, 0, 1)), np.full((1, 1), 2.0**-54), np.array([1]))
    certificate.affine, old = lambda *_: some, certificate.affine
    for radius, held in ((1.0, False), (np.nextafter(1.0, 2.0), True)):
        assert certificate.inside(one_cell(np.eye(1), [radius], [0.0]), some, np.array([0]))[0] == held
    certificate.affine = old


def a_turned_cell_is_looked_at_along_its_axes(sets, certificate):
    axes = np.array([[0.8, -0.6], [0.6, 0.8]])
    cell = one_cell(axes, [1.0, 0.1], (0.3, 0.2))
    for z, held in (([0.99, 0.099], True), ([1.01, 0.0], False), ([0.0, 0.11], False), ([-0.99, -0.099], True)):
        some = sets.Sets((cell.centre[0] + axes @ z)[None], np.zeros((1, 0, 2)), np.zeros((1, 2)), np.array([1]))
        assert certificate.inside(cell, some, np.array([0]))[0] == held


def a_cell_as_a_set_holds_the_cell(_, certificate):
    axes = np.array([[0.8, -0.6], [0.6, 0.8]])
    cell = one_cell(axes, [1.0, 0.1], (0.3, 0.2))
    whole = certificate.sets_of(cell, [0])
    for low, high in ((-1.0, 1.0), (np.array([[0.0, -1.0]]), 1.0), (-1.0, np.array([[1.0, 0.0]]))):
        found = certificate.sets_of(cell, [0], low, high)
        bounds = np.broadcast_to(low, (1, 2))[0], np.broadcast_to(high, (1, 2))[0]
        y = np.array(list(product(*zip(*bounds)))) * [1.0, 0.1]
        corners = cell.centre[0] + y @ axes.T
        there = found.centre + (np.array(list(product((-1, 1), repeat=2))) @ found.G[0])
        assert np.allclose(there, corners, atol=1e-9) and (found.carry == 1).all()
        rim = np.linalg.solve(axes, (there - cell.centre[0]).T).T
        wider = np.abs(rim - y)
        assert wider.max() >= 0.9e-11 and wider.max() < 1e-10  # by what the axes may lean
        assert (found.error > 0).all() and (found.error < 1e-13).all()
        if np.isscalar(low) and np.isscalar(high):
            assert all((p == q).all() for p, q in zip(found, whole))
            assert (np.abs(rim) - np.abs(y)).min() > 0.9e-11


def a_cell_as_a_set_is_wider_by_twice_what_axes_may_lean(_, certificate):
    for radius in np.random.default_rng(13).uniform(0, 1, (40, 2)):
        found = exact(certificate.sets_of(one_cell(np.eye(2), radius), [0]).G[0].sum(axis=0)) - exact(radius)
        lean = exact(certificate.LEAN * radius.max())
        assert (found >= 2 * lean).all() and (found <= 2.1 * float(lean)).all()


def axes_may_lean_a_little(_, certificate):
    one = good()[1]
    for lean, said in ((1e-13, True), (1.5e-11, False)):
        axes = at(one.axes, (1, 0, 0), one.axes[1, 0, 0] * (1 + lean) + lean)
        assert bool(certificate.check(one._replace(axes=axes))) == said
    # what rounding may hide is counted: this is 1e-11 but for 1e-14
    axes = at(one.axes, 1, np.eye(3) * np.sqrt(1 + 1e-11 - 1e-14))
    assert np.abs(axes[1].T @ axes[1] - np.eye(3)).sum(axis=1).max() < 1e-11
    assert "axes[1]" in certificate.check(one._replace(axes=axes)).reason


NEAR = [  # the cheapest first
    up_is_the_next_number, tanh_is_held_with_its_error, nothing_is_lost_below_the_smallest_numbers,
    above_counts_the_error_of_tanh, a_point_is_off_by_the_error_of_tanh, a_step_is_straight_where_tanh_is,
    a_step_holds_its_interval, columns_are_rounded_with_their_error, inside_counts_the_distance_of_the_centres,
    inside_is_rounded_up, what_was_checked_is_true_or_false, a_turned_cell_is_looked_at_along_its_axes,
    a_cell_as_a_set_holds_the_cell, long_words_are_read_from_their_first_input, intervals_hold_what_they_should,
    a_cell_as_a_set_is_wider_by_twice_what_axes_may_lean, axes_may_lean_a_little, a_bit_is_right_by_any_margin,
    reach_is_rounded_up, a_step_holds_all_states, above_is_above_and_close, the_tangent_may_touch_anywhere,
    a_step_is_rounded_outwards, a_margin_is_the_worst_of_all_states, the_margin_is_that_of_the_worst_state,
    nothing_may_be_left_out, the_inputs_are_those_of_the_words, good_ones_hold, inside_is_exact_at_the_rim,
    affine_counts_every_rounding, halves_must_hold_all_of_their_cell, every_spoilt_one_is_refused,
    many_words_are_all_followed,
]  # fmt: skip
