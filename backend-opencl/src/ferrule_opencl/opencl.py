"""The backend object: storage on `pyopencl.array`, and a probe that tells what it found."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ferrule_plugins import (
    Capabilities,
    Device,
    DeviceInfo,
    DeviceKind,
    DType,
    Kernel,
    MemoryStats,
    Report,
    Spec,
    dtypes,
)

if TYPE_CHECKING:
    import pyopencl
    import pyopencl.array

_POCL = 'pip install "ferrule-opencl[pocl]" for an OpenCL that runs on any CPU'


class OpenCL:
    """OpenCL devices of all platforms, numbered in the order in which the platforms list them."""

    name = "opencl"
    contract = (1, 0)
    capabilities = Capabilities(dtypes=frozenset(dtypes.ALL))
    kernels: Mapping[str, Kernel] = {}

    def probe(self) -> Report:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return self._probe()
        except Exception as error:
            reason = f"asking OpenCL for its devices raised {type(error).__name__}: {error}"
            return Report(ok=False, reason=reason, remedy="run clinfo, and reinstall the driver")

    def from_host(self, array: np.ndarray[Any, Any], device: Device) -> pyopencl.array.Array:
        import pyopencl.array

        # OpenCL copies flat memory; np.ascontiguousarray would give a scalar a dimension.
        return pyopencl.array.to_device(_queue(device.index), np.asarray(array, order="C"))

    def to_host(self, array: pyopencl.array.Array) -> np.ndarray[Any, Any]:
        return array.get()

    def spec(self, array: pyopencl.array.Array) -> Spec:
        return Spec(array.shape, DType.of(array.dtype))

    def synchronize(self, device: Device) -> None:
        _queue(device.index).finish()

    def memory_stats(self, device: Device) -> MemoryStats:
        return MemoryStats(total=_queue(device.index).device.global_mem_size)

    def _probe(self) -> Report:
        try:
            import pyopencl
        except Exception as error:
            reason = f"pyopencl cannot be imported ({type(error).__name__}: {error})"
            return Report(ok=False, reason=reason, remedy=_POCL)
        details = {"pyopencl": pyopencl.VERSION_TEXT}
        found = list(_devices())
        if not found:
            reason = "no OpenCL platform offers a device"
            remedy = f"install the OpenCL driver of your device, or {_POCL}"
            return Report(ok=False, reason=reason, remedy=remedy, details=details)
        for index, device in enumerate(found):
            platform = device.platform
            details[f"device {index}"] = f"{device.version.strip()}, driver {device.driver_version}"
            details[f"platform of device {index}"] = f"{platform.name}, {platform.version.strip()}"
        names = ", ".join(device.name.strip() for device in found)
        return Report(
            ok=False,
            devices=tuple(map(_describe, found)),
            reason=f"found {len(found)} OpenCL device{'s'[: len(found) != 1]} ({names}), "
            "but this release of ferrule-opencl has no kernels yet",
            remedy="pip install --upgrade ferrule-opencl once a release has kernels; "
            "until then choose another backend",
            details=details,
        )


def _devices() -> Iterator[pyopencl.Device]:
    import pyopencl

    try:
        platforms = pyopencl.get_platforms()
    except pyopencl.LogicError:
        return  # The loader's way of saying that it knows no platform.
    for platform in platforms:
        try:
            yield from platform.get_devices()
        except pyopencl.RuntimeError:
            continue  # DEVICE_NOT_FOUND: a driver without its hardware.


def _describe(device: pyopencl.Device) -> DeviceInfo:
    return DeviceInfo(device.name.strip(), _kind(device.type), device.global_mem_size)


def _kind(flags: int) -> DeviceKind:
    """The contract's word for a CL_DEVICE_TYPE, which is a set of bits."""
    import pyopencl

    if flags & pyopencl.device_type.GPU:
        return "gpu"
    if flags & pyopencl.device_type.CPU:
        return "cpu"
    return "accelerator"


@cache
def _queue(index: int) -> pyopencl.CommandQueue:
    import pyopencl

    device = list(_devices())[index]
    return pyopencl.CommandQueue(pyopencl.Context([device]))
