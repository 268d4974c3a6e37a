"""The kernel table: the array-namespace kit on NumPy, overlaid with what NumPy does better."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
from ferrule_plugins import DType, Kernel
from ferrule_plugins.kits import array_namespace

from ferrule_cpu import quiet

Array = np.ndarray[Any, Any]

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def table() -> dict[str, Kernel]:
    """Every kernel of the backend, by op."""
    found: dict[str, Kernel] = {}
    kit = array_namespace.kernels(np, dtype_of=lambda dtype: dtype.numpy)
    for op, function in {**kit, **TUNED}.items():
        if isinstance(function, np.ufunc):
            found[op] = quiet.ufunc(function)
        else:
            found[op] = quiet.kernel(in_float32(function) if op in _NARROW else function)
    return found


# NumPy has these for bfloat16 not at all, or rounding after every step.
_NARROW = {"matmul", "sum", "prod", "index_add", "scatter_add", "sort", "argmax", "argmin", "round"}


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compute 16-bit floats in float32, and round once at the end."""

    def kernel(*arrays: Any, **attrs: Any) -> Any:
        narrow = next((a.dtype for a in arrays if a.dtype in (np.float16, _BFLOAT16)), None)
        if narrow is None:
            return function(*arrays, **attrs)
        wide = [a.astype(np.float32) if a.dtype == narrow else a for a in arrays]
        found = function(*wide, **attrs)
        if isinstance(found, tuple):
            return tuple(_rounded(y, narrow) for y in found)
        return _rounded(found, narrow)

    return kernel


def _rounded(y: Any, dtype: np.dtype[Any]) -> Any:
    return y.astype(dtype) if y.dtype == np.float32 else y


def cast(x: Array, *, dtype: DType) -> Array:
    return x.astype(dtype.numpy)


def index_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    y = x.copy()
    np.add.at(y, (slice(None),) * dim + (index,), source)
    return y


def scatter_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    y = x.copy()
    places: list[Any] = list(np.ogrid[tuple(map(slice, index.shape))])
    places[dim] = index
    np.add.at(y, tuple(places), source)
    return y


TUNED: dict[str, Kernel] = {
    "cast": cast,
    "gather": lambda x, index, *, dim: np.take_along_axis(x, index, axis=dim),
    "index_add": index_add,
    "scatter_add": scatter_add,
}
