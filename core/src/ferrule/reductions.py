"""PyTorch's reductions: sums, extremes, means and other statistics of dims.

No mathematics lives here: its overloads are brought onto canonical ops. Without a ``dim``, or with
an empty one, all dims are reduced, and the result has none.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ferrule import ops
from ferrule.errors import ArgumentError, DTypeError, OutOfRange
from ferrule.modes import current
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bool_, uint8


class ValuesIndices(NamedTuple):
    """Elements that an op chose, and where along the dim they stood."""

    values: Tensor
    indices: Tensor


class MinMax(NamedTuple):
    """The smallest and the largest elements."""

    min: Tensor
    max: Tensor


_NOT_GIVEN: Any = object()


def _dims(dim: Any) -> Any:
    """No dims are all dims, as PyTorch has it for most reductions."""
    return None if dim.__class__ in (tuple, list) and not dim else dim


# Sums and products.


def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over ``dim``, or over everything, in ``dtype`` where one is given. Bools and integers
    add up in int64."""
    if dtype is not None:
        return ops.cast(ops.sum(input.to(dtype), dim=_dims(dim), keepdim=keepdim), dtype=dtype)
    return ops.sum(input, dim=_dims(dim), keepdim=keepdim)


def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The sum over ``dim`` of what is not NaN; otherwise as `sum`."""
    if dtype is not None:
        return ops.cast(ops.nansum(input.to(dtype), dim=_dims(dim), keepdim=keepdim), dtype=dtype)
    return ops.nansum(input, dim=_dims(dim), keepdim=keepdim)


def prod(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The product over ``dim``, or over everything, in ``dtype`` where one is given. Bools and
    integers multiply in int64."""
    if dtype is not None:
        return ops.cast(ops.prod(input.to(dtype), dim=_dims(dim), keepdim=keepdim), dtype=dtype)
    return ops.prod(input, dim=_dims(dim), keepdim=keepdim)


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements over ``dim`` are not 0, as int64."""
    return ops.count_nonzero(input, dim=_dims(dim))


def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether no element over ``dim`` is 0: bool, or uint8 of uint8. An empty ``dim`` names
    none."""
    found = ops.all(input, dim=dim, keepdim=keepdim)
    return ops.cast(found, dtype=uint8) if input.dtype is uint8 else found


def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether some element over ``dim`` is not 0: bool, or uint8 of uint8. An empty ``dim`` names
    none."""
    found = ops.any(input, dim=dim, keepdim=keepdim)
    return ops.cast(found, dtype=uint8) if input.dtype is uint8 else found


# Means and spreads.


def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The arithmetic mean over ``dim``, in ``dtype`` where one is given. NaN of no elements.

    Raises:
        DTypeError: of integers or bools, without a ``dtype``.
    """
    return ops.mean(_converted(input, dtype), dim=_dims(dim), keepdim=keepdim)


def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """The arithmetic mean over ``dim`` of what is not NaN; otherwise as `mean`."""
    return ops.nanmean(_converted(input, dtype), dim=_dims(dim), keepdim=keepdim)


def _converted(input: Tensor, dtype: Any) -> Tensor:
    return input if dtype is None else input.to(dtype)


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = _NOT_GIVEN,
) -> Tensor:
    """The variance over ``dim``: squared distances from the mean, over ``n - correction``.

    Args:
        dim: a bool in its place is ``unbiased``: ``var(x, False)``.
        unbiased: the older way to say ``correction=1``, which is the default, or 0.
        correction: what to subtract from the number of elements.

    Raises:
        DTypeError: of integers or bools.
    """
    return ops.var(input, **_spread("var", dim, unbiased, keepdim, correction))


def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = _NOT_GIVEN,
) -> Tensor:
    """The standard deviation over ``dim``: the root of `var`, which explains the arguments."""
    return ops.std(input, **_spread("std", dim, unbiased, keepdim, correction))


def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = _NOT_GIVEN,
) -> tuple[Tensor, Tensor]:
    """The variance and the mean over ``dim``. See `var`."""
    how = _spread("var_mean", dim, unbiased, keepdim, correction)
    return ops.var(input, **how), ops.mean(input, dim=how["dim"], keepdim=keepdim)


