"""Schedules of the learning rate, under PyTorch's names. A warm-up is `LinearLR`, most often the
first of a `SequentialLR`."""

from ferrule.optim.lr_scheduler.combination import ChainedScheduler, SequentialLR
from ferrule.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from ferrule.optim.lr_scheduler.cycle import CyclicLR, OneCycleLR
from ferrule.optim.lr_scheduler.decay import (
    ConstantLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from ferrule.optim.lr_scheduler.functions import LambdaLR, MultiplicativeLR
from ferrule.optim.lr_scheduler.plateau import ReduceLROnPlateau
from ferrule.optim.lr_scheduler.scheduler import LRScheduler

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
