"""Elements in other places: reversed, rotated, repeated, chosen by count."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ferrule import dims as dims_
from ferrule import factories, ops, sequences, shapes
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


def flip(input: Tensor, dims: Any) -> Tensor:
    """In reverse order along ``dims``, an int or several."""
    return ops.flip(input, dims=dims)


def fliplr(input: Tensor) -> Tensor:
    """In reverse order along dim 1."""
    if input.ndim < 2:
        raise ShapeError(f"fliplr: {input._type} needs at least two dims")
    return ops.flip(input, dims=(1,))


def flipud(input: Tensor) -> Tensor:
    """In reverse order along dim 0."""
    if input.ndim < 1:
        raise ShapeError(f"flipud: {input._type} needs at least one dim")
    return ops.flip(input, dims=(0,))


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Shifted along ``dims``; what leaves at the end comes in at the beginning.

    Args:
        shifts: an int, or one for each dim.
        dims: an int or several, which may repeat; by default the elements in row-major order.

    Raises:
        ShapeError: there are not as many shifts as dims.
    """
    moves = dims_.several((shifts,))
    if dims is None or dims == ():
        if len(moves) != 1:
            raise ShapeError(f"roll: {len(moves)} shifts need as many dims")
        flat = _rolled(ops.reshape(input, shape=(-1,)), moves[0], 0)
        return ops.reshape(flat, shape=input.shape)
    along = dims_.several((dims,))
    if len(moves) != len(along):
        raise ShapeError(f"roll: there are {len(moves)} shifts and {len(along)} dims")
    if not input.ndim:
        raise ShapeError(f"roll: {input._type} has no dim to shift along")
    y = ops.reshape(input, shape=input.shape)
    for shift, dim in zip(moves, along):
        y = _rolled(y, shift, dims_.wrap("roll", input, dim))
    return y


def _rolled(x: Tensor, shift: int, dim: int) -> Tensor:
    size = x.shape[dim]
    shift = shift % size if size else 0
    if not shift:
        return x
    tail = ops.narrow(x, dim=dim, start=size - shift, length=shift)
    return ops.cat(tail, ops.narrow(x, dim=dim, start=0, length=size - shift), dim=dim)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by ``k`` right angles in the plane of two dims, from the first towards the second.

    Raises:
        ShapeError: ``dims`` are not two different dims.
    """
    if len(dims) != 2 or input.ndim < 2:
        raise ShapeError(f"rot90({input._type}): a rotation needs two dims, not {tuple(dims)}")
    a, b = dims_.wrap_all("rot90", input, tuple(dims))
    turns = k % 4
    if turns == 0:
        return ops.reshape(input, shape=input.shape)
    if turns == 2:
        return ops.flip(input, dims=(a, b))
    if turns == 1:
        return shapes.transpose(ops.flip(input, dims=(b,)), a, b)
    return ops.flip(shapes.transpose(input, a, b), dims=(b,))


def repeat(input: Tensor, *counts: Any, repeats: Any = None) -> Tensor:
    """The whole tensor so many times along each dim; counts for new leading dims come first.

    Raises:
        ShapeError: there are fewer counts than dims, or one is negative.
    """
    found = dims_.sizes("repeat", dims_.several(counts, repeats))
    if len(found) < input.ndim:
        raise ShapeError(f"repeat: {input._type} needs {input.ndim} counts at least, not {found}")
    return _tiled(input, found)


def tile(input: Tensor, *counts: Any, dims: Any = None) -> Tensor:
    """As `repeat`, but fewer counts than dims are those of the last ones."""
    found = dims_.sizes("tile", dims_.several(counts, dims))
    return _tiled(input, (1,) * (input.ndim - len(found)) + found)


def _tiled(input: Tensor, counts: tuple[int, ...]) -> Tensor:
    sizes = (1,) * (len(counts) - input.ndim) + input.shape
    apart = ops.reshape(input, shape=tuple(m for n in sizes for m in (1, n)))
    filled = ops.expand(apart, shape=tuple(m for pair in zip(counts, sizes) for m in pair))
    return ops.reshape(filled, shape=tuple(c * n for c, n in zip(counts, sizes)))


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element so many times, one after the other: ``[1, 2]`` twice is ``[1, 1, 2, 2]``.

    Args:
        repeats: how often: an int, or a tensor of integers with an entry for each element along
            ``dim`` or with one. Without it, ``input`` are the counts, and the result are indices.
        dim: along which dim; by default the elements in row-major order.
        output_size: the sum of the counts, if it is known. Then no value is read, and the call can
            be traced.

    Raises:
        ShapeError: the counts do not fit the dim, are negative, or do not add up to
            ``output_size``.
    """
    if repeats is None:
        index = sequences.arange(input.numel(), device=input.device)
        return repeat_interleave(index, input, output_size=output_size)
    x = ops.reshape(input, shape=(-1,)) if dim is None or not input.ndim else input
    at = 0 if dim is None else dims_.wrap("repeat_interleave", input, dim)
    size = x.shape[at]
    if isinstance(repeats, (list, tuple)):
        repeats = factories.tensor(repeats, dtype=int64, device=input.device)
    if not isinstance(repeats, Tensor):
        (count,) = dims_.sizes("repeat_interleave", (repeats,))
        if output_size is not None and output_size != count * size:
            raise _unequal(count * size, output_size)
        wide = ops.reshape(x, shape=(*x.shape[: at + 1], 1, *x.shape[at + 1 :]))
        wide = ops.expand(wide, shape=(*x.shape[: at + 1], count, *x.shape[at + 1 :]))
        return ops.reshape(wide, shape=(*x.shape[:at], size * count, *x.shape[at + 1 :]))
    counts = _counts(repeats, size)
    ends = _running_total(counts)
    if output_size is None:
        if size and counts.min().item() < 0:
            raise ShapeError("repeat_interleave: counts must not be negative")
        output_size = int(ends[-1].item()) if size else 0
    # place i belongs to the first element whose counts, added up, reach beyond it
    places = ops.arange(start=0, step=1, length=output_size, dtype=int64, device=input.device)
    steps = ops.full(shape=(output_size + 1,), value=0, dtype=int64, device=input.device)
    ones = ops.full(shape=(size,), value=1, dtype=int64, device=input.device)
    steps = ops.scatter_add(steps, ops.minimum(ends, output_size), ones, dim=0)
    index = ops.gather(_running_total(steps), places, dim=0)
    return ops.index_select(x, ops.minimum(index, max(size - 1, 0)), dim=at)


