"""The update rules of optimizers: pure functions from parameter, gradient and state to the next.

The learning rate and the number of the step are operands, so that a schedule never makes a new
plan; what does not change from step to step is an attribute.
"""

from ferrule.ops.optimizer.adam import adam_step, adamw_step
from ferrule.ops.optimizer.adam_variants import adamax_step, nadam_step, radam_step
from ferrule.ops.optimizer.adaptive import adadelta_step, adagrad_step, rmsprop_step
from ferrule.ops.optimizer.averaged import asgd_step
from ferrule.ops.optimizer.norms import adafactor_step, lamb_step
from ferrule.ops.optimizer.orthogonal import muon_step
from ferrule.ops.optimizer.sgd import sgd_step
from ferrule.ops.optimizer.signs import lion_step, rprop_step

__all__ = [
    "adadelta_step",
    "adafactor_step",
    "adagrad_step",
    "adam_step",
    "adamax_step",
    "adamw_step",
    "asgd_step",
    "lamb_step",
    "lion_step",
    "muon_step",
    "nadam_step",
    "radam_step",
    "rmsprop_step",
    "rprop_step",
    "sgd_step",
]
