"""Exercises of notebook 14: shorter paths."""

import numpy as np

from bptt_lab import paths
from bptt_lab.doctor import Exercise, slip
from bptt_lab.exercises.question import question
from bptt_lab.model import Array


def real_mean(each: Array, lengths: Array) -> float:
    real = paths.padding.mask(lengths, len(each))
    return (each * real).sum() / real.sum()


def _masked(each: Array, lengths: Array) -> Array:
    return each * paths.padding.mask(lengths, len(each))


def _draw_losses(rng: np.random.Generator, T: int, B: int, shorter: int) -> dict[str, object]:
    """Losses of all steps, larger in the padding. The first sequence has no padding, unless all are to be shorter."""
    lengths = np.append(T, rng.integers(1, T, B - 1)) - shorter
    lengths = np.maximum(lengths, 1)
    each = rng.uniform(0.2, 1, (T, B))
    return dict(each=np.where(paths.padding.mask(lengths, T), each, each + 2), lengths=lengths)


def _draw_shares(rng: np.random.Generator, T: int, B: int) -> dict[str, object]:
    e = np.exp(rng.normal(size=(T, B)))
    return dict(p=e / e.sum(axis=0), dL_dp=rng.normal(size=(T, B)))


def _draw_pairs(rng: np.random.Generator, n: int) -> dict[str, object]:
    a_1, b_1, a_2, b_2 = rng.uniform(0.3, 2, (4, n))
    return dict(first=(a_1, b_1), second=(a_2, b_2))


def _draw_recurrence(rng: np.random.Generator, T: int, n_h: int) -> dict[str, object]:
    return dict(a=rng.uniform(0.3, 1.2, (T, n_h)), dL_dh=rng.normal(size=(T, n_h)))


def _own_factor(a: Array, dL_dh: Array) -> Array:
    """a^(t) in the place of a^(t+1)."""
    return paths.scan.loop(a[::-1], dL_dh[::-1])[::-1]