def _counts(repeats: Tensor, size: int) -> Tensor:
    if repeats.dtype.name not in ("int32", "int64"):
        raise DTypeError(
            f"repeat_interleave: counts are int32 or int64, not {repeats.dtype.name}; convert them "
            "with .long()"
        )
    if repeats.ndim > 1 or repeats.numel() not in (1, size):
        raise ShapeError(
            f"repeat_interleave: counts of type {repeats._type} do not fit {size} elements"
        )
    counts = ops.reshape(repeats, shape=(-1,))
    counts = counts.to(int64)
    return ops.expand(counts, shape=(size,)) if repeats.numel() == 1 else counts


def _running_total(x: Tensor) -> Tensor:
    return ops.cumsum(x, dim=0)


def _unequal(found: int, asked: int) -> ShapeError:
    return ShapeError(f"repeat_interleave: output_size is {asked}, and the counts give {found}")


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All selections of ``r`` elements of a tensor of one dim, as rows in the order of their
    indices.

    Args:
        with_replacement: an element may be taken several times.
    """
    if input.ndim != 1:
        raise ShapeError(f"combinations: {input._type} must have one dim")
    if isinstance(r, bool) or not hasattr(r, "__index__") or r < 0:
        raise ArgumentError(f"combinations: r must be an int that is not negative, not {r!r}")
    if r == 0:
        return factories.empty(0, dtype=input.dtype, device=input.device)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.numel()), r)), dtype=np.int64).reshape(-1, r)
    index = factories.tensor(rows.reshape(-1), device=input.device)
    return ops.reshape(ops.index_select(input, index, dim=0), shape=rows.shape)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of ``size`` elements along a dim, ``step`` apart, in a new last dim.

    Raises:
        ShapeError: ``size`` exceeds the dim, or ``step`` is not positive.
    """
    dim = dims_.wrap("unfold", input, dimension)
    whole = input.shape[dim] if input.ndim else 1
    if not 0 <= size <= whole:
        raise ShapeError(
            f"unfold({input._type}): windows of {size} do not fit dim {dim}, of size {whole}"
        )
    if step <= 0:
        raise ShapeError(f"unfold: step must be positive, not {step}")
    if not input.ndim:
        return ops.reshape(input, shape=(1,)) if size else ops.narrow(input.reshape(1), 0, 0, 0)
    count = (whole - size) // step + 1
    places = step * np.arange(count)[:, None] + np.arange(size)
    index = factories.tensor(places.reshape(-1), dtype=int64, device=input.device)
    rows = ops.index_select(input, index, dim=dim)
    apart = ops.reshape(rows, shape=(*input.shape[:dim], count, size, *input.shape[dim + 1 :]))
    return shapes.movedim(apart, dim + 1, -1)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Powers of the elements of a tensor of one dim, a row for each: from ``N - 1`` down to 0.

    Args:
        N: how many; by default as many as there are elements.
        increasing: from 0 up instead.
    """
    if x.ndim != 1:
        raise ShapeError(f"vander: {x._type} must have one dim")
    count = x.numel() if N is None else N
    if count < 0:
        raise ShapeError(f"vander: N must not be negative, and is {N}")
    x = x.to(int64) if x.dtype.category in ("bool", "integer") else x
    if not count:
        return factories.empty(x.numel(), 0, dtype=x.dtype, device=x.device)
    columns = [factories.ones_like(x)]
    while len(columns) < count:
        columns.append(columns[-1] * x)
    columns = columns if increasing else columns[::-1]
    return ops.cat(*(ops.reshape(c, shape=(-1, 1)) for c in columns), dim=1)
