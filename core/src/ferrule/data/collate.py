"""From a list of items to one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ferrule import factories, joining, runtime
from ferrule.data.containers import is_named_tuple, like
from ferrule.errors import DataError
from ferrule.tensor import Tensor
from ferrule_plugins import dtypes


def default_collate(batch: Sequence[Any]) -> Any:
    """Items of one kind, brought together along a new first dim, as PyTorch does it.

    Tensors are stacked. NumPy arrays and scalars become a tensor of their dtype, ints one of int64,
    and floats one of float64 (of the default dtype on a device that has no float64). Strings and
    bytes stay a list. Tuples become a list of what their members are collated to; named tuples,
    other sequences and dicts are collated member by member and keep their kind.

    Raises:
        DataError: there are no items, or one does not fit the first; it is named.
    """
    if not batch:
        raise DataError("default_collate: there are no items to make a batch of")
    return _collate(batch, "")


def default_convert(data: Any) -> Any:
    """``data`` with NumPy arrays and scalars anywhere in it as tensors: what a loader does to items
    that it does not batch."""
    if isinstance(data, (np.ndarray, np.generic)):
        return data if data.dtype.kind in "SUO" else factories.tensor(data)
    if isinstance(data, Mapping):
        return like(data, {key: default_convert(value) for key, value in data.items()})
    if is_named_tuple(data):
        return type(data)(*map(default_convert, data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return like(data, [default_convert(value) for value in data])
    return data


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
    return _BY_KIND[kind](items, member)


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
    return Sequence if isinstance(item, Sequence) else None


def _tensors(items: Sequence[Tensor], member: str) -> Tensor:
    _check_shapes(items, member)
    first = items[0]
    for i, item in enumerate(items):
        if item.device is not first.device:
            raise _misfit(i, member, "device", item.device, first.device)
    return joining.stack(items)


def _arrays(items: Sequence[Any], member: str) -> Tensor:
    _check_shapes(items, member)
    return factories.tensor(np.stack(items))


def _numbers(items: Sequence[Any], member: str) -> Tensor:
    # as in PyTorch, the first item's type decides
    double = isinstance(items[0], float)
    known = runtime.active(runtime.device().backend).dtypes if double else ()
    return factories.tensor(list(items), dtype=dtypes.float64 if dtypes.float64 in known else None)


def _mapping(items: Sequence[Any], member: str) -> Any:
    first = items[0]
    for i, item in enumerate(items):
        if not item.keys() >= first.keys():
            raise _misfit(i, member, "keys", list(item), list(first))
    found = {key: _collate([item[key] for item in items], f"{member}[{key!r}]") for key in first}
    return like(first, found)


def _members(items: Sequence[Any], member: str) -> Any:
    first = items[0]
    for i, item in enumerate(items):
        if len(item) != len(first):
            raise _misfit(i, member, "length", len(item), len(first))
    columns = [_collate([item[j] for item in items], f"{member}[{j}]") for j in range(len(first))]
    return type(first)(*columns) if is_named_tuple(first) else like(first, columns)


_BY_KIND: Mapping[type, Callable[[Sequence[Any], str], Any]] = {
    Tensor: _tensors,
    np.ndarray: _arrays,
    bool: _numbers,
    complex: _numbers,
    str: lambda items, member: list(items),
    Mapping: _mapping,
    Sequence: _members,
}


def _check_shapes(items: Sequence[Any], member: str) -> None:
    for i, item in enumerate(items):
        if item.shape != items[0].shape:
            raise _misfit(i, member, "shape", item.shape, items[0].shape)


def _at(member: str) -> str:
    return f" at {member}" if member else ""


def _misfit(i: int, member: str, what: str, found: Any, wanted: Any) -> DataError:
    return DataError(
        f"default_collate: item {i} of the batch{_at(member)} has {what} {found}, and item 0 has "
        f"{wanted}; make all items alike, or give the loader a collate_fn"
    )
