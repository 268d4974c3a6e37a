"""What the op should give, in plain Python floats: independent of its body and of its kernel."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def linear_recurrence(x: Array, a: Array, *, dim: int) -> Array:
    terms, factors = (np.moveaxis(z, dim, -1) for z in (x, np.broadcast_to(a, x.shape)))
    y = np.zeros(terms.shape)
    for row in np.ndindex(terms.shape[:-1]) if y.size else ():
        pairs = zip(factors[row][1:].tolist(), terms[row][1:].tolist())
        y[row] = list(accumulate(pairs, _step, initial=float(terms[row][0])))
    return np.moveaxis(y, -1, dim)


def _step(before: float, pair: tuple[float, float]) -> float:
    factor, term = pair
    return factor * before + term
