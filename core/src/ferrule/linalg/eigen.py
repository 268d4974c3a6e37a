"""Eigenvalues and singular values."""

from __future__ import annotations

from typing import NamedTuple

from ferrule import ops
from ferrule.errors import ArgumentError
from ferrule.linalg import failures
from ferrule.ops.linalg.matrices import adjoint, column
from ferrule.tensor import Tensor


class Eigen(NamedTuple):
    """Values, and vectors as columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVD(NamedTuple):
    """``U @ diag(S) @ Vh`` is the matrix."""

    U: Tensor
    S: Tensor
    Vh: Tensor


_NONFINITE = "the matrix has elements that are not finite"
_REPLACE = "replace them"


def eigh(input: Tensor, UPLO: str = "L") -> Eigen:
    """The eigenvalues of Hermitian matrices, real and ascending, and orthonormal eigenvectors.

    Vectors are unique up to sign or phase; gradients of what depends on a complex phase are
    refused, and where eigenvalues are equal gradients by the vectors are infinite or NaN.

    Args:
        input: ``(..., n, n)``, float32, float64 or complex.
        UPLO: which triangle is read: ``"L"``, the lower, or ``"U"``, the upper.

    Raises:
        LinAlgError: the library did not converge on a finite matrix. Others give NaN.
    """
    found = Eigen(*ops.eigh(_by_triangle("eigh", input, UPLO)))
    _require_convergence("linalg.eigh", input, failures.first(found.eigenvectors))
    return found


def eigvalsh(input: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of `eigh` alone, whose gradients exist where they are equal, too."""
    values = ops.eigvalsh(_by_triangle("eigvalsh", input, UPLO))
    _require_convergence("linalg.eigvalsh", input, failures.first(column(values)))
    return values


def _by_triangle(name: str, x: Tensor, uplo: str) -> Tensor:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise ArgumentError(f'{name}: UPLO must be "L" or "U", not {uplo!r}')
    return adjoint(x) if uplo.upper() == "U" and x.ndim > 1 else x


def _require_convergence(call: str, x: Tensor, failed: Tensor) -> None:
    if failures.any_of(failed):
        failed = ops.logical_and(failed, failures.finite(x))
        failures.refuse(call, failed, "the algorithm did not converge", "scale the matrix")


def eig(input: Tensor) -> Eigen:
    """The eigenvalues of square matrices, in no particular order, and eigenvectors of length 1.
    Both are complex.

    Args:
        input: ``(..., n, n)``, float32, float64 or complex.

    Raises:
        LinAlgError: a matrix has elements that are not finite, or the library did not converge.
    """
    found = Eigen(*ops.eig(input))
    _require_convergence("linalg.eig", input, failures.first(found.eigenvectors))
    failures.refuse("linalg.eig", failures.first(found.eigenvectors), _NONFINITE, _REPLACE)
    return found


def eigvals(input: Tensor) -> Tensor:
    """The eigenvalues of `eig` alone."""
    values = ops.eigvals(input)
    _require_convergence("linalg.eigvals", input, failures.first(column(values)))
    failures.refuse("linalg.eigvals", failures.first(column(values)), _NONFINITE, _REPLACE)
    return values


def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> SVD:
    """``U``, ``S`` and ``Vh`` for which ``U @ diag(S) @ Vh`` is ``A``; ``S`` is descending.

    Vectors are unique up to sign or phase; gradients of what depends on a complex phase are
    refused, and where singular values are equal gradients by the vectors are infinite or NaN.

    Args:
        A: ``(..., m, n)``, float32, float64 or complex.
        full_matrices: ``U`` is m by m and ``Vh`` n by n; otherwise they have as many columns and
            rows as the smaller of m and n.
        driver: PyTorch's choice among cuSOLVER's algorithms; backends choose for themselves.

    Raises:
        LinAlgError: a matrix has elements that are not finite, or the library did not converge.
    """
    _check_driver("svd", driver)
    found = SVD(*ops.svd(A, full_matrices=full_matrices))
    _require_convergence("linalg.svd", A, failures.first(column(found.S)))
    failures.refuse("linalg.svd", failures.first(column(found.S)), _NONFINITE, _REPLACE)
    return found


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values of `svd` alone, whose gradients exist where they are equal, too."""
    _check_driver("svdvals", driver)
    values = ops.svdvals(A)
    _require_convergence("linalg.svdvals", A, failures.first(column(values)))
    failures.refuse("linalg.svdvals", failures.first(column(values)), _NONFINITE, _REPLACE)
    return values


def _check_driver(name: str, driver: str | None) -> None:
    known = (None, "gesvd", "gesvdj", "gesvda")
    if driver not in known:
        raise ArgumentError(f"{name}: driver must be one of {known}, not {driver!r}")
