"""From a list of items to one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ferrule import factories, joining
from ferrule.errors import DataError
from ferrule.tensor import Tensor


def default_collate(items: Sequence[Any]) -> Any:
    """Items of one kind, brought together along a new first dim.

    Tensors are stacked. NumPy arrays and numbers become a tensor, of the dtype that ``fe.tensor``
    gives them. Strings and bytes stay a list. Tuples, lists and dicts are collated member by
    member and keep their kind.

    Raises:
        DataError: there are no items, or one does not fit the first; it is named.
    """
    if not items:
        raise DataError("default_collate: there are no items to make a batch of")
    return _collate(items, "")


def _collate(items: Sequence[Any], member: str) -> Any:
    """``member`` says where in each item these stand, as Python would write it."""
    first = items[0]
    kind = _kind(first)
    if kind is None:
        raise DataError(
            f"default_collate: item 0 of the batch{_at(member)} has type {type(first).__name__}, "
            "which no batch can be made of; make it a tensor, an array, a number, a string, or a "
            "tuple, list or dict of these, or give the loader a collate_fn"
        )
    for i, item in enumerate(items):
        if _kind(item) is not kind:
            raise _misfit(i, member, "type", type(item).__name__, type(first).__name__)
    if kind is Tensor:
        return _stack(items, member)
    if kind is np.ndarray:
        _check_shapes(items, member)
        return factories.tensor(np.stack(items))
    if kind is str:
        return list(items)
    if kind is Mapping:
        return _mapping(items, member)
    if kind is Sequence:
        return _members(items, member)
    return factories.tensor(list(items))


def _kind(item: Any) -> type | None:
    if isinstance(item, Tensor):
        return Tensor
    if isinstance(item, (np.ndarray, np.generic)):
        return np.ndarray
    if isinstance(item, bool):
        return bool
    if isinstance(item, (int, float, complex)):
        return complex
    if isinstance(item, (str, bytes)):
        return str
    if isinstance(item, Mapping):
        return Mapping
    return Sequence if isinstance(item, (tuple, list)) else None


def _stack(items: Sequence[Tensor], member: str) -> Tensor:
    _check_shapes(items, member)
    first = items[0]
    for i, item in enumerate(items):
        if item.device is not first.device:
            raise _misfit(i, member, "device", item.device, first.device)
    return joining.stack(items)


def _check_shapes(items: Sequence[Any], member: str) -> None:
    for i, item in enumerate(items):
        if item.shape != items[0].shape:
            raise _misfit(i, member, "shape", item.shape, items[0].shape)


def _mapping(items: Sequence[Any], member: str) -> dict[Any, Any]:
    keys = items[0].keys()
    for i, item in enumerate(items):
        if item.keys() != keys:
            raise _misfit(i, member, "keys", list(item), list(keys))
    return {key: _collate([item[key] for item in items], f"{member}[{key!r}]") for key in keys}


def _members(items: Sequence[Any], member: str) -> Any:
    first = items[0]
    for i, item in enumerate(items):
        if len(item) != len(first):
            raise _misfit(i, member, "length", len(item), len(first))
    columns = [_collate([item[j] for item in items], f"{member}[{j}]") for j in range(len(first))]
    return type(first)(*columns) if hasattr(first, "_fields") else type(first)(columns)


def _at(member: str) -> str:
    return f" at {member}" if member else ""


def _misfit(i: int, member: str, what: str, found: Any, wanted: Any) -> DataError:
    return DataError(
        f"default_collate: item {i} of the batch{_at(member)} has {what} {found}, and item 0 has "
        f"{wanted}; make all items alike, or give the loader a collate_fn"
    )
