"""The affine map."""

from __future__ import annotations

from ferrule import ops
from ferrule.tensor import Tensor


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: ``(..., in)``, ``(out, in)`` and ``(out,)`` give
    ``(..., out)``."""
    return ops.linear(input, weight, bias)
