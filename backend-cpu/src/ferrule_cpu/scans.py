"""Scans in one pass each."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def cummax(x: Array, *, dim: int) -> tuple[Array, Array]:
    return _extreme_so_far(np.maximum, x, dim)


def cummin(x: Array, *, dim: int) -> tuple[Array, Array]:
    return _extreme_so_far(np.minimum, x, dim)


def _extreme_so_far(function: np.ufunc, x: Array, dim: int) -> tuple[Array, Array]:
    if not x.ndim:
        return x, np.zeros((), np.int64)
    values = function.accumulate(x, axis=dim)
    held = x == values
    if x.dtype.kind in "fV":
        held |= x != x
    shape = [1] * x.ndim
    shape[dim] = x.shape[dim]
    place = np.where(held, np.arange(x.shape[dim]).reshape(shape), 0)
    index = np.maximum.accumulate(place, axis=dim)
    return np.take_along_axis(x, index, dim), index  # of two zeros, the one that stood there


def logcumsumexp(x: Array, *, dim: int) -> Array:
    return np.logaddexp.accumulate(x, axis=dim) if x.ndim else x
