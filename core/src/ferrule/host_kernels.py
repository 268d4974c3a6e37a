"""The kernels that run on the host in the place of those that a backend lacks."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ferrule_plugins import Kernel, dtypes
from ferrule_plugins.kits import array_namespace

_BFLOAT16 = dtypes.bfloat16.numpy


@cache
def table() -> dict[str, Kernel]:
    """A kernel for every primitive, in every dtype: the bare kit on NumPy."""
    kit = array_namespace.kernels(np, dtype_of=lambda dtype: dtype.numpy)
    return {op: _OF_THEIR_OWN.get(op, _in_float32)(kernel) for op, kernel in kit.items()}


# NumPy can store bfloat16 but does not count it among its floats: it refuses some functions, and
# gives float32 where a Python scalar takes part.


def _in_float32(function: Kernel) -> Kernel:
    """Compute bfloat16 in float32, which is exact for what only moves, and round once."""

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        if not any(map(_is_bfloat16, arrays)):
            return function(*arrays, **attrs)
        found = function(*map(_widened, arrays), **attrs)
        return tuple(map(_rounded, found)) if isinstance(found, tuple) else _rounded(found)

    return kernel


def _from_float32(function: Kernel) -> Kernel:
    """The same for a kernel whose attributes give the dtype of its result."""
    return lambda *arrays, **attrs: function(*map(_widened, arrays), **attrs)


def _between_neighbours(function: Kernel) -> Kernel:
    """For ``nextafter``, to which it matters what numbers a dtype has."""

    def kernel(a: Any, b: Any) -> Any:
        if _is_bfloat16(a) or _is_bfloat16(b):
            a, b = np.asarray(a, _BFLOAT16), np.asarray(b, _BFLOAT16)
        y = function(a, b)
        return np.where(a == b, b, y)  # of equal zeros NumPy's float16 gives the first

    return kernel


_OF_THEIR_OWN = {"cast": _from_float32, "nextafter": _between_neighbours}


def _is_bfloat16(x: Any) -> bool:
    return getattr(x, "dtype", None) == _BFLOAT16


def _widened(x: Any) -> Any:
    return x.astype(np.float32) if _is_bfloat16(x) else x


def _rounded(y: Any) -> Any:
    return y.astype(_BFLOAT16) if y.dtype == np.float32 else y
