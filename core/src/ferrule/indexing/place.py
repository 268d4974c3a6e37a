"""Integers, slices, None and Ellipsis: what they read is known without a look at any value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ferrule import ops
from ferrule.errors import OutOfRange, ShapeError
from ferrule.modes import current
from ferrule.tensor import Tensor
from ferrule.tensor_type import TensorType


class Place:
    """What integers, slices, None and Ellipsis say.

    Attributes:
        slices: the attributes of the slicing of every dim, with positive steps.
        slicing: whether that changes anything.
        sliced: the shape after slicing.
        flipped: dims to reverse after slicing, for negative steps.
        shape: the shape after integers have removed dims and None has added some.
    """

    def __init__(self, type_: TensorType, parts: Sequence[Any]) -> None:
        size = type_.shape
        named = sum(i is not None and i is not Ellipsis for i in parts)
        if sum(i is Ellipsis for i in parts) > 1:
            raise ShapeError("an index has at most one ellipsis (...)")
        if named > len(size):
            raise ShapeError(f"{named} indices were given for {type_}, which has {len(size)} dims")
        if Ellipsis not in parts:
            parts = (*parts, Ellipsis)
        starts, stops, steps, shape, flipped = [], [], [], [], []
        for i in parts:
            if i is None:
                shape.append(1)
                continue
            each: list[Any] = [slice(None)] * (len(size) - named) if i is Ellipsis else [i]
            for part in each:
                d = len(starts)
                if isinstance(part, slice):
                    if part.step == 0:
                        raise ShapeError("the step of a slice must not be 0")
                    a, b, s = part.indices(size[d])
                    count = len(range(a, b, s))
                    if s < 0:
                        flipped.append(d)
                        a, b, s = (a + (count - 1) * s, a + 1, -s) if count else (0, 0, 1)
                    shape.append(count)
                else:
                    a = _wrapped(part, size[d], d, type_)
                    b, s = a + 1, 1
                starts.append(a)
                stops.append(max(a, b))
                steps.append(s)
        self.sliced = tuple(len(range(*s)) for s in zip(starts, stops, steps))
        self.slices = {"starts": tuple(starts), "stops": tuple(stops), "steps": tuple(steps)}
        self.slicing = self.sliced != size or any(s != 1 for s in steps)
        self.key = ops.slice._key((Tensor(None, type_),), self.slices)
        self.flipped = tuple(flipped)
        self.shape = tuple(shape)
        self.whole = not self.slicing and not flipped and self.shape == size

    def read(self, x: Tensor) -> Tensor:
        y = x
        if self.slicing:
            modes = current()
            plan = None if modes.stack else ops.slice.plans.get(self.key)
            if plan is None:
                y = ops.slice(x, **self.slices)
            else:
                y = ops.slice._execute(plan, (x,), modes)
        if self.flipped:
            y = ops.flip(y, dims=self.flipped)
        if y is x or y.shape != self.shape:
            y = ops.reshape(y, shape=self.shape)
        return y

    def write(self, x: Tensor, value: Tensor) -> Tensor:
        """``x`` with ``value``, of the shape that is read, in this place."""
        value = ops.reshape(value, shape=self.sliced)
        if self.flipped:
            value = ops.flip(value, dims=self.flipped)
        return ops.slice_scatter(x, value, **self.slices)


class _NotPlain(Exception):
    """The index is more than integers, slices, None and Ellipsis."""


_PLAIN = (int, type(None), type(Ellipsis))


@lru_cache(4096, typed=True)
def _place(type_: TensorType, *parts: Any) -> Place:
    """The place of an index that is plain. Slices come as the class and three arguments, because
    not every Python can hash them, and because 1 and 1.0 differ."""
    found, rest = [], iter(parts)
    for part in rest:
        if part is slice:
            ends = (next(rest), next(rest), next(rest))
            if any(end is not None and end.__class__ is not int for end in ends):
                raise _NotPlain
            part = slice(*ends)
        elif part.__class__ not in _PLAIN:
            raise _NotPlain
        found.append(part)
    return Place(type_, found)


def plain(x: Tensor, index: Any) -> Place | None:
    """The place of an index; None if it is not plain."""
    try:
        if index.__class__ is int:
            return _place(x._type, index)
        key = []
        for part in index if index.__class__ is tuple else (index,):
            if part.__class__ is slice:
                key += (slice, part.start, part.stop, part.step)
            elif part.__class__ in _PLAIN:
                key.append(part)
            else:
                return None
        return _place(x._type, *key)
    except (_NotPlain, TypeError):  # what cannot be hashed is not plain either
        return None


def _wrapped(index: int, size: int, dim: int, type_: TensorType) -> int:
    if not -size <= index < size:
        raise out_of_range(index, dim, type_)
    return index % size


def out_of_range(index: int | None, dim: int, type_: TensorType) -> OutOfRange:
    which = "an index" if index is None else f"index {index}"
    return OutOfRange(
        f"{which} is out of range for dim {dim} of {type_}, of size {type_.shape[dim]}"
    )
