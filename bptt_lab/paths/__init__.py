"""Shorter paths through time, and batches of different lengths. From the top down:

learning   these layers on the task of the distance, and their controls
mingru     gates that read the input alone, so that the recurrence is linear
scan       a linear recurrence in few sweeps over all steps, and its backward pass
attention  one look at all steps: softmax attention, and its backward pass
padding    sequences of different lengths in one batch, and the mean over what is real
"""

from bptt_lab.paths import attention, learning, mingru, padding, scan

__all__ = ["attention", "learning", "mingru", "padding", "scan"]
