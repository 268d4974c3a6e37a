"""Dims and sizes as public functions take them, checked and brought to one form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ferrule as fe
from ferrule.errors import ArgumentError, OutOfRange, ShapeError
from ferrule_plugins import Shape

if TYPE_CHECKING:
    from ferrule.tensor import Tensor


def wrap(name: str, input: Tensor, dim: Any, ndim: int | None = None) -> int:
    """A dim of ``input`` counted from the front.

    Args:
        name: the call, for messages.
        ndim: how many dims there are to choose from; by default those of ``input``, where a tensor
            without dims has the dim 0, as in PyTorch.

    Raises:
        OutOfRange: there is no such dim.
    """
    ndim = max(input.ndim, 1) if ndim is None else ndim
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise ArgumentError(f"{name}({input._type}): a dim must be an int, not {dim!r}")
    found = dim.__index__()
    if not -ndim <= found < ndim:
        raise OutOfRange(
            f"{name}({input._type}): dim {found} is out of range; use {-ndim}..{ndim - 1}"
        )
    return found % ndim


def wrap_all(name: str, input: Tensor, dims: Any) -> tuple[int, ...]:
    """One dim or several, counted from the front.

    Raises:
        OutOfRange: there is no such dim.
        ShapeError: one is named twice.
    """
    given = dims if isinstance(dims, (tuple, list, range)) else (dims,)
    found = tuple(wrap(name, input, d) for d in given)
    if len(set(found)) < len(found):
        raise ShapeError(f"{name}({input._type}): dims {tuple(given)} name one dim twice")
    return found


def several(values: tuple[Any, ...], named: Any = None) -> tuple[Any, ...]:
    """``(2, 3)`` from ``f(2, 3)``, ``f((2, 3))`` and ``f(size=[2, 3])``.

    Args:
        named: what was given by name, which takes the place of no ``values``.
    """
    if named is not None:
        if values:
            raise ArgumentError(f"{values} by position and {named} by name cannot both be meant")
        values = (named,)
    if len(values) == 1 and isinstance(values[0], (tuple, list, range)):
        return tuple(values[0])
    return values


def sizes(name: str, values: Any, *, least: int = 0) -> Shape:
    """Sizes as ints.

    Raises:
        ArgumentError: one is not an int.
        ShapeError: one is less than ``least``: -1 where that stands for "as it is".
    """
    for n in values:
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise ArgumentError(f"{name}: a size must be an int, not {n!r}")
        if n.__index__() < least:
            raise ShapeError(f"{name}: sizes are not negative, and this one is {n}")
    return tuple(n.__index__() for n in values)


def tensors(name: str, values: Any) -> Sequence[Tensor]:
    """A sequence of at least one tensor.

    Raises:
        ArgumentError: it is something else.
    """
    if isinstance(values, fe.Tensor) or not isinstance(values, Sequence):
        raise ArgumentError(f"{name} takes a sequence of tensors, not {type(values).__name__}")
    if not values:
        raise ArgumentError(f"{name} needs at least one tensor")
    for x in values:
        if not isinstance(x, fe.Tensor):
            raise ArgumentError(f"{name} takes tensors, and one is of type {type(x).__name__}")
    return values
