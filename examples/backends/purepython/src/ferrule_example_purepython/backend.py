"""What core asks of a backend: capabilities, the kernel table and six methods."""

from __future__ import annotations

import platform
from array import array as buffer_of
from collections.abc import Mapping
from typing import Any

import numpy as np

from ferrule_example_purepython import elementwise, movement, random_bits, rows
from ferrule_example_purepython.numbers import CODES
from ferrule_example_purepython.strided import Array
from ferrule_plugins import (
    Capabilities,
    Device,
    DeviceInfo,
    DType,
    Kernel,
    MemoryStats,
    Report,
    Spec,
    dtypes,
)

_NARROW = (dtypes.float16, dtypes.bfloat16)


class PurePythonBackend:
    """Arrays are `Array`, on buffers of the standard library."""

    name = "purepython"
    contract = (1, 0)
    capabilities = Capabilities(dtypes=frozenset(dtypes.ALL), preference=-10)
    kernels: Mapping[str, Kernel] = {
        **movement.KERNELS,
        **elementwise.KERNELS,
        **rows.KERNELS,
        **random_bits.KERNELS,
    }

    def probe(self) -> Report:
        """Where Python runs, it runs."""
        device = DeviceInfo(platform.machine() or "Python", "cpu")
        return Report(ok=True, devices=(device,), details={"python": platform.python_version()})

    def from_host(self, array: np.ndarray[Any, Any], device: Device) -> Array:
        dtype = DType.of(array.dtype)
        if dtype.is_complex:
            return Array(array.ravel().tolist(), array.shape, dtype)
        if dtype in _NARROW:
            array = array.astype(np.float32)
        return Array(buffer_of(CODES[dtype], array.tobytes()), array.shape, dtype)

    def to_host(self, array: Array) -> np.ndarray[Any, Any]:
        flat = np.array(array.elements())
        return flat.astype(array.dtype.numpy, copy=False).reshape(array.shape)

    def spec(self, array: Array) -> Spec:
        return Spec(array.shape, array.dtype)

    def synchronize(self, device: Device) -> None:
        """A kernel's work is done when it returns."""

    def memory_stats(self, device: Device) -> MemoryStats:
        """Python does not count by object."""
        return MemoryStats()
