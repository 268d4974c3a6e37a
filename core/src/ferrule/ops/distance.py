"""Vectors brought to one length, and how far or how alike two of them are.

Gradients at the vector 0, where a length has no slope, are taken as 0.
"""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, OutOfRange, ShapeError
from ferrule.ops.arithmetic import abs
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import lt
from ferrule.ops.creation import arange
from ferrule.ops.indexing import index_select
from ferrule.ops.inference import broadcast_shapes
from ferrule.ops.linalg.norms import vector_norm
from ferrule.ops.order import sort
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import sum
from ferrule.ops.shape import narrow
from ferrule.samples import of, sample
from ferrule.schema import Dims
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int32, int64


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:normalize",
    samples=[
        sample(of(3, 4), dim=1),
        sample(of(2, 3, 2, low=0.2, high=2.0), p=3.0, dim=0),
        sample(of(2, 3, low=0.2, high=2.0), p=1.0, dim=(0, 1)),
        sample(of(3, 2, distinct=True), p=math.inf, dim=1),
        sample(of(3, 2, low=0.1, high=0.2), dim=1, eps=1.0),
        sample(of(0, 3), dim=1),
    ],
    tolerance=8,
)
@in_float32
def normalize(x: Tensor, *, p: float = 2.0, dim: Dims = 1, eps: float = 1e-12) -> Tensor:
    """``x`` over its p-norm along ``dim``, or over ``eps`` where that is larger."""
    norm = vector_norm(x, ord=p, dim=dim, keepdim=True)
    return x / where(norm < eps, eps, norm)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.nn_references:cosine_similarity",
    samples=[
        sample(of(3, 4), of(3, 4)),
        sample(of(2, 3, 2), of(3, 1), dim=-2),
        sample(of(5), of(5), dim=0),
        sample(of(3, 2, low=0.1, high=0.2), of(3, 2), eps=1.0),
    ],
    tolerance=8,
)
@in_float32
def cosine_similarity(x1: Tensor, x2: Tensor, *, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along ``dim``.

    Args:
        x1, x2: of shapes that broadcast.
        dim: a dim of the broadcast shape, which the result does not have.
        eps: each vector is divided by its length, or by ``eps`` where that is larger.
    """
    shape = broadcast_shapes(x1.shape, x2.shape)
    ndim = max(len(shape), 1)
    if not -ndim <= dim < ndim:
        raise OutOfRange(
            f"cosine_similarity: dim={dim} is out of range; {x1._type} and {x2._type} broadcast to "
            f"{shape}"
        )
    missing = dim % ndim - len(shape)  # as both tensors count it
    return sum(_direction(x1, missing, shape, eps) * _direction(x2, missing, shape, eps),
               dim=missing if shape else ())  # fmt: skip


def _direction(x: Tensor, dim: int, shape: tuple[int, ...], eps: float) -> Tensor:
    """``x`` over its length along ``dim``, a negative one, of tensors of ``shape``."""
    if not shape:
        norm = abs(x)
    elif -dim > x.ndim or x.shape[dim] != shape[dim]:
        # one number that stands for all of the vector's
        size = abs(x) * math.sqrt(shape[dim])
        return x / where(size < eps, eps, size)
    else:
        norm = vector_norm(x, ord=2.0, dim=dim, keepdim=True)
    return x / where(norm < eps, eps, norm)


@composite(
    dtypes=floating,
    autocast="float32",
    promote="float",
    ref="ferrule_conformance.nn_references:pairwise_distance",
    samples=[
        sample(of(3, 4), of(3, 4)),
        sample(of(2, 3, low=0.0, high=1.0), of(3, low=1.5, high=2.0), p=1.0, keepdim=True),
        sample(of(5), of(5, low=3.0, high=4.0), p=3.0),
        sample(of(0, 2), of(0, 2)),
    ],
    tolerance=8,
)
@in_float32
def pairwise_distance(
    x1: Tensor, x2: Tensor, *, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` over the last dim.

    Args:
        x1, x2: ``(..., D)``, of shapes that broadcast.
        p: which norm.
        eps: keeps equal vectors apart, so that the gradient is not that of a corner.
        keepdim: keep the last dim, with size 1.
    """
    difference = x1 - x2 + eps
    dim = (difference.ndim - 1,) if difference.ndim else ()
    return vector_norm(difference, ord=p, dim=dim, keepdim=keepdim)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.nn_references:pdist",
    samples=[
        sample(of(4, 3)),
        sample(of(3, 2, distinct=True), p=1.0),
        sample(of(4, 2, distinct=True), p=math.inf),
        sample(of(3, 2, distinct=True), p=3.0),
        sample(of(1, 3)),
    ],
    tolerance=8,
)
@in_float32
def pdist(x: Tensor, *, p: float = 2.0) -> Tensor:
    """The p-norm distances between all pairs of rows.

    Args:
        x: ``(N, D)``.
        p: which norm, not negative.

    Returns:
        ``(N * (N - 1) / 2,)``: of the rows 0 and 1, 0 and 2, ..., 1 and 2, ...
    """
    if x.ndim != 2:
        raise ShapeError(f"pdist: x is {x._type}; it must have two dims, (N, D)")
    if not p >= 0.0:
        raise ArgumentError(f"pdist: p must not be negative, but is {p}")
    n = x.shape[0]
    places = arange(start=0, step=1, length=n * n, dtype=int64, device=x.device)
    first, second = places // max(n, 1), places % max(n, 1)
    # sorting is stable, so the pairs in order come before all others, and stay in their order
    order = sort(cast(lt(first, second), dtype=int32), dim=0, descending=True)[1]
    pairs = narrow(order, dim=0, start=0, length=n * (n - 1) // 2)
    rows, others = (index_select(each, pairs, dim=0) for each in (first, second))
    difference = index_select(x, rows, dim=0) - index_select(x, others, dim=0)
    if not x.shape[1]:
        return sum(difference, dim=(1,))
    return vector_norm(difference, ord=p, dim=1)
