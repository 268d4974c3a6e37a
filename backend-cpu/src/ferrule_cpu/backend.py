"""Storage, probe and capabilities."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from ferrule_cpu import blas
from ferrule_cpu.allocation import keep_freed_memory
from ferrule_cpu.kernels import table
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
from ferrule_plugins.kits import array_namespace

Array = np.ndarray[Any, Any]


class NumpyBackend:
    """Arrays are ``numpy.ndarray``, in any memory order."""

    name = "cpu"
    contract = (1, 0)
    capabilities = Capabilities(
        dtypes=frozenset(dtypes.ALL),
        features=array_namespace.features(np) | {"from_dlpack"},
        preference=10,
        checks_indices=True,
    )

    def __init__(self) -> None:
        self.kernels: Mapping[str, Kernel] = table()
        self._keeps_memory = keep_freed_memory()

    def probe(self) -> Report:
        """NumPy is a requirement of this package, so where it imports, it runs."""
        device = DeviceInfo(platform.processor() or platform.machine(), "cpu", _physical_memory())
        details = {
            "numpy": np.__version__,
            "cores": str(_cores()),
            "blas": blas.describe(),
            "freed memory": "kept" if self._keeps_memory else "returned to the system",
        }
        return Report(ok=True, devices=(device,), details=details)

    def from_host(self, array: Array, device: Device) -> Array:
        if device.index != 0:
            raise ValueError(f'{device} does not exist: the CPU is one device, "cpu"')
        return np.array(array)

    def from_dlpack(self, array: Any, device: Device) -> Array:
        """A view of the memory of an array on the host."""
        return np.from_dlpack(array)

    def to_host(self, array: Array) -> Array:
        return array

    def spec(self, array: Array) -> Spec:
        return Spec(array.shape, DType.of(array.dtype))

    def synchronize(self, device: Device) -> None:
        """NumPy is done when it returns."""

    def memory_stats(self, device: Device) -> MemoryStats:
        """NumPy does not count what it allocates."""
        return MemoryStats(total=_physical_memory())


def _physical_memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not every system can say
        return None


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
