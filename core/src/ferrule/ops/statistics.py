"""Composites that summarise, and elementwise composites that need no kernel of their own."""

from __future__ import annotations

import math

from ferrule.declare import booleans, composite, everything, floating, numeric, real
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import div, mul, sub
from ferrule.ops.choice import where
from ferrule.ops.comparison import eq, ne
from ferrule.ops.exponential import exp, log, sqrt
from ferrule.ops.inference import without
from ferrule.ops.reduction import amax, sum
from ferrule.ops.shape import reshape
from ferrule.samples import of, sample
from ferrule.schema import Dims
from ferrule.tensor import Tensor


def _count(x: Tensor, dim: tuple[int, ...]) -> int:
    return math.prod(x.shape[d] for d in dim)


@composite(
    dtypes=floating,
    ref="numpy:mean",
    samples=[sample(of(3, 4)), sample(of(2, 3, 4), dim=(0, 2), keepdim=True), sample(of(5), dim=0)],
    tolerance=2,
)
def mean(x: Tensor, *, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The arithmetic mean over ``dim``, or over everything."""
    return sum(x, dim=dim, keepdim=keepdim) * (1.0 / n if (n := _count(x, dim)) else math.nan)


@composite(
    dtypes=floating,
    samples=[
        sample(of(3, 4)),
        sample(of(2, 3, 4), dim=(0, 2), keepdim=True),
        sample(of(5), dim=0, correction=0),
    ],
    ref="ferrule_conformance.references:var",
    tolerance=4,
)
def var(x: Tensor, *, dim: Dims = None, correction: int = 1, keepdim: bool = False) -> Tensor:
    """The variance over ``dim``: squared distances from the mean, over ``n - correction``."""
    centred = x - mean(x, dim=dim, keepdim=True)
    n = _count(x, dim) - correction
    return sum(centred * centred, dim=dim, keepdim=keepdim) * (1.0 / n if n > 0 else math.nan)


@composite(
    dtypes=floating,
    promote="float",
    samples=[sample(of(3, 4), dim=1), sample(of(2, 3), dim=(0, 1), keepdim=True)],
    ref="ferrule_conformance.references:logsumexp",
    tolerance=4,
)
def logsumexp(x: Tensor, *, dim: Dims, keepdim: bool = False) -> Tensor:
    """``log(sum(exp(x)))`` over ``dim``, without overflow."""
    top = amax(x, dim=dim, keepdim=True).detach()
    top = where(eq(sub(top, top), 0.0), top, 0.0)  # an infinite maximum must not become NaN
    total = log(sum(exp(x - top), dim=dim, keepdim=True)) + top
    return total if keepdim else reshape(total, shape=without(x.shape, dim))


@composite(dtypes=numeric, samples=[(of(3, 4),)], ref="numpy:square")
def square(x: Tensor) -> Tensor:
    """Elementwise ``x * x``."""
    return x * x


@composite(
    dtypes=floating,
    promote="float",
    samples=[(of(3, 4, low=0.5, high=2.0),)],
    ref="numpy:reciprocal",
)
def reciprocal(x: Tensor) -> Tensor:
    """Elementwise ``1 / x``."""
    return div(1.0, x)


@composite(
    dtypes=floating,
    promote="float",
    samples=[(of(3, 4, low=0.5, high=2.0),)],
    ref="ferrule_conformance.references:rsqrt",
)
def rsqrt(x: Tensor) -> Tensor:
    """Elementwise ``1 / sqrt(x)``."""
    return div(1.0, sqrt(x))


@composite(
    dtypes=everything,
    samples=[(of(4), of(4)), (of(3, 1), of(2))],
    ref="numpy:logical_and",
    differentiable=False,
)
def logical_and(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise: both are not 0."""
    return mul(ne(a, 0), ne(b, 0))


@composite(
    dtypes=everything,
    samples=[(of(4), of(4)), (of(3, 1), of(2))],
    ref="numpy:logical_or",
    differentiable=False,
)
def logical_or(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise: one is not 0."""
    return ne(a, 0) | ne(b, 0)


@composite(dtypes=everything, samples=[(of(4),)], ref="numpy:logical_not", differentiable=False)
def logical_not(x: Tensor) -> Tensor:
    """Elementwise: it is 0."""
    return eq(x, 0)


@composite(dtypes=everything, samples=[(of(4),)], ref="numpy:isnan", differentiable=False)
def isnan(x: Tensor) -> Tensor:
    """Elementwise: it is not a number."""
    return ne(x, x)


@composite(dtypes=real, samples=[(of(4),)], ref="numpy:isfinite", differentiable=False)
def isfinite(x: Tensor) -> Tensor:
    """Elementwise: it is neither infinite nor NaN."""
    return eq(x * 0, 0)


@composite(
    dtypes=real | booleans,
    samples=[
        (of(3, 4), of(4, low=-1.0, high=-0.5), of(4, low=0.5, high=1.0)),
        (of(3), None, of(low=0.1, high=0.2)),
        (of(3), of(low=0.1, high=0.2), None),
    ],
    ref="ferrule_conformance.references:clamp",
)
def clamp(x: Tensor, min: Tensor | None = None, max: Tensor | None = None) -> Tensor:
    """Elementwise, ``x`` brought between ``min`` and ``max``; ``max`` wins where they cross. At a
    bound the whole gradient is that of ``x``."""
    if min is None and max is None:
        raise ShapeError("clamp: one of min and max must be given")
    if min is not None:
        x = where(x < min, min, x)
    if max is not None:
        x = where(x > max, max, x)
    return x
