import numpy as np
import pytest

from bptt_lab import bptt, data, model, optimisers, training


def start(seed=0, n_h=8, **settings):
    rng = np.random.default_rng(seed)
    return model.init_params(n_h, rng, **settings), rng


def test_three_steps_written_out_are_the_same_to_the_last_bit():
    params, rng = start()
    trained, history = training.train(params, rng=rng, n_steps=3, learning_rate=0.5, batch_size=4, engine="numpy")
    expected, rng = start()
    for step in range(3):
        x, y = data.sample_sums(4, rng)
        trace = model.forward(expected, x)
        assert history.loss[step] == pytest.approx(model.loss(trace, y), rel=1e-13)
        assert history.correct_digits[step] == model.digit_accuracy(trace, y).mean()
        grads = bptt.backward(expected, trace, y)
        expected = model.Params(*(theta - 0.5 * g for theta, g in zip(expected, grads)))
    assert all((p == q).all() for p, q in zip(trained, expected))


def test_the_size_of_a_piece_changes_nothing():
    params, rng = start()
    whole, history = training.train(params, rng=rng, n_steps=50, batch_size=2)
    params, rng = start()
    engine = training.pick_engine("auto", 8, 2)._replace(piece_bits=7 * 2 * 8)
    pieces, same = training.train(params, rng=rng, n_steps=50, batch_size=2, engine=engine)
    assert all((p == q).all() for p, q in zip(whole, pieces))
    assert (history.loss == same.loss).all() and (history.correct_digits == same.correct_digits).all()


def test_who_looks_in_between_sees_a_run_grow_and_end_as_train_ends():
    params, rng = start()
    how = dict(learning_rate=0.1, batch_size=2, n_bits=8, high=127, optimiser=optimisers.Adam(), n_steps=50)
    trained, history = training.train(params, rng=rng, **how)
    params, rng = start()
    engine = training.pick_engine("auto", 8, 2)._replace(piece_bits=7 * 2 * 8)
    seen = list(training.in_pieces(params, rng=rng, engine=engine, say=print, **how))
    assert [len(so_far.loss) for _, so_far in seen] == [*range(7, 50, 7), 50]
    for _, so_far in seen:
        assert all((part == all_[: len(part)]).all() for part, all_ in zip(so_far, history))
    first, last = seen[0][0], seen[-1][0]
    assert all((p == q).all() for p, q in zip(trained, last)) and not (first.W == last.W).any()


def test_every_sequence_of_the_batch_is_learned_from():
    params, rng = start()
    x, y = data.sample_sums(6, rng)
    moved = training.sgd(params, x, y, learning_rate=1.0, batch_size=6)[0]
    grads = bptt.backward(params, model.forward(params, x), y)
    assert all(np.allclose(p - q, g) for p, q, g in zip(params, moved, grads))


def test_it_learns_to_add_and_leaves_the_start_alone():
    params, rng = start(scale=0.5)
    copies = [p.copy() for p in params]
    trained, history = training.train(params, rng=rng, n_steps=3_000, learning_rate=0.3, batch_size=16)
    x, y = data.all_sums()
    assert (model.digit_accuracy(model.forward(trained, x), y) == 8).mean() > 0.99
    assert history.loss[:100].mean() > 20 * history.loss[-100:].mean()
    assert all((p == q).all() for p, q in zip(params, copies))


def test_an_interruption_gives_back_what_it_has():
    finished = []

    def interrupted_in_the_third_piece(*args):
        if len(finished) == 2:
            raise KeyboardInterrupt
        finished.append(training.sgd(*args))
        return finished[-1]

    params, rng = start()
    engine = training.Engine(interrupted_in_the_third_piece, piece_bits=10 * 8)
    trained, history = training.train(params, rng=rng, n_steps=1_000, engine=engine)
    assert len(history.loss) == len(history.correct_digits) == 20
    assert (history.loss > 0).all()
    assert trained is finished[-1][0]


def test_a_diverging_run_names_its_step_and_warns_of_nothing_else():
    params, rng = start()
    with pytest.raises(FloatingPointError, match=r"not finite at step \d+ with learning_rate = 1e\+308: use a smaller"):
        training.train(params, rng=rng, n_steps=50, learning_rate=1e308)


def test_the_step_named_is_the_first_bad_one():
    params, rng = start()
    huge = params._replace(c=np.array([1e308]), V=np.full((1, 8), 1e308))
    with pytest.raises(FloatingPointError, match="not finite at step 1 "):
        training.train(huge, rng=rng, n_steps=50)


def test_other_bit_widths_and_ranges():
    params, rng = start()
    _, history = training.train(params, rng=rng, n_steps=5, n_bits=20, high=2**19, batch_size=3)
    assert history.correct_digits.max() <= 20 and history.correct_digits.max() > 8


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"learning_rate": 0}, ValueError, "learning_rate must be positive and finite, got 0.0"),
        ({"learning_rate": float("nan")}, ValueError, "learning_rate must be positive and finite, got nan"),
        ({"learning_rate": float("inf")}, ValueError, "learning_rate must be positive and finite, got inf"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate must be a number, got 'fast'"),
        ({"n_steps": 0}, ValueError, "n_steps must be 1 or larger, got 0"),
        ({"batch_size": 2.0}, TypeError, "batch_size must be an integer, got 2.0"),
        ({"n_bits": 7}, ValueError, "largest sum needs 8 bits, got n_bits = 7"),
        ({"rng": 0}, TypeError, "rng must be a Generator of NumPy, got 0: use"),
    ],
)
def test_bad_settings_get_one_clear_line(settings, error, message):
    params, rng = start()
    with pytest.raises(error, match=message) as raised:
        training.train(params, **{"rng": rng} | settings)
    assert "\n" not in str(raised.value)


def test_parameters_with_nan_are_refused():
    params, rng = start()
    params.W[0, 0] = np.nan
    with pytest.raises(ValueError, match="W must be finite"):
        training.train(params, rng=rng)


def test_a_bar_shows_when_asked(capsys):
    params, rng = start()
    training.train(params, rng=rng, n_steps=10, progress=True)
    assert "10/10" in capsys.readouterr().err
    training.train(params, rng=rng, n_steps=10)
    assert capsys.readouterr().err == ""
