"""Means and variances, without a detour through several ops."""

from __future__ import annotations

import math
from typing import Any

import ml_dtypes
import numpy as np

Array = np.ndarray[Any, Any]

_HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


def mean(x: Array, *, dim: tuple[int, ...], keepdim: bool) -> Array:
    if x.itemsize == 2 and x.dtype in _HALVES:
        total = np.add.reduce(x, axis=dim, keepdims=keepdim, dtype=np.float32)
        return np.asarray(total / _count(x, dim)).astype(x.dtype)
    return np.add.reduce(x, axis=dim, keepdims=keepdim) / _count(x, dim)


def var(x: Array, *, dim: tuple[int, ...], correction: float, keepdim: bool) -> Array:
    half = x.itemsize == 2 and x.dtype in _HALVES
    wide = x.astype(np.float32) if half else x
    n = _count(x, dim)
    centred = np.asarray(wide - np.add.reduce(wide, axis=dim, keepdims=True) / n)
    if centred.dtype.kind == "c":
        squares = centred.real**2 + centred.imag**2
    else:
        squares = np.multiply(centred, centred, out=centred)
    freedom = np.float64(max(n - correction, 0.0)).astype(squares.dtype)
    found = np.add.reduce(squares, axis=dim, keepdims=keepdim) / freedom
    return np.asarray(found).astype(x.dtype) if half else found


def _count(x: Array, dim: tuple[int, ...]) -> int:
    return math.prod(x.shape[d] for d in dim)
