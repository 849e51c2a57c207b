import inspect
import re
from functools import partial

import numpy as np
import pytest
import strangers
from right_styles import einsum
from strangers import OUTPUT_SLIPS, SLIPS, Tensor, andrew_forward, rnn_forward

from bptt_lab import bptt, checks
from bptt_lab.checks import Convention
from bptt_lab.doctor import BACKWARD, CATALOGUE, OUTPUT_GRADS, PARAM_GRADS, STATE_GRADS
from bptt_lab.doctor.adapter import put
from bptt_lab.doctor.conventions import LOSSES
from bptt_lab.exercises import progress
from bptt_lab.validate import missing

NAMED = BACKWARD.but(id="07.6")
OWN = Convention(
    axes="B, n, T",
    loss="sum",
    names={"Wxh": "U", "Whh": "W", "Why": "V", "bh": "b", "by": "c"},
    takes="x, h, o, y, params",
)
STRANGERS = {  # the function, its convention, the slips that it can make
    "columns": (strangers.columns, Convention.named("columns"), SLIPS + OUTPUT_SLIPS),
    "keras": (strangers.keras, Convention.named("keras"), SLIPS + OUTPUT_SLIPS),
    "own names": (strangers.own_names, OWN, SLIPS + OUTPUT_SLIPS),
    "torch": (strangers.tensors, Convention.named("torch").but(array=Tensor), SLIPS + OUTPUT_SLIPS),
    "cs231n": (strangers.cs231n, Convention.cs231n(forward=rnn_forward), SLIPS),
    "deeplearning.ai": (strangers.deeplearning_ai, Convention.deeplearning_ai(forward=andrew_forward), SLIPS),
}


def stranger(name, slip=None):
    function, convention, _ = STRANGERS[name]
    return partial(function, slip), convention


@pytest.mark.parametrize("name", STRANGERS)
def test_right_code_is_right_in_its_convention(name):
    yours, convention = stranger(name)
    for seed in range(6):
        verdict = checks.check(BACKWARD, yours, seed=seed, convention=convention)
        assert verdict.correct and min(verdict.digits.values()) >= 12, verdict
        assert verdict.where.endswith(f"Your convention: {convention!r}")
        assert set(verdict.digits) == set("UWb" if convention.forward else "UWVbc")


@pytest.mark.parametrize("name", STRANGERS)
def test_mistakes_get_their_names_in_each_convention(name):
    for seed in range(2):
        for slip in STRANGERS[name][2]:
            yours, convention = stranger(name, slip)
            verdict = checks.check(BACKWARD, yours, seed=seed, convention=convention)
            assert verdict.mistakes == (slip,), (slip, verdict)
            assert verdict.hints(1) == CATALOGUE[slip].hint and "With " not in verdict.where


@pytest.mark.parametrize("name", STRANGERS)
def test_a_wrong_convention_is_never_right(name):
    yours, own = stranger(name)
    others = [own.but(axes=axes) for axes in ("T, B, n", "B, T, n", "T, n, B", "n, B, T", "B, n, T", "n, T, B")]
    others += [own.but(weights=weights) for weights in ("out, in", "in, out")]
    others += [own.but(loss=loss) for loss in LOSSES if not own.forward]
    others += [other for _, other, _ in STRANGERS.values()] + [None]
    assert not any(checks.check(BACKWARD, yours, convention=other).correct for other in others if other != own)


# what is recognised


def in_out(params, trace, y):
    U, W, V, b, c = params
    delta, carry, da = (trace.y_hat - y) / y.shape[1], 0, np.zeros_like(trace.h)
    for t in range(len(y))[::-1]:
        da[t] = (delta[t] @ V.T + carry) * (1 - trace.h[t] ** 2)
        carry = da[t] @ W.T
    sums = (np.einsum("tbi,tbj->ij", z, d) for z, d in ((trace.x, da), (trace.h_prev, da), (trace.h, delta)))
    return *sums, da.sum((0, 1)), delta.sum((0, 1))


