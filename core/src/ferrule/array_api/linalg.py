"""The standard's ``linalg`` extension. It needs a backend with the feature ``"linalg"``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import ferrule as fe
from ferrule.array_api.arguments import Array, arrays, in_dtype, inexact
from ferrule.errors import ShapeError

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm",
    "matrix_power", "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve",
    "svd", "svdvals", "tensordot", "trace", "vecdot", "vector_norm",
]  # fmt: skip


class EighResult(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Array
    eigenvectors: Array


class QRResult(NamedTuple):
    """What `qr` returns."""

    Q: Array
    R: Array


class SlogdetResult(NamedTuple):
    """What `slogdet` returns."""

    sign: Array
    logabsdet: Array


class SVDResult(NamedTuple):
    """What `svd` returns."""

    U: Array
    S: Array
    Vh: Array


def cholesky(x: Array, /, *, upper: bool = False) -> Array:
    """The triangular factor of positive definite matrices."""
    return fe.linalg.cholesky(inexact("cholesky", x), upper=upper)


def cross(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """The cross product of vectors of three elements along ``axis``."""
    arrays("cross", x1, x2)
    return fe.linalg.cross(x1, x2, dim=axis)


def det(x: Array, /) -> Array:
    """The determinant of each matrix."""
    return fe.linalg.det(inexact("det", x))


def diagonal(x: Array, /, *, offset: int = 0) -> Array:
    """The diagonal of each matrix."""
    arrays("diagonal", x)
    return fe.diagonal(x, offset, -2, -1)


def eigh(x: Array, /) -> EighResult:
    """Eigenvalues, ascending, and eigenvectors of hermitian matrices."""
    return EighResult(*fe.linalg.eigh(inexact("eigh", x)))


def eigvalsh(x: Array, /) -> Array:
    """Eigenvalues of hermitian matrices, ascending."""
    return fe.linalg.eigvalsh(inexact("eigvalsh", x))


def inv(x: Array, /) -> Array:
    """The inverse of each matrix."""
    return fe.linalg.inv(inexact("inv", x))


def matmul(x1: Array, x2: Array, /) -> Array:
    """The matrix product."""
    arrays("matmul", x1, x2)
    common = fe.promote_types(x1.dtype, x2.dtype)
    return fe.matmul(x1.to(common), x2.to(common))


def matrix_norm(x: Array, /, *, keepdims: bool = False, ord: Any = "fro") -> Array:
    """The norm of each matrix."""
    return fe.linalg.matrix_norm(inexact("matrix_norm", x), ord, keepdim=keepdims)


def matrix_power(x: Array, n: int, /) -> Array:
    """Each matrix to an integer power."""
    return fe.linalg.matrix_power(inexact("matrix_power", x), n)


def matrix_rank(x: Array, /, *, rtol: Any = None) -> Array:
    """How many singular values of each matrix exceed ``rtol`` times the largest."""
    return fe.linalg.matrix_rank(inexact("matrix_rank", x), rtol=rtol)


def matrix_transpose(x: Array, /) -> Array:
    """Each matrix transposed."""
    arrays("matrix_transpose", x)
    return x.mT


def outer(x1: Array, x2: Array, /) -> Array:
    """The products of each element of one vector with each of another."""
    arrays("outer", x1, x2)
    return fe.outer(x1, x2)


def pinv(x: Array, /, *, rtol: Any = None) -> Array:
    """The pseudo-inverse of each matrix."""
    return fe.linalg.pinv(inexact("pinv", x), rtol=rtol)


def qr(x: Array, /, *, mode: str = "reduced") -> QRResult:
    """An orthogonal and an upper triangular factor of each matrix."""
    return QRResult(*fe.linalg.qr(inexact("qr", x), mode))


def slogdet(x: Array, /) -> SlogdetResult:
    """Sign and logarithm of the modulus of the determinant of each matrix."""
    return SlogdetResult(*fe.linalg.slogdet(inexact("slogdet", x)))


def solve(x1: Array, x2: Array, /) -> Array:
    """The solution of ``x1 @ x = x2``. ``x2`` is a vector if it has one dim, else matrices."""
    inexact("solve", x1)
    inexact("solve", x2)
    if x2.ndim == 1:
        column = fe.unsqueeze(x2, -1)
        return fe.squeeze(fe.linalg.solve(x1, fe.broadcast_to(column, (*x1.shape[:-1], 1))), -1)
    if x2.ndim == x1.ndim - 1:  # which PyTorch would take for vectors
        x2 = fe.broadcast_to(x2, (*x1.shape[:-2], *x2.shape[-2:]))
    return fe.linalg.solve(x1, x2)


def svd(x: Array, /, *, full_matrices: bool = True) -> SVDResult:
    """The singular value decomposition of each matrix."""
    return SVDResult(*fe.linalg.svd(inexact("svd", x), full_matrices))


def svdvals(x: Array, /) -> Array:
    """The singular values of each matrix, descending."""
    return fe.linalg.svdvals(inexact("svdvals", x))


def tensordot(
    x1: Array, x2: Array, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2
) -> Array:
    """The sum of products over some dims of both."""
    arrays("tensordot", x1, x2)
    common = fe.promote_types(x1.dtype, x2.dtype)
    return fe.tensordot(x1.to(common), x2.to(common), axes)


def trace(x: Array, /, *, offset: int = 0, dtype: Any = None) -> Array:
    """The sum of the diagonal of each matrix."""
    return in_dtype(fe.ops.sum(in_dtype(diagonal(x, offset=offset), dtype), dim=-1), dtype)


def vecdot(x1: Array, x2: Array, /, *, axis: int = -1) -> Array:
    """The inner product along ``axis``, which counts from the end; ``x1`` is conjugated.

    Raises:
        ShapeError: the axis is not negative.
    """
    arrays("vecdot", x1, x2)
    if axis >= 0:
        raise ShapeError(f"vecdot: the axis counts from the end, so {axis} is none; use -1")
    common = fe.promote_types(x1.dtype, x2.dtype)
    return fe.ops.sum(fe.mul(fe.conj(x1.to(common)), x2.to(common)), dim=axis).to(common)


def vector_norm(x: Array, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Array:
    """The norm over ``axis``, or of all elements."""
    return fe.linalg.vector_norm(inexact("vector_norm", x), ord, axis, keepdims)
