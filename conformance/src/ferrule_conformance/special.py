"""Numbers at which implementations differ: NaN, infinities, signed zeros, denormals, extremes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferrule_plugins import DType, dtypes

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