def batch_first(params, trace, y, backward=einsum):
    return backward(params, type(trace)(*(z.transpose(1, 0, 2) for z in trace)), y.transpose(1, 0, 2))


def transposed(params, trace, y):
    return [grad.T for grad in einsum(params, trace, y)]


def summed(params, trace, y):
    return [grad * y.shape[1] for grad in einsum(params, trace, y)]


def averaged(params, trace, y):
    return [grad / len(y) for grad in einsum(params, trace, y)]


def averaged_over_all(params, trace, y):
    return [grad / len(y) / y.shape[2] for grad in einsum(params, trace, y)]


def batch_first_in_out_summed(params, trace, y):
    turned = type(trace)(*(z.transpose(1, 0, 2) for z in trace)), y.transpose(1, 0, 2)
    return [grad * len(y) for grad in in_out(params, *turned)]


def batch_first_with_a_mistake(params, trace, y):
    return batch_first(params, trace, y, CATALOGUE["W_not_transposed"].backward)


RECOGNISED = {
    in_out: 'weights="in, out"',
    batch_first: 'axes="B, T, n"',
    strangers.columns: 'axes="T, n, B"',
    transposed: 'gradients="in, out"',
    summed: 'loss="sum"',
    averaged: 'loss="mean over T and B"',
    averaged_over_all: 'loss="mean over T, B and n_y"',
    batch_first_in_out_summed: 'weights="in, out", axes="B, T, n", loss="sum"',
    batch_first_with_a_mistake: 'axes="B, T, n"',
}


def told(verdict):
    """The sentence; and the last hint, which holds the convention where a mistake explains the answer too."""
    return verdict.where if "convention=" in verdict.where else verdict.ladder[-1]


@pytest.mark.parametrize("yours", RECOGNISED)
@pytest.mark.parametrize("seed", range(3))
def test_an_ordinary_check_shows_the_call_to_make_and_the_call_holds(yours, seed):
    name = yours.__name__
    yours = partial(yours, None) if yours is strangers.columns else yours
    verdict = checks.check(NAMED, yours, seed=seed)
    shown = "your_function" if isinstance(yours, partial) else name
    convention = re.search(rf'checks.check\("07.6", {shown}, convention=(.*)\)$', told(verdict))[1]
    known = "makes a mistake that the doctor knows" if "mistake" in name else "is right"
    assert convention == f"checks.Convention({RECOGNISED[getattr(yours, 'func', yours)]})"
    assert not verdict.correct and f"With {convention[18:-1]} your function {known}" in told(verdict)
    second = checks.check(NAMED, yours, seed=seed, convention=eval(convention, {"checks": checks}))
    assert second.correct == (known == "is right") and second.mistakes == ("W_not_transposed",) * ("mistake" in name)


def test_of_a_product_that_does_not_fit_the_shapes_are_told_first_and_a_convention_last():
    def my_state_grads(params, trace, dL_do):
        return np.stack([params.V @ one for one in dL_do])

    verdict = checks.check("07.2", my_state_grads)
    assert verdict.kind == "crash" and "states are rows in this course" in verdict.where
    assert "convention" not in verdict.where and "convention=" in verdict.ladder[-1]


def test_nothing_is_recognised_in_what_is_wrong_in_every_convention():
    for name, mistake in CATALOGUE.items():
        verdict = checks.check(BACKWARD, mistake.backward)
        found = re.search('With loss="(.*?)"', told(verdict))
        assert "With" not in verdict.where  # it would give the mistake away
        assert bool(found) == (name in _LOSSES) and (not found or found[1] == _LOSSES[name])
    for wrong in (lambda *a: None, lambda *a: [np.sin(9 * g) for g in einsum(*a)], lambda params, trace, y: 1 / 0):
        assert "convention" not in checks.check(BACKWARD, wrong).where


_LOSSES = {  # mistakes in our loss that are right in another
    "not_divided_by_B": "sum",
    "averaged_over_time": "mean over T and B",
    "averaged_over_outputs": "mean over B and n_y",
    "averaged_over_everything": "mean over T, B and n_y",
    "divided_by_outputs_not_batch": "mean over n_y",
    "divided_by_steps_not_batch": "mean over T",
}


