"""References of the ops that arrange elements, element by element on NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def tril(x: Array, *, diagonal: int) -> Array:
    """What lies on or below a diagonal; zeros elsewhere."""
    y = np.zeros_like(x)
    for i in range(x.shape[-2]):
        end = max(0, i + diagonal + 1)
        y[..., i, :end] = x[..., i, :end]
    return y


def triu(x: Array, *, diagonal: int) -> Array:
    """What lies on or above a diagonal; zeros elsewhere."""
    y = np.zeros_like(x)
    for i in range(x.shape[-2]):
        start = max(0, i + diagonal)
        y[..., i, start:] = x[..., i, start:]
    return y
