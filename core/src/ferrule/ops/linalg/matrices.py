"""Parts of matrices, and matrices made of parts. These are arrangements of ops, not ops.

A matrix is the last two dims of a tensor; leading dims count matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ferrule.errors import ShapeError
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, le
from ferrule.ops.complex import conjugate, real
from ferrule.ops.creation import arange, full
from ferrule.ops.shape import expand, narrow, pad, permute, reshape, slice
from ferrule.tensor import Tensor
from ferrule_plugins import Device, DType, Shaped
from ferrule_plugins.dtypes import complex64, complex128, float32, float64, int64

factorable = frozenset({float32, float64, complex64, complex128})
"""The dtypes in which libraries factor matrices."""


def rectangular(x: Shaped) -> tuple[int, int]:
    """The two sizes of the matrices in ``x``.

    Raises:
        ShapeError: ``x`` has fewer than two dims.
    """
    if len(x.shape) < 2:
        raise ShapeError(f"{x.shape} is no matrix; at least two dims are needed")
    return x.shape[-2], x.shape[-1]


def square(x: Shaped) -> int:
    """The size of the square matrices in ``x``.

    Raises:
        ShapeError: they are not square.
    """
    m, n = rectangular(x)
    if m != n:
        raise ShapeError(f"the matrices must be square, and these are {m} by {n}")
    return n


def swapped(x: Tensor) -> Tensor:
    """The transpose of each matrix."""
    n = x.ndim
    return permute(x, dims=(*range(n - 2), n - 1, n - 2))


def adjoint(x: Tensor) -> Tensor:
    """The conjugate transpose of each matrix."""
    return swapped(conjugate(x))


def hermitian_part(x: Tensor) -> Tensor:
    """The nearest Hermitian matrix, ``(x + x.mH) / 2``."""
    return (x + adjoint(x)) * 0.5


def column(x: Tensor) -> Tensor:
    """Vectors as matrices of one column."""
    return reshape(x, shape=(*x.shape, 1))


def row(x: Tensor) -> Tensor:
    """Vectors as matrices of one row."""
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def columns(x: Tensor, start: int, stop: int) -> Tensor:
    """The columns from ``start`` to below ``stop``."""
    if (start, stop) == (0, x.shape[-1]):
        return x
    return narrow(x, dim=x.ndim - 1, start=start, length=stop - start)


def rows(x: Tensor, start: int, stop: int) -> Tensor:
    """The rows from ``start`` to below ``stop``."""
    if (start, stop) == (0, x.shape[-2]):
        return x
    return narrow(x, dim=x.ndim - 2, start=start, length=stop - start)


def _offsets(x: Tensor) -> Tensor:
    """At each place of one matrix, by how much its column is ahead of its row."""
    m, n = x.shape[-2:]
    down = arange(start=0, step=1, length=m, dtype=int64, device=x.device)
    along = arange(start=0, step=1, length=n, dtype=int64, device=x.device)
    return row(along) - column(down)


def on_diagonal(x: Tensor) -> Tensor:
    """A mask of the main diagonal of one matrix of ``x``."""
    return eq(_offsets(x), 0)


def lower(x: Tensor, offset: int = 0) -> Tensor:
    """``x`` with zeros above the diagonal that is ``offset`` to the right of the main one."""
    return where(le(_offsets(x), offset), x, 0)


def upper(x: Tensor, offset: int = 0) -> Tensor:
    """``x`` with zeros below the diagonal that is ``offset`` to the right of the main one."""
    return where(le(_offsets(x), offset - 1), 0, x)


def off_diagonal(x: Tensor) -> Tensor:
    """``x`` with zeros on the main diagonal."""
    return where(on_diagonal(x), 0, x)


def diagonal(x: Tensor, offset: int = 0) -> Tensor:
    """The elements ``x[..., i, i + offset]``."""
    m, n = x.shape[-2:]
    start = offset if offset >= 0 else -offset * n
    length = max(min(m, n - offset) if offset >= 0 else min(m + offset, n), 0)
    flat = reshape(x, shape=(*x.shape[:-2], m * n))
    stop = start + (length - 1) * (n + 1) + 1
    if not length:
        start = stop = 0
    lead = x.shape[:-2]
    return slice(
        flat,
        starts=(*(0 for _ in lead), start),
        stops=(*lead, stop),
        steps=(*(1 for _ in lead), n + 1),
    )


def diagonal_matrix(x: Tensor) -> Tensor:
    """Square matrices with ``x`` on the diagonal and zeros elsewhere."""
    n = x.shape[-1]
    none = (0,) * x.ndim
    spread = pad(x, before=none, after=none, inner=(*none[1:], n))
    return reshape(spread, shape=(*x.shape, n))


def identity(n: int, dtype: DType, device: Device) -> Tensor:
    """The identity matrix."""
    ones = full(shape=(n,), value=1, dtype=dtype, device=device)
    return diagonal_matrix(ones)


def identities(x: Tensor) -> Tensor:
    """As many identity matrices as there are matrices in ``x``, of their size."""
    return expand(identity(x.shape[-1], x.dtype, x.device), shape=x.shape)


def zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    """Zeros of the dtype and on the device of ``like``."""
    return full(shape=shape, value=0, dtype=like.dtype, device=like.device)


def real_part(x: Tensor) -> Tensor:
    """The real part of each element; of real tensors, the tensor."""
    return real(x) if x.dtype.is_complex else x


def in_dtype_of(x: Tensor, like: Tensor) -> Tensor:
    """``x`` converted to the dtype of ``like``."""
    return x if x.dtype is like.dtype else cast(x, dtype=like.dtype)


def quotient(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise ``a / b``, with 0 for ``0 / 0``: the part of a gradient that is not there."""
    return a / where(eq(a, 0) & eq(b, 0), 1, b)


def values(x: Tensor) -> np.ndarray[Any, Any] | None:
    """The elements of ``x``, under `vmap` those of all samples; None where only types are worked
    out. This waits for the device."""
    from ferrule.func.batched import bottom  # which imports ops

    whole = bottom(x)
    return None if whole._data is None else whole.detach().numpy()


def hermitian_from_lower(x: Tensor) -> Tensor:
    """The Hermitian matrix that has the lower triangle of ``x``."""
    below = lower(x, -1)
    return below + adjoint(below) + diagonal_matrix(in_dtype_of(real_part(diagonal(x)), x))
