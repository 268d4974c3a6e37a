"""Kernels that work along dims, one row after the other: reductions, scans, order, products, and
selection by index."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from itertools import accumulate, chain
from typing import Any

from ferrule_example_purepython.elementwise import maximum, minimum
from ferrule_example_purepython.movement import inverse
from ferrule_example_purepython.numbers import BOOL, INDEX, SAME, SUM, DTypes
from ferrule_example_purepython.strided import Array, broadcast, expand, new, permute
from ferrule_plugins import DType, Kernel, Shape

Row = Sequence[Any]


def rows(x: Array, dims: Shape) -> list[Row]:
    """The elements of each row along ``dims``, the rows in row-major order of the other dims."""
    elements = permute(x, dims=order(x, dims)).elements()
    n = math.prod(x.shape[d] for d in dims)
    count = math.prod(n for d, n in enumerate(x.shape) if d not in dims)
    return [elements[i * n : (i + 1) * n] for i in range(count)]


def order(x: Array, dims: Shape) -> Shape:
    """All dims, with ``dims`` last."""
    return (*(d for d in range(x.ndim) if d not in dims), *dims)


def from_rows(found: Iterable[Row], x: Array, dim: int, dtype: DType, length: int) -> Array:
    """The array whose rows along ``dim`` these are; its other sizes are those of ``x``."""
    moved = order(x, (dim,))
    shape = (*(x.shape[d] for d in moved[:-1]), length)
    return permute(new(chain.from_iterable(found), shape, dtype), dims=inverse(moved))


def reduced(fold: Callable[[Row], Any], out: DTypes = SAME) -> Kernel:
    """The kernel that makes one number of each row. ``out``: the result's dtype by the operand's,
    where they differ."""

    def kernel(x: Array, *, dim: int | Shape, keepdim: bool) -> Array:
        dims = dim if isinstance(dim, tuple) else (dim,)[: x.ndim]
        left = tuple(
            1 if d in dims else n for d, n in enumerate(x.shape) if keepdim or d not in dims
        )
        return new(map(fold, rows(x, dims)), left, out.get(x.dtype, x.dtype))

    return kernel


def along(function: Callable[..., Iterable[Any]], out: DTypes = SAME) -> Callable[..., Array]:
    """What makes a row of each row of ``x``, and of other arrays beside it."""

    def kernel(x: Array, *others: Array, dim: int, length: int | None = None) -> Array:
        dtype = out.get(x.dtype, x.dtype)
        if not x.ndim:
            return new(function(x.elements()), (), dtype)
        found = map(function, *(rows(y, (dim,)) for y in (x, *others)))
        return from_rows(
            map(list, found), x, dim, dtype, x.shape[dim] if length is None else length
        )

    return kernel


# Order. NaN is larger than all else, and the first to be found.


def rank(x: Any) -> tuple[bool, Any]:
    return (x != x, 0 if x != x else x)


def argmax(row: Row) -> int:
    return max(range(len(row)), key=lambda i: rank(row[i]))


def argmin(row: Row) -> int:
    return min(range(len(row)), key=lambda i: (row[i] == row[i], row[i]))


def sort(x: Array, *, dim: int, descending: bool) -> tuple[Array, Array]:
    def places(row: Row) -> list[int]:
        return sorted(range(len(row)), key=lambda i: rank(row[i]), reverse=descending)

    def ordered(row: Row) -> list[Any]:
        return [row[i] for i in places(row)]

    indices = along(places, INDEX)
    return along(ordered)(x, dim=dim), indices(x, dim=dim)


# Selection.


def gather(x: Array, index: Array, *, dim: int) -> Array:
    def chosen(row: Row, places: Row) -> list[Any]:
        return [row[i] for i in places]

    return along(chosen)(x, index, dim=dim, length=index.shape[dim])


def scattered(function: Callable[[Any, Any], Any], row: Row, index: Row, source: Row) -> list[Any]:
    """The row with each element of ``source`` combined into its place."""
    found = list(row)
    for i, x in zip(index, source):
        found[i] = function(found[i], x)
    return found


def scatter_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    return along(partial(scattered, operator.add))(x, index, source, dim=dim)


def scatter_reduce(x: Array, index: Array, source: Array, *, dim: int, reduce: str) -> Array:
    return along(partial(scattered, _REDUCE[reduce]))(x, index, source, dim=dim)


_REDUCE = {"prod": operator.mul, "amax": maximum, "amin": minimum}


def index_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    places = index.elements()

    def added(row: Row, more: Row) -> list[Any]:
        return scattered(operator.add, row, places, more)

    return along(added)(x, source, dim=dim)


# Products of matrices.


def matmul(a: Array, b: Array) -> Array:
    left = a if a.ndim > 1 else a.view((1, *a.shape), (0, *a.strides))
    right = b if b.ndim > 1 else b.view((*b.shape, 1), (*b.strides, 0))
    lead = broadcast(left.shape[:-2], right.shape[:-2])
    (n, k), m = left.shape[-2:], right.shape[-1]
    lefts = rows(expand(left, shape=(*lead, n, k)), (len(lead) + 1,))
    rights = rows(expand(right, shape=(*lead, k, m)), (len(lead),))
    products = (
        sum(map(operator.mul, row, column))
        for i in range(math.prod(lead))
        for row in lefts[i * n : (i + 1) * n]
        for column in rights[i * m : (i + 1) * m]
    )
    return new(products, (*lead, *(n,) * (a.ndim > 1), *(m,) * (b.ndim > 1)), a.dtype)


KERNELS: dict[str, Kernel] = {
    "sum": reduced(sum, SUM),
    "prod": reduced(math.prod, SUM),
    "amax": reduced(partial(reduce, maximum)),
    "amin": reduced(partial(reduce, minimum)),
    "argmax": reduced(argmax, INDEX),
    "argmin": reduced(argmin, INDEX),
    "any": reduced(any, BOOL),
    "all": reduced(all, BOOL),
    "cumsum": along(accumulate, SUM),
    "cumprod": along(lambda row: accumulate(row, operator.mul), SUM),
    "sort": sort,
    "gather": gather,
    "scatter_add": scatter_add,
    "scatter_reduce": scatter_reduce,
    "index_add": index_add,
    "matmul": matmul,
}
