"""Functions of this folder that compute the gradient of the plain network, or most of it: exercises forbid them."""

from bptt_lab.through_time import checkpointed, influence, rank_one, truncated

GIVE_IT_AWAY = (
    *(truncated.truncated_backward, truncated.truncated_state_grads, truncated.chunked_backward),
    *(checkpointed.checkpointed_backward, checkpointed.backward_from),
    *(influence.rtrl, influence.step, influence.grads_of_step),  # the last two are those of `learn_online`, too
    *(rank_one.uoro, rank_one.estimates, rank_one.step),
)
