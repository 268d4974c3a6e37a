"""The standard's rules for arguments, where they are not PyTorch's."""

from __future__ import annotations

from typing import Any

from ferrule.errors import ArgumentError, DTypeError
from ferrule.tensor import Tensor
from ferrule_plugins import DType

Array = Tensor
Axis = int | tuple[int, ...] | None


def arrays(name: str, *values: Any) -> None:
    """Refuse what is no array of ferrule.

    Raises:
        ArgumentError: one of the values is none.
    """
    for value in values:
        if not isinstance(value, Tensor):
            raise ArgumentError(
                f"{name}: {type(value).__name__} is not an array of ferrule; convert it with "
                "asarray(...)"
            )


def one_array(name: str, *values: Any) -> None:
    """Refuse operands of which none is an array: Python scalars alone have no dtype."""
    if not any(isinstance(value, Tensor) for value in values):
        raise ArgumentError(f"{name}: one of the operands must be an array")


def inexact(name: str, x: Tensor) -> Tensor:
    """Refuse integers and bools, which the standard does not turn into floats by itself."""
    arrays(name, x)
    if x.dtype.category not in ("floating", "complex"):
        raise DTypeError(f"{name}: {x._type} is not floating; convert it with astype(...)")
    return x


def in_dtype(x: Tensor, dtype: Any) -> Tensor:
    """``x`` converted, if a dtype is asked for."""
    return x if dtype is None else x.to(DType.of(dtype))
