"""Diagonals and triangles of matrices."""

from __future__ import annotations

import numpy as np

from ferrule import dims as dims_
from ferrule import factories, ops, shapes
from ferrule.errors import ShapeError
from ferrule.tensor import Tensor
from ferrule_plugins import DType, dtypes


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The elements of a plane of two dims at which their indices differ by ``offset``, in a new
    last dim that takes the place of the two.

    Args:
        offset: how far above the main diagonal; negative below.

    Raises:
        ShapeError: the two dims are one.
    """
    first, second = _plane("diagonal", input, dim1, dim2)
    x = shapes.movedim(input, (first, second), (-2, -1))
    *lead, n, m = x.shape
    start = offset if offset >= 0 else -offset * m
    length = max(min(n, m - offset) if offset >= 0 else min(n + offset, m), 0)
    flat = ops.reshape(x, shape=(*lead, n * m))
    # along the diagonal, the next element of a row-major matrix lies m + 1 further
    stop = start + (length - 1) * (m + 1) + 1 if length else 0
    return ops.slice(
        flat,
        starts=(*(0 for _ in lead), start if length else 0),
        stops=(*lead, stop),
        steps=(*(1 for _ in lead), m + 1),
    )


def _plane(name: str, input: Tensor, dim1: int, dim2: int) -> tuple[int, int]:
    if input.ndim < 2:
        raise ShapeError(f"{name}: {input._type} needs at least two dims")
    first, second = dims_.wrap(name, input, dim1), dims_.wrap(name, input, dim2)
    if first == second:
        raise ShapeError(f"{name}({input._type}): dim1 and dim2 are both {first}")
    return first, second


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Square matrices with the rows of ``input`` on a diagonal and zeros elsewhere: the transpose
    of `diagonal`.

    Args:
        offset: how far above the main diagonal; negative below.
        dim1, dim2: the dims of the result that span the matrices.
    """
    if not input.ndim:
        raise ShapeError(f"diag_embed: {input._type} has no dim to put on a diagonal")
    ndim = input.ndim + 1
    first = dims_.wrap("diag_embed", input, dim1, ndim)
    second = dims_.wrap("diag_embed", input, dim2, ndim)
    if first == second:
        raise ShapeError(f"diag_embed({input._type}): dim1 and dim2 are both {first}")
    *lead, length = input.shape
    n = length + abs(offset)
    start = offset if offset >= 0 else -offset * n
    covered = (length - 1) * (n + 1) + 1 if length else 0
    flat = ops.pad(
        input,
        before=(*(0 for _ in lead), start if length else 0),
        after=(*(0 for _ in lead), n * n - covered - (start if length else 0)),
        inner=(*(0 for _ in lead), n),
    )
    return shapes.movedim(ops.reshape(flat, shape=(*lead, n, n)), (-2, -1), (first, second))


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Of a matrix, its diagonal; of a tensor of one dim, the matrix with it on its diagonal.

    Raises:
        ShapeError: there are neither one nor two dims.
    """
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim != 2:
        raise ShapeError(f"diag: {input._type} must have one or two dims; use diagonal")
    return _diagonal(input, diagonal)


_diagonal = diagonal  # which `diag` has an argument of the name of


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix with all elements, in row-major order, on its diagonal."""
    return diag_embed(ops.reshape(input, shape=(-1,)), offset)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType = dtypes.int64, device: object = None
) -> Tensor:
    """The indices, rows above columns, of the elements of a ``row`` by ``col`` matrix that are not
    above the diagonal ``offset``, in row-major order."""
    return _indices("tril_indices", row, col, lambda r, c: c - r <= offset, dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType = dtypes.int64, device: object = None
) -> Tensor:
    """The indices, rows above columns, of the elements of a ``row`` by ``col`` matrix that are not
    below the diagonal ``offset``, in row-major order."""
    return _indices("triu_indices", row, col, lambda r, c: c - r >= offset, dtype, device)


def _indices(name: str, row: int, col: int, chosen, dtype: DType, device: object) -> Tensor:
    rows, columns = dims_.sizes(name, (row, col))
    mask = chosen(np.arange(rows)[:, None], np.arange(columns))
    return factories.tensor(np.array(mask.nonzero(), np.int64), dtype=dtype, device=device)