def test_a_stated_convention_is_corrected_too():
    yours, convention = stranger("own names")
    verdict = checks.check(BACKWARD, yours, convention=convention.but(axes="n, B, T", loss="mean over B"))
    assert 'convention=your_convention.but(axes="B, n, T", loss="sum"))' in told(verdict)


def test_a_course_with_time_first_is_corrected_too():
    def rnn_forward(x, h0, Wx, Wh, b):
        h, cache = strangers.rnn_forward(x.swapaxes(0, 1), h0, Wx, Wh, b)
        return h.swapaxes(0, 1), cache

    def rnn_backward(dh, cache):
        return strangers.cs231n(None, dh.swapaxes(0, 1), cache)

    stated = Convention.cs231n(forward=rnn_forward)
    verdict = checks.check(NAMED, rnn_backward, convention=stated, B=None)
    assert verdict.kind == "crash" and 'your_convention.but(axes="T, B, n"))' in verdict.where
    assert checks.check(NAMED, rnn_backward, convention=stated.but(axes="T, B, n")).correct


def test_the_passes_of_courses_are_known_by_what_they_take():
    for name, forward in (("cs231n", "dh, cache"), ("deeplearning_ai", "da, caches")):
        yours = eval(f"lambda {forward}: None")
        assert f"convention=checks.Convention.{name}(forward=rnn_forward)" in checks.check(BACKWARD, yours).where


# what is said of an answer


def test_shapes_and_names_are_told_in_the_words_of_the_convention():
    def lost(*arguments):
        return strangers.own_names(None, *arguments) | {"dWxh": np.zeros((2, 5))}

    where = checks.check(BACKWARD, lost, convention=OWN).where
    assert where.startswith("∂L/∂Wxh has shape (2, 5), and (5, 2) is expected: it is transposed")
    where = checks.check(BACKWARD, lambda *_: {"dWxh": 0}, convention=OWN).where
    assert where.startswith("a dict with the names Wxh, Whh, Why, bh, by is expected")
    where = checks.check(BACKWARD, lambda dh, cache: (dh, dh), convention=STRANGERS["cs231n"][1]).where
    assert where.startswith("3 arrays are expected, in the order Wx, Wh, b, and 2 came")


def test_two_biases_have_one_gradient():
    def halved(state, trace, y):
        grads = strangers.tensors(None, state, trace, y)
        return grads | {"bias_hh_l0": grads["bias_hh_l0"] * 0.5}

    verdict = checks.check(BACKWARD, halved, convention=STRANGERS["torch"][1])
    assert verdict.kind == "wrong" and "∂L/∂bias_hh_l0 differs from that of the other bias" in verdict.where


def test_a_wrong_forward_pass_is_found_before_the_backward_pass():
    def without_past(x, h0, Wx, Wh, b):
        h = np.tanh(x @ Wx + b)
        return h, [(x[:, t], h0, h[:, t], Wx, Wh) for t in range(x.shape[1])]

    verdict = checks.check(BACKWARD, stranger("cs231n")[0], convention=Convention.cs231n(forward=without_past))
    assert verdict.kind == "wrong" and verdict.where.startswith("without_past gives other states than ours")


def test_what_is_not_seen_is_not_spoken_of():
    def shifted(dh, cache):
        *rest, db = strangers.cs231n(None, dh, cache)
        return *rest, db + 1

    verdict = checks.check(BACKWARD, shifted, convention=STRANGERS["cs231n"][1])
    text = "".join([verdict.where, *verdict.ladder])
    assert verdict.kind == "wrong" and "∂L/∂b is wrong" in text and "∂L/∂V" not in text and "∂L/∂c" not in text
    convention = Convention(returns="dU, dW, db")
    verdict = checks.check(BACKWARD, lambda *a: [np.sin(9 * einsum(*a)[i]) for i in (0, 1, 3)], convention=convention)
    assert not re.search("is right|show", "".join([verdict.where, *verdict.ladder]))


