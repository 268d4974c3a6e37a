"""Counting elements by value."""

from __future__ import annotations

from ferrule.declare import complexes, composite, everything, floating
from ferrule.errors import OutOfRange, ShapeError
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq
from ferrule.ops.creation import full
from ferrule.ops.indexing import scatter_add
from ferrule.ops.precision import in_float32
from ferrule.ops.reduction import amax, sum
from ferrule.ops.search import searchsorted
from ferrule.ops.shape import expand, narrow, reshape
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float32, float64, int64


@composite(
    dtypes=everything - complexes,
    ref="ferrule_conformance.statistics_references:bincount",
    samples=[
        (of(9, dtype="int64", low=0, high=5), of(9)),
        sample(of(9, dtype="int32", low=0, high=5), None, minlength=7),
        sample(of(0, dtype="int64"), None),
    ],
    dynamic=True,
    tolerance=4,
)
def bincount(x: Index[Tensor], weights: Tensor | None = None, *, minlength: int = 0) -> Tensor:
    """How often each integer from 0 to the largest occurs, or the sums of their weights.

    Args:
        x: one-dimensional; no element may be negative.
        weights: one for each element. The result is of their dtype if that is float32, and
            otherwise float64; without weights it is int64.
        minlength: the least length of the result.
    """
    length = max(minlength, int(amax(x).item()) + 1) if x.numel() else minlength
    if weights is None:
        each = full(shape=x.shape, value=1, dtype=int64, device=x.device)
    else:
        each = weights if weights.dtype is float32 else cast(weights, dtype=float64)
    zeros = full(shape=(length,), value=0, dtype=each.dtype, device=x.device)
    return scatter_add(zeros, cast(x, dtype=int64), each, dim=0)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.statistics_references:histc",
    samples=[
        sample(of(3, 9), of(low=-1.5, high=-1.0), of(low=1.0, high=1.5), bins=4),
        sample(of(0), of(low=-1.5, high=-1.0), of(low=1.0, high=1.5), bins=3),
    ],
    promote="same",
    differentiable=False,
)
@in_float32
def histc(x: Tensor, low: Tensor, high: Tensor, *, bins: int) -> Tensor:
    """How many elements lie in each of ``bins`` bins of equal width from ``low`` to ``high``, in
    the dtype of ``x``. The last bin has both its bounds; NaN and what lies outside count nowhere.
    """
    if bins < 1:
        raise OutOfRange(f"bins must be positive, and it is {bins}")
    flat = reshape(x, shape=(-1,))
    inside = (flat >= low) & (flat <= high)
    place = cast(where(inside, (flat - low) / (high - low) * bins, 0.0), dtype=int64)
    place = where(place < bins, place, bins - 1)  # the upper bound itself
    zeros = full(shape=(bins,), value=0, dtype=int64, device=x.device)
    return cast(scatter_add(zeros, place, cast(inside, dtype=int64), dim=0), dtype=x.dtype)


@composite(
    dtypes={float32, float64},
    ref="ferrule_conformance.statistics_references:histogram",
    samples=[
        (of(3, 9), of(4, rising=True), None),
        sample(of(12), of(5, rising=True), of(12), density=True),
        (of(0), of(3, rising=True), None),
    ],
    promote="same",
    differentiable=False,
    tolerance=4,
)
def histogram(
    x: Tensor, edges: Tensor, weight: Tensor | None = None, *, density: bool = False
) -> Tensor:
    """How many elements lie between each two neighbours of ``edges``, or the sums of their weights,
    in the dtype of ``x``. A bin has its lower bound, and the last one its upper bound too; NaN and
    what lies outside count nowhere.

    Args:
        edges: one-dimensional, in rising order.
        weight: of the shape of ``x``.
        density: divide by the sum of all and by the widths, so that the integral is 1.
    """
    if edges.ndim != 1 or not edges.shape[0]:
        raise ShapeError(f"edges must have one dim and at least one element, not {edges._type}")
    if weight is not None and weight.shape != x.shape:
        raise ShapeError(f"weight must have the shape of x, {x.shape}, not {weight.shape}")
    flat, bins = reshape(x, shape=(-1,)), edges.shape[0] - 1
    if not bins:
        return full(shape=(0,), value=0, dtype=x.dtype, device=x.device)
    low = narrow(edges, dim=0, start=0, length=1)
    high = narrow(edges, dim=0, start=bins, length=1)
    inside = (flat >= low) & (flat <= high)
    place = where(eq(flat, high), bins - 1, searchsorted(edges, flat, right=True) - 1)
    place = where(inside, place, 0)
    if weight is None:
        zeros = full(shape=(bins,), value=0, dtype=int64, device=x.device)
        count = scatter_add(zeros, place, cast(inside, dtype=int64), dim=0)
        count = cast(count, dtype=x.dtype)
    else:
        each = where(inside, reshape(weight, shape=(-1,)), 0.0)
        zeros = full(shape=(bins,), value=0, dtype=x.dtype, device=x.device)
        count = scatter_add(zeros, place, each, dim=0)
    if density:
        widths = narrow(edges, dim=0, start=1, length=bins) - narrow(
            edges, dim=0, start=0, length=bins
        )
        count = count / expand(sum(count), shape=(bins,)) / widths
    return count
