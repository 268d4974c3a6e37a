"""What the update rules share: checks of their operands, and their first steps."""

from __future__ import annotations

import math

from ferrule.errors import ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.exponential import expm1
from ferrule.samples import Input, of
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float32, float64

RATE = of(low=0.01, high=0.1)
STEP = of(dtype="int64", low=1, high=50)


def positive(*shape: int) -> Input:
    """A sample of something that is a mean of squares."""
    return of(*shape, low=0.1, high=1.0)


def check_like(op: str, param: Tensor, lr: Tensor | None, **others: Tensor | None) -> None:
    """Refuse a learning rate that is not one number, and operands of another shape than the
    parameter's."""
    if lr is not None:
        check_number(op, lr=lr)
    for name, x in others.items():
        if x is not None and x.shape != param.shape:
            raise ShapeError(
                f"{op}: param is {param._type} and {name} is {x._type}; their shapes must be equal"
            )


def check_number(op: str, **others: Tensor) -> None:
    """Refuse operands that have dims."""
    for name, x in others.items():
        if x.shape:
            raise ShapeError(f"{op}: {name} is {x._type}; it must be one number")


def direction(param: Tensor, grad: Tensor, weight_decay: float, maximize: bool) -> Tensor:
    """The gradient of what is minimised, with that of the L2 penalty."""
    if maximize:
        grad = -grad
    return grad + param * weight_decay if weight_decay else grad


def moving_average(average: Tensor, value: Tensor, beta: float) -> Tensor:
    """``beta * average + (1 - beta) * value``, exact where both are equal and for a beta of 0."""
    way = value - average
    return average + way * (1.0 - beta) if beta > 0.5 else value - way * beta


def square_average(average: Tensor, value: Tensor, beta: float) -> Tensor:
    """``beta * average + (1 - beta) * value**2``."""
    return average * beta + value * value * (1.0 - beta)


def as_float(step: Tensor, like: Tensor) -> Tensor:
    """The number of a step in the precision of a parameter; at least in float32, because 16 bits do
    not hold it."""
    return cast(step, dtype=float64 if like.dtype is float64 else float32)


def bias_correction(beta: float, t: Tensor) -> Tensor | float:
    """``1 - beta**t``, without the cancellation."""
    return -expm1(t * math.log(beta)) if beta else 1.0