def test_what_is_written_into_an_argument_is_seen_through_a_convention():
    def careless(x, h, o, y, params):
        grads = strangers.own_names(None, x, h, o, y, params)
        o[...] = 0
        params["bh"] += 1
        return grads

    verdict = checks.check(BACKWARD, careless, convention=OWN)
    assert "the numbers are right, but your function changes params.b and trace.o" in verdict.where


def test_the_courses_own_answer_is_noticed_and_nothing_is_kept_as_done(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "FILE", tmp_path / "progress.txt")
    assert checks.check(BACKWARD, bptt.backward, convention=Convention()).kind == "reference"
    yours, convention = stranger("columns")
    assert checks.check(NAMED, yours, convention=convention).correct
    assert not progress.FILE.exists()


def test_a_stage_alone_may_follow_a_convention():
    assert checks.check(
        OUTPUT_GRADS, lambda trace, y: (trace.y_hat - y) / len(y), convention=Convention(axes="B, T, n")
    ).correct

    def states(V, W, h, dL_do):
        later, out = 0, []
        for t in reversed(range(len(h))):
            out.append(V.T @ dL_do[t] + later)
            later = W.T @ (out[-1] * (1 - h[t] ** 2))
        return out[::-1]

    assert checks.check(STATE_GRADS, states, convention=Convention(axes="T, n, B", takes="V, W, h, dL_do")).correct

    def sums(trace, dL_do, dL_dh):
        da = dL_dh * (1 - trace.h**2)
        pairs = ((trace.x, da), (trace.h_prev, da), (trace.h, dL_do))
        return *(np.tensordot(z, d, ((0, 1), (0, 1))) for z, d in pairs), da.sum((0, 1)), dL_do.sum((0, 1))

    for loss in LOSSES:
        convention = Convention("in, out", "B, T, n", loss)
        assert checks.check(PARAM_GRADS, sums, convention=convention).correct
    verdict = checks.check(
        BACKWARD, partial(sums_of_errors, states), convention=Convention(takes="params, trace, dL_do")
    )
    assert verdict.correct and set(verdict.digits) == set("UWVbc")


def sums_of_errors(states, params, trace, dL_do):
    """The whole pass, from ∂L/∂o on."""
    turned = (z.transpose(0, 2, 1) for z in (trace.h, dL_do))
    da = np.array(states(params.V, params.W, *turned)).transpose(0, 2, 1) * (1 - trace.h**2)
    pairs = ((da, trace.x), (da, trace.h_prev), (dL_do, trace.h))
    return *(np.tensordot(d, z, ((0, 1), (0, 1))) for d, z in pairs), da.sum((0, 1)), dL_do.sum((0, 1))


def test_a_pass_of_torch_is_read():
    torch = pytest.importorskip("torch", reason=missing("PyTorch", "this is not tested", "pip install torch"))

    def by_autograd(state, trace, y):
        leaves = {name: part.clone().requires_grad_() for name, part in state.items()}
        h, loss = trace.h_prev[0], 0
        for x_t, y_t in zip(trace.x, y):
            into = x_t @ leaves["weight_ih_l0"].T + leaves["bias_ih_l0"] + leaves["bias_hh_l0"]
            h = torch.tanh(into + h @ leaves["weight_hh_l0"].T)
            o = h @ leaves["weight"].T + leaves["bias"]
            loss = loss + torch.nn.functional.binary_cross_entropy_with_logits(o, y_t) / len(y)
        return dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values()))))

    for yours in (by_autograd, partial(strangers.tensors, None)):
        assert checks.check(BACKWARD, yours, convention="torch").correct


# what is said of a convention


