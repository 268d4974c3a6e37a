"""Optimizers."""

from ferrule.optim.adam import Adam, AdamW
from ferrule.optim.optimizer import Optimizer
from ferrule.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
