"""Kernels where PyTorch's functions are not what the standard says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ferrule_plugins import Kernel

Array = torch.Tensor


def complex_(real: Any, imag: Any) -> Array:
    """PyTorch's addition of complex numbers makes ``0 + inf*1j`` have NaN as its real part, so
    parts cannot be put together by adding."""
    dtype = next(x.dtype for x in (real, imag) if isinstance(x, Array))
    return torch.complex(torch.as_tensor(real, dtype=dtype), torch.as_tensor(imag, dtype=dtype))


def overlays(kit: Mapping[str, Kernel]) -> dict[str, Kernel]:
    """What takes the places of kernels of the kit."""

    def unless_empty(transform: Kernel) -> Kernel:
        """MKL refuses to transform what has no elements."""

        def kernel(x: Array, **attrs: Any) -> Array:
            if x.numel():
                return transform(x, **attrs)
            shaped = transform(x.to("meta"), **attrs)  # which computes shapes alone
            return torch.empty_like(shaped, device=x.device)

        return kernel

    transforms = ("fft_c2c", "fft_r2c", "fft_c2r")
    return {"complex": complex_, **{op: unless_empty(kit[op]) for op in transforms}}
