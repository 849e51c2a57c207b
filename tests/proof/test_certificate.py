"""The checker: proofs hold, spoilt ones are refused, and every rounding is on the safe side."""

import ast
import subprocess
import sys
from fractions import Fraction

import near
import numpy as np
import pytest

from bptt_lab import engine, model, proof
from bptt_lab.proof import certificate, sets
from bptt_lab.proof.__main__ import main


@pytest.mark.parametrize("test", near.NEAR, ids=lambda test: test.__name__)
def test_near(test):
    test(sets, certificate)


def random_mistake(one, rng):
    """A certificate with one number changed that matters."""
    name = rng.choice(["centre", "radius", "axes", "carry", "end", "word", "row", "U", "V", "b"])
    into = int(rng.choice(one.words[:, 2]))  # a cell in which words end
    row, unit = int(rng.integers(len(one.words))), int(rng.integers(one.centre.shape[1]))
    if name == "centre":
        way = rng.choice([-1, 1]) * rng.uniform(2.5, 5) * one.axes[into] @ one.radius[into]
        return one._replace(centre=near.at(one.centre, into, one.centre[into] + way))
    if name == "radius":
        return one._replace(radius=near.at(one.radius, (into, unit), one.radius[into, unit] * rng.uniform(-1, 1e-7)))
    if name == "axes":
        return one._replace(axes=near.at(one.axes, (into, unit, unit), one.axes[into, unit, unit] + rng.normal()))
    if name == "carry":
        return one._replace(carry=near.at(one.carry, into, 1 - one.carry[into]))
    if name == "end":
        ends = np.flatnonzero(one.carry != one.carry[one.words[row, 2]])
        return one._replace(words=near.at(one.words, (row, 2), rng.choice(ends)))
    if name == "word":
        bit = rng.integers(int(one.words[row, 1]).bit_length() - 1)
        return one._replace(words=near.at(one.words, (row, 1), one.words[row, 1] ^ (1 << bit)))
    if name == "row":
        return one._replace(words=np.delete(one.words, row, axis=0))
    array = getattr(one.params, name)
    return one._replace(params=one.params._replace(**{name: array * rng.uniform(-3, 0.3, array.shape)}))


@pytest.mark.slow
def test_a_hundred_random_mistakes_are_refused():
    rng, reasons = np.random.default_rng(0), set()
    for i in range(100):
        bad = random_mistake(near.good()[1 + i % 2], rng)
        checked = proof.check(bad)
        assert not checked and np.isnan(checked.margin), checked
        assert checked.reason.startswith(("cell", "axes", "words")), checked
        reasons.add(checked.reason)
    assert len(reasons) > 40