def test_it_says_back_what_it_understood():
    assert repr(Convention("in, out", "B, T, n", "mean over T and B")) == (
        "weights are (in, out), sequences (B, T, n), and the loss is a mean over T and B and a sum over n_y"
    )
    assert repr(Convention.cs231n(forward=rnn_forward)).endswith(
        "; Wx, Wh and b are our U, W and b. Your function takes ∂L/∂h^(t) through o^(t) alone and the cache of "
        "rnn_forward. It gives back _, _, dWx, dWh, db, where _ is not looked at"
    )
    assert "and their gradients (in, out), sequences (T, B, n), and the loss is a sum over T, B and n_y" in repr(
        Convention(gradients="in, out", loss="sum")
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Convention(weights="in,out,"), 'weights must be "out, in" or "in, out", got \'in,out,\''),
        (lambda: Convention(gradients="T"), 'gradients must be "out, in"'),
        (lambda: Convention(axes="N, T, D"), "axes must be T, B, n as in \"B, T, n\", got 'N, T, D'"),
        (lambda: Convention(axes=None), "axes must be text, got None"),
        (lambda: Convention(takes=["x", "y"]), "takes must be text, got "),
        (lambda: Convention(names="Wxh"), "names must be a dict such as"),
        (lambda: Convention.cs231n(forward=3), "for its cache, got 3"),
        (lambda: Convention(loss="mean"), "loss must be one of mean over B, sum, .*, got 'mean'"),
        (lambda: Convention(names={"Wxh": "dU"}), r"names must lead to one of U, W, V, b, c, got \['dU'\]"),
        (lambda: Convention(takes="x, Wxh"), r"takes and feeds must be made of params, .*, got \['Wxh'\]"),
        (lambda: Convention(returns="dU, dWhh"), r"returns must be made of _, dU, .*, got \['dWhh'\]"),
        (lambda: Convention(takes="cache"), "forward must be your own forward pass, .* got None: give forward="),
        (lambda: checks.check(BACKWARD, einsum, convention="cs231n"), "forward must be your own forward pass"),
        (lambda: checks.check(BACKWARD, einsum, convention="numpy"), "a Convention or one of columns, .*'numpy'"),
        (lambda: checks.check(BACKWARD, einsum, convention=7), "a Convention or one of columns"),
        (
            lambda: checks.check("03.5", einsum, convention="columns"),
            "must go with a backward pass of the plain network",
        ),
        (
            lambda: checks.check(OUTPUT_GRADS, einsum, convention=Convention(takes="y, dL_dh")),
            r"in this exercise, takes and feeds must be made of trace, y, .*, got \['dL_dh'\]",
        ),
    ],
)
def test_a_bad_description_is_refused_in_one_line(call, words):
    with pytest.raises(ValueError, match=words) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="a function is needed, got int"):
        checks.check(BACKWARD, 3, convention="columns")


def test_what_the_convention_can_be_told_is_documented():
    text = inspect.getdoc(Convention)
    assert all(re.search(rf"^{name}$", text, re.MULTILINE) for name in Convention.__dataclass_fields__)


# the whole catalogue


def test_the_whole_catalogue_is_named_through_a_convention():
    convention = Convention("in, out", "B, T, n", "sum", takes="y, trace, params")

    def theirs(mistake, y, trace, params):
        U, W, V, b, c = params
        trace, y = type(trace)(*(z.swapaxes(0, 1) for z in trace)), y.swapaxes(0, 1)
        grads = mistake.backward(type(params)(U.T, W.T, V.T, b, c), trace, y)
        return [grad.T * y.shape[1] for grad in grads]

    for name, mistake in CATALOGUE.items():
        assert checks.check(BACKWARD, partial(theirs, mistake), convention=convention).mistakes == (name,)


def test_what_a_layer_can_do_wrong_is_named_and_what_it_cannot_is_not():
    exercise, _ = put(STRANGERS["cs231n"][1], BACKWARD, strangers.cs231n)
    for name, mistake in exercise.catalogue.items():
        verdict = checks.check(exercise, mistake.backward)
        assert (name,) in (verdict.mistakes, *verdict.alternatives) and mistake.touches <= exercise.steps.keys()
    assert {*CATALOGUE} - {*exercise.catalogue} == {
        name for name, mistake in CATALOGUE.items() if mistake.touches <= {"dL_do", "dL_dV", "dL_dc"}
    }
