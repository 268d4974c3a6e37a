"""Activation functions."""

from __future__ import annotations

from typing import Any

from ferrule import ops
from ferrule.tensor import Tensor


def written(input: Tensor, y: Tensor, name: str, inplace: bool) -> Tensor:
    """``y``, or, in place, ``input`` with its value."""
    return input._rebind(name, y) if inplace else y


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``"""
    return written(input, ops.relu(input), "relu", inplace)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * sigmoid(input)``"""
    return written(input, ops.silu(input), "silu", inplace)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """``input`` times the normal distribution function of it; ``approximate="tanh"`` is faster."""
    return ops.gelu(input, approximate=approximate)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return ops.tanh(input)


def sigmoid(input: Tensor) -> Tensor:
    """``1 / (1 + exp(-input))``"""
    return ops.sigmoid(input)


def softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """Exponentials along ``dim``, scaled to sum to one; computed in ``dtype`` where given."""
    return ops.softmax(input if dtype is None else input.to(dtype), dim=dim)


def log_softmax(input: Tensor, dim: int, dtype: Any = None) -> Tensor:
    """The logarithm of `softmax`."""
    return ops.log_softmax(input if dtype is None else input.to(dtype), dim=dim)
