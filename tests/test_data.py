import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_lab import data


@given(st.lists(st.integers(0, 2**1000 - 1), max_size=5))
def test_bits_and_back_is_exact_up_to_a_thousand_bits(numbers):
    bits = data.to_bits(numbers, 1000)
    assert bits.shape == (1000, len(numbers))
    assert list(data.from_bits(bits)) == numbers


@given(st.integers(0, 2**70), st.integers(71, 80))
def test_bits_come_least_significant_first(number, n_bits):
    written = format(number, "b").zfill(n_bits)
    assert "".join(str(bit) for bit in data.to_bits(number, n_bits)[::-1]) == written


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint8, np.uint64, object])
def test_every_integer_dtype_gives_the_same_bits(dtype):
    numbers = np.array([[0, 1, 2], [77, 100, 127]], dtype=dtype)
    bits = data.to_bits(numbers, 130)
    assert bits.shape == (130, 2, 3)
    assert (bits == data.to_bits(numbers.tolist(), 130)).all()
    assert (data.from_bits(bits) == numbers).all()


def test_widest_unsigned_and_mixed_widths_lose_nothing():
    widest = np.array([2**64 - 1], dtype=np.uint64)
    assert data.from_bits(data.to_bits(widest, 64))[0] == 2**64 - 1
    assert list(data.from_bits(data.to_bits([2**63, 1], 64))) == [2**63, 1]


@given(st.lists(st.tuples(st.integers(0, 2**99), st.integers(0, 2**99)), min_size=1, max_size=4))
def test_the_target_is_the_sum(pairs):
    first, second = zip(*pairs)
    x, y = data.encode_sums(first, second, n_bits=101)
    assert x.shape == (101, len(pairs), 2) and y.shape == (101, len(pairs), 1)
    assert [int(total) for total in data.from_bits(y[..., 0])] == [a + b for a, b in pairs]
    assert [int(number) for number in data.from_bits(x[..., 1])] == list(second)


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_carries_are_what_is_missing_from_a_bitwise_sum(seed, n_bits):
    high = 2 ** (n_bits - 1) if n_bits > 1 else 1
    x, y = data.sample_sums(3, np.random.default_rng(seed), n_bits, high)
    carry_in = np.vstack([np.zeros((1, 3)), data.carries(x)[:-1]])
    assert ((x.sum(axis=2) + carry_in) % 2 == y[..., 0]).all()


def test_all_sums_holds_every_pair_once_in_order():
    x, y = data.all_sums()
    first, second = data.from_bits(x).T
    assert x.shape == (8, 127**2, 2)
    assert list(zip(first, second)) == [(i, j) for i in range(127) for j in range(127)]
    assert (data.from_bits(y[..., 0]) == first + second).all()


def test_addends_are_uniform_and_exclude_high():
    x, _ = data.sample_sums(20_000, np.random.default_rng(0), n_bits=4, high=5)
    counts = np.bincount(data.from_bits(x).ravel())
    assert len(counts) == 5
    assert (np.abs(counts - 8_000) < 400).all()  # five standard deviations


def test_wide_addends_are_uniform():
    high = 3 * 2**100
    x, _ = data.sample_sums(3_000, np.random.default_rng(0), n_bits=103, high=high)
    thirds = np.bincount([3 * int(number) // high for number in data.from_bits(x).ravel()])
    assert len(thirds) == 3
    assert (np.abs(thirds - 2_000) < 200).all()


@given(st.integers(1, 20), st.integers(1, 20))
def test_drawing_in_pieces_changes_nothing(n, m):
    whole, _ = data.sample_sums(n + m, np.random.default_rng(7))
    rng = np.random.default_rng(7)
    pieces = [data.sample_sums(k, rng)[0] for k in (n, m)]
    assert (np.concatenate(pieces, axis=1) == whole).all()


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: data.to_bits([3, -1], 8), ValueError, "0 or larger, got -1"),
        (lambda: data.to_bits(256, 8), ValueError, "needs 9 bits, got n_bits = 8"),
        (lambda: data.to_bits(1.0, 8), TypeError, "must be integers"),
        (lambda: data.to_bits(np.array([np.nan]), 8), TypeError, "must be integers, got float64"),
        (lambda: data.to_bits(1, 0), ValueError, "n_bits must be 1 or larger, got 0"),
        (lambda: data.to_bits(1, 8.0), TypeError, "n_bits must be an integer, got 8.0"),
        (lambda: data.from_bits([0, 2]), ValueError, "0 or 1 everywhere"),
        (lambda: data.from_bits([0.3, 0.9]), ValueError, "round probabilities"),
        (lambda: data.from_bits(1), ValueError, "first axis, time"),
        (lambda: data.encode_sums([200], [56], 8), ValueError, "a sum needs 9 bits"),
        (lambda: data.encode_sums([1, 2], [3], 8), ValueError, "two lists of one length"),
        (lambda: data.sample_sums(1, np.random.default_rng(0), 8, high=130), ValueError, "needs 9 bits"),
        (lambda: data.sample_sums(0, np.random.default_rng(0)), ValueError, "n must be 1 or larger"),
        (lambda: data.all_sums(8, 0), ValueError, "high must be 1 or larger"),
        (lambda: data.carries(np.zeros((8, 2))), ValueError, r"shape \(T, B, 2\), got \(8, 2\)"),
    ],
)
def test_bad_input_gets_one_clear_line(call, error, message):
    with pytest.raises(error, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)
