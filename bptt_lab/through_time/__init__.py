"""Gradients through time: how they vanish, what they cost, and the other ways to get them. From the top down:

sliders             a live picture of vanishing and exploding
plots               pictures of all this
costs               operations, bytes, seconds
truncated_exercise  what the doctor must know of a student's truncated back propagation,
rtrl_exercise       and of a student's RTRL
answers             what neither may call
online              learning along a stream that need not end
rank_one            a guess of the gradient that is right on average, at the price of a backward step for each step
influence           the gradient without looking back: real-time recurrent learning
checkpointed        the gradient with few states in memory
truncated           back propagation that looks back a limited number of steps
reach               how a state depends on earlier ones, and which error reaches how far back
norms               the length of a gradient, its direction, and a limit to its length

All gradients here are those of `bptt.backward`, or say how far from it they are.
"""

from bptt_lab.through_time import costs, plots, sliders
from bptt_lab.through_time.answers import GIVE_IT_AWAY
from bptt_lab.through_time.checkpointed import checkpointed_backward, forward_steps, schedule
from bptt_lab.through_time.influence import rtrl
from bptt_lab.through_time.norms import angle, clip, norm
from bptt_lab.through_time.online import learn_online
from bptt_lab.through_time.rank_one import estimates, uoro
from bptt_lab.through_time.reach import credit, jacobians, products, spectral_radius, with_spectral_radius
from bptt_lab.through_time.rtrl_exercise import RTRL
from bptt_lab.through_time.truncated import chunked_backward, truncated_backward
from bptt_lab.through_time.truncated_exercise import TRUNCATED

__all__ = ["GIVE_IT_AWAY", "RTRL", "TRUNCATED", "angle", "checkpointed_backward", "chunked_backward", "clip", "costs",
           "credit", "estimates", "forward_steps", "jacobians", "learn_online", "norm", "plots", "products",
           "rtrl", "schedule", "sliders", "spectral_radius", "truncated_backward", "uoro", "with_spectral_radius",
           ]  # fmt: skip
