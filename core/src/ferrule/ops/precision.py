"""Computing with 16-bit floats."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ferrule.ops.choice import cast
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bfloat16, float16, float32

HALVES = (float16, bfloat16)


def in_float32(function: Callable[..., Any]) -> Callable[..., Any]:
    """The body, or the gradient rule, of an op computed in float32 where its operands are 16-bit
    floats, and rounded once at the end, rather than after each of its steps."""

    @wraps(function)
    def run(*operands: Any, **attrs: Any) -> Any:
        half = next((d for d in map(_dtype, operands) if d in HALVES), None)
        if half is None:
            return function(*operands, **attrs)
        found = function(*map(widened, operands), **attrs)
        if isinstance(found, tuple):
            return tuple(_rounded(y, half) for y in found)
        return _rounded(found, half)

    return run


def _dtype(x: Any) -> Any:
    first = x[0] if isinstance(x, tuple) and x else x
    return first.dtype if isinstance(first, Tensor) else None


def widened(x: Any) -> Any:
    """A tensor of 16-bit floats in float32, everything else as it is; for a tuple, each of it."""
    if isinstance(x, tuple):
        return tuple(map(widened, x))
    return cast(x, dtype=float32) if isinstance(x, Tensor) and x.dtype in HALVES else x


def _rounded(y: Any, dtype: Any) -> Any:
    if isinstance(y, Tensor):
        return cast(y, dtype=dtype) if y.dtype is float32 else y
    # a rule may defer a gradient
    return (lambda: _rounded(y(), dtype)) if callable(y) else y
