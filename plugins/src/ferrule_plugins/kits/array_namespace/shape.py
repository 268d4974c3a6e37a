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
        y[tuple(slice(a, a + n, i + 1) for a, n, i in zip(before, occupied, inner))] = x
        return y
