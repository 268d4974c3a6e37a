"""The median by selection, which takes linear time, where the op's body sorts."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

Array = np.ndarray[Any, Any]

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def median(x: Array, *, dim: int, keepdim: bool) -> tuple[Array, Array]:
    """The lower of two medians and its index; among equal elements the one that a stable sort would
    put in the middle. The first NaN where there is one."""
    if not x.ndim:
        return x, np.zeros((), np.int64)
    rows = np.moveaxis(x, dim, -1)
    rows = rows.astype(np.float32) if x.dtype == _BFLOAT16 else rows  # NumPy sorts those slowly
    rank = (rows.shape[-1] - 1) // 2
    middle = np.partition(rows, rank, axis=-1)[..., rank : rank + 1]
    equal = rows == middle
    skipped = rank - np.count_nonzero(rows < middle, axis=-1, keepdims=True)
    if skipped.any():  # of several equal elements the middle is not the first
        equal &= np.cumsum(equal, axis=-1) > skipped
    if x.dtype.kind in "fV":
        missing = rows != rows
        equal = np.where(missing.any(axis=-1, keepdims=True), missing, equal)
    index = np.expand_dims(np.argmax(equal, axis=-1), dim)
    values = np.take_along_axis(x, index, dim)
    return (values, index) if keepdim else (values.squeeze(dim), index.squeeze(dim))
