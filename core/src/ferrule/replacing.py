"""Public functions that replace a slice or a diagonal in a copy: the counterparts of `select`,
slicing and `diagonal`. No mathematics lives here."""

from __future__ import annotations

from typing import Any

from ferrule import dims as dims_
from ferrule import indexing, ops, shapes
from ferrule.errors import OutOfRange, ShapeError
from ferrule.tensor import Tensor


def _replaced(name: str, input: Tensor, src: Tensor, index: tuple[Any, ...]) -> Tensor:
    place = indexing.place_of(input, index)
    if src.shape != place.shape:
        raise ShapeError(
            f"{name}: src is {src._type}, and what it takes the place of in {input._type} has the "
            f"shape {place.shape}"
        )
    src = src if src.dtype is input.dtype else src.to(input.dtype)
    return place.write(input, src)


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """``input`` with ``src`` in the place of its slice at ``index`` along ``dim``.

    Raises:
        ShapeError: ``src`` does not have the shape of that slice.
    """
    if not input.ndim:
        raise OutOfRange("select_scatter: a tensor without dims has no slices")
    dim = dims_.wrap("select_scatter", input, dim)
    return _replaced("select_scatter", input, src, (*(slice(None),) * dim, index))


def slice_scatter(
    input: Tensor,
    src: Tensor,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Tensor:
    """``input`` with ``src`` in the place of ``start:end:step`` along ``dim``.

    Raises:
        ShapeError: ``src`` does not have the shape of that slice, or ``step`` is not positive.
    """
    dim = dims_.wrap("slice_scatter", input, dim)
    if step <= 0:
        raise ShapeError(f"slice_scatter: step must be positive, not {step}")
    along = slice(start, end, step)
    return _replaced("slice_scatter", input, src, (*(slice(None),) * dim, along))


def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """``input`` with ``src`` in the place of ``diagonal(input, offset, dim1, dim2)``.

    Raises:
        ShapeError: ``src`` does not have the shape of that diagonal.
    """
    if input.ndim < 2:
        raise ShapeError(f"diagonal_scatter: {input._type} needs at least two dims")
    first = dims_.wrap("diagonal_scatter", input, dim1)
    second = dims_.wrap("diagonal_scatter", input, dim2)
    if first == second:
        raise ShapeError(f"diagonal_scatter({input._type}): dim1 and dim2 are both {first}")
    x = shapes.movedim(input, (first, second), (-2, -1))
    *lead, n, m = x.shape
    start = offset if offset >= 0 else -offset * m
    length = max(min(n, m - offset) if offset >= 0 else min(n + offset, m), 0)
    # along the diagonal, the next element of a row-major matrix lies m + 1 further
    along = slice(start, start + (length - 1) * (m + 1) + 1, m + 1) if length else slice(0, 0)
    flat = ops.reshape(x, shape=(*lead, n * m))
    found = _replaced("diagonal_scatter", flat, src, (..., along))
    return shapes.movedim(ops.reshape(found, shape=x.shape), (-2, -1), (first, second))
