"""Triangular and orthogonal factors."""

from __future__ import annotations

from typing import NamedTuple

from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.linalg import failures
from ferrule.ops.linalg.matrices import (
    adjoint,
    columns,
    identity,
    lower,
    rectangular,
    row,
    rows,
)
from ferrule.ops.linalg.matrices import (
    upper as upper_part,
)
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


class CholeskyEx(NamedTuple):
    """A factor, and for each matrix 0 or the order of the minor that is not positive."""

    L: Tensor
    info: Tensor


class QR(NamedTuple):
    """Orthonormal columns and an upper triangle."""

    Q: Tensor
    R: Tensor


class LU(NamedTuple):
    """``P @ L @ U`` is the matrix."""

    P: Tensor
    L: Tensor
    U: Tensor


class LUFactor(NamedTuple):
    """Both triangles in one matrix, and the exchanges of rows, counted from 1."""

    LU: Tensor
    pivots: Tensor


class LUFactorEx(NamedTuple):
    """The same, and for each matrix 0 or which pivot is 0."""

    LU: Tensor
    pivots: Tensor
    info: Tensor


_NOT_POSITIVE = (
    "the matrix is not positive definite (the leading minor of order {} is not positive)"
)


def cholesky(input: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangular ``L`` with a positive diagonal for which ``L @ L.mH`` is ``input``, or,
    if ``upper``, the upper triangular ``U`` for which ``U.mH @ U`` is.

    Args:
        input: ``(..., n, n)``, Hermitian and positive definite, float32, float64 or complex. Only
            its lower triangle is read, or, if ``upper``, its upper one.

    Raises:
        LinAlgError: a matrix is not positive definite.
    """
    x = adjoint(input) if upper and input.ndim > 1 else input
    factor = ops.cholesky(x)
    failed = failures.first(factor)
    if failures.any_of(failed):
        _refuse_not_positive("linalg.cholesky", failures.not_positive(x, failed))
    return adjoint(factor) if upper else factor


def cholesky_ex(input: Tensor, *, upper: bool = False, check_errors: bool = False) -> CholeskyEx:
    """As `cholesky`, with ``info`` in the place of the error unless ``check_errors``: for each
    matrix 0, or the order of the first leading minor that is not positive. The factor of such a
    matrix is NaN throughout."""
    x = adjoint(input) if upper and input.ndim > 1 else input
    factor = ops.cholesky(x)
    info = failures.not_positive(x, failures.first(factor))
    if check_errors:
        _refuse_not_positive("linalg.cholesky_ex", info)
    return CholeskyEx(adjoint(factor) if upper else factor, info)


def _refuse_not_positive(call: str, info: Tensor) -> None:
    remedy = "add a multiple of the identity to it, or use cholesky_ex to go on without an error"
    failures.refuse_info(call, info, _NOT_POSITIVE, remedy)


def qr(A: Tensor, mode: str = "reduced") -> QR:
    """``Q`` with orthonormal columns and the upper triangular ``R`` for which ``Q @ R`` is ``A``.

    Args:
        A: ``(..., m, n)``, float32, float64 or complex.
        mode: ``"reduced"``: ``Q`` has as many columns as the smaller of m and n; ``"complete"``: it
            has m; ``"r"``: it is left out, and has no elements.
    """
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f'qr: mode must be "reduced", "complete" or "r", not {mode!r}')
    q, r = ops.qr(A, mode="reduced" if mode == "r" else mode)
    return QR(_nothing(A) if mode == "r" else q, r)


def _nothing(like: Tensor) -> Tensor:
    return ops.full(shape=(0,), value=0, dtype=like.dtype, device=like.device)


def lu_factor(A: Tensor, *, pivot: bool = True) -> LUFactor:
    """The factors of `lu` in one matrix, and the exchanges of rows, for `lu_solve`.

    Raises:
        LinAlgError: a pivot is 0, so that nothing could be solved by the factors.
    """
    found = lu_factor_ex(A, pivot=pivot)
    _refuse_singular("linalg.lu_factor", found.info)
    return LUFactor(found.LU, found.pivots)


def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> LUFactorEx:
    """As `lu_factor`, with ``info`` in the place of the error unless ``check_errors``: for each
    matrix 0, or which pivot is 0, counted from 1."""
    factors, pivots = ops.lu_factor(A, pivot=pivot)
    info = failures.zero_pivot(factors)
    if check_errors:
        _refuse_singular("linalg.lu_factor_ex", info)
    return LUFactorEx(factors, pivots, info)


def _refuse_singular(call: str, info: Tensor) -> None:
    remedy = "use lu or lu_factor_ex for its factors without an error"
    failures.refuse_info(call, info, "U[{0},{0}] is 0, so the matrix is singular", remedy)


def lu(A: Tensor, *, pivot: bool = True) -> LU:
    """The permutation ``P``, the lower triangular ``L`` with ones on its diagonal and the upper
    triangular ``U`` for which ``P @ L @ U`` is ``A``. Without ``pivot`` no rows are exchanged, and
    ``P`` has no elements.

    Args:
        A: ``(..., m, n)``, float32, float64 or complex.
    """
    factors, pivots = ops.lu_factor(A, pivot=pivot)
    return unpacked(factors, pivots, permutation=pivot)


def unpacked(factors: Tensor, pivots: Tensor, *, permutation: bool = True) -> LU:
    """The three matrices that `lu_factor` packs; without ``permutation`` the first is empty."""
    m, n = rectangular(factors)
    k = min(m, n)
    below = lower(columns(factors, 0, k), -1)
    eye = identity(k, factors.dtype, factors.device)
    if m > k:
        none = (0, 0)
        eye = ops.pad(eye, before=none, after=(m - k, 0), inner=none)
    p = permutation_matrix(pivots, m, factors) if permutation else _nothing(factors)
    return LU(p, below + eye, upper_part(rows(factors, 0, k)))


def permutation_matrix(pivots: Tensor, n: int, like: Tensor) -> Tensor:
    """``P``, which undoes the exchanges of rows."""
    order = ops.row_order(pivots, rows=n)
    down = ops.arange(start=0, step=1, length=n, dtype=int64, device=like.device)
    return ops.cast(ops.eq(ops.reshape(down, shape=(n, 1)), row(order)), dtype=like.dtype)


def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first n columns of the product of the reflections ``I - tau[i] v_i v_i^H``, where ``v_i``
    is column ``i`` of ``input`` below the diagonal, with 1 on the diagonal.

    Args:
        input: ``(..., m, n)``, with m at least n, float32, float64 or complex.
        tau: ``(..., k)``, with k at most n.
    """
    return ops.householder_product(input, tau)
