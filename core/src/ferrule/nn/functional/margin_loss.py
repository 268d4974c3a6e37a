"""Losses that compare samples with each other.

In all of them, ``reduction`` is ``"mean"``, ``"sum"``, or ``"none"`` for the loss of each sample.
"""

from __future__ import annotations

from collections.abc import Callable

from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.nn.functional.loss import Reduction
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    *,
    reduction: Reduction = "mean",
) -> Tensor:
    """``max(0, -target * (input1 - input2) + margin)``: ``input1`` should be larger where
    ``target`` is 1, and smaller where it is -1. The dims must be equally many; they broadcast."""
    return ops.margin_ranking_loss(input1, input2, target, margin=margin, reduction=reduction)


def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, *, reduction: Reduction = "mean"
) -> Tensor:
    """``input`` where ``target`` is 1, and ``max(0, margin - input)`` where it is -1; shapes
    broadcast."""
    signs = _signs(target)
    return ops.hinge_embedding_loss(input, signs, margin=margin, reduction=reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    *,
    reduction: Reduction = "mean",
) -> Tensor:
    """One less the cosine of the angle between vectors where ``target`` is 1, and ``max(0, cosine -
    margin)`` where it is -1.

    Args:
        input1, input2: ``(N, D)`` or ``(D,)``.
        target: 1 or -1: ``(N,)`` or ``()``.
        margin: a cosine of at most this is small enough.
        reduction: see above.
    """
    signs = _signs(target)
    return ops.cosine_embedding_loss(input1, input2, signs, margin=margin, reduction=reduction)


def _signs(target: Tensor) -> Tensor:
    """Targets as integers: floats stand for them too, and what is neither 1 nor -1 for 0."""
    if target.dtype.category == "integer":
        return target
    return ops.eq(target, 1).to(int64) - ops.eq(target, -1).to(int64)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: Reduction = "mean",
) -> Tensor:
    """``max(0, distance(anchor, positive) - distance(anchor, negative) + margin)``

    Args:
        anchor, positive, negative: ``(..., D)``, of equally many dims, which broadcast.
        margin: how much further away the negative should be; positive.
        p, eps: of `pairwise_distance`.
        swap: take the distance of positive and negative where it is the smaller one.
        reduction: see above.
    """
    _check_dims("triplet_margin_loss", anchor, positive, negative)
    return ops.triplet_margin_loss(
        anchor, positive, negative, margin=margin, p=p, eps=eps, swap=swap, reduction=reduction
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: Reduction = "mean",
) -> Tensor:
    """`triplet_margin_loss` with any function of two tensors as the distance, by default
    `pairwise_distance`."""
    name = "triplet_margin_with_distance_loss"
    if reduction not in ("none", "mean", "sum"):
        raise ArgumentError(f'{name}: reduction must be "none", "mean" or "sum", not {reduction!r}')
    if not margin > 0:
        raise ArgumentError(f"{name}: margin must be positive, but is {margin}")
    _check_dims(name, anchor, positive, negative)
    distance = ops.pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ops.minimum(far, distance(positive, negative))
    losses = ops.clamp(near - far + margin, 0)
    if reduction == "none":
        return losses
    return ops.sum(losses) if reduction == "sum" else ops.mean(losses)


def _check_dims(name: str, anchor: Tensor, positive: Tensor, negative: Tensor) -> None:
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise ShapeError(
            f"{name}: anchor is {anchor._type}, positive is {positive._type} and negative is "
            f"{negative._type}; they must have equally many dims"
        )
