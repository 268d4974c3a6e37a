"""``x[...]`` and ``x[...] = v``.

An index means what it means to PyTorch, and negative steps what they mean to NumPy. It is read in
two steps: first integers, slices, None and Ellipsis (a `Place`, found once for each type and
index), then integer tensors and masks (a `Choice`), which leave whole dims to the first step. A
choice is one `index_select` along the dims that it merges into one. The dims that it makes stand
where the indices stood, or in front if those were not neighbours.
"""

from __future__ import annotations

from typing import Any

from ferrule import factories, ops
from ferrule.declare import integers
from ferrule.errors import ArgumentError
from ferrule.indexing.choice import fitted, positions, wrapped
from ferrule.indexing.parts import taken_apart
from ferrule.indexing.place import Place, out_of_range, plain
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import uint8

__all__ = ["get", "out_of_range", "place_of", "positions", "put", "set_", "wrapped"]


def get(x: Tensor, index: Any) -> Tensor:
    """``x[index]``."""
    place = plain(x, index)
    if place is not None:
        return place.read(x)
    if isinstance(index, Tensor) and index.ndim and x.ndim and index.dtype in _INTEGERS:
        return _rows(x, index)
    place, choice = taken_apart(x, index)
    if choice is None:
        return place.read(x)
    return choice.read(x if place.whole else place.read(x))


_INTEGERS = frozenset(integers - {uint8})


def _rows(x: Tensor, index: Tensor) -> Tensor:
    """``x[index]`` for one tensor of integers, a shorter way."""
    type_ = x._type
    flat = wrapped(index, type_.shape[0], lambda i: out_of_range(i, 0, type_))
    if index.ndim == 1:
        return ops.index_select.unchecked(x, flat, dim=0)
    found = ops.index_select.unchecked(x, ops.reshape(flat, shape=(-1,)), dim=0)
    return ops.reshape(found, shape=(*index.shape, *type_.shape[1:]))


def place_of(x: Tensor, index: Any) -> Place:
    """What an index of integers, slices, None and Ellipsis reads."""
    place, choice = plain(x, index), None
    if place is None:
        place, choice = taken_apart(x, index)
    if choice is not None:
        raise ArgumentError(f"{index!r} is no index of integers and slices")
    return place


def put(x: Tensor, index: Any, value: Tensor, *, accumulate: bool = False) -> Tensor:
    """``x`` with ``value``, of its dtype, at ``index``; with ``accumulate`` added to what is there.
    Where an index repeats, the last value counts."""
    place = plain(x, index)
    choice = None
    if place is None:
        place, choice = taken_apart(x, index)
    if choice is None:
        value = fitted(value, place.shape)
        return place.write(x, ops.add(place.read(x), value) if accumulate else value)
    if place.whole:
        return choice.write(x, value, accumulate)
    return place.write(x, choice.write(place.read(x), value, accumulate))


def set_(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``: gives ``x`` a new value."""
    if not isinstance(value, Tensor):
        value = factories.tensor(value, dtype=x.dtype, device=x.device)
    elif value.dtype is not x.dtype:
        value = value.to(x.dtype)
    if not value.ndim and value.device is not x.device:
        value = value.to(x.device)
    x._rebind("__setitem__", put(x, index, value))
