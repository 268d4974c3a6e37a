"""Losses."""

from __future__ import annotations

from typing import Literal

from ferrule import ops
from ferrule.nn.functional.index import check_range
from ferrule.tensor import Tensor

Reduction = Literal["none", "mean", "sum"]


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross entropy of the softmax of ``input`` with ``target``.

    Args:
        input: unnormalised log-probabilities: ``(N, C, ...)`` or ``(C,)``.
        target: class indices, ``(N, ...)`` or ``()``; or probabilities, of the shape of ``input``.
        weight: ``(C,)``: what each class counts.
        ignore_index: an index that does not count.
        reduction: ``"mean"`` (weighted, over indices), ``"sum"`` or ``"none"``.
        label_smoothing: the part of each target that is spread evenly over the classes.

    Raises:
        ShapeError: the shapes do not fit, or an index is no class.
    """
    if target.dtype.is_floating_point:
        return ops.soft_cross_entropy(
            input, target, weight, reduction=reduction, **_given(label_smoothing=label_smoothing)
        )
    if input.ndim:
        classes = input.shape[min(input.ndim - 1, 1)]
        check_range("cross_entropy", "a target", target, classes, ignore_index)
    return ops.cross_entropy(
        input, target, weight,
        ignore_index=ignore_index, reduction=reduction, **_given(label_smoothing=label_smoothing),
    )  # fmt: skip


def _given(**options: float) -> dict[str, float]:
    """Options that are not 0. A call that names 0.0 is not looked up among past calls."""
    return {name: value for name, value in options.items() if value}


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
) -> Tensor:
    """The negative log-likelihood of the classes ``target``, given log-probabilities.

    Args and errors are those of `cross_entropy` with class indices.
    """
    if input.ndim:
        classes = input.shape[min(input.ndim - 1, 1)]
        check_range("nll_loss", "a target", target, classes, ignore_index)
    return ops.nll_loss(input, target, weight, ignore_index=ignore_index, reduction=reduction)


def mse_loss(input: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """The mean of squared differences, their sum, or each of them. Shapes must be equal."""
    return ops.mse_loss(input, target, reduction=reduction)
