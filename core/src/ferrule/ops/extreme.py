"""Extremes and medians of all elements. Their gradient is shared by all elements that are equal to
them, NaN included, where that of one along a dim goes to the one whose index is given."""

from __future__ import annotations

import math

from ferrule.declare import booleans, composite, real
from ferrule.errors import ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.comparison import eq, ne
from ferrule.ops.creation import full
from ferrule.ops.order import median, nanmedian
from ferrule.ops.reduction import amax, amin, sum
from ferrule.ops.shape import reshape
from ferrule.samples import of
from ferrule.tensor import Tensor

_SAMPLES = [(of(3, 4, distinct=True),), (of(distinct=True),), (of(5, distinct=True),)]


@composite(dtypes=real | booleans, ref="numpy:max", samples=_SAMPLES)
def max_of_all(x: Tensor) -> Tensor:
    """The largest element. NaN wins."""
    return amax(x)


@composite(dtypes=real | booleans, ref="numpy:min", samples=_SAMPLES)
def min_of_all(x: Tensor) -> Tensor:
    """The smallest element. NaN wins."""
    return amin(x)


@composite(
    dtypes=real, ref="ferrule_conformance.statistics_references:median_of_all", samples=_SAMPLES
)
def median_of_all(x: Tensor) -> Tensor:
    """The median element, the lower one of two. NaN if an element is, or if there is none."""
    return _none(x) if not x.numel() else median(reshape(x, shape=(-1,)), dim=0)[0]


@composite(
    dtypes=real, ref="ferrule_conformance.statistics_references:nanmedian_of_all", samples=_SAMPLES
)
def nanmedian_of_all(x: Tensor) -> Tensor:
    """The median of what is not NaN, the lower one of two. NaN if nothing else is there."""
    return _none(x) if not x.numel() else nanmedian(reshape(x, shape=(-1,)), dim=0)[0]


def _none(x: Tensor) -> Tensor:
    if not x.dtype.is_floating_point:
        raise ShapeError(f"there is no median of no elements, and x is {x._type}")
    return sum(x) + math.nan


@max_of_all.vjp
@min_of_all.vjp
@median_of_all.vjp
@nanmedian_of_all.vjp
def _(g, y, x):
    if not x.numel():
        return full(shape=x.shape, value=0, dtype=x.dtype, device=x.device)
    chosen = cast(eq(x, y) | (ne(x, x) & ne(y, y)), dtype=x.dtype)
    return g / sum(chosen) * chosen
