"""Numbers at which implementations differ: NaN, infinities, signed zeros, denormals, extremes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule_plugins import DType, Shape, dtypes

Array = np.ndarray[Any, Any]


def special_numbers(dtype: DType) -> Array:
    """All of them that the dtype has, in one dim. NaN comes with both signs."""
    if dtype.category == "bool":
        return np.array([False, True])
    if dtype.category == "integer":
        info = dtypes.iinfo(dtype)
        numbers = {int(info.min), int(info.max), 0, 1, int(info.max) - 1, int(info.max) // 2 + 1}
        numbers |= {-1, int(info.min) + 1} if dtype.is_signed else set()
        return np.array(sorted(numbers), dtype=dtype.numpy)
    if dtype.is_complex:
        part = _floats(dtypes.float32 if dtype is dtypes.complex64 else dtypes.float64)
        both = np.empty((part.size, part.size), dtype.numpy)
        both.real, both.imag = part[:, None], part
        return both.ravel()
    return _floats(dtype)


def denormal_numbers(dtype: DType, shape: Shape, rng: np.random.Generator) -> Array:
    """Random numbers of both signs, of all magnitudes from the smallest one to a few times the
    smallest normal one."""
    info: Any = dtypes.finfo(dtype)
    bits = round(math.log2(float(info.smallest_normal) / float(info.smallest_subnormal)))
    magnitudes = np.exp2(rng.integers(0, bits + 2, shape)) * rng.uniform(1.0, 2.0, shape)
    signs = rng.choice([-1.0, 1.0], shape)
    return np.asarray(signs * np.floor(magnitudes) * float(info.smallest_subnormal), dtype.numpy)


def flushed(x: Array, flushing: frozenset[DType]) -> Array:
    """With zeros in the place of denormals, if the array's dtype is one of those."""
    dtype = DType.of(x.dtype)
    if dtype not in flushing:
        return x
    least = float(dtypes.finfo(dtype).smallest_normal)
    wide = x.astype(np.float64)
    return np.where(np.abs(wide) < least, np.copysign(0.0, wide), wide).astype(x.dtype)


def _floats(dtype: DType) -> Array:
    info: Any = dtypes.finfo(dtype)
    positive = [
        0.0,
        float(info.smallest_subnormal),
        float(info.smallest_normal) / 2,
        float(info.smallest_normal),
        0.5,
        1.0,
        1.5,
        float(info.max),
        np.inf,
        np.nan,
    ]
    return np.array([*positive, *(-x for x in positive)]).astype(dtype.numpy)