def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = _NOT_GIVEN,
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean over ``dim``. See `var`."""
    how = _spread("std_mean", dim, unbiased, keepdim, correction)
    return ops.std(input, **how), ops.mean(input, dim=how["dim"], keepdim=keepdim)


def _spread(name: str, dim: Any, unbiased: Any, keepdim: bool, correction: Any) -> dict[str, Any]:
    if isinstance(dim, bool):
        if unbiased is not None:
            raise ArgumentError(f"{name}: dim must be an int, several ints or None, not {dim}")
        dim, unbiased = None, dim
    if correction is _NOT_GIVEN:
        correction = 0 if unbiased is not None and not unbiased else 1
    elif unbiased is not None:
        raise ArgumentError(f"{name} takes unbiased or correction, not both")
    correction = 1 if correction is None else correction
    return {"dim": _dims(dim), "keepdim": keepdim, "correction": correction}


# Extremes.


def amax(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The largest element over ``dim``. NaN wins; at ties the gradient is shared equally.

    Raises:
        ShapeError: there are no elements.
    """
    return ops.amax(input, dim=_dims(dim), keepdim=keepdim)


def amin(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """The smallest element over ``dim``. NaN wins; at ties the gradient is shared equally.

    Raises:
        ShapeError: there are no elements.
    """
    return ops.amin(input, dim=_dims(dim), keepdim=keepdim)


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> MinMax:
    """The smallest and the largest element along ``dim``, or of all. See `amax`."""
    return MinMax(
        ops.amin(input, dim=dim, keepdim=keepdim), ops.amax(input, dim=dim, keepdim=keepdim)
    )


def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; with ``dim``, the largest along it and their indices, the first among
    equals; with a second tensor, the larger of each two elements. NaN wins."""
    dim = dim if other is None else other
    return _extreme(input, dim, keepdim, ops.max_of_all, ops.argmax, ops.maximum)


def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; otherwise as `max`."""
    dim = dim if other is None else other
    return _extreme(input, dim, keepdim, ops.min_of_all, ops.argmin, ops.minimum)


def _extreme(input: Tensor, dim: Any, keepdim: bool, reduce, argument, pairwise) -> Any:
    if isinstance(dim, Tensor):
        return pairwise(input, dim)
    if dim is None:
        return reduce(input)
    ranked = ops.cast(input, dtype=uint8) if input.dtype is bool_ else input
    indices = argument(ranked, dim=dim, keepdim=True)
    if not input.ndim:
        return ValuesIndices(input.clone(), indices)
    values = ops.gather(input, indices, dim=dim)
    if not keepdim:
        values, indices = values.squeeze(dim), indices.squeeze(dim)
    return ValuesIndices(values, indices)


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element along ``dim``, or, without one, in row-major order: the
    first among equals. NaN is largest."""
    return _argument(ops.argmax, input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest element along ``dim``, or, without one, in row-major order: the
    first among equals. NaN wins."""
    return _argument(ops.argmin, input, dim, keepdim)


def _argument(op, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    if dim is not None:
        return op(input, dim=dim, keepdim=keepdim)
    index = op(ops.reshape(input, shape=(-1,)), dim=0)
    return ops.reshape(index, shape=(1,) * input.ndim) if keepdim else index


# Covariances.


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """The covariances of variables, which are the rows of ``input``: the columns are observations.

    Args:
        input: of two dims, or of fewer for one variable. The result of one variable is a number.
        correction: what to subtract from the number of observations.
        fweights: integers: how often each observation was made.
        aweights: floats: how much each counts.

    Raises:
        OutOfRange: a weight is negative.
    """
    if input.dtype is bool_:
        raise DTypeError("cov takes numbers, not bools; convert them with .float()")
    if aweights is not None and not aweights.dtype.is_floating_point:
        raise DTypeError(f"cov: aweights must be floating, not {aweights.dtype.name}")
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is None or current().stack:  # what is traced has no values to look at
            continue
        if ops.any(weights.detach() < 0).item():
            raise OutOfRange(f"cov: {name} must not be negative")
    return ops.cov(input, fweights, aweights, correction=correction)
