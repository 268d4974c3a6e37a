"""Creation functions of the standard."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule.array_api.arguments import Array, arrays
from ferrule.errors import ArgumentError

asarray = fe.asarray
from_dlpack = fe.from_dlpack


def arange(
    start: Any, /, stop: Any = None, step: Any = 1, *, dtype: Any = None, device: Any = None
) -> Array:
    """``start``, ``start + step``, ... below ``stop``; with one argument, from 0 to below it. Empty
    where ``step`` leads away."""
    start, stop = (0, start) if stop is None else (start, stop)
    if step != 0 and (stop - start) / step < 0:
        stop = start
    return fe.arange(start, stop, step, dtype=dtype, device=device)


def empty(shape: Any, *, dtype: Any = None, device: Any = None) -> Array:
    """An array whose elements do not matter."""
    return fe.empty(shape, dtype=dtype, device=device)


def empty_like(x: Array, /, *, dtype: Any = None, device: Any = None) -> Array:
    """An array of the shape of ``x`` whose elements do not matter."""
    return fe.empty_like(x, dtype=dtype, device=device)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None
) -> Array:
    """Ones on the ``k``-th diagonal above the main one, zeros elsewhere."""
    columns = n_rows if n_cols is None else n_cols
    rows = fe.reshape(fe.arange(n_rows, device=device), shape=(n_rows, 1))
    ones = fe.eq(rows + k, fe.arange(columns, device=device))
    return ones.to(dtype or fe.get_default_dtype())


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Array:
    """``fill_value`` everywhere."""
    return fe.full(shape, fill_value, dtype=dtype, device=device)


def full_like(x: Array, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Array:
    """``fill_value`` everywhere, in the shape of ``x``."""
    return fe.full_like(x, fill_value, dtype=dtype, device=device)


def linspace(
    start: Any, stop: Any, /, num: int, *, dtype: Any = None, device: Any = None,
    endpoint: bool = True,
) -> Array:  # fmt: skip
    """``num`` values at equal distances from ``start`` to ``stop``, which is left out without
    ``endpoint``."""
    if dtype is None and (isinstance(start, complex) or isinstance(stop, complex)):
        dtype = fe.result_type(fe.zeros(1), 1j)
    if endpoint or num == 0:
        return fe.linspace(start, stop, num, dtype=dtype, device=device)
    return fe.linspace(start, stop, num + 1, dtype=dtype, device=device)[:-1]


def meshgrid(*arrays_: Array, indexing: str = "xy") -> list[Array]:
    """The coordinates of a grid, from those along each axis."""
    arrays("meshgrid", *arrays_)
    if len({x.dtype for x in arrays_}) > 1:
        raise ArgumentError("meshgrid: all arrays must have one dtype; convert them with astype")
    return list(fe.meshgrid(*arrays_, indexing=indexing)) if arrays_ else []


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Array:
    """Ones."""
    return fe.ones(shape, dtype=dtype, device=device)


def ones_like(x: Array, /, *, dtype: Any = None, device: Any = None) -> Array:
    """Ones, in the shape of ``x``."""
    return fe.ones_like(x, dtype=dtype, device=device)


def tril(x: Array, /, *, k: int = 0) -> Array:
    """The elements of each matrix on and below the ``k``-th diagonal, zeros elsewhere."""
    return fe.tril(x, diagonal=k)


def triu(x: Array, /, *, k: int = 0) -> Array:
    """The elements of each matrix on and above the ``k``-th diagonal, zeros elsewhere."""
    return fe.triu(x, diagonal=k)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Array:
    """Zeros."""
    return fe.zeros(shape, dtype=dtype, device=device)


def zeros_like(x: Array, /, *, dtype: Any = None, device: Any = None) -> Array:
    """Zeros, in the shape of ``x``."""
    return fe.zeros_like(x, dtype=dtype, device=device)
