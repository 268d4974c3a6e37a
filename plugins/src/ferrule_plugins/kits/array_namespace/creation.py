"""Kernels that create arrays and convert them."""

from __future__ import annotations

from ferrule_plugins.device import Device
from ferrule_plugins.dtypes import DType
from ferrule_plugins.kits.array_namespace.part import Array, Part
from ferrule_plugins.spec import Shape


class Creation(Part):
    """Creation and conversion."""

    def full(self, *, shape: Shape, value: complex, dtype: DType, device: Device) -> Array:
        return self.xp.full(shape, value, dtype=self.dtype_of(dtype), device=self.device_of(device))

    def arange(
        self, *, start: complex, step: complex, length: int, dtype: DType, device: Device
    ) -> Array:
        steps = self.xp.arange(length, dtype=self.xp.int64, device=self.device_of(device))
        if isinstance(start, int) and isinstance(step, int):
            return self.xp.astype(steps * step + start, self.dtype_of(dtype))
        exact = self.xp.astype(steps, self.xp.float64) * step + start
        return self.xp.astype(exact, self.dtype_of(dtype))

    def cast(self, x: Array, *, dtype: DType) -> Array:
        if not dtype.is_complex and self.xp.isdtype(x.dtype, "complex floating"):
            x = x != 0 if dtype.category == "bool" else self.xp.real(x)
        return self.xp.astype(x, self.dtype_of(dtype))