EXERCISES = [
    question(
        "14.a",
        "on_the_cell",
        "What multiplies a gradient along the cell of an LSTM",
        "b",
        {
            "a": "Through how many matrices does s^(t-1) go on its way into s^(t)?",
            "c": "Is the output gate between two cells, or between a cell and its own state?",
        },
        (
            "Look at the equation for s^(t). What stands in front of s^(t-1)?",
            "It is one gate: a number from 0 to 1 for each unit.",
        ),
    ),
    question(
        "14.b",
        "loss_is",
        "The loss of this course, for a batch",
        4,
        {
            0.5: "That is what one step costs. Which of the two does L add up: steps, or sequences?",
            16: "That adds up all steps of all sequences. What does the 1/B in front of L do?",
            2: "Does L add up over the four sequences, or over the eight steps?",
        },
        (
            "Equation (2) has a sum over t, and 1/B in front.",
            "Add up the steps of one sequence. The four sequences are alike, so their average is the same.",
        ),
    ),
    Exercise(
        id="14.1",
        function="real_mean",
        title="The mean over real steps",
        reference=real_mean,
        draw=_draw_losses,
        sizes=[
            dict(T=9, B=5, shorter=0),
            dict(T=7, B=1, shorter=0),
            dict(T=8, B=4, shorter=2),
            dict(T=12, B=6, shorter=0),
        ],
        mistakes=[
            slip(
                *("padding_in_the_number", "Σ over real steps / (B T)"),
                "The sum has no padding in it. Has the number that you divide by?",
                lambda each, lengths: _masked(each, lengths).sum() / each.size,
            ),
            slip(
                *("padding_in_the_loss", "Σ over all steps / (B T)"),
                "Do steps count that no sequence has?",
                lambda each, lengths: each.mean(),
            ),
            slip(
                *("padding_in_the_sum", "Σ over all steps / number of real steps"),
                "You divide by the right number. Does the sum leave the padding out, too?",
                lambda each, lengths: each.sum() / lengths.sum(),
            ),
            slip(
                *("mean_of_means", "the mean of each sequence, and then the mean of these"),
                "One sequence has 2 steps, another has 8. How much does one step of each count in your number?",
                lambda each, lengths: (_masked(each, lengths).sum(axis=0) / lengths).mean(),
            ),
            slip(
                *("divided_by_sequences", "Σ over real steps / B"),
                "That is the loss of a sequence on the average. What is the loss of a step?",
                lambda each, lengths: _masked(each, lengths).sum() / len(lengths),
            ),
            slip(
                *("one_step_too_many", "steps 1 to length + 1 of each sequence, where there are so many"),
                "Which index has the last real step of a sequence of length 3? Is that one still below its length?",
                lambda each, lengths: real_mean(each, np.minimum(lengths + 1, len(each))),
            ),
        ],
        hints=(
            "How many real steps has the whole batch? And which entries belong to them?",
            "An array of (T, B) that is True where a step is real helps: compare each index t with each length.",
            "np.arange(T)[:, None] is a column of indices; a comparison with a row of lengths gives (T, B). "
            "Use it for the sum, and again for the number.",
        ),
    ),
    Exercise(
        id="14.2",
        function="softmax_back",
        title="The way back through softmax",
        reference=paths.attention.softmax_back,
        draw=_draw_shares,
        sizes=[dict(T=6, B=4), dict(T=5, B=1), dict(T=9, B=7)],
        forbidden=[paths.attention.attend_back],
        mistakes=[
            slip(
                *("own_score_alone", "p (1 - p) ∂L/∂p"),
                "If one score rises, what becomes of the shares of all other steps?",
                lambda p, dL_dp: p * (1 - p) * dL_dp,
            ),
            slip(
                *("sum_without_shares", "p (∂L/∂p - Σ ∂L/∂p)"),
                "By how much does each share p^(s) change with one score? Is p^(s) in your sum?",
                lambda p, dL_dp: p * (dL_dp - dL_dp.sum(axis=0)),
            ),
            slip(
                *("plain_mean_taken_away", "p (∂L/∂p - the mean of ∂L/∂p)"),
                "Do all steps weigh the same in the mean that is taken away, or each by its share?",
                lambda p, dL_dp: p * (dL_dp - dL_dp.mean(axis=0)),
            ),
            slip(
                *("nothing_taken_away", "p ∂L/∂p"),
                "The shares of a sequence add up to 1. What does that do to the others if one grows?",
                lambda p, dL_dp: p * dL_dp,
            ),
            slip(
                *("share_in_front_missing", "∂L/∂p - Σ p ∂L/∂p"),
                "If a share is nearly 0, how much can a change of its score do?",
                lambda p, dL_dp: dL_dp - (p * dL_dp).sum(axis=0),
            ),
            slip(
                *("as_with_cross_entropy", "p - ∂L/∂p"),
                "p - y is softmax and cross-entropy in one. Is there a cross-entropy of these shares?",
                lambda p, dL_dp: p - dL_dp,
            ),
            slip(
                *("sum_over_the_whole_batch", "the sum over steps and sequences together"),
                "Do two sequences of a batch share anything in the softmax?",
                lambda p, dL_dp: p * (dL_dp - (p * dL_dp).sum()),
            ),
            slip(
                *("sum_over_sequences", "the sum along the axis of sequences"),
                "Along which axis do the shares add up to 1?",
                lambda p, dL_dp: p * (dL_dp - (p * dL_dp).sum(axis=1, keepdims=True)),
            ),
            slip(
                *("share_in_front_of_one_term_alone", "p ∂L/∂p - Σ p ∂L/∂p"),
                "If a share is nearly 0, how large can each of your two terms still be?",
                lambda p, dL_dp: p * dL_dp - (p * dL_dp).sum(axis=0),
            ),
            slip(
                *("terms_exchanged", "p (Σ p ∂L/∂p - ∂L/∂p)"),
                "A score rises, and its own share with it. Which sign has that share's ∂L/∂p in the answer?",
                lambda p, dL_dp: p * ((p * dL_dp).sum(axis=0) - dL_dp),
            ),
        ],
        hints=(
            "Which shares does one score change, and by how much?",
            "∂L/∂z^(t) is a sum over all steps s of ∂L/∂p^(s) times ∂p^(s)/∂z^(t). The term s = t has a part that the "
            "others do not have.",
            "Take p^(t) out in front. What is left is this step's ∂L/∂p minus the mean of all of them, weighted by p.",
        ),
    ),
    Exercise(
        id="14.3",
        function="combine",
        title="Two stretches as one",
        reference=paths.scan.combine,
        draw=_draw_pairs,
        sizes=[dict(n=4), dict(n=1), dict(n=7)],
        mistakes=[
            slip(
                *("second_stretch_first", "a₁ a₂ and a₁ b₂ + b₁"),
                "Which stretch does the state meet first? Whose factor multiplies what the other one added?",
                lambda first, second: (first[0] * second[0], first[0] * second[1] + first[1]),
            ),
            slip(
                *("what_was_added_stays_as_it_is", "a₂ a₁ and b₁ + b₂"),
                "What does the second stretch do to b₁, which is part of the state by then?",
                lambda first, second: (second[0] * first[0], first[1] + second[1]),
            ),
            slip(
                *("factor_of_the_first_again", "a₂ a₁ and a₁ b₁ + b₂"),
                "b₁ was added after the first factor. Which factor does it still meet?",
                lambda first, second: (second[0] * first[0], first[0] * first[1] + second[1]),
            ),
            slip(
                *("last_factor_alone", "a₂ and a₂ b₁ + b₂"),
                "By what is the state before the first stretch multiplied, after both?",
                lambda first, second: (second[0], second[0] * first[1] + second[1]),
            ),
            slip(
                *("factors_added", "a₁ + a₂ and a₂ b₁ + b₂"),
                "Two steps with a = 1/2 each: what is left of the state?",
                lambda first, second: (first[0] + second[0], second[0] * first[1] + second[1]),
            ),
            slip(
                *("second_addition_missing", "a₂ a₁ and a₂ b₁"),
                "Where the state before was 0, what does the second stretch add after both?",
                lambda first, second: (second[0] * first[0], second[0] * first[1]),
            ),
        ],
        hints=(
            "What does the first stretch make of a state h? And the second one of that?",
            "Put the first into the second, multiply out, and sort: what stands in front of h, and what stands alone?",
            "In front of h stand both factors. Alone stand b₂ and, multiplied once more, b₁.",
        ),
    ),
    Exercise(
        id="14.4",
        function="from_the_end",
        title="The recurrence on the way back",
        reference=paths.scan.from_the_end,
        draw=_draw_recurrence,
        sizes=[dict(T=7, n_h=3), dict(T=1, n_h=4), dict(T=6, n_h=1), dict(T=10, n_h=5)],
        forbidden=[paths.scan.backward],
        mistakes=[
            slip(
                *("factor_of_its_own_step", "g^(t) = ∂L/∂h^(t) + a^(t) g^(t+1)"),
                "Between h^(t) and h^(t+1) one factor stands. Of which step is it?",
                _own_factor,
            ),
            slip(
                *("from_the_first_step", "g^(t) = ∂L/∂h^(t) + a^(t) g^(t-1)"),
                "Who reads h^(t): the step before it, or the step after it?",
                lambda a, dL_dh: paths.scan.loop(a, dL_dh),
            ),
            slip(
                *("one_step_back_alone", "g^(t) = ∂L/∂h^(t) + a^(t+1) ∂L/∂h^(t+1)"),
                "Does what arrives from step t + 2 get to step t?",
                lambda a, dL_dh: dL_dh + np.concatenate([a[1:] * dL_dh[1:], 0 * dL_dh[:1]]),
            ),
            slip(
                *("no_step_back", "g^(t) = ∂L/∂h^(t)"),
                "Is h^(t) read by its own step alone?",
                lambda a, dL_dh: dL_dh,
            ),
        ],
        hints=(
            "Who reads h^(t), and with what factor?",
            "The last step gets what is its own. The one before it gets its own, and a part of that.",
            "A loop back from the step before the last to the first; each adds what the step after it has got, "
            "times that step's factor.",
        ),
    ),
]
