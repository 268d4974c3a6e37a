"""Losses that ask for a distance, and are 0 where it is kept."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import minimum
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, ge, lt, ne
from ferrule.ops.creation import arange, full
from ferrule.ops.distance import pairwise_distance
from ferrule.ops.exponential import sqrt
from ferrule.ops.indexing import gather, index_select, scatter_add
from ferrule.ops.loss.reduction import check_reduction, reduced
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import amin, sum
from ferrule.ops.shape import reshape
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


def _hinge(x: Tensor) -> Tensor:
    """``max(x, 0)``; at 0 the slope is 1, as PyTorch has it in these losses."""
    return where(x < 0, 0.0, x)


_SIGNS = of(4, 1, low=1.0, high=1.5)
"""Any positive target stands for 1 in a product; integers could not be differentiated by."""


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:margin_ranking_loss",
    samples=[
        (of(4, 3, low=0.0, high=1.0), of(4, 3, low=1.5, high=2.0), _SIGNS),
        sample(of(5, low=1.0, high=2.0), of(5, low=0.0, high=0.9), of(5, low=0.5, high=1.0),
               margin=2.0, reduction="sum"),
        sample(of(3, low=1.0, high=2.0), of(3, low=0.0, high=0.9), of(3, low=0.5, high=1.0),
               reduction="none"),
    ],
    tolerance=4,
)  # fmt: skip
@in_float32
def margin_ranking_loss(
    x1: Tensor, x2: Tensor, target: Tensor, *, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """``max(0, -target * (x1 - x2) + margin)``

    Args:
        x1, x2: scores, of shapes that broadcast and have equally many dims.
        target: 1 where ``x1`` should be ranked higher, -1 where ``x2`` should; likewise.
        margin: by how much.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    check_reduction("margin_ranking_loss", reduction)
    if not x1.ndim == x2.ndim == target.ndim:
        raise ShapeError(
            f"margin_ranking_loss: x1 is {x1._type}, x2 is {x2._type} and target is "
            f"{target._type}; they must have equally many dims"
        )
    return reduced(_hinge(margin - target * (x1 - x2)), reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:hinge_embedding_loss",
    samples=[
        (of(4, 3, low=0.1, high=0.9), of(4, 3, dtype="int64", low=1, high=2)),
        sample(of(5, low=0.1, high=1.9), of(5, dtype="int64", low=-1, high=0), margin=2.0,
               reduction="sum"),
        sample(of(2, 3), of(3, dtype="int64", low=1, high=2), reduction="none"),
    ],
    tolerance=4,
)  # fmt: skip
@in_float32
def hinge_embedding_loss(
    x: Tensor, target: Index[Tensor], *, margin: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """``x`` where ``target`` is 1, and ``max(0, margin - x)`` where it is -1.

    Args:
        x: distances.
        target: integers, 1 or -1, of a shape that broadcasts with that of ``x``.
        margin: how far apart those with -1 should be.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Source: Hadsell, Chopra, LeCun, CVPR 2006.
    """
    check_reduction("hinge_embedding_loss", reduction)
    apart = where(ne(target, 1), _hinge(margin - x), 0.0)
    return reduced(apart + where(ne(target, -1), x, 0.0), reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:cosine_embedding_loss",
    samples=[
        (of(3, 4), of(3, 4), of(3, dtype="int64", low=1, high=2)),
        sample(of(3, 4, low=0.5, high=2.0), of(3, 4, low=0.5, high=2.0),
               of(3, dtype="int64", low=-1, high=0), margin=-0.5, reduction="sum"),
        sample(of(4), of(4), of(dtype="int64", low=1, high=2), reduction="none"),
    ],
    tolerance=16,
)  # fmt: skip
@in_float32
def cosine_embedding_loss(
    x1: Tensor, x2: Tensor, target: Index[Tensor], *, margin: float = 0.0, reduction: str = "mean"
) -> Tensor:
    """One less the cosine of the angle where ``target`` is 1, and ``max(0, cosine - margin)`` where
    it is -1. The cosine is ``x1 @ x2 / sqrt((x1 @ x1 + 1e-12) * (x2 @ x2 + 1e-12))``.

    Args:
        x1, x2: ``(N, D)`` or ``(D,)``.
        target: integers, 1 or -1: ``(N,)`` or ``()``.
        margin: a cosine of at most this is small enough.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    check_reduction("cosine_embedding_loss", reduction)
    if x1.ndim != x2.ndim or x1.ndim != target.ndim + 1 or target.ndim > 1:
        raise ShapeError(
            f"cosine_embedding_loss: x1 is {x1._type}, x2 is {x2._type} and target is "
            f"{target._type}; they must be (N, D), (N, D) and (N,), or (D,), (D,) and ()"
        )
    squares = [sum(x * x, dim=-1) + 1e-12 for x in (x1, x2)]
    cosine = sum(x1 * x2, dim=-1) / (sqrt(squares[0]) * sqrt(squares[1]))
    losses = where(eq(target, 1), 1.0 - cosine, 0.0)
    return reduced(losses + where(eq(target, -1), _hinge(cosine - margin), 0.0), reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:triplet_margin_loss",
    samples=[
        (of(3, 4, low=0.0, high=1.0), of(3, 4, low=1.0, high=2.0), of(3, 4, low=-0.5, high=0.0)),
        sample(of(2, 3, low=0.0, high=1.0), of(2, 3, low=2.0, high=3.0), of(3, low=4.0, high=4.5),
               margin=9.0, p=1.0, swap=True, reduction="sum"),
        sample(of(4, low=0.0, high=1.0), of(4, low=1.0, high=2.0), of(4, low=-0.5, high=0.0), p=3.0,
               reduction="none"),
    ],
    tolerance=16,
)  # fmt: skip
@in_float32
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, distance(anchor, positive) - distance(anchor, negative) + margin)``

    Args:
        anchor, positive, negative: ``(..., D)``, of shapes that broadcast.
        margin: how much further away the negative should be; positive.
        p, eps: of `pairwise_distance`.
        swap: take the distance of positive and negative where it is the smaller one.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Source: Balntas et al., BMVC 2016.
    """
    check_reduction("triplet_margin_loss", reduction)
    if not margin > 0.0:
        raise ArgumentError(f"triplet_margin_loss: margin must be positive, but is {margin}")
    near = pairwise_distance(anchor, positive, p=p, eps=eps)
    far = pairwise_distance(anchor, negative, p=p, eps=eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p=p, eps=eps))
    return reduced(_hinge(near - far + margin), reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:multi_margin_loss",
    samples=[
        (of(4, 3, low=0.0, high=0.9), of(4, dtype="int64", low=0, high=3), None),
        sample(of(4, 3, low=0.0, high=0.9), of(4, dtype="int64", low=0, high=3), of(3), p=2,
               margin=1.5, reduction="none"),
        sample(of(3, low=0.0, high=0.9), of(dtype="int64", low=0, high=3), None, reduction="sum"),
    ],
    tolerance=8,
)  # fmt: skip
@in_float32
def multi_margin_loss(
    x: Tensor,
    target: Index[Tensor],
    weight: Tensor | None = None,
    *,
    p: int = 1,
    margin: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """``sum(max(0, margin - x[target] + x[j]) ** p) / C`` over the classes ``j`` but ``target``.

    Args:
        x: scores: ``(N, C)`` or ``(C,)``.
        target: class indices: ``(N,)`` or ``()``.
        weight: ``(C,)``: a factor for each target's loss.
        p: 1 or 2.
        margin: by how much the target should be above all others.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Source: Crammer, Singer, JMLR 2 (2001).
    """
    check_reduction("multi_margin_loss", reduction)
    if p not in (1, 2):
        raise ArgumentError(f"multi_margin_loss: p must be 1 or 2, not {p}")
    if x.ndim not in (1, 2) or target.shape != x.shape[:-1] or not x.shape[-1]:
        raise ShapeError(
            f"multi_margin_loss: x is {x._type} and target {target._type}; they must be (N, C) and "
            "(N,), or (C,) and (), with one class or more"
        )
    classes = x.shape[-1]
    if weight is not None and weight.shape != (classes,):
        raise ShapeError(
            f"multi_margin_loss: weight is {weight._type}; its shape must be ({classes},)"
        )
    index = reshape(target, shape=(*target.shape, 1))
    gaps = margin - gather(x, index, dim=-1) + x
    others = ne(index, arange(start=0, step=1, length=classes, dtype=int64, device=x.device))
    gaps = where(others & (gaps > 0), gaps, 0.0)
    if p == 2:
        gaps = gaps * gaps
    losses = sum(gaps, dim=-1) / classes
    if weight is not None:
        each = index_select(weight, reshape(target, shape=(-1,)), dim=0)
        losses = losses * reshape(each, shape=target.shape)
    return reduced(losses, reduction)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.loss_references:multilabel_margin_loss",
    samples=[
        (of(4, 3, low=0.0, high=0.9), of(4, 3, dtype="int64", low=-1, high=3)),
        sample(of(4, low=0.0, high=0.9), of(4, dtype="int64", low=0, high=4, distinct=True),
               reduction="sum"),
        sample(of(5, 4, low=0.0, high=0.9), of(5, 4, dtype="int64", low=-1, high=2),
               reduction="none"),
    ],
    tolerance=8,
)  # fmt: skip
@in_float32
def multilabel_margin_loss(x: Tensor, target: Index[Tensor], *, reduction: str = "mean") -> Tensor:
    """``sum(max(0, 1 - x[i] + x[j])) / C`` over all targets ``i`` and all classes ``j`` that are
    none.

    Args:
        x: scores: ``(N, C)`` or ``(C,)``.
        target: of the same shape: class indices up to the first negative number; what follows does
            not count.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
    """
    check_reduction("multilabel_margin_loss", reduction)
    if x.ndim not in (1, 2) or target.shape != x.shape or not x.shape[-1]:
        raise ShapeError(
            f"multilabel_margin_loss: x is {x._type} and target {target._type}; they must have one "
            "shape, (N, C) or (C,), with one class or more"
        )
    n = x.shape[-1]
    places = arange(start=0, step=1, length=n, dtype=int64, device=x.device)
    first = amin(where(lt(target, 0), places, n), dim=-1, keepdim=True)
    given = lt(places, first)
    index = where(given, target, 0)
    zeros = full(shape=x.shape, value=0, dtype=int64, device=x.device)
    times = scatter_add(zeros, index, cast(given, dtype=int64), dim=-1)
    scores = reshape(gather(x, index, dim=-1), shape=(*x.shape, 1))
    gaps = 1.0 - scores + reshape(x, shape=(*x.shape[:-1], 1, n))
    pairs = reshape(given, shape=(*x.shape, 1)) & eq(reshape(times, shape=(*x.shape[:-1], 1, n)), 0)
    losses = sum(where(pairs & ge(gaps, 0.0), gaps, 0.0), dim=(-2, -1)) / n
    return reduced(losses, reduction)
