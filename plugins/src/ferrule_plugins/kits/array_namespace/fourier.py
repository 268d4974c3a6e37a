"""Kernels over the standard's ``fft`` extension. None of them scales: core does."""

from __future__ import annotations

from ferrule_plugins.kits.array_namespace.part import Array, Part
from ferrule_plugins.spec import Shape


class Fourier(Part):
    """Discrete Fourier transforms."""

    def fft_c2c(self, x: Array, *, dims: Shape, forward: bool) -> Array:
        # of the norms that the standard has, these two leave their direction unscaled
        if forward:
            return self.xp.fft.fftn(x, axes=dims, norm="backward")
        return self.xp.fft.ifftn(x, axes=dims, norm="forward")

    def fft_r2c(self, x: Array, *, dims: Shape) -> Array:
        return self.xp.fft.rfftn(x, axes=dims, norm="backward")

    def fft_c2r(self, x: Array, *, dims: Shape, size: int) -> Array:
        sizes = [*(x.shape[d] for d in dims[:-1]), size]
        return self.xp.fft.irfftn(x, s=sizes, axes=dims, norm="forward")
