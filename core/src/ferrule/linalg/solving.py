"""Equations and inverses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.linalg import failures
from ferrule.ops.linalg.matrices import column, rectangular, swapped
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import finfo, int64


class SolveEx(NamedTuple):
    """A solution, and for each matrix 0 or which pivot is 0."""

    result: Tensor
    info: Tensor


class InvEx(NamedTuple):
    """An inverse, and for each matrix 0 or which pivot is 0."""

    inverse: Tensor
    info: Tensor


class LeastSquares(NamedTuple):
    """What `lstsq` gives; what its driver does not compute has no elements."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


_REMEDY = "use pinv or lstsq, or add a multiple of the identity to the matrix"


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """``X`` for which ``A @ X`` is ``B``, or, if not ``left``, ``X @ A``.

    Args:
        A: ``(..., n, n)``, float32, float64 or complex.
        B: matrices ``(..., n, k)``, a vector ``(n,)``, or as many vectors as there are matrices,
            ``(..., n)``. Leading dims broadcast.

    Raises:
        LinAlgError: a matrix is singular.
    """
    x = _solution(A, B, left)
    if failures.any_of(failures.first(_matrices(A, B, x))):
        _refuse_singular("linalg.solve", _info(A, _matrices(A, B, B), _matrices(A, B, x)))
    return x


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> SolveEx:
    """As `solve`, with ``info`` in the place of the error unless ``check_errors``: for each matrix
    0, or which pivot of its elimination is 0, counted from 1. Its solution is NaN throughout."""
    x = _solution(A, B, left)
    info = _info(A, _matrices(A, B, B), _matrices(A, B, x))
    if check_errors:
        _refuse_singular("linalg.solve_ex", info)
    return SolveEx(x, info)


def _are_vectors(a: Tensor, b: Tensor) -> bool:
    return b.ndim == 1 or (b.ndim == a.ndim - 1 and b.shape == a.shape[:-1])


