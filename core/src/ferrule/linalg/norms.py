"""Norms and condition numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferrule import dims as dims_
from ferrule import ops
from ferrule.errors import ArgumentError, ShapeError
from ferrule.linalg import failures
from ferrule.ops.linalg.norms import MATRIX_ORDERS
from ferrule.tensor import Tensor

Dims = int | Sequence[int] | None


def vector_norm(
    input: Tensor, ord: float = 2, dim: Dims = None, keepdim: bool = False, *, dtype: Any = None
) -> Tensor:
    """``sum(abs(input) ** ord) ** (1 / ord)`` over ``dim``, or, without one, over everything; for
    an ``ord`` of inf and -inf the largest and the smallest magnitude, and for 0 how many elements
    are not 0.

    Args:
        input: floating or complex; the result is real.
        dtype: what ``input`` is converted to first.

    Raises:
        ShapeError: there are no elements, and ``ord`` is infinite or negative.
    """
    x = input if dtype is None else input.to(dtype)
    return ops.vector_norm(x, ord=_number("vector_norm", ord), dim=_dims(dim), keepdim=keepdim)


def _number(name: str, ord: Any) -> float:
    if isinstance(ord, (bool, str)) or not hasattr(ord, "__float__"):
        raise ArgumentError(f"{name}: ord must be a number, not {ord!r}")
    return float(ord)


def _dims(dim: Dims) -> Any:
    return (tuple(dim) or None) if isinstance(dim, (tuple, list)) else dim


def matrix_norm(
    input: Tensor,
    ord: float | str = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """The norm of each matrix that two dims of ``input`` make.

    Args:
        input: floating or complex; the result is real.
        ord: ``"fro"``: Frobenius; ``"nuc"``: the sum of the singular values; inf and -inf: the
            largest and smallest sum of magnitudes of a row; 1 and -1: of a column; 2 and -2: the
            largest and smallest singular value.
        dim: which two.
        dtype: what ``input`` is converted to first.
    """
    x = input if dtype is None else input.to(dtype)
    if isinstance(dim, int) or len(dim) != 2:
        raise ArgumentError(f"matrix_norm: dim must be two dims, not {dim!r}")
    if x.ndim < 2:
        raise ShapeError(f"matrix_norm: {x._type} is no matrix; at least two dims are needed")
    down, along = (dims_.wrap("matrix_norm", x, d) for d in dim)
    if down == along:
        raise ShapeError(f"matrix_norm: dim must be two different dims, not {tuple(dim)}")
    others = [d for d in range(x.ndim) if d not in (down, along)]
    y = ops.matrix_norm(ops.permute(x, dims=(*others, down, along)), ord=_order("matrix_norm", ord))
    if not keepdim:
        return y
    shape = tuple(1 if d in (down, along) else n for d, n in enumerate(x.shape))
    return ops.reshape(y, shape=shape)


def _order(name: str, ord: Any) -> str:
    """The word for a matrix norm."""
    if isinstance(ord, str):
        word = ord if ord in ("fro", "nuc") else ""
    else:
        number = _number(name, ord)
        word = str(int(number)) if number == number // 1 and abs(number) < 9 else str(number)
    if word not in MATRIX_ORDERS:
        raise ArgumentError(
            f'{name}: ord must be "fro", "nuc", inf, -inf, 1, -1, 2 or -2, not {ord!r}'
        )
    return word


def norm(
    input: Tensor,
    ord: float | str | None = None,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: Any = None,
) -> Tensor:
    """`vector_norm`, or `matrix_norm` where ``ord`` is given and ``dim`` names two dims, or is not
    given and ``input`` has two.

    Raises:
        ShapeError: ``ord`` is given, ``dim`` is not, and ``input`` has neither one dim nor two.
    """
    if ord is None:
        return vector_norm(input, 2, dim, keepdim, dtype=dtype)
    if dim is None and input.ndim not in (1, 2):
        raise ShapeError(
            f"norm: with ord and without dim, a tensor has one or two dims, not {input._type}"
        )
    if dim is None and input.ndim == 2:
        dim = (0, 1)
    if not isinstance(dim, int) and dim is not None and len(dim) == 2:
        return matrix_norm(input, ord, dim, keepdim, dtype=dtype)
    if isinstance(ord, str):
        raise ArgumentError(f"norm: ord={ord!r} is of matrices and takes two dims, not {dim!r}")
    return vector_norm(input, ord, dim, keepdim, dtype=dtype)


def cond(input: Tensor, p: float | str | None = None) -> Tensor:
    """The condition number of each matrix: its `matrix_norm` of order ``p``, by default 2, times
    that of its inverse. It is infinite for a singular matrix.

    Args:
        input: ``(..., n, n)``, or, for a ``p`` of 2 and -2, ``(..., m, n)``; float32, float64 or
            complex.

    Raises:
        LinAlgError: a matrix has elements that are not finite, and ``p`` is 2 or -2.
    """
    order = "2" if p is None else _order("cond", p)
    y = ops.cond(input, ord=order)
    if order in ("2", "-2"):
        failed = ops.ne(y.detach(), y.detach())
        if failures.any_of(failed):
            failed = ops.logical_not(failures.finite(input))
            reason = "the matrix has elements that are not finite"
            failures.refuse("linalg.cond", failed, reason, "replace them")
    return y
