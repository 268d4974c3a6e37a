"""The array: a buffer, and how to walk through it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from ferrule_example_purepython.numbers import Buffer, stored
from ferrule_plugins import DType, Shape


class Array:
    """Elements of a buffer. Several arrays may share one, which is never written to once it is in
    an array.

    Attributes:
        buffer: the elements, those of other arrays too.
        shape: sizes.
        strides: how many elements of the buffer lie between neighbours along each dim.
        offset: where in the buffer the first element is.
        dtype: what the elements are.
    """

    __slots__ = ("buffer", "dtype", "offset", "shape", "strides")

    def __init__(
        self, buffer: Buffer, shape: Shape, dtype: DType, strides: Shape | None = None, offset=0
    ) -> None:
        self.buffer = buffer
        self.shape = shape
        self.dtype = dtype
        self.strides = row_major(shape) if strides is None else strides
        self.offset = offset

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def view(self, shape: Shape, strides: Shape, offset: int | None = None) -> Array:
        """The same buffer, walked through in another way."""
        return Array(
            self.buffer, shape, self.dtype, strides, self.offset if offset is None else offset
        )

    def places(self) -> Sequence[int]:
        """Where the elements are in the buffer, in row-major order."""
        if self.strides == row_major(self.shape):
            return range(self.offset, self.offset + self.size)
        found = [self.offset]
        for n, stride in zip(self.shape, self.strides):
            found = [place + i * stride for place in found for i in range(n)]
        return found

    def elements(self) -> Sequence[Any]:
        """The elements as Python numbers, in row-major order."""
        places = self.places()
        if isinstance(places, range):
            return self.buffer[places.start : places.stop]
        return [self.buffer[place] for place in places]


def new(numbers: Iterable[Any], shape: Shape, dtype: DType) -> Array:
    """An array of Python numbers in row-major order, each brought to the dtype."""
    return Array(stored(dtype, numbers), shape, dtype)


def row_major(shape: Shape) -> Shape:
    """The strides of an array that has its buffer for itself."""
    return tuple(accumulate(shape[:0:-1], lambda a, b: a * b, initial=1))[::-1] if shape else ()


def expand(x: Array, *, shape: Shape) -> Array:
    new_dims = len(shape) - x.ndim
    kept = (s if n == m else 0 for n, m, s in zip(x.shape, shape[new_dims:], x.strides))
    return x.view(shape, (0,) * new_dims + tuple(kept))


def permute(x: Array, *, dims: Shape) -> Array:
    return x.view(tuple(x.shape[d] for d in dims), tuple(x.strides[d] for d in dims))


def broadcast(*shapes: Shape) -> Shape:
    """The shape that all of them stretch to."""
    ndim = max(map(len, shapes))
    padded = [(1,) * (ndim - len(shape)) + shape for shape in shapes]
    return tuple(next((n for n in sizes if n != 1), 1) for sizes in zip(*padded))
