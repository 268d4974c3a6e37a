"""Kernels that select by integer arrays."""

from __future__ import annotations

import math

from ferrule_plugins.kits.array_namespace.part import Array, Part


class Selection(Part):
    """Selection by integer arrays. The standard can read by index, but not write by index."""

    def index_select(self, x: Array, index: Array, *, dim: int) -> Array:
        return self.xp.take(x, index, axis=dim)

    def index_add(self, x: Array, index: Array, source: Array, *, dim: int) -> Array:
        spread = [1] * x.ndim
        spread[dim] = index.shape[0]
        index = self.xp.broadcast_to(self.xp.reshape(index, tuple(spread)), source.shape)
        return self.scatter_add(x, index, source, dim=dim)

    def gather(self, x: Array, index: Array, *, dim: int) -> Array:
        return self._take_along(x, index, dim)

    def _take_along(self, x: Array, index: Array, dim: int) -> Array:
        """By flat positions, which needs no more of the standard than ``take``."""
        xp = self.xp
        if not x.ndim:
            return x
        stride = math.prod(x.shape[dim + 1 :])
        positions = index * stride
        for d, n in enumerate(index.shape):
            if d != dim:
                shape = tuple(n if e == d else 1 for e in range(x.ndim))
                along = xp.reshape(xp.arange(n, dtype=index.dtype), shape)
                positions = positions + along * math.prod(x.shape[d + 1 :])
        flat = xp.take(xp.reshape(x, (-1,)), xp.reshape(positions, (-1,)), axis=0)
        return xp.reshape(flat, index.shape)

    def scatter_add(self, x: Array, index: Array, source: Array, *, dim: int) -> Array:
        """Compares every index with every place: slow, but within the standard."""
        xp = self.xp
        shape = (*(x.shape[dim] if d == dim else 1 for d in range(x.ndim)), 1)
        places = xp.reshape(xp.arange(x.shape[dim], dtype=index.dtype), shape)
        hits = xp.expand_dims(xp.moveaxis(index, dim, -1), axis=dim) == places
        sources = xp.expand_dims(xp.moveaxis(source, dim, -1), axis=dim)
        nothing = xp.zeros((), dtype=x.dtype)
        return x + xp.sum(xp.where(hits, sources, nothing), axis=-1, dtype=x.dtype)
