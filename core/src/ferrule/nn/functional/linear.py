"""The affine map and the bilinear one."""

from __future__ import annotations

from ferrule import ops
from ferrule.tensor import Tensor


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: ``(..., in)``, ``(out, in)`` and ``(out,)`` give
    ``(..., out)``."""
    return ops.linear(input, weight, bias)


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input1 @ weight[k] @ input2 + bias[k]`` for each ``k``: ``(..., in1)``, ``(..., in2)``,
    ``(out, in1, in2)`` and ``(out,)`` give ``(..., out)``."""
    return ops.bilinear(input1, input2, weight, bias)
