"""Means, variances and other sums over dims."""

from __future__ import annotations

import math

from ferrule.declare import complexes, composite, everything, floating
from ferrule.ops.arithmetic import sub
from ferrule.ops.choice import where
from ferrule.ops.comparison import eq, ne
from ferrule.ops.complex import imag, real
from ferrule.ops.exponential import exp, log, sqrt
from ferrule.ops.inference import without
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import amax, restored, sum
from ferrule.ops.shape import reshape
from ferrule.samples import of, sample
from ferrule.schema import Dims
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped


def _count(x: Shaped, dim: tuple[int, ...]) -> int:
    return math.prod(x.shape[d] for d in dim)


_SAMPLES = [
    sample(of(3, 4)),
    sample(of(2, 3, 4), dim=(0, 2), keepdim=True),
    sample(of(5), dim=0),
]


@composite(dtypes=floating | complexes, ref="numpy:mean", samples=_SAMPLES, tolerance=2)
@in_float32
def mean(x: Tensor, *, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The arithmetic mean over ``dim``, or over everything. NaN of no elements."""
    return sum(x, dim=dim, keepdim=keepdim) / _count(x, dim)


@mean.vjp
def _(g, x: Shaped, dim):
    return restored(g / _count(x, dim), x, dim)


_SPREAD = [
    sample(of(3, 4)),
    sample(of(2, 3, 4), dim=(0, 2), keepdim=True),
    sample(of(5), dim=0, correction=0),
    sample(of(2, 5), dim=1, correction=1.5),
]


@composite(
    dtypes=floating | complexes,
    samples=_SPREAD,
    ref="ferrule_conformance.statistics_references:var",
    tolerance=4,
)
@in_float32
def var(x: Tensor, *, dim: Dims = None, correction: float = 1, keepdim: bool = False) -> Tensor:
    """The variance over ``dim``: squared distances from the mean, over ``n - correction``, or over
    0 where that is less. Real for complex elements."""
    squares = _squared(x - mean(x, dim=dim, keepdim=True))
    return sum(squares, dim=dim, keepdim=keepdim) / _freedom(x, dim, correction)


@var.vjp
@in_float32
def _(g, x, dim, correction):
    n = _freedom(x, dim, correction)
    centred = x - mean(x, dim=dim, keepdim=True)
    return restored(g, x, dim) * (centred * (2.0 / n if n else math.inf))


def _squared(x: Tensor) -> Tensor:
    """The squares of the elements' sizes."""
    if not x.dtype.is_complex:
        return x * x
    a, b = real(x), imag(x)
    return a * a + b * b


def _freedom(x: Shaped, dim: tuple[int, ...], correction: float) -> float:
    return max(_count(x, dim) - correction, 0.0)


@composite(
    dtypes=floating | complexes,
    samples=_SPREAD,
    ref="ferrule_conformance.statistics_references:std",
    tolerance=8,
)
@in_float32
def std(x: Tensor, *, dim: Dims = None, correction: float = 1, keepdim: bool = False) -> Tensor:
    """The standard deviation over ``dim``: the root of `var`. Where it is 0, so is its gradient."""
    return sqrt(var(x, dim=dim, correction=correction, keepdim=keepdim))


@std.vjp
@in_float32
def _(g, y, x, dim, correction):
    flat = eq(y, 0)
    slope = where(flat, 0.0, g / where(flat, 1.0, y * _freedom(x, dim, correction)))
    return restored(slope, x, dim) * (x - mean(x, dim=dim, keepdim=True))


@composite(
    dtypes=floating,
    autocast="float32",
    promote="float",
    samples=[
        sample(of(3, 4), dim=1),
        sample(of(2, 3), dim=(0, 1), keepdim=True),
        sample(of(0, 2), dim=0),
    ],
    ref="ferrule_conformance.statistics_references:logsumexp",
    tolerance=4,
)
@in_float32
def logsumexp(x: Tensor, *, dim: Dims, keepdim: bool = False) -> Tensor:
    """``log(sum(exp(x)))`` over ``dim``, without overflow."""
    if not _count(x, dim):
        return sum(x, dim=dim, keepdim=keepdim) - math.inf
    top = amax(x, dim=dim, keepdim=True).detach()
    top = where(eq(sub(top, top), 0.0), top, 0.0)  # an infinite maximum must not become NaN
    total = log(sum(exp(x - top), dim=dim, keepdim=True)) + top
    return total if keepdim else reshape(total, shape=without(x.shape, dim))


@composite(
    dtypes=everything - complexes,
    samples=_SAMPLES,
    ref="numpy:nansum",
    tolerance=2,
)
def nansum(x: Tensor, *, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The sum over ``dim`` of what is not NaN. Bools and integers add up in int64."""
    if x.dtype.is_floating_point:
        x = where(ne(x, x), 0.0, x)
    return sum(x, dim=dim, keepdim=keepdim)


@composite(
    dtypes=floating,
    samples=_SAMPLES,
    ref="numpy:nanmean",
    tolerance=2,
)
@in_float32
def nanmean(x: Tensor, *, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """The arithmetic mean over ``dim`` of what is not NaN. NaN where nothing else is there."""
    count = sum(eq(x, x), dim=dim, keepdim=keepdim)
    return nansum(x, dim=dim, keepdim=keepdim) / count


@composite(
    dtypes=everything,
    samples=[sample(of(3, 4)), sample(of(2, 3, 4), dim=(0, 2)), sample(of(5), dim=0)],
    ref="numpy:count_nonzero",
    differentiable=False,
)
def count_nonzero(x: Tensor, *, dim: Dims = None) -> Tensor:
    """How many elements over ``dim`` are not 0, as int64."""
    return sum(ne(x, 0), dim=dim)
