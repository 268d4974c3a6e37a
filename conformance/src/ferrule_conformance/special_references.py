"""References of special functions whose attributes SciPy calls otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

Array = np.ndarray[Any, Any]


def polygamma(x: Array, *, n: int) -> Array:
    """SciPy has none for negative ``x``, where the sum over the poles is taken as far as it
    matters, and its rest by the recurrence from the right."""
    y = np.array(special.polygamma(n, np.abs(x)) if x.size else x, np.float64)
    for place in np.ndindex(x.shape):
        if x[place] < 0 and n:
            steps = int(np.ceil(-x[place]))
            passed = sum((x[place] + k) ** -(n + 1.0) for k in range(steps))
            poles = (-1) ** (n + 1) * special.factorial(n) * passed
            y[place] = special.polygamma(n, x[place] + steps) + poles
    return y


def multigammaln(x: Array, *, p: int) -> Array:
    parts = sum(special.gammaln(x - j / 2) for j in range(p))
    return np.asarray(parts + p * (p - 1) / 4 * np.log(np.pi))


def logit(x: Array, *, eps: float | None) -> Array:
    if eps is not None:
        x = np.minimum(np.maximum(x, eps), 1 - eps)
    return np.asarray(special.logit(x))


__all__ = ["logit", "multigammaln", "polygamma"]
