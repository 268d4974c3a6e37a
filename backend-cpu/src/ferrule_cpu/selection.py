"""Reading and writing by index. A kernel refuses indices that lie outside before it writes."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_FEW = 32
_REMEMBERED = 4096


def _within(index: Array, size: int) -> None:
    """Raise `IndexError` unless all indices lie in [0, size)."""
    if index.size <= _FEW:  # for few, Python is faster than a reduction
        values = index.ravel().tolist()
        right = not values or (min(values) >= 0 and max(values) < size)
    elif index.dtype.kind == "i":  # read as unsigned, what is negative is too large as well
        right = int(np.maximum.reduce(index.view(_UNSIGNED[index.itemsize]), axis=None)) < size
    else:
        right = int(index.max()) < size
    if not right:
        raise IndexError(f"an index does not lie in [0, {size})")


_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def wrap_index(index: Array, *, size: int) -> Array:
    wide = index.astype(np.int64, copy=False)
    if not wide.size:
        return wide
    if wide.size <= _FEW:
        values = wide.ravel().tolist()
        low, high = min(values), max(values)
    else:
        low, high = int(wide.min()), int(wide.max())
    if low < -size or high >= size:
        raise IndexError(f"an index does not lie in [{-size}, {size})")
    return wide if low >= 0 else np.where(wide < 0, wide + size, wide)


def index_select(x: Array, index: Array, *, dim: int) -> Array:
    _within(index, x.shape[dim])
    return x.take(index, dim)


def gather(x: Array, index: Array, *, dim: int) -> Array:
    _within(index, x.shape[dim])
    if not x.flags.c_contiguous:  # flattening would copy all of it
        return np.take_along_axis(x, index, dim)
    return x.reshape(-1).take(_positions(x, index, dim))


def _positions(x: Array, index: Array, dim: int) -> Array:
    """Where in ``x``, flattened, the elements are that ``index`` names along ``dim``. NumPy is
    several times faster with one index than with several."""
    stride = math.prod(x.shape[dim + 1 :])
    few = index.size <= _REMEMBERED * max(index.shape[dim], 1)
    rows = (_rows if few else _rows.__wrapped__)(x.shape, index.shape, dim)  # always int64
    return index + rows if stride == 1 else np.multiply(index, stride, dtype=np.int64) + rows


@lru_cache(256)
def _rows(shape: tuple[int, ...], size: tuple[int, ...], dim: int) -> Array:
    """Where in an array of that shape, flattened, the rows along ``dim`` begin, as far as an index
    of that size goes."""
    rows = np.zeros((1,) * len(shape), np.int64)
    for d, n in enumerate(size):
        if d != dim:
            along = np.arange(n, dtype=np.int64) * math.prod(shape[d + 1 :])
            rows = rows + along.reshape([n if e == d else 1 for e in range(len(shape))])
    rows.flags.writeable = False
    return rows


def _spread(index: Array, source: Array, dim: int) -> Array:
    """The index of slices as an index of elements."""
    shape = [-1 if d == dim else 1 for d in range(source.ndim)]
    return np.broadcast_to(index.reshape(shape), source.shape)


def index_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    _within(index, x.shape[dim])
    return _at(np.add, x, _spread(index, source, dim), source, dim)


def scatter_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    _within(index, x.shape[dim])
    return _at(np.add, x, index, source, dim)


def scatter_reduce(x: Array, index: Array, source: Array, *, dim: int, reduce: str) -> Array:
    _within(index, x.shape[dim])
    return _at(_REDUCE[reduce], x, index, source, dim)


_REDUCE = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def _at(function: np.ufunc, x: Array, index: Array, source: Array, dim: int) -> Array:
    y = x.copy(order="C")
    function.at(y.reshape(-1), _positions(x, index, dim).reshape(-1), source.reshape(-1))
    return y


def scatter(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    _within(index, x.shape[dim])
    y = x.copy(order="C")
    # where an index is repeated, NumPy assigns the last value
    y.reshape(-1)[_positions(x, index, dim).reshape(-1)] = source.reshape(-1)
    return y


def index_copy(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    _within(index, x.shape[dim])
    y = x.copy(order="C")
    y[(slice(None),) * dim + (index,)] = source
    return y
