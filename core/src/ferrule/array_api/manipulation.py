"""Manipulation and indexing functions of the standard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ferrule as fe
from ferrule.array_api.arguments import Array, Axis, arrays
from ferrule.errors import ArgumentError


def broadcast_arrays(*arrays_: Array) -> list[Array]:
    """The arrays, each repeated to the shape that all broadcast to."""
    arrays("broadcast_arrays", *arrays_)
    return list(fe.broadcast_tensors(*arrays_))


def broadcast_to(x: Array, /, shape: Sequence[int]) -> Array:
    """The array repeated to fill ``shape``."""
    arrays("broadcast_to", x)
    return fe.broadcast_to(x, shape)


def concat(arrays_: Sequence[Array], /, *, axis: int | None = 0) -> Array:
    """The arrays one after the other along ``axis``; without one, flattened."""
    arrays("concat", *arrays_)
    if axis is None:
        return fe.cat([fe.reshape(x, shape=(-1,)) for x in arrays_])
    return fe.cat(arrays_, axis)


def expand_dims(x: Array, /, axis: int = 0) -> Array:
    """A dim of size 1 put in at ``axis``."""
    arrays("expand_dims", x)
    return fe.unsqueeze(x, axis)


def flip(x: Array, /, *, axis: Axis = None) -> Array:
    """In reverse order along ``axis``, by default along all."""
    arrays("flip", x)
    given = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return fe.flip(x, tuple(given))


def moveaxis(x: Array, source: Any, destination: Any, /) -> Array:
    """The dims ``source`` moved to the places ``destination``."""
    arrays("moveaxis", x)
    return fe.moveaxis(x, source, destination)


def permute_dims(x: Array, /, axes: Sequence[int]) -> Array:
    """The dims in another order."""
    arrays("permute_dims", x)
    return fe.permute(x, tuple(axes))


def repeat(x: Array, repeats: Any, /, *, axis: int | None = None) -> Array:
    """Each element repeated ``repeats`` times along ``axis``; without one, flattened."""
    arrays("repeat", x)
    return fe.repeat_interleave(x, repeats, axis)


def reshape(x: Array, /, shape: Sequence[int], *, copy: bool | None = None) -> Array:
    """The elements in another shape. Tensors are values, so ``copy`` makes no difference."""
    arrays("reshape", x)
    return fe.reshape(x, shape=tuple(shape))


def roll(x: Array, /, shift: Any, *, axis: Axis = None) -> Array:
    """The elements moved on by ``shift`` places, the last ones to the front."""
    arrays("roll", x)
    return fe.roll(x, shift, axis)


def squeeze(x: Array, /, axis: int | tuple[int, ...]) -> Array:
    """Without the dims ``axis``, which are of size 1.

    Raises:
        ArgumentError: one of them is not.
    """
    arrays("squeeze", x)
    for d in (axis,) if isinstance(axis, int) else axis:
        if x.ndim and -x.ndim <= d < x.ndim and x.shape[d] != 1:
            raise ArgumentError(f"squeeze: dim {d} of {x._type} is not of size 1")
    return fe.squeeze(x, axis)


def stack(arrays_: Sequence[Array], /, *, axis: int = 0) -> Array:
    """The arrays, all of one shape, along a new dim."""
    arrays("stack", *arrays_)
    return fe.stack(arrays_, axis)


def take(x: Array, indices: Array, /, *, axis: int | None = None) -> Array:
    """The slices of ``x`` along ``axis`` that ``indices`` names; negative ones count from the end.

    Raises:
        ArgumentError: no axis is given, and ``x`` does not have just one.
    """
    arrays("take", x, indices)
    if axis is None:
        if x.ndim != 1:
            raise ArgumentError(f"take: {x._type} has {x.ndim} dims; give an axis")
        axis = 0
    index: list[Any] = [slice(None)] * x.ndim
    index[axis] = indices
    return x[tuple(index)]


def take_along_axis(x: Array, indices: Array, /, *, axis: int = -1) -> Array:
    """Along ``axis``, the elements of ``x`` that ``indices`` names."""
    arrays("take_along_axis", x, indices)
    size = x.shape[axis] if x.ndim else 1
    wrapped = fe.where(indices < 0, indices + size, indices)
    return fe.take_along_dim(x, wrapped.long(), axis)


def tile(x: Array, repetitions: Sequence[int], /) -> Array:
    """Copies of the whole array, side by side."""
    arrays("tile", x)
    return fe.tile(x, tuple(repetitions))


def unstack(x: Array, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The slices along ``axis``."""
    arrays("unstack", x)
    return fe.unbind(x, axis)
