"""``x[...]`` and ``x[...] = v``: integers, slices, None and Ellipsis, and one integer tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferrule import factories, ops
from ferrule.errors import OutOfRange, ShapeError
from ferrule.tensor import Tensor


class _Plan:
    """An index taken apart.

    Attributes:
        starts, stops, steps: a slice of every dim of the tensor, with positive steps.
        flipped: dims to reverse after slicing, for negative steps.
        shape: the shape after integers have removed dims and None has added some.
    """

    def __init__(self, x: Tensor, index: tuple[Any, ...]) -> None:
        named = sum(i is not None and i is not Ellipsis for i in index)
        if sum(i is Ellipsis for i in index) > 1:
            raise ShapeError("an index has at most one ellipsis (...)")
        if named > x.ndim:
            raise ShapeError(f"{named} indices were given for {x._type}, which has {x.ndim} dims")
        if Ellipsis not in index:
            index = (*index, Ellipsis)
        starts, stops, steps, shape, flipped = [], [], [], [], []
        for i in index:
            d = len(starts)
            if i is None:
                shape.append(1)
                continue
            for part in [slice(None)] * (x.ndim - named) if i is Ellipsis else [i]:
                d = len(starts)
                size = x.shape[d]
                if isinstance(part, slice):
                    a, b, s = _slice(part, size)
                    if s < 0:
                        flipped.append(d)
                        count = len(range(a, b, s))
                        a, b, s = (a + (count - 1) * s, a + 1, -s) if count else (0, 0, 1)
                    shape.append(len(range(a, b, s)))
                    starts.append(a)
                    stops.append(max(a, b))
                    steps.append(s)
                else:
                    a = _integer(part, size, d, x)
                    starts.append(a)
                    stops.append(a + 1)
                    steps.append(1)
        self.starts, self.stops, self.steps = tuple(starts), tuple(stops), tuple(steps)
        self.flipped = tuple(flipped)
        self.shape = tuple(shape)

    @property
    def place(self) -> dict[str, tuple[int, ...]]:
        return {"starts": self.starts, "stops": self.stops, "steps": self.steps}

    @property
    def sliced(self) -> tuple[int, ...]:
        """The shape after slicing alone."""
        return tuple(len(range(*s)) for s in zip(self.starts, self.stops, self.steps))


def _slice(part: slice, size: int) -> tuple[int, int, int]:
    if part.step == 0:
        raise ShapeError("the step of a slice must not be 0")
    return part.indices(size)


def _integer(part: Any, size: int, dim: int, x: Tensor) -> int:
    if isinstance(part, (bool, np.bool_)) or not hasattr(part, "__index__"):
        kind = f"a {part.dtype} array" if isinstance(part, np.ndarray) else repr(part)
        raise ShapeError(
            f"{kind} cannot index dim {dim} of {x._type}; use integers, slices, None, ... or one "
            "integer tensor"
        )
    i = part.__index__()
    if not -size <= i < size:
        raise OutOfRange(f"index {i} is out of range for dim {dim} of {x._type}, of size {size}")
    return i % size


def _split(x: Tensor, index: Any) -> tuple[tuple[Any, ...], int | None, Tensor | None]:
    """An index with its integer tensor, if any, replaced by ``:``, and that tensor's place."""
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(
        factories.tensor(p, device=x.device) if isinstance(p, (list, np.ndarray)) else p
        for p in parts
    )
    arrays = [i for i, p in enumerate(parts) if isinstance(p, Tensor) and p.ndim]
    if not arrays:
        return parts, None, None
    at = arrays[0]
    array = parts[at]
    if len(arrays) > 1 or array.dtype.category != "integer":
        raise ShapeError(
            f"{x._type} is indexed by {' and '.join(str(parts[i]._type) for i in arrays)}; one "
            "integer tensor is taken at present. For a mask, multiply by it or use where"
        )
    # the dim of the result at which the tensor stands: integers before it leave no dim behind
    before = parts[:at]
    dim = sum(p is None or isinstance(p, slice) for p in before)
    if Ellipsis in before:
        named = sum(p is not None and p is not Ellipsis for p in parts)
        dim += x.ndim - named
    return (*before, slice(None), *parts[at + 1 :]), dim, array


def get(x: Tensor, index: Any) -> Tensor:
    """``x[index]``."""
    parts, dim, array = _split(x, index)
    plan = _Plan(x, parts)
    y = x
    if plan.sliced != x.shape or any(s != 1 for s in plan.steps):
        y = ops.slice(x, **plan.place)
    if plan.flipped:
        y = ops.flip(y, dims=plan.flipped)
    if y.shape != plan.shape or y is x:
        y = ops.reshape(y, shape=plan.shape)
    if array is None or dim is None:
        return y
    size = y.shape[dim]
    flat = ops.reshape(array, shape=(-1,))
    flat = ops.where(flat < 0, flat + size, flat)
    low, high = (flat.min().item(), flat.max().item()) if flat.numel() else (0, -1)
    if low < 0 or high >= size:
        raise OutOfRange(f"an index is out of range for dim {dim} of {y._type}, of size {size}")
    chosen = ops.index_select(y, flat, dim=dim)
    return ops.reshape(chosen, shape=(*y.shape[:dim], *array.shape, *y.shape[dim + 1 :]))


def set_(x: Tensor, index: Any, value: Any) -> None:
    """``x[index] = value``: gives ``x`` a new value."""
    parts, _, array = _split(x, index)
    if array is not None:
        raise ShapeError(
            f"assignment to {x._type} takes integers, slices, None and ...; to write by an integer "
            "tensor, use index_add or where"
        )
    plan = _Plan(x, parts)
    if not isinstance(value, Tensor):
        value = factories.tensor(value, dtype=x.dtype, device=x.device)
    elif value.dtype is not x.dtype:
        value = value.to(x.dtype)
    shape = value.shape
    while len(shape) > len(plan.shape) and shape[0] == 1:  # as NumPy: leading ones do not matter
        shape = shape[1:]
    value = ops.expand(ops.reshape(value, shape=shape), shape=plan.shape)
    value = ops.reshape(value, shape=plan.sliced)
    if plan.flipped:
        value = ops.flip(value, dims=plan.flipped)
    x._rebind("__setitem__", ops.slice_scatter(x, value, **plan.place))
