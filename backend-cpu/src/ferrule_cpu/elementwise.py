"""Elementwise kernels where NumPy's own function of that name is slow, or there is none."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule_plugins import Kernel

Array = np.ndarray[Any, Any]

_MANY = 4096


def deg2rad(x: Array) -> Array:
    # one product, which NumPy's function of this name makes without vector instructions
    return np.multiply(x, math.pi / 180.0)


def rad2deg(x: Array) -> Array:
    return np.multiply(x, 180.0 / math.pi)


def reciprocal(x: Array) -> Array:
    return np.divide(1.0, x)


def _logical(function: Kernel) -> Kernel:
    """NumPy takes a branch for each float; comparing first takes a fifth of the time."""

    def kernel(*operands: Any) -> Array:
        return function(*map(_truth, operands))

    return kernel


def _truth(x: Any) -> Any:
    many = getattr(x, "size", 0) >= _MANY and x.dtype.kind == "f"
    return np.not_equal(x, 0) if many else x


def clamp(x: Array, min: Array | None = None, max: Array | None = None) -> Array:
    # one pass, or two, in the place of up to ten; a bound that is NaN makes NaN here too
    if min is not None:
        x = np.maximum(x, min)
    return x if max is None else np.minimum(x, max)


KERNELS: dict[str, Kernel] = {
    "clamp": clamp,
    "deg2rad": deg2rad,
    "rad2deg": rad2deg,
    "reciprocal": reciprocal,
    "logical_and": _logical(np.logical_and),
    "logical_or": _logical(np.logical_or),
    "logical_xor": _logical(np.logical_xor),
    "logical_not": _logical(np.logical_not),
}
