"""Storage, probe and capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ferrule_cuda.kernels import table
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

Array = Any

_INSTALL = 'pip install "ferrule-cuda[cuda13]", or [cuda12] for a driver of that generation'


class CudaBackend:
    """Arrays are ``cupy.ndarray`` on the first GPU.

    Args:
        cupy: the CuPy module; by default the installed one. Where it cannot be imported, the
            backend exists all the same, and its probe says why it cannot run.
    """

    name = "cuda"
    contract = (1, 0)
    # Sums by index are made of atomic additions, whose order differs from run to run. bfloat16 is
    # left out until it has been run on a GPU.
    capabilities = Capabilities(
        dtypes=frozenset(dtypes.ALL) - {dtypes.bfloat16},
        nondeterministic=frozenset({"index_add", "scatter_add"}),
        preference=10,
        asynchronous=True,
    )

    def __init__(self, cupy: Any = None) -> None:
        self._missing = ""
        if cupy is None:
            try:
                # an extra: it need not be installed
                import cupy  # pyright: ignore[reportMissingImports]
            except Exception as error:  # a broken CuPy raises more than ImportError
                self._missing = f"{type(error).__name__}: {' '.join(str(error).split())}"
        self._cupy: Any = cupy
        self.kernels: Mapping[str, Kernel] = {} if cupy is None else table(cupy)
        if cupy is not None:
            features = array_namespace.features(cupy)
            self.capabilities = replace(self.capabilities, features=features)

    def probe(self) -> Report:
        """Look for CuPy, a driver and a GPU, and add some numbers there."""
        if self._cupy is None:
            return Report(
                False, reason=f"CuPy cannot be imported ({self._missing})", remedy=_INSTALL
            )
        details = {"cupy": str(self._cupy.__version__)}
        try:
            count = self._cupy.cuda.runtime.getDeviceCount()
            if count == 0:
                raise RuntimeError("no GPU is visible to this process")
            device = self._describe()
        except Exception as error:
            return Report(
                False,
                reason=f"CUDA finds no usable GPU ({_one_line(error)})",
                remedy="install NVIDIA's driver and make a GPU visible (nvidia-smi, "
                "CUDA_VISIBLE_DEVICES), or use the backend cpu",
                details=details,
            )
        try:
            total = int(self._cupy.arange(4).sum())
        except Exception as error:
            return Report(
                False,
                devices=(device,),
                reason=f"a first computation on {device.name} failed ({_one_line(error)})",
                remedy=f"install CUDA's libraries that CuPy needs: {_INSTALL}",
                details=details,
            )
        if total != 6:
            reason = f"{device.name} adds 0, 1, 2 and 3 up to {total}"
            return Report(False, (device,), reason, "check the GPU and its driver", details)
        details["devices in use"] = f"1 of {count}"
        return Report(True, devices=(device,), details=details)

    def _describe(self) -> DeviceInfo:
        properties = self._cupy.cuda.runtime.getDeviceProperties(0)
        name = properties["name"]
        text = name.decode() if isinstance(name, bytes) else str(name)
        return DeviceInfo(text, "gpu", int(properties["totalGlobalMem"]))

    def from_host(self, array: np.ndarray[Any, Any], device: Device) -> Array:
        if device.index != 0:
            raise ValueError(f'{device} is not in use: this backend works on the first GPU, "cuda"')
        return self._cupy.array(array, order="C")

    def to_host(self, array: Array) -> np.ndarray[Any, Any]:
        return self._cupy.asnumpy(array)

    def spec(self, array: Array) -> Spec:
        return Spec(tuple(array.shape), DType.of(array.dtype))

    def synchronize(self, device: Device) -> None:
        self._cupy.cuda.Device(device.index).synchronize()

    def memory_stats(self, device: Device) -> MemoryStats:
        pool = self._cupy.get_default_memory_pool()
        _, total = self._cupy.cuda.Device(device.index).mem_info
        return MemoryStats(int(pool.used_bytes()), int(pool.total_bytes()), int(total))


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
