"""Kernels that make arrays, move elements and convert them. Most return a view."""

from __future__ import annotations

import math
from itertools import chain, product
from typing import Any

from ferrule_example_purepython.strided import Array, expand, new, permute
from ferrule_plugins import Device, DType, Shape, dtypes


def full(*, shape: Shape, value: Any, dtype: DType, device: Device) -> Array:
    return expand(new([value], (), dtype), shape=shape)


def arange(*, start: Any, step: Any, length: int, dtype: DType, device: Device) -> Array:
    return cast_numbers((start + i * step for i in range(length)), (length,), dtype)


def cast(x: Array, *, dtype: DType) -> Array:
    elements: Any = x.elements()
    if x.dtype.is_complex and not dtype.is_complex and dtype is not dtypes.bool_:
        elements = (z.real for z in elements)
    return cast_numbers(elements, x.shape, dtype)


def cast_numbers(numbers: Any, shape: Shape, dtype: DType) -> Array:
    """An array of numbers of any kind but complex ones, if the dtype is not."""
    if dtype.category == "integer":
        # what does not fit is undefined; the infinite and NaN become 0
        numbers = (int(x) if math.isfinite(x) else 0 for x in numbers)
    return new(numbers, shape, dtype)


def reshape(x: Array, *, shape: Shape) -> Array:
    if isinstance(x.places(), range):
        return Array(x.buffer, shape, x.dtype, offset=x.offset)
    return new(x.elements(), shape, x.dtype)


def flip(x: Array, *, dims: Shape) -> Array:
    last = (s * (n - 1) for d, (n, s) in enumerate(zip(x.shape, x.strides)) if d in dims and n)
    strides = tuple(-s if d in dims else s for d, s in enumerate(x.strides))
    return x.view(x.shape, strides, x.offset + sum(last))


def slice_(x: Array, *, starts: Shape, stops: Shape, steps: Shape) -> Array:
    shape = tuple(len(range(*along)) for along in zip(starts, stops, steps))
    strides = tuple(s * step for s, step in zip(x.strides, steps))
    return x.view(shape, strides, x.offset + sum(a * s for a, s in zip(starts, x.strides)))


def cat(*tensors: Array, dim: int) -> Array:
    first = tensors[0]
    order = (dim, *(d for d in range(first.ndim) if d != dim))
    joined = chain.from_iterable(permute(x, dims=order).elements() for x in tensors)
    sizes = (sum(x.shape[dim] for x in tensors), *(first.shape[d] for d in order[1:]))
    return permute(new(joined, sizes, first.dtype), dims=inverse(order))


def pad(x: Array, *, before: Shape, after: Shape, inner: Shape, value: Any) -> Array:
    steps = tuple(i + 1 for i in inner)
    stops = tuple(a + max((n - 1) * s + 1, 0) for a, n, s in zip(before, x.shape, steps))
    shape = tuple(n + b for n, b in zip(stops, after))
    y = new([value] * math.prod(shape), shape, x.dtype)
    # nobody else has seen this buffer yet, so it may be written to
    for place, element in zip(
        slice_(y, starts=before, stops=stops, steps=steps).places(), x.elements()
    ):
        y.buffer[place] = element
    return y


def index_select(x: Array, index: Array, *, dim: int) -> Array:
    order = (dim, *(d for d in range(x.ndim) if d != dim))
    moved = permute(x, dims=order)
    elements, n = moved.elements(), math.prod(moved.shape[1:])
    chosen = chain.from_iterable(elements[i * n : (i + 1) * n] for i in index.elements())
    return permute(new(chosen, (index.size, *moved.shape[1:]), x.dtype), dims=inverse(order))


def nonzero(x: Array) -> Array:
    everywhere = product(*map(range, x.shape))
    found = [place for place, element in zip(everywhere, x.elements()) if element]
    return new(chain.from_iterable(found), (len(found), x.ndim), dtypes.int64)


def inverse(order: Shape) -> Shape:
    """The permutation that undoes another."""
    return tuple(order.index(d) for d in range(len(order)))


KERNELS = {
    "full": full,
    "arange": arange,
    "cast": cast,
    "reshape": reshape,
    "permute": permute,
    "expand": expand,
    "flip": flip,
    "slice": slice_,
    "cat": cat,
    "pad": pad,
    "index_select": index_select,
    "nonzero": nonzero,
}
