"""The two operands of a function, of which one may be a Python number or hold integers."""

from __future__ import annotations

from typing import Any

from ferrule.ops.choice import cast
from ferrule.ops.creation import full
from ferrule.tensor import Tensor


def tensors(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors of one floating dtype. A number becomes a 0-d one."""
    if not isinstance(a, Tensor):
        return _like(b, a), b
    if not isinstance(b, Tensor):
        return a, _like(a, b)
    # a body may be called without the op, and then nothing has been promoted
    if a.dtype is not b.dtype:
        if a.dtype.is_floating_point:
            return a, cast(b, dtype=a.dtype)
        return cast(a, dtype=b.dtype), b
    return a, b


def _like(x: Tensor, value: Any) -> Tensor:
    return full(shape=(), value=value, dtype=x.dtype, device=x.device)
