"""Determinants, powers, exponentials and products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ferrule import diagonals, ops
from ferrule.errors import DTypeError, ShapeError
from ferrule.linalg.solving import inv
from ferrule.ops.inference import broadcast_shapes
from ferrule.ops.linalg.matrices import column, row
from ferrule.tensor import Tensor


class SlogDet(NamedTuple):
    """The determinant is ``sign * exp(logabsdet)``."""

    sign: Tensor
    logabsdet: Tensor


def det(A: Tensor) -> Tensor:
    """The determinant of each matrix. Its gradient exists for singular matrices, too.

    Args:
        A: ``(..., n, n)``, float32, float64 or complex.
    """
    return ops.det(A)


def slogdet(A: Tensor) -> SlogDet:
    """The sign of the determinant of each matrix (for complex ones a number of magnitude 1) and the
    logarithm of its magnitude; 0 and -inf where it is 0. It does not overflow.

    Args:
        A: ``(..., n, n)``, float32, float64 or complex.
    """
    return SlogDet(*ops.slogdet(A))


def matrix_exp(input: Tensor) -> Tensor:
    """The exponential of each matrix, ``I + A + A @ A / 2 + ...``.

    Args:
        input: ``(..., n, n)``, floating or complex.
    """
    return ops.matrix_exp(input)


def matrix_power(input: Tensor, n: int) -> Tensor:
    """The product of ``n`` times each matrix; for a negative ``n``, of its inverse.

    Args:
        input: ``(..., m, m)``; float32, float64 or complex where ``n`` is negative.

    Raises:
        LinAlgError: ``n`` is negative, and a matrix is singular.
    """
    return ops.matrix_power(inv(input), n=-n) if n < 0 else ops.matrix_power(input, n=n)


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product. A tensor of one dim is a row on the left and a column on the right;
    leading dims broadcast.

    Args:
        input, other: of one dtype, which is not bool.

    Raises:
        ShapeError: the inner sizes differ, or a tensor has no dims.
    """
    tensors = isinstance(input, Tensor) and isinstance(other, Tensor)
    if not tensors or (input.ndim > 1 and other.ndim > 1):
        return ops.matmul(input, other)
    if not input.ndim or not other.ndim:
        raise ShapeError(
            f"matmul({input._type}, {other._type}): both tensors need at least one dim; use * for "
            "numbers"
        )
    a = row(input) if input.ndim == 1 else input
    b = column(other) if other.ndim == 1 else other
    y = ops.matmul(a, b)
    shape = y.shape[:-1] if other.ndim == 1 else y.shape
    if input.ndim == 1:
        shape = (*y.shape[:-2], *shape[y.ndim - 1 :])
    return ops.reshape(y, shape=shape)


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of at least two matrices, in the order of the fewest multiplications. The first
    may be a vector, which is a row, and the last one, which is a column."""
    if len(tensors) < 2:
        raise ShapeError(f"multi_dot needs at least two tensors, not {len(tensors)}")
    matrices = list(tensors)
    shape = []
    if matrices[0].ndim == 1:
        matrices[0] = ops.reshape(matrices[0], shape=(1, -1))
    else:
        shape.append(matrices[0].shape[0] if matrices[0].ndim else 0)
    if matrices[-1].ndim == 1:
        matrices[-1] = ops.reshape(matrices[-1], shape=(-1, 1))
    else:
        shape.append(matrices[-1].shape[-1] if matrices[-1].ndim else 0)
    return ops.reshape(ops.multi_dot(*matrices), shape=tuple(shape))


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross products of vectors of three elements along ``dim``; the other dims broadcast."""
    return ops.cross(input, other, dim=dim)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The inner products ``sum(conj(x) * y)`` along ``dim`` of what both broadcast to."""
    if x.shape != y.shape:
        shape = broadcast_shapes(x.shape, y.shape)
        x, y = ops.expand(x, shape=shape), ops.expand(y, shape=shape)
    if not x.ndim:  # as vectors of one element, which PyTorch takes numbers for
        x, y = ops.reshape(x, shape=(1,)), ops.reshape(y, shape=(1,))
    return ops.vecdot(x, y, dim=dim)


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Vandermonde matrices: the powers 0 to ``N - 1``, by default as many as there are elements,
    along a new last dim.

    Args:
        x: ``(..., n)``, of any numbers.

    Raises:
        ShapeError: ``N`` is less than 2.
    """
    if x.dtype.category == "bool":
        raise DTypeError(f"vander: {x._type} has no powers; convert it to numbers with .to(dtype)")
    count = (x.shape[-1] if x.ndim else 1) if N is None else N
    if count < 2:
        raise ShapeError(f"vander: N must be greater than 1, not {count}")
    return ops.vander(x if x.ndim else ops.reshape(x, shape=(1,)), N=count)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The elements of each matrix at which the indices differ by ``offset``."""
    return diagonals.diagonal(A, offset, dim1, dim2)
