"""Losses of classes: each sample has one, or a distribution over them."""

from __future__ import annotations

import math
from typing import Any

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import ge, lt, ne
from ferrule.ops.indexing import gather, index_select
from ferrule.ops.loss.reduction import check_reduction, reduced
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import sum
from ferrule.ops.shape import reshape
from ferrule.ops.softmax import log_softmax
from ferrule.samples import Input, of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor


def _classes(*shape: int, high: int) -> Input:
    return of(*shape, dtype="int64", low=0, high=high)


_SAMPLES: list[tuple[tuple[Input | None, ...], dict[str, Any]]] = [
    ((of(4, 3), _classes(4, high=3), None), {}),
    ((of(4, 3), _classes(4, high=3), of(3, low=0.1, high=1.0)), {"ignore_index": 1}),
    ((of(2, 3, 2), _classes(2, 2, high=3), of(3, low=0.1, high=1.0)), {"reduction": "none"}),
    ((of(2, 3, 2), _classes(2, 2, high=3), None), {"reduction": "sum", "ignore_index": 0}),
    ((of(3), _classes(high=3), None), {}),
]


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:nll_loss",
    samples=[sample(*inputs, **options) for inputs, options in _SAMPLES],
    tolerance=2,
)
@in_float32
def nll_loss(
    x: Tensor,
    target: Index[Tensor],
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood of the right classes.

    Args:
        x: log-probabilities: ``(N, C, ...)`` or ``(C,)``.
        target: class indices: ``(N, ...)`` or ``()``. One that is no class makes a loss of NaN.
        weight: ``(C,)``: what each class counts.
        ignore_index: a target that does not count.
        reduction: ``"none"``: of the shape of ``target``; ``"sum"``; ``"mean"``: the sum over the
            weights of the targets.
    """
    check_reduction("nll_loss", reduction)
    _check_classes("nll_loss", x, target, weight)
    losses, counts = _weighted(x, target, weight, ignore_index)
    if reduction == "none":
        return losses
    total = sum(losses)
    return total if reduction == "sum" else total / sum(counts)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:cross_entropy",
    samples=[sample(*inputs, **options) for inputs, options in _SAMPLES]
    + [sample(*inputs, **options, label_smoothing=0.2) for inputs, options in _SAMPLES[:4]],
    tolerance=8,
)
@in_float32
def cross_entropy(
    x: Tensor,
    target: Index[Tensor],
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """`nll_loss` of `log_softmax`.

    Args:
        x: unnormalised log-probabilities: ``(N, C, ...)`` or ``(C,)``.
        target, weight, ignore_index, reduction: as in `nll_loss`.
        label_smoothing: the part of each target that is spread evenly over the classes. Source:
            Szegedy et al., arXiv:1512.00567.
    """
    check_reduction("cross_entropy", reduction)
    _check_smoothing("cross_entropy", label_smoothing)
    _check_classes("cross_entropy", x, target, weight)
    dim = min(x.ndim - 1, 1)
    likelihood = log_softmax(x, dim=dim)
    losses, counts = _weighted(likelihood, target, weight, ignore_index)
    if label_smoothing:
        spread = sum(_by_class(likelihood, weight), dim=dim)
        spread = where(ne(target, ignore_index), spread, 0.0) / -x.shape[dim]
        losses = losses * (1.0 - label_smoothing) + spread * label_smoothing
    if reduction == "none":
        return losses
    total = sum(losses)
    return total if reduction == "sum" else total / sum(counts)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:soft_cross_entropy",
    samples=[
        sample(of(4, 3), of(4, 3, low=0.0, high=1.0), None),
        sample(of(2, 3, 2), of(2, 3, 2, low=0.0, high=1.0), of(3, low=0.1, high=1.0)),
        sample(of(4, 3), of(4, 3, low=0.0, high=1.0), None, reduction="none"),
        sample(of(3), of(3, low=0.0, high=1.0), None, reduction="sum", label_smoothing=0.3),
    ],
    tolerance=8,
)
@in_float32
def soft_cross_entropy(
    x: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross entropy between ``target`` and the softmax of ``x``.

    Args:
        x: unnormalised log-probabilities: ``(N, C, ...)`` or ``(C,)``.
        target: probabilities of the classes, of the shape of ``x``.
        weight: ``(C,)``: what each class counts.
        reduction: ``"none"``, ``"sum"``, or ``"mean"``: the sum over the number of distributions.
        label_smoothing: as in `cross_entropy`.
    """
    check_reduction("cross_entropy", reduction)
    _check_smoothing("cross_entropy", label_smoothing)
    if not x.ndim or target.shape != x.shape:
        raise ShapeError(
            f"cross_entropy: x is {x._type} and target {target._type}; class probabilities must "
            "have the shape of x, with at least one dim"
        )
    dim = min(x.ndim - 1, 1)
    _check_weight("cross_entropy", x.shape[dim], weight)
    if label_smoothing:
        target = target * (1.0 - label_smoothing) + label_smoothing / x.shape[dim]
    likelihood = _by_class(log_softmax(x, dim=dim), weight)
    losses = -sum(likelihood * target, dim=dim)
    return reduced(losses, reduction)


def _weighted(
    likelihood: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> tuple[Tensor, Tensor]:
    """For each target its loss and what it counts."""
    dim = min(likelihood.ndim - 1, 1)
    known = ge(target, 0) & lt(target, likelihood.shape[dim])
    counted = ne(target, ignore_index)
    chosen = where(known, target, 0)
    index = reshape(chosen, shape=(*target.shape[:dim], 1, *target.shape[dim:]))
    likely = where(known, reshape(gather(likelihood, index, dim=dim), shape=target.shape), math.nan)
    if weight is None:
        counts = cast(counted, dtype=likelihood.dtype)
    else:
        each = index_select(weight, reshape(chosen, shape=(-1,)), dim=0)
        counts = where(counted, reshape(each, shape=target.shape), 0.0)
    return where(counted, -likely * counts, 0.0), counts


def _by_class(x: Tensor, weight: Tensor | None) -> Tensor:
    """``x`` times the weights of its classes."""
    if weight is None:
        return x
    return x * reshape(weight, shape=(weight.shape[0], *(1,) * (x.ndim - 2)))


def _check_smoothing(op: str, label_smoothing: float) -> None:
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(f"{op}: label_smoothing must lie in [0, 1], not {label_smoothing}")


def _check_classes(op: str, x: Tensor, target: Tensor, weight: Tensor | None) -> None:
    dim = min(x.ndim - 1, 1)
    if not x.ndim or target.shape != (*x.shape[:dim], *x.shape[dim + 1 :]):
        raise ShapeError(
            f"{op}: x is {x._type} and target {target._type}; target must have the shape of x "
            "without its dim of classes, which is dim 1 of (N, C, ...)"
        )
    _check_weight(op, x.shape[dim], weight)


def _check_weight(op: str, classes: int, weight: Tensor | None) -> None:
    if weight is not None and weight.shape != (classes,):
        raise ShapeError(f"{op}: weight is {weight._type}; its shape must be ({classes},)")