def _matrices(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """``x``, with its vectors as columns where the right sides ``b`` are vectors."""
    return column(x) if _are_vectors(a, b) else x


def _solution(a: Tensor, b: Tensor, left: bool) -> Tensor:
    if not left and _are_vectors(a, b):
        raise ShapeError(f"solve: vectors ({b._type}) are solved for on the left; use left=True")
    if not left:
        rectangular(a), rectangular(b)
        return swapped(ops.solve(swapped(a), swapped(b)))
    x = ops.solve(a, _matrices(a, b, b))
    return ops.reshape(x, shape=x.shape[:-1]) if _are_vectors(a, b) else x


def _info(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """Which pivots are 0 where the solution is NaN, though neither side is."""
    failed = failures.first(x)
    if failures.any_of(failed):
        failed = ops.logical_and(failed, ops.logical_and(failures.finite(a), failures.finite(b)))
    lead = (1,) * (x.ndim - a.ndim) + a.shape[:-2]
    repeated = tuple(d for d, n in enumerate(lead) if n != failed.shape[d])
    failed = ops.any(failed, dim=repeated, keepdim=True) if repeated else failed
    return failures.singular(a, ops.reshape(failed, shape=a.shape[:-2]))


def _refuse_singular(call: str, info: Tensor) -> None:
    reason = "the matrix is singular: the pivot {} of its elimination is 0"
    failures.refuse_info(call, info, reason, _REMEDY)


def solve_triangular(
    input: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """``X`` for which ``T @ X`` is ``B``, or, if not ``left``, ``X @ T``, where ``T`` is the upper
    or lower triangle of ``input``. Where ``unitriangular``, its diagonal is taken as 1. Nothing is
    checked: a 0 on the diagonal gives infinities and NaNs.

    Args:
        input: ``(..., n, n)``, float32, float64 or complex.
        B: ``(..., n, k)``, or, if not ``left``, ``(..., k, n)``. Leading dims broadcast.
    """
    return ops.solve_triangular(input, B, upper=upper, left=left, unitriangular=unitriangular)


def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """``X`` for which ``A @ X`` is ``B``, or, if not ``left``, ``X @ A``, by the factors of ``A``
    that `lu_factor` gives; with ``adjoint`` it is ``A.mH`` in the place of ``A``."""
    return ops.lu_solve(LU, pivots, B, left=left, adjoint=adjoint)


def inv(A: Tensor) -> Tensor:
    """The inverse of each matrix.

    Args:
        A: ``(..., n, n)``, float32, float64 or complex.

    Raises:
        LinAlgError: a matrix is singular.
    """
    y = ops.inv(A)
    if failures.any_of(failures.first(y)):
        _refuse_singular("linalg.inv", _inverse_info(A, y))
    return y


def inv_ex(A: Tensor, *, check_errors: bool = False) -> InvEx:
    """As `inv`, with ``info`` in the place of the error unless ``check_errors``: for each matrix 0,
    or which pivot of its elimination is 0, counted from 1. Its inverse is NaN throughout."""
    y = ops.inv(A)
    info = _inverse_info(A, y)
    if check_errors:
        _refuse_singular("linalg.inv_ex", info)
    return InvEx(y, info)


def _inverse_info(a: Tensor, y: Tensor) -> Tensor:
    failed = failures.first(y)
    if failures.any_of(failed):
        failed = ops.logical_and(failed, failures.finite(a))
    return failures.singular(a, failed)


def pinv(
    input: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """The Moore-Penrose pseudo-inverse of each matrix.

    Args:
        input: ``(..., m, n)``, float32, float64 or complex.
        rcond: the older name of ``rtol``.
        hermitian: the matrices are, and their lower triangles alone are read.
        atol, rtol: singular values up to ``atol``, or up to ``rtol`` times the largest, count as 0:
            numbers, or tensors that broadcast against the leading dims. By default ``rtol`` is the
            dtype's eps times the larger of m and n, or 0 where ``atol`` is given.

    Raises:
        LinAlgError: a matrix has elements that are not finite.
    """
    if rcond is not None:
        atol, rtol = 0.0, rcond
    y = ops.pinv(input, atol, rtol, hermitian=hermitian)
    reason = "the matrix has elements that are not finite"
    failures.refuse("linalg.pinv", failures.first(y), reason, "replace them")
    return y


def matrix_rank(
    input: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """How many singular values of each matrix are not 0, as int64.

    Args:
        input, hermitian, atol, rtol: as in `pinv`.
        tol: the older name of ``atol``.
    """
    if tol is not None:
        atol, rtol = tol, 0.0
    return ops.matrix_rank(input, atol, rtol, hermitian=hermitian)


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


def lstsq(
    input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None
) -> LeastSquares:
    """The shortest ``X`` for which ``input @ X - b`` is shortest, column by column.

    All drivers compute by singular values; the name decides what is returned besides, as in
    PyTorch.

    Args:
        input: ``(..., m, n)``, float32, float64 or complex.
        b: ``(..., m, k)``, or as many vectors as there are matrices, ``(..., m)``.
        rcond: singular values up to so much of the largest count as 0; by default the dtype's eps
            times the larger of m and n.
        driver: ``"gelsy"``, the default; ``"gels"`` (all values count), ``"gelsd"``, ``"gelss"``.

    Returns:
        The solution; the squared lengths of the residuals, if m > n, all matrices have full rank
        and the driver is not ``"gelsy"``; the ranks, unless it is ``"gels"``; the singular values,
        if it is ``"gelsd"`` or ``"gelss"``.

    Raises:
        LinAlgError: a matrix has elements that are not finite.
    """
    driver = "gelsy" if driver is None else driver
    if driver not in _DRIVERS:
        raise ArgumentError(f"lstsq: driver must be one of {', '.join(_DRIVERS)}, not {driver!r}")
    m, n = rectangular(input)
    vectors = b.ndim == input.ndim - 1 and b.shape == input.shape[:-1]
    right = column(b) if vectors else b
    if rcond is None:
        rcond = max(m, n) * float(finfo(input.dtype).eps) if input.dtype.category in _INEXACT else 0
    x, rank = ops.lstsq(input, right, rcond=0.0 if driver == "gels" else float(rcond))
    failed = failures.first(x)
    if failures.any_of(failed):
        failed = ops.logical_and(failed, ops.logical_not(failures.finite(input)))
        reason = "the matrix has elements that are not finite"
        failures.refuse("linalg.lstsq", failed, reason, "replace them")
    real = ops.abs(_nothing(input))
    residuals, values = real, real
    if driver != "gelsy" and m > n and _all_equal(rank, n):
        left_over = ops.abs(ops.matmul(input, x) - right)
        residuals = ops.sum(left_over * left_over, dim=-2)
    if driver in ("gelsd", "gelss"):
        values = ops.svdvals(input).detach()
    if driver == "gels":
        rank = ops.full(shape=(0,), value=0, dtype=int64, device=input.device)
    return LeastSquares(
        ops.reshape(x, shape=x.shape[:-1]) if vectors else x, residuals, rank, values
    )


_INEXACT = ("floating", "complex")


def _nothing(like: Tensor) -> Tensor:
    return ops.full(shape=(0,), value=0, dtype=like.dtype, device=like.device)


def _all_equal(rank: Tensor, n: int) -> bool:
    return not failures.any_of(ops.ne(rank, n))


def tensorinv(input: Tensor, ind: int = 2) -> Tensor:
    """The inverse of ``input`` as a map from its dims after the first ``ind`` to these.

    Args:
        input: the product of its first ``ind`` sizes is that of the others.

    Raises:
        LinAlgError: it is singular.
    """
    if ind <= 0:
        raise ArgumentError(f"tensorinv: ind must be positive, not {ind}")
    above, below = input.shape[:ind], input.shape[ind:]
    if math.prod(above) != math.prod(below):
        raise ShapeError(
            f"tensorinv: the sizes {above} and {below} of {input._type} must have one product"
        )
    n = math.prod(above)
    y, info = inv_ex(ops.reshape(input, shape=(n, n)))
    _refuse_singular("linalg.tensorinv", info)
    return ops.reshape(y, shape=(*below, *above))


def tensorsolve(input: Tensor, other: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """``X`` for which ``tensordot(input, X, X.ndim)`` is ``other``.

    Args:
        input: the product of its first ``other.ndim`` sizes is that of the others.
        dims: dims of ``input`` that are moved to its end first.

    Raises:
        LinAlgError: it is singular.
    """
    if dims is not None:
        last = [d % input.ndim for d in dims]
        order = [d for d in range(input.ndim) if d not in last] + last
        input = ops.permute(input, dims=tuple(order))
    below = input.shape[other.ndim :]
    n = math.prod(below)
    if other.numel() != n or input.numel() != n * n:
        raise ShapeError(
            f"tensorsolve: {input._type} maps no tensor of the shape {below} to {other._type}"
        )
    flat = ops.reshape(other, shape=(n, 1))
    x, info = solve_ex(ops.reshape(input, shape=(n, n)), flat)
    _refuse_singular("linalg.tensorsolve", info)
    return ops.reshape(x, shape=below)
