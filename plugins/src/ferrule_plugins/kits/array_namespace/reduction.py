"""Kernels that reduce dims."""

from __future__ import annotations

from typing import Any

from ferrule_plugins.kits.array_namespace.part import Array, Part
from ferrule_plugins.spec import Shape


class Reduction(Part):
    """Reductions."""

    def sum(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        dtype = None
        if not self._inexact(x):
            x, dtype = self.xp.astype(x, self.xp.int64), self.xp.int64
        return self.xp.sum(x, axis=dim, keepdims=keepdim, dtype=dtype or x.dtype)

    def prod(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        if not self._inexact(x):
            x = self.xp.astype(x, self.xp.int64)
        return self.xp.prod(x, axis=dim, keepdims=keepdim, dtype=x.dtype)

    def amax(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self.xp.max(x, axis=dim, keepdims=keepdim)

    def amin(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self.xp.min(x, axis=dim, keepdims=keepdim)

    def any(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self.xp.any(x, axis=dim, keepdims=keepdim)

    def all(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self.xp.all(x, axis=dim, keepdims=keepdim)

    def argmax(self, x: Array, *, dim: int, keepdim: bool) -> Array:
        return self._argument(self.xp.argmax, x, dim, keepdim)

    def argmin(self, x: Array, *, dim: int, keepdim: bool) -> Array:
        return self._argument(self.xp.argmin, x, dim, keepdim)

    def _argument(self, function: Any, x: Array, dim: int, keepdim: bool) -> Array:
        if not x.ndim:
            return self.xp.zeros((), dtype=self.xp.int64)
        return self.xp.astype(function(x, axis=dim, keepdims=keepdim), self.xp.int64, copy=False)
