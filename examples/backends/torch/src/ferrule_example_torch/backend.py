"""PyTorch behind the array-namespace kit."""

from __future__ import annotations

from typing import Any

import array_api_compat.torch as xp
import numpy as np
import torch

from ferrule_example_torch.kernels import overlays
from ferrule_plugins import Device, DeviceInfo, Report, dtypes
from ferrule_plugins.kits.array_namespace_backend import ArrayNamespaceBackend


class TorchBackend(ArrayNamespaceBackend):
    """Arrays are ``torch.Tensor`` on the CPU. ``array_api_compat`` gives PyTorch's functions the
    standard's names and arguments."""

    def __init__(self) -> None:
        super().__init__("torch", xp)
        self.kernels = {**self.kernels, **overlays(self.kernels)}

    def probe(self) -> Report:
        device = DeviceInfo(f"{torch.get_num_threads()} threads", "cpu")
        return Report(ok=True, devices=(device,), details={"torch": torch.__version__})

    def from_host(self, array: np.ndarray[Any, Any], device: Device) -> torch.Tensor:
        array = np.array(array, order="C")  # PyTorch has no negative strides
        if array.dtype == dtypes.bfloat16.numpy:  # which NumPy and PyTorch know apart
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)

    def to_host(self, array: torch.Tensor) -> np.ndarray[Any, Any]:
        array = array.resolve_conj().resolve_neg()
        if array.dtype == torch.bfloat16:
            return array.contiguous().view(torch.int16).numpy().view(dtypes.bfloat16.numpy)
        return array.numpy()
