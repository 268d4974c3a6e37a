"""Kernels that accumulate along a dim."""

from __future__ import annotations

from typing import Any

from ferrule_plugins.kits.array_namespace.part import Array
from ferrule_plugins.kits.array_namespace.reduction import Reduction


class Scan(Reduction):
    """Scans."""

    def cumsum(self, x: Array, *, dim: int) -> Array:
        return self._accumulated(self.xp.cumulative_sum, x, dim)

    def cumprod(self, x: Array, *, dim: int) -> Array:
        return self._accumulated(self.xp.cumulative_prod, x, dim)

    def _accumulated(self, function: Any, x: Array, dim: int) -> Array:
        y = self._accumulator(x)
        if x.ndim:
            y = function(y, axis=dim, dtype=y.dtype)
        return self.xp.astype(y, x.dtype) if x.dtype in self._halves else y
