"""Inputs that may lack the batch dim."""

from __future__ import annotations

import ferrule as fe
from ferrule.errors import ShapeError
from ferrule.tensor import Tensor


def with_batch(call: str, input: Tensor, ndim: int) -> tuple[Tensor, bool]:
    """``input`` as ``(N, C, *size)`` with ``ndim`` spatial dims, and whether it had no ``N``.

    Raises:
        ShapeError: it has neither ``ndim + 1`` nor ``ndim + 2`` dims.
    """
    if input.ndim == ndim + 2:
        return input, False
    if input.ndim == ndim + 1:
        return fe.unsqueeze(input, 0), True
    raise ShapeError(
        f"{call}: input is {input._type}; it must have {ndim + 1} dims, (C, *size), or with "
        f"a batch {ndim + 2}, (N, C, *size)"
    )


def as_given(y: Tensor, single: bool) -> Tensor:
    """``y`` without its batch dim, where the input had none."""
    return fe.squeeze(y, 0) if single else y
