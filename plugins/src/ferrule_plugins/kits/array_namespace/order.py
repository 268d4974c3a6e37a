"""Kernels that sort and search."""

from __future__ import annotations

from ferrule_plugins.kits.array_namespace.part import Array
from ferrule_plugins.kits.array_namespace.selection import Selection


class Order(Selection):
    """Sorting and searching."""

    def sort(self, x: Array, *, dim: int, descending: bool) -> tuple[Array, Array]:
        if not x.ndim:
            return x, self.xp.zeros((), dtype=self.xp.int64)
        keys = self.xp.astype(x, self.xp.uint8) if x.dtype == self.xp.bool else x
        if descending:  # flipped twice, so that equal elements keep their order
            n = x.shape[dim]
            flipped = self.xp.flip(keys, axis=dim)
            order = self.xp.argsort(flipped, axis=dim, stable=True)
            order = (n - 1) - self.xp.flip(order, axis=dim)
        else:
            order = self.xp.argsort(keys, axis=dim, stable=True)
        order = self.xp.astype(order, self.xp.int64, copy=False)
        return self.gather(x, order, dim=dim), order

    def nonzero(self, x: Array) -> Array:
        xp = self.xp
        if not x.ndim:
            return self.nonzero(xp.reshape(x, (1,)))[:, :0]
        places = (xp.astype(i, xp.int64, copy=False) for i in xp.nonzero(x))
        return xp.stack(tuple(places), axis=1)