def test_what_is_to_be_trusted_is_short():
    """150 lines; no function over 25, or with more than 10 branches."""
    total, branching = 0, (ast.If, ast.For, ast.While, ast.IfExp, ast.comprehension, ast.BoolOp, ast.Try, ast.With)
    for module in (sets, certificate):
        with open(module.__file__, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                node.body = node.body[1:] or [ast.Pass()]
            if isinstance(node, ast.FunctionDef):
                assert sum(isinstance(child, branching) for child in ast.walk(node)) <= 10, node.name
                assert len(lines(node)) <= 25, node.name
        total += len(lines(tree))
    assert 100 < total <= 150


def lines(tree):
    """The numbers of the lines on which something stands."""
    within = [node for node in ast.walk(tree) if hasattr(node, "lineno")]
    simple = [
        n for n in within if not isinstance(n, ast.ClassDef | ast.FunctionDef | ast.For | ast.If | ast.Try | ast.With)
    ]
    return {n.lineno for n in within} | {i for n in simple for i in range(n.lineno, n.end_lineno + 1)}


# files


def test_saved_and_loaded_is_the_same(tmp_path):
    for i, one in enumerate(near.good()):
        proof.save(one, tmp_path / f"{i}")
        again = proof.load(tmp_path / f"{i}")
        for old, new in zip(one.params + one[1:], again.params + again[1:]):
            assert old.dtype == new.dtype and old.shape == new.shape and old.tobytes() == new.tobytes()
        assert proof.check(again) == proof.check(one)


@pytest.mark.parametrize(("name", "n_h", "n_cells"), [("three_units", 3, 31), ("sixteen_units", 16, 87)])
def test_shipped_certificates_hold(name, n_h, n_cells):
    one = proof.shipped(name)
    assert len(one.params.b) == n_h and len(one.carry) == n_cells
    assert proof.check(one) and proof.check(one).margin > 3


def test_a_file_is_checked_from_the_shell(tmp_path, capsys):
    def run(*words):
        return main([str(word) for word in words]), capsys.readouterr().out

    good, bad, text = tmp_path / "good.npz", tmp_path / "bad.npz", tmp_path / "text.npz"
    one = proof.shipped("three_units")
    proof.save(one, good)
    proof.save(one._replace(words=one.words[1:]), bad)
    text.write_text("no certificate", encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "bptt_lab.proof", "check", good], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == run("check", good)
    status, said = run("check", good)
    assert status == 0 and "proves that its network of 3 units adds numbers of every length, by 3.956 nats" in said
    status, said = run("check", bad)
    assert status == 1 and said.count("\n") == 1 and "is refused: cell 0: no word begins with" in said
    for words in (["check", text], ["check", tmp_path / "none"], ["prove", good], []):
        status, _ = run(*words)
        assert status == 2
    assert main(["check", str(text)]) == 2 and "npz format" in (told := capsys.readouterr().err)
    assert told.count("\n") == 1 and "pickle" not in told  # NumPy advises to run what is in a file
    assert run("--help")[0] == 0


# what is assumed


def test_tanh_is_within_what_is_assumed_of_it():
    a = np.concatenate([np.linspace(-25, 25, 200_001), np.geomspace(1e-300, 700, 100_001), [0.0]])
    exact = np.tanh(np.longdouble(a))
    for ours in (np.tanh(a), np.array([engine.tanh(float(p)) for p in a])):
        assert (np.abs(ours - exact) <= 0.5 * sets.TANH).all()


def test_a_network_rounds_by_less_than_is_counted():
    """Pre-activations in several orders of summation, against fractions."""
    rng = np.random.default_rng(5)
    for n_h, scale in [(2, 1.0), (16, 3.0), (64, 30.0)]:
        U, W, V, b, c = model.init_params(n_h, rng, scale=scale)
        b = rng.uniform(-scale, scale, n_h)
        h, x = rng.uniform(-1, 1, (2, n_h)), rng.integers(0, 2, (2, 2)).astype(float)
        points = sets.Sets(h, np.zeros((2, 0, n_h)), np.zeros((2, n_h)), np.zeros(2, dtype=int))
        a = sets.affine(W, points, x[:, :1] * U[:, 0], x[:, 1:] * U[:, 1], b)
        order = rng.permutation(n_h)
        for computed in (b + x @ U.T + h @ W.T, (h[:, order] @ W[:, order].T) + (b + x @ U.T), b + h @ W.T + x @ U.T):
            assert (np.abs(near.exact(computed) - near.exact(a.centre)) <= near.exact(a.error)).all()
            true = near.exact(W) @ near.exact(h).T + near.exact(U) @ near.exact(x).T + near.exact(b)[:, None]
            assert (3 * np.abs(near.exact(computed) - true.T) <= near.exact(a.error)).all()


# a second opinion


def followed(one, cell, word, ball, tanh):
    """Whether a cell may be left along a word, by interval or ball arithmetic alone, from a small part around its
    centre; returns the logits and the state at the end."""
    U, W, V, b, c = one.params.tolist() if hasattr(one.params, "tolist") else [array.tolist() for array in one.params]
    units, h, logits = range(len(b)), [ball(value) for value in one.centre[cell].tolist()], []
    for k in reversed(range(0, word.bit_length() - 1, 2)):
        x1, x2 = word >> k + 1 & 1, word >> k & 1
        a = [ball(b[i]) + ball(U[i][0]) * x1 + ball(U[i][1]) * x2 for i in units]
        h = [tanh(sum((ball(W[i][j]) * h[j] for j in units), a[i])) for i in units]
        logits.append(sum((ball(V[0][i]) * h[i] for i in units), ball(c[0])))
    return logits, h


def ours(one, cell, word):
    """The same by `push`, from the point at the centre."""
    n_h = len(one.params.b)
    some = sets.Sets(one.centre[[cell]], np.zeros((1, 0, n_h)), np.zeros((1, n_h)), one.carry[[cell]])
    found = []
    for k in reversed(range(0, word.bit_length() - 1, 2)):
        some, bit = sets.push(one.params, some, np.array([[word >> k + 1 & 1, word >> k & 1]], dtype=float))
        found.append((sets.margins(one.params, some, bit)[0], 2 * int(bit[0]) - 1))
    return found, some


def agrees(one, cell, word, ball, tanh, ends):
    """Ball arithmetic of many digits and ours hold the same states, and theirs lies in ours."""
    logits, h = followed(one, cell, word, ball, tanh)
    found, some = ours(one, cell, word)
    for logit, (margin, sign) in zip(logits, found):
        low, high = ends(logit)
        nearest = low if sign > 0 else -high
        assert Fraction(margin) <= nearest <= Fraction(margin) + Fraction(1e-9)
    for i, value in enumerate(h):
        low, high = ends(value)
        reach, centre = Fraction(some.reach()[0, i]), Fraction(some.centre[0, i])
        assert centre - reach <= low and high <= centre + reach and reach < 1e-10


def test_ball_arithmetic_agrees():
    flint = pytest.importorskip("flint", reason="python-flint is not installed: the second opinion is left out")
    old, flint.ctx.prec = flint.ctx.prec, 200

    def ends(ball):
        middle, radius = (
            Fraction(int(m)) * Fraction(2) ** int(e) for m, e in (ball.mid().man_exp(), ball.rad().man_exp())
        )
        return middle - radius, middle + radius

    try:
        for one in (*near.good(), proof.shipped("three_units"), proof.shipped("sixteen_units")):
            for cell, word, _ in one.words[:: max(1, len(one.words) // 25)].tolist():
                agrees(one, cell, word, flint.arb, lambda a: a.tanh(), ends)
    finally:
        flint.ctx.prec = old


def test_interval_arithmetic_of_many_digits_agrees_on_the_smallest():
    mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed: the second opinion is left out")
    iv = mpmath.iv
    iv.dps = 40

    def tanh(a):
        e = iv.exp(-2 * abs(a))  # 1 at the most: without cancellation but near 0
        return (1 - e) / (1 + e) * (1 if a.a >= 0 else -1) if a.a >= 0 or a.b <= 0 else iv.tanh(a)

    def ends(interval):
        return tuple(
            Fraction(int(end.man)) * Fraction(2) ** int(end.exp) * (-1) ** int(end._mpf_[0])
            for end in map(mpmath.mpf, (interval.a, interval.b))
        )

    one = near.good()[0]
    for cell, word, _ in one.words[::9].tolist():
        agrees(one, cell, word, iv.mpf, tanh, ends)
