"""PyTorch's histograms.

No mathematics lives here: its overloads are brought onto canonical ops.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import ferrule as fe
from ferrule import factories, ops
from ferrule.errors import ArgumentError, DTypeError, OutOfRange, ShapeError
from ferrule.tensor import Tensor


class Histogram(NamedTuple):
    """Counts, and the bounds of the bins that they were counted in."""

    hist: Tensor
    bin_edges: Tensor


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each integer from 0 to the largest element occurs, or the sums of their weights.

    Args:
        input: integers, of one dim.
        weights: one for each element. The result is of their dtype if that is float32, and
            otherwise float64; without weights it is int64.
        minlength: the least length of the result.

    Raises:
        OutOfRange: an element is negative.
    """
    if input.ndim != 1 or input.dtype.category != "integer":
        kind = ShapeError if input.ndim != 1 else DTypeError
        raise kind(f"bincount: input must be integers of one dim, and it is {input._type}")
    if weights is not None and weights.shape != input.shape:
        raise ShapeError(
            f"bincount: weights must have the shape of input, {input.shape}, not {weights.shape}"
        )
    if minlength < 0:
        raise OutOfRange(f"bincount: minlength must not be negative, and it is {minlength}")
    if input.numel() and ops.amin(input).item() < 0:
        raise OutOfRange("bincount: input must not have negative elements")
    return ops.bincount(input, weights, minlength=minlength)


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements lie in each of ``bins`` bins of equal width from ``min`` to ``max``, in the
    dtype of ``input``. If the two are equal, they are the smallest and the largest element. NaN and
    what lies outside count nowhere.

    Raises:
        OutOfRange: ``min`` is greater than ``max``, or an element is to be a bound and not finite.
    """
    low, high = _range("histc", input, min, max, 1.0)
    ends = (factories.tensor(v, dtype=input.dtype, device=input.device) for v in (low, high))
    return ops.histc(input, *ends, bins=bins)


def histogram(
    input: Tensor,
    bins: Any,
    *,
    range: tuple[float, float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Histogram:
    """How many elements lie in each bin, or the sums of their weights, and the bins' bounds.

    Args:
        input: float32 or float64.
        bins: how many there are, of equal width; or a tensor of their bounds, in rising order.
        range: the bounds of all; by default the smallest and the largest element.
        weight: what each element counts, of the shape and dtype of ``input``.
        density: divide by the sum of all and by the widths, so that the integral is 1.
    """
    if isinstance(bins, Tensor):
        if range is not None:
            raise ArgumentError("histogram takes range where bins is a number, not bounds")
        return Histogram(ops.histogram(input, bins, weight, density=density), bins.clone())
    if isinstance(bins, bool) or not hasattr(bins, "__index__"):
        raise ArgumentError(f"histogram: bins must be an int or a tensor, not {bins!r}")
    if bins < 1:
        raise OutOfRange(f"histogram: bins must be positive, and it is {bins}")
    if range is not None:
        low, high = _range("histogram", None, *range, 0.5)
    elif input.numel():
        low, high = _range("histogram", input, 0.0, 0.0, 0.5)
    else:
        low, high = 0.0, 1.0
    edges = fe.linspace(low, high, bins + 1, dtype=input.dtype, device=input.device)
    return Histogram(ops.histogram(input, edges, weight, density=density), edges)


def _range(
    name: str, input: Tensor | None, low: float, high: float, margin: float
) -> tuple[float, float]:
    """The bounds, or those of the elements if the two are equal and there are any; and if those are
    equal too, what lies ``margin`` around them."""
    if low > high:
        raise OutOfRange(f"{name}: the lower bound {low} is greater than the upper one, {high}")
    if low == high and input is not None and input.numel():
        low, high = (float(reduce(input.detach()).item()) for reduce in (ops.amin, ops.amax))
    if not (math.isfinite(low) and math.isfinite(high)):
        raise OutOfRange(f"{name}: the bounds {low} and {high} are not finite")
    return (low, high) if low < high else (low - margin, high + margin)
