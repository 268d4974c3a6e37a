"""What becomes of the losses of the elements."""

from __future__ import annotations

from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.reduction import sum
from ferrule.ops.statistics import mean
from ferrule.tensor import Tensor


def check_reduction(op: str, reduction: str) -> None:
    """Refuse what is no reduction."""
    if reduction not in ("none", "mean", "sum"):
        raise ArgumentError(f'{op}: reduction must be "none", "mean" or "sum", not {reduction!r}')


def check_equal(op: str, x: Tensor, **others: Tensor | None) -> None:
    """Refuse shapes that differ."""
    for name, other in others.items():
        if other is not None and other.shape != x.shape:
            raise ShapeError(
                f"{op}: x is {x._type} and {name} {other._type}; their shapes must be equal, "
                "since broadcasting one of them is seldom meant"
            )


def reduced(losses: Tensor, reduction: str) -> Tensor:
    """All losses with ``"none"``, their ``"sum"`` or their ``"mean"``."""
    if reduction == "none":
        return losses
    return sum(losses) if reduction == "sum" else mean(losses)


def reduced_by_weight(losses: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """The same of losses times weights, whose mean is the sum over that of the weights."""
    if weight is None:
        return reduced(losses, reduction)
    losses = losses * weight
    return sum(losses) / sum(weight) if reduction == "mean" else reduced(losses, reduction)
