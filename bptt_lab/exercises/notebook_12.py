"""Exercises of notebook 12: gates."""

from bptt_lab import gated
from bptt_lab.exercises.question import question

EXERCISES = [
    question(
        "12.a",
        "left_of_it",
        "What a factor of 0.6 leaves",
        0.006,
        {
            6.0: "That adds ten factors. What do ten steps do with the length: add to it, or multiply it?",
            0.06: "That is one factor, shared out over ten steps. How often is the length multiplied by 0.6?",
            0.6: "That is left after one step. And after ten?",
        },
        (
            "In each step the length is multiplied by 0.6. What are two steps, then?",
            "It is 0.6 to the power of 10: less than a hundredth.",
        ),
        tolerance=0.0005,
    ),
    question(
        "12.b",
        "needs_the_loop",
        "The stage that walks back",
        "b",
        {
            "a": "Is ∂L/∂o^(t) computed from anything of step t + 1?",
            "c": "Once all ∂L/∂h^(t) are known, does one term of the sum need another one?",
        },
        (
            "In which of the three does step t need what was computed for step t + 1?",
            "Equation (7) has ∂L/∂h on both sides.",
        ),
    ),
    question(
        "12.c",
        "readers",
        "Who reads the cell",
        "b",
        {
            "a": "How does the next cell begin: from 0, or from something that was kept?",
            "c": "Look at the four equations of the gates: is there an s in them?",
            "d": "Does the output read the cell itself, or what the output gate lets through?",
        },
        (
            "Go through the equations: on which right-hand sides does s stand?",
            "It stands on two: in the equation for h of the same step, and in the one for s of the next step.",
        ),
    ),
    gated.LSTM_BACKWARD.but(
        id="12.1",
        function="my_backward",
        title="The backward pass of the LSTM",
        hints=(
            "Who reads s^(t), and who reads h^(t)?",
            "(A) and (B) need each other: before step t - 1 gets anything, ∂L/∂s^(t) and ∂L/∂h^(t) must both be whole.",
            "One loop from the last step: first the state gives to the cell of its step, then (C), then both of step t "
            "give to step t - 1. After the loop come the sums, with what each block is multiplied with.",
        ),
    ),
    question(
        "12.d",
        "bias_for_8",
        "A forget bias for eight steps",
        2.40,
        {
            0.917: "That is the gate f. Which bias makes it?",
            -2.40: "Does a gate that stands open have a positive bias, or a negative one?",
            2.71: "Does each step take away the same amount, or the same share?",
            0.0: "That leaves half in one step. How much in eight?",
            0.5: "What is it that must be 1/2: the bias, the gate, or the gate to the power of 8?",
        },
        (
            "First find f: its power of 8 is 1/2. Then find the bias: σ(b_f) = f.",
            "f is the root of order 8 of 1/2, near 0.92. And σ(b) = 1 / (1 + e^(-b)), so e^(-b) = 1/f - 1.",
        ),
        tolerance=0.01,
    ),
    question(
        "12.e",
        "ways",
        "From one state of a GRU to the next",
        4,
        {
            1: "That is what z keeps. Is the old state in the gates and in the candidate, too?",
            2: "Is the old state in both gates? And twice in the last equation, once inside g?",
            3: "Those are the three matrices. Which way has no matrix in it?",
            5: "A gate is one way, however often it is used. Which gate did you count twice?",
        },
        (
            "Mark every h^(t-1) in the four equations.",
            "One in r, one in z, one in g, and one in the last line.",
        ),
    ),
]
