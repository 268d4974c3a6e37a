"""Kernels that reduce dims."""

from __future__ import annotations

from contextlib import suppress
from functools import cached_property
from typing import Any

from ferrule_plugins.dtypes import bfloat16, float16
from ferrule_plugins.kits.array_namespace.part import Array, Part
from ferrule_plugins.spec import Shape


class Reduction(Part):
    """Reductions."""

    def sum(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self._added_up(self.xp.sum, x, dim, keepdim)

    def prod(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self._added_up(self.xp.prod, x, dim, keepdim)

    def _added_up(self, function: Any, x: Array, dim: Shape, keepdim: bool) -> Array:
        wide = self._accumulator(x)
        y = function(wide, axis=dim, keepdims=keepdim, dtype=wide.dtype)
        return self.xp.astype(y, x.dtype) if x.dtype in self._halves else y

    def _accumulator(self, x: Array) -> Array:
        """``x`` in the dtype in which it adds up: int64, and float32 for 16-bit floats."""
        if x.dtype in self._halves:
            return self.xp.astype(x, self.xp.float32)
        return x if self._inexact(x) else self.xp.astype(x, self.xp.int64, copy=False)

    @cached_property
    def _halves(self) -> list[Any]:
        found = []
        for dtype in (float16, bfloat16):
            with suppress(AttributeError, TypeError):  # the standard has neither
                found.append(self.dtype_of(dtype))
        return found

    def amax(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self._extreme(self.xp.max, x, dim, keepdim)

    def amin(self, x: Array, *, dim: Shape, keepdim: bool) -> Array:
        return self._extreme(self.xp.min, x, dim, keepdim)

    def _extreme(self, function: Any, x: Array, dim: Shape, keepdim: bool) -> Array:
        if x.dtype != self.xp.bool:
            return function(x, axis=dim, keepdims=keepdim)
        found = function(self.xp.astype(x, self.xp.uint8), axis=dim, keepdims=keepdim)
        return self.xp.astype(found, self.xp.bool)

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
