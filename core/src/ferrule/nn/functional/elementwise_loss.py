"""Losses of numbers and of probabilities, element by element.

In all of them, ``reduction`` is ``"mean"``, ``"sum"``, or ``"none"`` for the loss of each element.
Where PyTorch warns that it broadcasts shapes that differ, they are refused.
"""

from __future__ import annotations

from typing import Literal

import ferrule as fe
from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.modes import current
from ferrule.nn.functional.loss import Reduction
from ferrule.tensor import Tensor


def mse_loss(
    input: Tensor, target: Tensor, *, reduction: Reduction = "mean", weight: Tensor | None = None
) -> Tensor:
    """Squared differences of tensors of one shape. With ``weight``, of the same, the mean is over
    the sum of the weights."""
    return ops.mse_loss(input, target, weight, reduction=reduction)


def l1_loss(
    input: Tensor, target: Tensor, *, reduction: Reduction = "mean", weight: Tensor | None = None
) -> Tensor:
    """Absolute differences of tensors of one shape. With ``weight``, of the same, the mean is over
    the sum of the weights."""
    return ops.l1_loss(input, target, weight, reduction=reduction)


def smooth_l1_loss(
    input: Tensor, target: Tensor, *, reduction: Reduction = "mean", beta: float = 1.0
) -> Tensor:
    """``d ** 2 / (2 * beta)`` of differences ``d`` smaller than ``beta``, and ``abs(d) - beta / 2``
    of others."""
    return ops.smooth_l1_loss(input, target, reduction=reduction, beta=beta)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: Reduction = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """``d ** 2 / 2`` of differences ``d`` smaller than ``delta``, and ``delta * (abs(d) - delta /
    2)`` of others, times ``weight``, of the same shape. The mean is over the elements."""
    return ops.huber_loss(input, target, weight, reduction=reduction, delta=delta)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: Reduction = "mean",
) -> Tensor:
    """The negative log-likelihood of ``target`` under normal distributions.

    Args:
        input: their means.
        target: of a shape that broadcasts with that of ``input``.
        var: their variances, not negative: of the shape of ``input``, or with size 1 in the place
            of one dim, or without the last one; or a number.
        full: add the constant term, ``log(2 * pi) / 2``.
        eps: what variances are at least taken to be.
        reduction: see above.

    Raises:
        ShapeError: ``var`` does not fit.
        ArgumentError: a variance is negative.
    """
    if not isinstance(var, Tensor):
        var = fe.full_like(input, float(var))
    negative = not current().stack and bool(ops.any(ops.lt(var, 0)))
    if negative:
        raise ArgumentError("gaussian_nll_loss: var has a negative element")
    if var.shape != input.shape:
        if var.shape == input.shape[:-1]:
            var = fe.unsqueeze(var, -1)
        elif var.ndim != input.ndim or [m for n, m in zip(input.shape, var.shape) if n != m] != [1]:
            raise ShapeError(
                f"gaussian_nll_loss: the input is {input._type} and var is {var._type}; var must "
                "have the shape of the input, or size 1 in one dim, or lack the last one"
            )
    return ops.gaussian_nll_loss(input, target, var, full=full, eps=eps, reduction=reduction)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    *,
    eps: float = 1e-8,
    reduction: Reduction = "mean",
) -> Tensor:
    """The negative log-likelihood of the counts ``target`` under Poisson distributions.

    Args:
        input: the logarithms of their expected counts; without ``log_input``, the counts.
        target: of a shape that broadcasts with that of ``input``.
        log_input: what ``input`` is.
        full: add Stirling's approximation of the term of the target alone.
        eps: keeps the logarithm from 0.
        reduction: see above.
    """
    return ops.poisson_nll_loss(
        input, target, log_input=log_input, full=full, eps=eps, reduction=reduction
    )


def kl_div(
    input: Tensor,
    target: Tensor,
    *,
    reduction: Literal["none", "mean", "sum", "batchmean"] = "mean",
    log_target: bool = False,
) -> Tensor:
    """``target * (log(target) - input)``.

    Args:
        input: log-probabilities.
        target: probabilities, or with ``log_target`` their logarithms, of a shape that broadcasts.
        reduction: see above; ``"batchmean"``, which is the divergence that mathematics knows, is
            the sum over the size of dim 0.
        log_target: what ``target`` is.
    """
    return ops.kl_div(input, target, reduction=reduction, log_target=log_target)


def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: Reduction = "mean"
) -> Tensor:
    """``-(target * log(input) + (1 - target) * log(1 - input))``, with logarithms of at least -100.

    Args:
        input: probabilities.
        target: probabilities, of the same shape.
        weight: a factor for each element, of a shape that broadcasts to theirs.
        reduction: see above.

    Raises:
        ArgumentError: an element is not within [0, 1].
    """
    for name, x in (("the input", input), ("the target", target)):
        _check_probabilities(name, x)
    return ops.binary_cross_entropy(input, target, weight, reduction=reduction)


def _check_probabilities(name: str, x: Tensor) -> None:
    """Refuse what is no probability. Under an interpreter values may not exist as yet."""
    if current().stack or not x.numel():
        return
    if not ops.all(ops.ge(x, 0) & ops.le(x, 1)):
        raise ArgumentError(
            f"binary_cross_entropy: {name} has an element that does not lie in [0, 1]; for "
            "log-odds use binary_cross_entropy_with_logits"
        )


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: Reduction = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of the sigmoid of ``input``, without overflow or cancellation.

    Args:
        input: log-odds.
        target: probabilities, of the same shape.
        weight: a factor for each element, of a shape that broadcasts to theirs.
        reduction: see above.
        pos_weight: likewise: a factor for the term of ``target``.
    """
    return ops.binary_cross_entropy_with_logits(
        input, target, weight, pos_weight, reduction=reduction
    )


def soft_margin_loss(input: Tensor, target: Tensor, *, reduction: Reduction = "mean") -> Tensor:
    """``log(1 + exp(-target * input))`` with targets of 1 and -1; shapes broadcast."""
    return ops.soft_margin_loss(input, target, reduction=reduction)


def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: Reduction = "mean"
) -> Tensor:
    """For each sample the mean over the classes, the last dim, of
    `binary_cross_entropy_with_logits`."""
    return ops.multilabel_soft_margin_loss(input, target, weight, reduction=reduction)
