"""Decompositions that PyTorch has at the top level, besides those of ``fe.linalg``."""

from __future__ import annotations

from typing import Any, NamedTuple

from ferrule import linalg, ops
from ferrule.errors import ShapeError
from ferrule.linalg import failures
from ferrule.linalg.factorisations import LU, QR, LUFactorEx, unpacked
from ferrule.ops.linalg.matrices import adjoint, identity, rectangular, swapped
from ferrule.tensor import Tensor


class SVD(NamedTuple):
    """``U @ diag(S) @ V.mH`` is the matrix."""

    U: Tensor
    S: Tensor
    V: Tensor


class TriangularSolution(NamedTuple):
    """The solution, and the matrix that was given."""

    solution: Tensor
    cloned_coefficient: Tensor


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """``fe.linalg.cholesky``, with ``upper`` by position."""
    return linalg.cholesky(input, upper=upper)


def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """``X`` for which ``A @ X`` is ``input``, where ``L`` is the Cholesky factor of ``A``: the
    lower one, or, if ``upper``, the upper one."""
    if upper:
        y = ops.solve_triangular(adjoint(L), input, upper=False)
        return ops.solve_triangular(L, y, upper=True)
    y = ops.solve_triangular(L, input, upper=False)
    return ops.solve_triangular(adjoint(L), y, upper=True)


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverse of the matrix of which ``input`` is the Cholesky factor.

    Raises:
        LinAlgError: a diagonal element of the factor is 0.
    """
    failures.refuse_info(
        "cholesky_inverse",
        failures.zero_pivot(input),
        "the diagonal element {} of the factor is 0, so the matrix is singular",
        "use pinv of the matrix itself",
    )
    eye = ops.expand(identity(input.shape[-1], input.dtype, input.device), shape=input.shape)
    y = ops.solve_triangular(input, eye, upper=upper)
    return ops.matmul(y, adjoint(y)) if upper else ops.matmul(adjoint(y), y)


def qr(input: Tensor, some: bool = True) -> QR:
    """``fe.linalg.qr``, reduced if ``some`` and otherwise complete."""
    return linalg.qr(input, "reduced" if some else "complete")


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> SVD:
    """``fe.linalg.svd``, with ``V`` in the place of ``Vh``; reduced if ``some``. Without
    ``compute_uv``, ``U`` and ``V`` are square and 0."""
    if compute_uv:
        u, s, vh = linalg.svd(input, full_matrices=not some)
        return SVD(u, s, adjoint(vh))
    m, n = rectangular(input)
    u, v = (
        ops.full(shape=(*input.shape[:-2], k, k), value=0, dtype=input.dtype, device=input.device)
        for k in (m, n)
    )
    return SVD(u, linalg.svdvals(input), v)


def lu(A: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """``fe.linalg.lu_factor``, which does not refuse singular matrices: the packed factors, the
    pivots, and, with ``get_infos``, for each matrix 0 or which pivot is 0."""
    factors, pivots, info = linalg.lu_factor_ex(A, pivot=pivot)
    return LUFactorEx(factors, pivots, info) if get_infos else (factors, pivots)


def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """``fe.linalg.lu_solve``, with the right side first."""
    return ops.lu_solve(LU_data, LU_pivots, b)


def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> LU:
    """``P``, ``L`` and ``U`` of what `lu` and ``fe.linalg.lu_factor`` give; what is not asked for
    has no elements."""
    p, low, high = unpacked(LU_data, LU_pivots, permutation=unpack_pivots)
    if unpack_data:
        return LU(p, low, high)
    nothing = ops.full(shape=(0,), value=0, dtype=LU_data.dtype, device=LU_data.device)
    return LU(p, nothing, nothing)


def inverse(input: Tensor) -> Tensor:
    """``fe.linalg.inv``"""
    return linalg.inv(input)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """``fe.linalg.pinv``, by default with a smaller bound for singular values that count."""
    return linalg.pinv(input, rcond)


def orgqr(input: Tensor, input2: Tensor) -> Tensor:
    """``fe.linalg.householder_product``"""
    return linalg.householder_product(input, input2)


def ormqr(
    input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False
) -> Tensor:
    """``other`` multiplied, from the ``left`` or from the right, by the product of reflections of
    which `orgqr` gives the first columns, all of its columns being used, or by its adjoint.

    Args:
        input: ``(..., m, k)``.
        tau: ``(..., k)`` or shorter.
        other: ``(..., m, n)``, or, if not ``left``, ``(..., n, m)``.
    """
    m, k = rectangular(input)
    if k > m:
        raise ShapeError(f"ormqr: {input._type} has more columns than rows")
    none = (0,) * input.ndim
    wide = ops.pad(input, before=none, after=(*none[1:], m - k), inner=none)
    q = ops.householder_product(wide, tau)
    q = adjoint(q) if transpose else q
    return ops.matmul(q, other) if left else ops.matmul(other, q)


def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> TriangularSolution:
    """``X`` for which ``T @ X`` is ``b``, or, with ``transpose``, ``T.mT @ X``, where ``T`` is the
    upper or lower triangle of ``A``. ``fe.linalg.solve_triangular`` is its successor."""
    if transpose:
        x = ops.solve_triangular(swapped(A), b, upper=not upper, unitriangular=unitriangular)
    else:
        x = ops.solve_triangular(A, b, upper=upper, unitriangular=unitriangular)
    return TriangularSolution(x, A)


def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant of each matrix: for real ones NaN where that is negative,
    and -inf where it is 0."""
    return ops.logdet(input)
