"""Kernels that move elements."""

from __future__ import annotations

from ferrule_plugins.kits.array_namespace.part import Array, Part
from ferrule_plugins.spec import Shape


class Movement(Part):
    """Moving elements."""

    def reshape(self, x: Array, *, shape: Shape) -> Array:
        return self.xp.reshape(x, shape)

    def permute(self, x: Array, *, dims: Shape) -> Array:
        return self.xp.permute_dims(x, dims)

    def expand(self, x: Array, *, shape: Shape) -> Array:
        return self.xp.broadcast_to(x, shape)

    def flip(self, x: Array, *, dims: Shape) -> Array:
        return self.xp.flip(x, axis=dims)

    def cat(self, *tensors: Array, dim: int) -> Array:
        return self.xp.concat(tensors, axis=dim)

    def slice(self, x: Array, *, starts: Shape, stops: Shape, steps: Shape) -> Array:
        return x[tuple(map(slice, starts, stops, steps))]

    def pad(self, x: Array, *, before: Shape, after: Shape, inner: Shape, value: complex) -> Array:
        occupied = [n + max(n - 1, 0) * i for n, i in zip(x.shape, inner)]
        shape = tuple(a + n + b for a, n, b in zip(before, occupied, after))
        y = self.xp.full(shape, value, dtype=x.dtype, device=getattr(x, "device", None))
        try:
            y[tuple(slice(a, a + n, i + 1) for a, n, i in zip(before, occupied, inner))] = x
        except TypeError:  # the standard has assignment, and some libraries (JAX) do not
            return y if 0 in x.shape else self._spaced(x, before, after, inner, y[(0,) * x.ndim])
        return y

    def _spaced(self, x: Array, before: Shape, after: Shape, inner: Shape, empty: Array) -> Array:
        """``x`` between elements that are ``empty``, one dim after the other, without
        assignment."""
        xp = self.xp
        for d, n in enumerate(x.shape):
            if not (before[d] or after[d] or inner[d]):
                continue
            places = xp.arange(-before[d], n + (n - 1) * inner[d] + after[d], dtype=xp.int64)
            source = places // (inner[d] + 1)
            held = (source >= 0) & (source < n) & (source * (inner[d] + 1) == places)
            x = xp.take(x, xp.where(held, source, xp.zeros_like(source)), axis=d)
            x = xp.where(xp.reshape(held, (-1, *(1,) * (x.ndim - d - 1))), x, empty)
        return x
