"""The kernel table: the array-namespace kit on CuPy, overlaid where CuPy departs from the standard
or does better than it can say."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ferrule_plugins import Kernel
from ferrule_plugins.kits import array_namespace

Array = Any


class _Namespace:
    """CuPy with the parts of the standard that it lacks: devices of creation functions, scans by
    their names there, and the stable sorting that it always does."""

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cupy, name)

    def full(self, shape: Any, value: Any, *, dtype: Any, device: Any = None) -> Array:
        return self._cupy.full(shape, value, dtype=dtype)

    def arange(self, *bounds: Any, dtype: Any, device: Any = None) -> Array:
        return self._cupy.arange(*bounds, dtype=dtype)

    def cumulative_sum(self, x: Array, *, axis: int, dtype: Any) -> Array:
        return self._cupy.cumsum(x, axis=axis, dtype=dtype)

    def cumulative_prod(self, x: Array, *, axis: int, dtype: Any) -> Array:
        return self._cupy.cumprod(x, axis=axis, dtype=dtype)

    def argsort(self, x: Array, *, axis: int, stable: bool = True) -> Array:
        return self._cupy.argsort(x, axis=axis)


def table(cupy: Any) -> dict[str, Kernel]:
    """Every kernel of the backend, by op."""
    kit = array_namespace.kernels(
        _Namespace(cupy), dtype_of=lambda dtype: dtype.numpy, bools_are_numbers=True
    )

    # CuPy wraps indices around, so that none reads or writes outside an array, whatever it is.

    def scatter_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
        places = [
            cupy.arange(n).reshape([n if e == d else 1 for e in range(x.ndim)])
            for d, n in enumerate(index.shape)
        ]
        places[dim] = index
        return _add_at(cupy, x, tuple(places), source)

    def index_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
        return _add_at(cupy, x, (*(slice(None),) * dim, index), source)

    def gather(x: Array, index: Array, *, dim: int) -> Array:
        return cupy.take_along_axis(x, index, axis=dim)

    factors = {op: _raising(kit[op]) for op in _FACTORING if op in kit}
    return {**kit, **factors, "scatter_add": scatter_add, "index_add": index_add, "gather": gather}


_FACTORING = ("cholesky", "solve", "qr", "eigh", "svd", "eig")


def _raising(kernel: Kernel) -> Kernel:
    """The kit's kernels learn from errors which matrices have no result, and CuPy raises these only
    where it is asked to."""
    if find_spec("cupyx") is None:
        return kernel

    cupyx: Any = import_module("cupyx")  # a second package of CuPy's distributions

    def run(*arrays: Array, **attrs: Any) -> Any:
        with cupyx.errstate(linalg="raise"):
            return kernel(*arrays, **attrs)

    return run


_WIDER = {"float16": "float32", "int8": "int32", "int16": "int32", "uint8": "int32"}
"""CuPy adds atomically in few dtypes. Narrow integers wrap around when they are narrowed again, and
half precision is rounded once, at the end."""


def _add_at(cupy: Any, x: Array, places: tuple[Any, ...], source: Array) -> Array:
    if x.dtype.kind == "c":
        y = x.copy()
        y.real = _add_at(cupy, x.real, places, source.real)
        y.imag = _add_at(cupy, x.imag, places, source.imag)
        return y
    y = x.astype(_WIDER.get(x.dtype.name, x.dtype))  # always a copy
    source = source.astype(y.dtype)
    if x.dtype.name == "int64":  # unsigned addition gives the same bits
        cupy.add.at(y.view("uint64"), places, source.view("uint64"))
    else:
        cupy.add.at(y, places, source)
    return y.astype(x.dtype)
