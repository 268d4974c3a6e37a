"""A kernel for arrays of NumPy: one pass, where the body takes log2(n)."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

Array = np.ndarray[Any, Any]

_HALVES = (np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16))


def linear_recurrence(x: Array, a: Any, *, dim: int) -> Array:
    """``a`` may be a Python scalar. 16-bit floats are computed in float32."""
    wide = np.dtype(np.float32) if x.dtype in _HALVES else x.dtype
    y = x.astype(wide)
    rows = np.moveaxis(y, dim, 0)
    factors = np.moveaxis(np.broadcast_to(np.asarray(a, wide), x.shape), dim, 0)
    with np.errstate(all="ignore"):
        for t in range(1, len(rows)):
            rows[t] += factors[t] * rows[t - 1]
        return y.astype(x.dtype, copy=False)
