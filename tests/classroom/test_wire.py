import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from problems import make_problem

from bptt_lab import model
from bptt_lab.classroom import wire

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    PLAIN,
    lambda part: st.lists(part) | st.tuples(part, part) | st.dictionaries(st.text(), part),
    max_leaves=20,
)
NUMBERS = arrays.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.complex128, np.dtype(">f8")]),
    arrays.array_shapes(min_dims=0, min_side=0),
)


@given(VALUES)
def test_plain_values_arrive_as_they_were(value):
    assert wire.unpack(wire.pack(value)) == value


@given(NUMBERS)
def test_arrays_arrive_with_shape_and_kind(array):
    arrived = wire.unpack(wire.pack(array))
    assert np.shape(arrived) == array.shape and arrived.dtype == array.dtype.newbyteorder("=")
    assert np.array_equal(arrived, array, equal_nan=True)


def test_a_trace_arrives_as_a_trace():
    params, x, _ = make_problem(np.random.default_rng(0), T=3, B=2, n_x=4, n_h=5, n_y=1)
    trace = model.forward(params, x)
    arrived = wire.unpack(wire.pack((params, [trace])))
    assert type(arrived[0]) is model.Params and type(arrived[1][0]) is model.Trace
    assert (arrived[1][0].h == trace.h).all()


@pytest.mark.parametrize("value", [object(), np.array(["a"]), np.array([None]), lambda: 0, {1, 2}, {"f": print}])
def test_other_things_cannot_travel(value):
    with pytest.raises(wire.Unreadable):
        wire.pack(value)


@given(st.binary() | st.builds(pickle.dumps, VALUES) | st.text().map(str.encode))
def test_whatever_arrives_becomes_a_value_or_an_error(message):
    try:
        wire.unpack(message)
    except ValueError:
        pass


@pytest.mark.parametrize("message", [b'{"array": 1}', b'{"tuple": 3, "name": []}', b'{"dict": [[{"dict": []}, 1]]}'])
def test_messages_of_the_wrong_form_are_refused(message):
    with pytest.raises(ValueError, match="a message of pack is needed"):
        wire.unpack(message)


def test_objects_are_no_arrays():
    with pytest.raises(ValueError, match="an array of numbers"):
        wire.unpack(b'{"array": "AAAAAAAAAAA=", "dtype": "O", "shape": [1]}')
