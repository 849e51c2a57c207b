"""Exercises of notebook 08: ten patients, each a backward pass to be repaired."""

from bptt_lab import through_time
from bptt_lab.doctor import BACKWARD, Exercise
from bptt_lab.exercises.question import question

FORBIDDEN = (*BACKWARD.forbidden, *through_time.GIVE_IT_AWAY)


def _cure(number: int, title: str, *hints: str) -> Exercise:
    return BACKWARD.but(
        id=f"08.{number}", function=f"cured_{number}", title=title, hints=hints, forbidden=FORBIDDEN, seconds=10.0
    )


EXERCISES = [
    question(
        "08.a",
        "hidden_by_one",
        "What a batch of one hides",
        "b",
        {
            "a": "Does W meet its transpose only in a batch?",
            "c": "Does one sequence alone have a next state?",
        },
        (
            "Which of the three changes nothing when B = 1?",
            "Put B = 1 into each of the three, and see which gives the right numbers.",
        ),
    ),
    question(
        "08.b",
        "wrong_steps",
        "At how many steps a missing way back shows",
        6,
        {
            7: "Which loss has no earlier state to go back to?",
            1: "Does only the last step have an earlier state?",
            5: "Of which gradient is one step more right, since its factor is h^(0) = 0? Is it that of b?",
        },
        (
            "To which states does the loss of step 1 go back? And that of step 2?",
            "The loss of step t reaches b at the steps 1 to t. Which of these does it still reach here?",
        ),
    ),
    _cure(
        1,
        "Well with a batch of one",
        "With 64 sequences the patient adds up 64 times as many terms as with one. Does the loss grow like that too?",
        "The loss is an average over the batch. Where does that average appear in the patient?",
        "A single factor in the first line is missing. Which axis of y has its size?",
    ),
    question(
        "08.c",
        "shown_right",
        "What one wrong row shows to be right",
        "a",
        {
            "b": "What would be wrong, if this state were the wrong one?",
            "c": "From what are U and b made, and are they right?",
        },
        (
            "Which gradients are made from the same quantity as that of W?",
            "U and b are sums of ∂L/∂a^(t), with a factor and without one. Both are right.",
        ),
    ),
    _cure(
        2,
        "Never learns to add",
        "U and b are made from the same `da` as W. Which other factor is in the sum for W alone?",
        "Which state does W multiply to make a^(t)?",
        "It is not the state of step t. The trace keeps the right one for each step, the first included. "
        "(What would trace.h[t - 1] be for t = 0?)",
    ),
    _cure(
        3,
        "Adds every pair all the same",
        "Four lines of the second loop are alike. In what does the fifth differ?",
        "After the loop, how many steps does each of the five hold?",
        "One gradient is written over in each step, where the others are added to.",
    ),
    _cure(
        4,
        "Worked with a squared error before",
        "Which slope belongs to a squared error behind a sigmoid, and what does it cancel with in (3)?",
        "Derive (4) from (3) once more: what is left of ŷ (1 - ŷ)?",
        "The second line multiplies by something that (4) does not have.",
    ),
    _cure(
        5,
        "A single output, at the end",
        "How many of the T output errors does the patient use on the way back?",
        "Two quantities are computed from h^(t). Which of them is missing for t < T?",
        "Each step must add the error of its own output to what comes from the next state, and only then go back "
        "through the tanh of step t.",
    ),
    _cure(
        6,
        "The formula from a paper",
        "Only U is wrong. What does U multiply?",
        "Which input goes into a^(t), that of step t or that of the step before?",
        "A line shifts the inputs by a step. The trace as it comes has them right.",
    ),
    _cure(
        7,
        "Right for a single step",
        "Between h^(t) and h^(t+1) lies one tanh. In which step is it applied?",
        "In (7) the slopes stand with the step that the error comes from. Which step is that?",
        "One index of `slope` is off by one.",
    ),
    _cure(
        8,
        "Leaves the first step out",
        "What is h^(0), and what is x^(1)?",
        "The first step adds nothing to W, since it is multiplied by h^(0) = 0. What does it add to U?",
        "Let the loop begin at the first step. What stands in for trace.h[t - 1] there? "
        "(In Python, index -1 is the last state.)",
    ),
    _cure(
        9,
        "Saves memory",
        "W and V are multiplied by states. Are the states still what they were when the sums are made?",
        "Which line writes into an array that it was given?",
        "`squares` is no new array, it is another name for one of the trace. Which operation makes a new one?",
    ),
    _cure(
        10,
        "Two mistakes",
        "What can be done to a batch that does no harm to a batch of one? And to W, that none to a symmetric one?",
        "Look for a mean over the wrong axis, and for a transpose.",
        "The slope of the tanh belongs to each sequence alone. And for rows, Wᵀ g becomes g @ W.",
    ),
]
