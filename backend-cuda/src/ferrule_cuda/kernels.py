"""The kernel table: the array-namespace kit on CuPy, overlaid where CuPy departs from the standard
or does better than it can say."""

from __future__ import annotations

from typing import Any

from ferrule_plugins import Kernel
from ferrule_plugins.kits import array_namespace

Array = Any


class _Namespace:
    """CuPy with the parts of the standard that it lacks: devices of creation functions, and the
    stable sorting that it always does."""

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cupy, name)

    def full(self, shape: Any, value: Any, *, dtype: Any, device: Any = None) -> Array:
        return self._cupy.full(shape, value, dtype=dtype)

    def arange(self, *bounds: Any, dtype: Any, device: Any = None) -> Array:
        return self._cupy.arange(*bounds, dtype=dtype)

    def argsort(self, x: Array, *, axis: int, stable: bool = True) -> Array:
        return self._cupy.argsort(x, axis=axis)


def table(cupy: Any) -> dict[str, Kernel]:
    """Every kernel of the backend, by op."""
    kit = array_namespace.kernels(
        _Namespace(cupy), dtype_of=lambda dtype: dtype.numpy, bools_are_numbers=True
    )

    def scatter_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
        y = x.copy()
        places = [
            cupy.arange(n).reshape([n if e == d else 1 for e in range(x.ndim)])
            for d, n in enumerate(index.shape)
        ]
        places[dim] = index
        cupy.add.at(y, tuple(places), source)
        return y

    def index_add(x: Array, index: Array, source: Array, *, dim: int) -> Array:
        y = x.copy()
        cupy.add.at(y, (*(slice(None),) * dim, index), source)
        return y

    def gather(x: Array, index: Array, *, dim: int) -> Array:
        return cupy.take_along_axis(x, index, axis=dim)

    return {**kit, "scatter_add": scatter_add, "index_add": index_add, "gather": gather}
