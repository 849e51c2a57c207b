"""Exercises of notebook 07: write the backward pass yourself."""

from bptt_lab import through_time
from bptt_lab.doctor import BACKWARD, OUTPUT_GRADS, PARAM_GRADS, STATE_GRADS
from bptt_lab.exercises.question import question

ONE = {"B": 1, "n_y": 1}
FORBIDDEN = (*BACKWARD.forbidden, *through_time.GIVE_IT_AWAY)

EXERCISES = [
    question(
        "07.a",
        "alone",
        "The gradient that is nothing but a sum of output gradients",
        "c",
        {
            "V": "Each term of V is an output gradient times something. Times what?",
            "b": "Is b added before the tanh, or after it?",
            "U": "What does U multiply in step t?",
            "W": "What does W multiply in step t?",
        },
        (
            "Which parameter is added last, when o^(t) is computed?",
            "What is added to o^(t) with no factor has the gradient of o^(t), step by step.",
        ),
    ),
    question(
        "07.b",
        "shown",
        "What a network that adds says about its gradient",
        "c",
        {
            "a": "Did no wrong gradient of notebook 06 train a network that adds all pairs?",
            "b": "In notebook 06, did the wrong gradients that learned differ from the right one by a factor only?",
        },
        (
            "Think of the mistakes of notebook 06: which of them learned the task all the same?",
            "A step need not be the best one to lead downhill. What does that allow a gradient to be?",
        ),
    ),
    question(
        "07.c",
        "part",
        "Where a mistake is, from the table alone",
        "b",
        {
            "a": "Which gradients are sums of ∂L/∂o^(t)? Are they wrong?",
            "c": "The sums for U, W and b have three different factors. Would one slip spoil all three?",
        },
        (
            "What do the wrong ones need that the right ones do not?",
            "V and c are made of ∂L/∂o^(t), and are right. Follow the way from there to U, W and b.",
        ),
    ),
    OUTPUT_GRADS.but(
        id="07.1",
        function="my_output_grads",
        title="The first stage, for one sequence and one output",
        fixed=ONE,
        forbidden=FORBIDDEN,
        hints=(
            "If an output is too large, should its gradient be positive or negative?",
            "The slope of the sigmoid cancels in (4). What is left?",
            "One subtraction of two arrays does it for all steps: what the network said, and what is true.",
        ),
    ),
    STATE_GRADS.but(
        id="07.2",
        function="my_state_grads",
        title="The second stage, for one sequence and one output",
        fixed=ONE,
        forbidden=FORBIDDEN,
        hints=(
            "Who reads h^(t)?",
            "Walk from the last step to the first, and keep what the next state sends back. At the last step it is 0.",
            "What goes back from step t + 1 meets the slope of that step's tanh first, and then W. "
            "Which of params.W and params.W.T takes a vector back?",
        ),
    ),
    PARAM_GRADS.but(
        id="07.3",
        function="my_param_grads",
        title="The third stage, for one sequence and one output",
        fixed=ONE,
        forbidden=FORBIDDEN,
        hints=(
            "Each parameter adds up one term for each step. What does it multiply in step t?",
            "V and c need ∂L/∂o^(t) alone. U, W and b need ∂L/∂a^(t): how do you get it from ∂L/∂h^(t)?",
            "Each matrix is a sum of np.outer(gradient of what comes out, what goes in). "
            "For W, what goes in is trace.h_prev[t].",
        ),
    ),
    BACKWARD.but(
        id="07.4",
        function="my_backward",
        title="The whole pass, for one sequence and one output",
        fixed=ONE,
        forbidden=FORBIDDEN,
        hints=(
            "Which of your three stages does the first wrong array of the table come from?",
            "The stages hand on: ∂L/∂o^(t) to the second, ∂L/∂o^(t) and ∂L/∂h^(t) to the third.",
            "Check the three stages alone, and then write one line for each of them.",
        ),
    ),
    question(
        "07.d",
        "how_often",
        "How often B divides",
        1,
        {
            0: "The loss is an average over the batch. Where does this average enter?",
            2: "If ∂L/∂o^(t) is divided by B already, what is it then to divide the sums too?",
            8: "Does each step have an average of its own, or is one gradient divided, and everything made from it?",
        },
        (
            "Start at the loss. Which is the first quantity on the way back that knows of the average?",
            "Everything after ∂L/∂o^(t) is a product with it or a sum of such products.",
        ),
    ),
    BACKWARD.but(
        id="07.5",
        function="my_batch_backward",
        title="A batch",
        fixed={"n_y": 1},
        forbidden=FORBIDDEN,
        hints=(
            "The loss is an average over the batch. In which line does that average enter, and does it enter once?",
            "States are rows: what was W.T @ g for a vector g is g @ W for rows. Only the last sums may mix rows.",
            "Divide ∂L/∂o^(t) by the number of sequences, and nothing else. "
            "A matrix of step t is then (gradients of step t).T @ (what goes in), summed over t.",
        ),
    ),
    BACKWARD.but(
        id="07.6",
        function="my_general_backward",
        title="Any number of steps, sequences and units",
        forbidden=FORBIDDEN,
        hints=(
            "Which of your lines is right for a single output alone?",
            "Outputs are added up in the loss, sequences are averaged. So which axis of y says what to divide by?",
            "Put all steps of all sequences under each other. Then each matrix is one product, "
            "and each bias one sum over the first axis.",
        ),
    ),
]
