"""Moving tensors between devices."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule import runtime
from ferrule.autograd.function import Function
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType
from ferrule_plugins import Device


class _Transfer(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, device: Device) -> Tensor:
        ctx.origin = x.device
        target = runtime.active(device.backend)
        target.check_dtype(x.dtype)
        data = target.backend.from_host(x.detach().numpy(), device)
        return Tensor(data, TensorType(x._type.spec, device))

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        return transfer(g, ctx.origin), None


def transfer(x: Tensor, device: Device) -> Tensor:
    """``x`` on ``device``; itself, if it is there. Gradients travel back.

    Raises:
        BackendError: the device's backend cannot be used.
        DTypeError: it does not have the dtype.
    """
    if x.device is device:
        return x
    if fe.func.batched.is_batched(x):
        return fe.func.batched.with_bottom(x, transfer(fe.func.batched.bottom(x), device))
    return _Transfer.apply(x, device)
