import base64
import json
import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from problems import make_problem

from bptt_classroom import asking
from bptt_lab import bptt, model
from bptt_lab.doctor import Trouble, giving

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
KEYS = ["other", "array", "dtype", "shape"]
VALUES = st.recursive(
    PLAIN,
    lambda part: st.lists(part) | st.tuples(part, part) | st.dictionaries(st.text(), part),
    max_leaves=20,
)
NUMBERS = arrays.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.bool_, np.complex128, np.dtype(">f8")]),
    arrays.array_shapes(min_dims=0, min_side=0),
)


def travelled(value):
    return asking.unpack(asking.pack(value))


@given(VALUES)
def test_plain_values_arrive_as_they_were(value):
    assert travelled(value) == as_lists(value)


def as_lists(value):
    if isinstance(value, dict):
        return {name: as_lists(part) for name, part in value.items()}
    return list(map(as_lists, value)) if isinstance(value, tuple | list) else value


@given(NUMBERS)
def test_arrays_arrive_with_shape_and_kind(array):
    arrived = travelled(array)
    assert np.shape(arrived) == array.shape and arrived.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
    assert np.array_equal(arrived, array, equal_nan=True)


def test_a_trace_arrives_as_its_parts():
    params, x, _ = make_problem(np.random.default_rng(0), T=3, B=2, n_x=4, n_h=5, n_y=1)
    trace = model.forward(params, x)
    arrived, (again,) = travelled((params, [trace]))
    assert len(arrived) == len(params) and all((a == b).all() for a, b in zip(again, trace))


@pytest.mark.parametrize("value", [object(), np.array(["a"]), np.array([None]), lambda: 0, {1, 2}])
def test_of_other_things_the_type_arrives(value):
    assert type(travelled(value)).__name__ == type(value).__name__


def test_what_is_without_end_arrives_as_something():
    endless = []
    endless.append(endless)
    assert type(travelled(endless)).__name__ == "list"


@given(st.recursive(PLAIN, lambda part: st.lists(part) | st.dictionaries(st.sampled_from(KEYS), part), max_leaves=20))
def test_whatever_is_read_becomes_a_value_or_an_error(value):
    try:
        asking.unpack(json.dumps(value))
    except ValueError:
        pass


@pytest.mark.parametrize("dtype", ["O", "S8", "V8", "M8[s]", "nonsense"])
def test_only_numbers_are_arrays(dtype):
    data = base64.b64encode(bytes(8)).decode()
    with pytest.raises(ValueError):
        asking.unpack(json.dumps({"array": data, "dtype": dtype, "shape": [1]}))


@pytest.fixture
def closed():
    asking.close([bptt.output_grads] * 2)  # an exercise may name it twice
    yield
    asking.close([])


def asked(function, problems=None):
    problems = problems or [dict(trace=None, y=n) for n in range(3)]
    return asking._round("f", function, 5.0, problems)


def test_a_function_is_asked_all_problems(closed):
    assert [one["answer"] for one in asked(lambda trace, y: y)] == ["0", "1", "2"]


def test_the_first_trouble_ends_the_round(closed):
    came = asked(lambda trace, y: 1 / (1 - y))
    assert len(came) == 2 and "ZeroDivisionError" in came[1]["trouble"][0]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("kind", ["alias", "caught", "thread", "copy", "no profile"])
def test_a_closed_function_answers_nobody(closed, kind):
    mine, copied = bptt.output_grads, type(lambda: 0)(bptt.output_grads.__code__, vars(bptt))
    trace = model.forward(*make_problem(np.random.default_rng(0), T=3, B=2, n_x=4, n_h=5, n_y=1)[:2])
    found = []

    def function(_, y):
        if kind == "alias":
            return mine(trace, 0)
        if kind == "copy":
            return copied(trace, np.zeros((3, 2, 1)))
        if kind == "no profile":
            sys.setprofile(None)
        try:
            one = threading.Thread(target=lambda: found.append(mine(trace, 0)))
            one.start() if kind == "thread" else found.append(mine(trace, 0))
            one.join() if kind == "thread" else None
        except RuntimeError:
            pass
        return found

    (one,) = asked(function)
    assert one["trouble"][2] == "reference" and "bptt.output_grads" in one["trouble"][0]
    asking.close([])
    assert found == [] and mine(trace, np.zeros((3, 2, 1))).shape == (3, 2, 1)  # afterwards it is itself again


def test_all_functions_that_give_an_answer_away_can_be_closed(monkeypatch):
    from bptt_classroom import grading
    from bptt_lab import exercises

    monkeypatch.setattr(asking, "_HELD", {})
    for name in exercises.ids():
        names = grading.closed(exercises.find(name))
        asking.hold(names, {})
        functions = [asking._HELD.pop(one) for one in set(names)]
        before = [function.__code__ for function in functions]
        asking.close(functions)
        assert not any(function.__code__ is code for function, code in zip(functions, before))
        asking.close([])
        assert [function.__code__ for function in functions] == before


def test_a_value_may_stand_in_the_place_of_a_function():
    assert asked(giving(3), [{}])[0]["answer"] == "3"
    assert asked(giving(None), [{}])[0]["trouble"][2] == "not attempted"
    assert "is no function" in asked(3)[0]["trouble"][0]


def test_the_files_of_what_gives_the_answer_away_go(tmp_path, monkeypatch):
    path = tmp_path / "closed_here.py"
    path.write_text("def f(x):\n    return 2 * x\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(asking, "_HELD", {})
    asking.hold([("closed_here", "f")], {})
    asking.close([])
    assert not path.exists() and asking._HELD["closed_here", "f"](2) == 4


def test_trouble_travels_too():
    assert asking._packed(Trouble("a", "b")) == {"trouble": ["a", "b", "crash"]}
