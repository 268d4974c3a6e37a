"""Searching, sorting and set functions of the standard."""

from __future__ import annotations

from typing import Any, NamedTuple

import ferrule as fe
from ferrule import ops
from ferrule.array_api.arguments import Array, arrays


class UniqueAll(NamedTuple):
    """What `unique_all` returns."""

    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns."""

    values: Array
    counts: Array


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns."""

    values: Array
    inverse_indices: Array


def argmax(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the largest element along ``axis``, or, without one, in row-major order."""
    arrays("argmax", x)
    return fe.argmax(x, axis, keepdims)


def argmin(x: Array, /, *, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the smallest element along ``axis``, or, without one, in row-major order."""
    arrays("argmin", x)
    return fe.argmin(x, axis, keepdims)


def nonzero(x: Array, /) -> tuple[Array, ...]:
    """The indices of the elements that are not 0, one array for each dim."""
    arrays("nonzero", x)
    if not x.ndim:
        raise fe.ShapeError("nonzero: the array must have at least one dim; reshape it first")
    return fe.nonzero(x, as_tuple=True)


def searchsorted(
    x1: Array, x2: Array, /, *, side: str = "left", sorter: Array | None = None
) -> Array:
    """Where the elements of ``x2`` belong in ``x1``, of one dim, so that it stays sorted."""
    arrays("searchsorted", x1, x2)
    return fe.searchsorted(x1, x2, side=side, sorter=sorter)


def where(condition: Array, x1: Any, x2: Any, /) -> Array:
    """``x1`` where ``condition`` holds, ``x2`` elsewhere."""
    arrays("where", condition)
    return ops.where(condition, x1, x2)


def sort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """The elements along ``axis`` in order. Always stable."""
    arrays("sort", x)
    return ops.sort(x, dim=axis, descending=descending)[0]


def argsort(x: Array, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """The indices that put the elements along ``axis`` in order. Always stable."""
    arrays("argsort", x)
    return ops.sort(x, dim=axis, descending=descending)[1]


def unique_all(x: Array, /) -> UniqueAll:
    """The distinct elements in order; where each stands first; which of them each element is, in
    the shape of ``x``; and how often each occurs. Every NaN is an element of its own."""
    arrays("unique_all", x)
    values, inverse, counts = fe.unique(x, return_inverse=True, return_counts=True)
    flat = fe.reshape(inverse, shape=(-1,))
    order = ops.sort(flat, dim=0)[1]  # stable: of equal elements, the first comes first
    starts = fe.cumsum(counts, 0) - counts
    first = fe.index_select(order, 0, starts) if order.numel() else starts
    return UniqueAll(values, first, fe.reshape(inverse, shape=x.shape), counts)


def unique_counts(x: Array, /) -> UniqueCounts:
    """The distinct elements in order, and how often each occurs."""
    arrays("unique_counts", x)
    return UniqueCounts(*fe.unique(x, return_counts=True))


def unique_inverse(x: Array, /) -> UniqueInverse:
    """The distinct elements in order, and which of them each element is, in the shape of ``x``."""
    arrays("unique_inverse", x)
    values, inverse = fe.unique(x, return_inverse=True)
    return UniqueInverse(values, fe.reshape(inverse, shape=x.shape))


def unique_values(x: Array, /) -> Array:
    """The distinct elements in order."""
    arrays("unique_values", x)
    return fe.unique(x)
