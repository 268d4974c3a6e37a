"""A whole backend over one library that follows the Python array API standard.

``backend = ArrayNamespaceBackend("mine", library)`` is a complete backend. Subclass it to overlay
tuned kernels, to say more in the probe, or where NumPy cannot read the library's arrays: `to_host`
is the method that libraries with device memory override.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ferrule_plugins import dtypes
from ferrule_plugins.backend import Capabilities, DeviceInfo, Kernel, MemoryStats, Report
from ferrule_plugins.device import Device
from ferrule_plugins.dtypes import DType
from ferrule_plugins.kits import array_namespace
from ferrule_plugins.spec import Spec

Array = Any


class ArrayNamespaceBackend:
    """Arrays are the library's own.

    Args:
        name: what selects the backend.
        xp: the library's namespace. The dtypes that it has attributes for are declared.
        kernels: kernels that take the places of the kit's.
    """

    contract = (1, 0)

    def __init__(self, name: str, xp: Any, kernels: Mapping[str, Kernel] | None = None) -> None:
        self.name = name
        self.xp = xp
        declared = frozenset(d for d in dtypes.ALL if hasattr(xp, d.name))
        self.capabilities = Capabilities(
            dtypes=declared, features=array_namespace.features(xp) | {"from_dlpack"}
        )
        kit = array_namespace.kernels(xp, device_of=self.native_device)
        self.kernels: Mapping[str, Kernel] = {**kit, **(kernels or {})}

    def native_device(self, device: Device) -> Any:
        """What the library calls ``device``; by default its own choice."""
        return None

    def probe(self) -> Report:
        """What has been imported can run, unless a subclass knows better."""
        version = str(getattr(self.xp, "__version__", "unknown"))
        return Report(
            ok=True,
            devices=(DeviceInfo(self.xp.__name__, "cpu"),),
            details={self.xp.__name__: version},
        )

    def from_host(self, array: np.ndarray[Any, Any], device: Device) -> Array:
        # A copy in row-major order: the library may share memory with what it is given, and not
        # every library knows negative strides.
        return self.xp.asarray(np.array(array, order="C"), device=self.native_device(device))

    def from_dlpack(self, array: Any, device: Device) -> Array:
        """The library's view of another library's memory, which the standard has."""
        return self.xp.from_dlpack(array)

    def to_host(self, array: Array) -> np.ndarray[Any, Any]:
        return np.asarray(array)

    def spec(self, array: Array) -> Spec:
        # "float32" of NumPy, "torch.float32", "array_api_strict.float32"
        return Spec(tuple(array.shape), DType.of(str(array.dtype).rpartition(".")[2]))

    def synchronize(self, device: Device) -> None:
        """A library that queues work overrides this."""

    def memory_stats(self, device: Device) -> MemoryStats:
        """The standard does not tell."""
        return MemoryStats()
