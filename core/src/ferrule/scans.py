"""PyTorch's functions along a dim: cumulative sums and extremes, differences, integrals.

No mathematics lives here: its overloads are brought onto canonical ops.
"""

from __future__ import annotations

from typing import Any

from ferrule import dims, ops
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.reductions import ValuesIndices
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bool_


def cumsum(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The sums of the elements up to each one along ``dim``, in ``dtype`` where one is given. Bools
    and integers add up in int64."""
    if dtype is not None:
        return ops.cast(ops.cumsum(input.to(dtype), dim=dim), dtype=dtype)
    return ops.cumsum(input, dim=dim)


def cumprod(input: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
    """The products of the elements up to each one along ``dim``, in ``dtype`` where one is given.
    Bools and integers multiply in int64."""
    if dtype is not None:
        return ops.cast(ops.cumprod(input.to(dtype), dim=dim), dtype=dtype)
    return ops.cumprod(input, dim=dim)


def cummax(input: Tensor, dim: int) -> ValuesIndices:
    """The largest of the elements up to each one along ``dim``, and their indices: the last among
    equals. NaN wins."""
    return ValuesIndices(*ops.cummax(input, dim=dim))


def cummin(input: Tensor, dim: int) -> ValuesIndices:
    """The smallest of the elements up to each one along ``dim``; otherwise as `cummax`."""
    return ValuesIndices(*ops.cummin(input, dim=dim))


def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:
    """Each element along ``dim`` minus the one before, ``n`` times over; of bools, whether the two
    differ. ``prepend`` and ``append`` are put before and after ``input`` first."""
    return ops.diff(input, prepend, append, n=n, dim=dim)


def trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1
) -> Tensor:
    """The integral along ``dim`` of the line through the points, by the trapezoidal rule.

    Args:
        x: where the values are: of one dim, or of the shape of ``y`` up to broadcasting.
        dx: the distance between them, where there is no ``x``; by default 1.
    """
    return ops.trapezoid(y, x, dx=_distance("trapezoid", y, x, dx), dim=dim)


trapz = trapezoid


def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1
) -> Tensor:
    """The integrals from the first point to each other one along ``dim``. See `trapezoid`."""
    return ops.cumulative_trapezoid(y, x, dx=_distance("cumulative_trapezoid", y, x, dx), dim=dim)


def _distance(name: str, y: Tensor, x: Tensor | None, dx: float | None) -> float:
    if x is not None and dx is not None:
        raise ArgumentError(f"{name} takes x or dx, not both")
    if y.dtype is bool_ or (x is not None and x.dtype is bool_):
        raise DTypeError(f"{name} takes numbers, not bools; convert them with .float()")
    return 1.0 if dx is None else dx


def gradient(
    input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """The derivatives along each of ``dim``, by default along all, by central differences.

    Args:
        spacing: the distance between elements: a number, or one for each dim; or for each dim a
            tensor of the elements' coordinates.
        edge_order: 1 or 2, the order of the differences at the ends.

    Raises:
        ShapeError: there are not as many spacings as dims, or too few elements.
    """
    along = range(input.ndim) if dim is None else dims.wrap_all("gradient", input, dim)
    if isinstance(spacing, Tensor) and not spacing.ndim:
        spacing = spacing.item()
    if isinstance(spacing, Tensor):
        raise ArgumentError("gradient: coordinates come as a sequence of tensors, one for each dim")
    each = list(spacing) if isinstance(spacing, (tuple, list)) else [spacing] * len(along)
    if len(each) != len(along):
        raise ShapeError(
            f"gradient: there must be one spacing for each of the {len(along)} dims, and there are "
            f"{len(each)}"
        )
    found = []
    for d, step in zip(along, each):
        if isinstance(step, Tensor):
            found.append(ops.gradient(input, step, dim=d, edge_order=edge_order))
        else:
            found.append(ops.gradient(input, spacing=step, dim=d, edge_order=edge_order))
    return tuple(found)
