"""Kernels that select by integer arrays."""

from __future__ import annotations

import math

from ferrule_plugins.kits.array_namespace.part import Array, Part

_REDUCE = {"prod": "multiply", "amax": "maximum", "amin": "minimum"}


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
        positions = xp.reshape(self._positions(x, index, dim), (-1,))
        flat = xp.take(xp.reshape(x, (-1,)), positions, axis=0)
        return xp.reshape(flat, index.shape)

    def _positions(self, x: Array, index: Array, dim: int) -> Array:
        """Where in ``x``, flattened, the elements are that ``index`` names along ``dim``."""
        xp = self.xp
        positions = xp.astype(index, xp.int64) * math.prod(x.shape[dim + 1 :])
        for d, n in enumerate(index.shape):
            if d != dim:
                shape = tuple(n if e == d else 1 for e in range(x.ndim))
                along = xp.reshape(xp.arange(n, dtype=xp.int64), shape)
                positions = positions + along * math.prod(x.shape[d + 1 :])
        return positions

    def scatter_add(self, x: Array, index: Array, source: Array, *, dim: int) -> Array:
        """Compares every index with every place: slow, but within the standard."""
        xp = self.xp
        shape = (*(x.shape[dim] if d == dim else 1 for d in range(x.ndim)), 1)
        places = xp.reshape(xp.arange(x.shape[dim], dtype=index.dtype), shape)
        hits = xp.expand_dims(xp.moveaxis(index, dim, -1), axis=dim) == places
        sources = xp.expand_dims(xp.moveaxis(source, dim, -1), axis=dim)
        nothing = xp.zeros((), dtype=x.dtype)
        return x + xp.sum(xp.where(hits, sources, nothing), axis=-1, dtype=x.dtype)

    def scatter_reduce(
        self, x: Array, index: Array, source: Array, *, dim: int, reduce: str
    ) -> Array:
        """Sorts by place, so that what meets there are neighbours, and reduces each run of them in
        log2(n) steps, as a scan does."""
        xp = self.xp
        if 0 in index.shape:
            return x
        function = getattr(xp, _REDUCE[reduce])
        size = math.prod(x.shape)
        every = xp.arange(size, dtype=xp.int64)
        places = xp.concat([every, xp.reshape(self._positions(x, index, dim), (-1,))])
        values = xp.concat([xp.reshape(x, (-1,)), xp.reshape(source, (-1,))])
        order = xp.argsort(places, stable=True)
        places, values = xp.take(places, order, axis=0), xp.take(values, order, axis=0)
        step = 1
        while step <= index.shape[dim]:  # no run is longer than that and the element itself
            same = places[step:] == places[:-step]
            met = xp.where(same, function(values[step:], values[:-step]), values[step:])
            values = xp.concat([values[:step], met])
            step *= 2
        last = xp.searchsorted(places, every, side="right") - 1
        return xp.reshape(xp.take(values, last, axis=0), x.shape)
