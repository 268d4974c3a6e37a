"""Statistical and utility functions of the standard."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule import ops
from ferrule.array_api.arguments import Array, Axis, arrays, in_dtype, inexact
from ferrule.errors import ArgumentError


def all(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether all elements over ``axis`` are true."""
    arrays("all", x)
    return ops.all(x, dim=axis, keepdim=keepdims)


def any(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether some element over ``axis`` is true."""
    arrays("any", x)
    return ops.any(x, dim=axis, keepdim=keepdims)


def count_nonzero(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """How many elements over ``axis`` are not 0."""
    arrays("count_nonzero", x)
    return ops.sum(fe.ne(x, 0), dim=axis, keepdim=keepdims)


def cumulative_sum(
    x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    """The sums of the elements along ``axis`` up to each; with ``include_initial``, 0 before them.

    Raises:
        ArgumentError: no axis is given, and ``x`` does not have just one.
    """
    axis = _only_axis("cumulative_sum", x, axis)
    y = fe.cumsum(x, axis, dtype=dtype)
    return _after(0, y, axis) if include_initial else y


def cumulative_prod(
    x: Array, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Array:
    """The products of the elements along ``axis`` up to each; with ``include_initial``, 1 before
    them.

    Raises:
        ArgumentError: no axis is given, and ``x`` does not have just one.
    """
    axis = _only_axis("cumulative_prod", x, axis)
    y = fe.cumprod(x, axis, dtype=dtype)
    return _after(1, y, axis) if include_initial else y


def _only_axis(name: str, x: Array, axis: int | None) -> int:
    arrays(name, x)
    if axis is None and x.ndim != 1:
        raise ArgumentError(f"{name}: {x._type} has {x.ndim} dims; give an axis")
    return 0 if axis is None else axis


def _after(value: int, y: Array, axis: int) -> Array:
    shape = [1 if d == axis % y.ndim else n for d, n in enumerate(y.shape)]
    return fe.cat([fe.full(shape, value, dtype=y.dtype, device=y.device), y], axis)


def diff(
    x: Array, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None
) -> Array:
    """The differences of neighbours along ``axis``, ``n`` times over."""
    arrays("diff", x)
    return fe.diff(x, n, axis, prepend, append)


def max(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element over ``axis``."""
    arrays("max", x)
    return ops.amax(x, dim=axis, keepdim=keepdims)


def mean(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The arithmetic mean over ``axis``."""
    return fe.mean(inexact("mean", x), axis, keepdims)


def min(x: Array, /, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element over ``axis``."""
    arrays("min", x)
    return ops.amin(x, dim=axis, keepdim=keepdims)


def prod(x: Array, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Array:
    """The product over ``axis``. Integers multiply in int64."""
    arrays("prod", x)
    return in_dtype(ops.prod(in_dtype(x, dtype), dim=axis, keepdim=keepdims), dtype)


def std(x: Array, /, *, axis: Axis = None, correction: Any = 0.0, keepdims: bool = False) -> Array:
    """The standard deviation over ``axis``: the root of `var`."""
    return fe.std(inexact("std", x), axis, correction=correction, keepdim=keepdims)


def sum(x: Array, /, *, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Array:
    """The sum over ``axis``. Integers add up in int64."""
    arrays("sum", x)
    return in_dtype(ops.sum(in_dtype(x, dtype), dim=axis, keepdim=keepdims), dtype)


def var(x: Array, /, *, axis: Axis = None, correction: Any = 0.0, keepdims: bool = False) -> Array:
    """The variance over ``axis``: squared distances from the mean, divided by their number less
    ``correction``."""
    return fe.var(inexact("var", x), axis, correction=correction, keepdim=keepdims)
