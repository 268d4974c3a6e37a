"""Inverses, and what is solved by them where there are none."""

from __future__ import annotations

from ferrule.declare import composite
from ferrule.errors import ShapeError
from ferrule.ops.arithmetic import abs, maximum
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import gt
from ferrule.ops.indexing import gather
from ferrule.ops.inference import broadcast_shapes
from ferrule.ops.linalg.eigen import eigh, eigvalsh, svd, svdvals
from ferrule.ops.linalg.factorisations import inverse_order, row_order
from ferrule.ops.linalg.matrices import (
    adjoint,
    column,
    factorable,
    hermitian_from_lower,
    hermitian_part,
    identities,
    in_dtype_of,
    real_part,
    rectangular,
    row,
    square,
    zeros,
)
from ferrule.ops.linalg.products import matmul
from ferrule.ops.linalg.triangular import solve, solve_triangular
from ferrule.ops.reduction import amax, sum
from ferrule.ops.shape import expand
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import finfo, int64


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:inv",
    samples=[(of(3, 3, matrix="regular"),), (of(2, 4, 4, matrix="regular"),), (of(0, 0),)],
    tolerance=16,
)
def inv(x: Tensor) -> Tensor:
    """The inverse of each matrix; NaN throughout for one that `solve` finds singular."""
    square(x)
    return solve(x, identities(x))


@inv.vjp
def _(g, y):
    back = adjoint(y)
    return -matmul(back, matmul(g, back))


@composite(
    dtypes=factorable,
    autocast="float32",
    promote="same",
    ref="ferrule_conformance.linalg_references:lu_solve",
    samples=[
        sample(of(3, 3, matrix="regular"), of(3, dtype="int32", low=3, high=4), of(3, 2)),
        sample(
            of(2, 3, 3, matrix="regular"),
            of(2, 3, dtype="int32", low=3, high=4),
            of(2, 3, 1),
            adjoint=True,
        ),
        sample(
            of(3, 3, matrix="regular"),
            of(3, dtype="int32", low=3, high=4),
            of(2, 3),
            left=False,
        ),
    ],
    tolerance=32,
)
def lu_solve(
    factors: Tensor,
    pivots: Index[Tensor],
    b: Tensor,
    *,
    left: bool = True,
    adjoint: bool = False,
) -> Tensor:
    """The matrices ``x`` for which ``a @ x`` is ``b``, or, if not ``left``, ``x @ a``, where
    ``factors`` and ``pivots`` are what `lu_factor` gives for ``a``. With ``adjoint`` it is
    ``a.mH`` in the place of ``a``."""
    if not left:
        turned = lu_solve(factors, pivots, _adjoint(b), adjoint=not adjoint)
        return _adjoint(turned)
    n = square(factors)
    if rectangular(b)[0] != n or pivots.shape != factors.shape[:-1]:
        raise ShapeError(
            f"{factors._type} takes {n} pivots for each matrix and a right side of {n} rows, not "
            f"{pivots._type} and {b._type}"
        )
    lead = broadcast_shapes(factors.shape[:-2], b.shape[:-2])
    order = row_order(pivots, rows=n)
    b = expand(b, shape=(*lead, *b.shape[-2:]))
    if adjoint:  # a^H = U^H L^H P
        factors = _adjoint(factors)
        y = solve_triangular(factors, b, upper=False)
        y = solve_triangular(factors, y, upper=True, unitriangular=True)
        return _rows_taken(y, inverse_order(order))
    y = solve_triangular(factors, _rows_taken(b, order), upper=False, unitriangular=True)
    return solve_triangular(factors, y, upper=True)


_adjoint = adjoint  # which in `lu_solve` is the name of PyTorch's argument


def _rows_taken(x: Tensor, order: Tensor) -> Tensor:
    return gather(x, expand(column(order), shape=x.shape), dim=x.ndim - 2)


def significant(x: Tensor, values: Tensor, atol: Tensor | None, rtol: Tensor | None) -> Tensor:
    """Which ``values``, singular ones of ``x`` or magnitudes of eigenvalues, count as not 0: those
    above ``atol`` and above ``rtol`` times the largest.

    Without ``rtol`` it is 0 if ``atol`` is above 0, and otherwise the size of the matrix times the
    dtype's eps.
    """
    m, n = rectangular(x)
    if not values.shape[-1]:
        return gt(values, 0)
    automatic = max(m, n) * float(finfo(x.dtype).eps)
    if atol is None:
        floor = zeros((), values)
        relative = floor + automatic if rtol is None else real_part(rtol)
    else:
        floor = real_part(atol)
        relative = where(gt(floor, 0), 0.0, automatic) if rtol is None else real_part(rtol)
    largest = amax(values, dim=-1, keepdim=True)
    least = maximum(column(floor), column(relative) * largest)
    return gt(values, in_dtype_of(least, values))


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:pinv",
    samples=[
        sample(of(3, 3, matrix="regular")),
        sample(of(2, 4, 3, matrix="regular"), None, of(low=1e-3, high=1e-2)),
        sample(of(3, 5, matrix="regular"), of(low=0.1, high=0.2)),
        sample(of(3, 3, matrix="hermitian"), hermitian=True),
        sample(of(0, 3)),
    ],
    tolerance=64,
)
def pinv(
    x: Tensor, atol: Tensor | None = None, rtol: Tensor | None = None, *, hermitian: bool = False
) -> Tensor:
    """The Moore-Penrose pseudo-inverse. Singular values that are not `significant` count as 0.
    Where ``hermitian``, the lower triangle of ``x`` alone is read. The gradient is that at constant
    rank: the values that count as 0 are taken to be it."""
    if hermitian:
        square(x)
        w, v = eigh(x)
        keep = significant(x, abs(w), atol, rtol)
        inverse = in_dtype_of(where(keep, 1.0 / where(keep, w, 1.0), 0.0), v)
        return matmul(v * row(inverse), adjoint(v))
    u, s, vh = svd(x, full_matrices=False)
    keep = significant(x, s, atol, rtol)
    inverse = in_dtype_of(where(keep, 1.0 / where(keep, s, 1.0), 0.0), u)
    return matmul(adjoint(vh) * row(inverse), adjoint(u))


@pinv.vjp
def _(g, y, x, hermitian):
    gx = pinv_gradient(g, y, hermitian_from_lower(x) if hermitian else x)
    return hermitian_part(gx) if hermitian else gx, None, None


def pinv_gradient(g: Tensor, y: Tensor, x: Tensor) -> Tensor:
    """The gradient by ``x`` where ``g`` is that by its pseudo-inverse ``y``, while the rank stays.

    Source: G. H. Golub, V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least
    squares problems whose variables separate", SIAM J. Numer. Anal. 10 (1973), theorem 4.3.
    """
    gh, yh = adjoint(g), adjoint(y)
    outer = matmul(gh, matmul(y, yh))
    inner = matmul(matmul(yh, y), gh)
    gx = outer - matmul(x, matmul(y, outer))
    gx = gx + inner - matmul(matmul(inner, y), x)
    return gx - matmul(matmul(yh, g), yh)


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:matrix_rank",
    samples=[
        sample(of(3, 3, matrix="regular")),
        sample(of(2, 4, 3, matrix="regular"), of(low=1.4, high=1.6)),
        sample(of(3, 3, matrix="hermitian"), None, of(low=0.4, high=0.45), hermitian=True),
        sample(of(0, 3)),
    ],
    differentiable=False,
)
def matrix_rank(
    x: Tensor, atol: Tensor | None = None, rtol: Tensor | None = None, *, hermitian: bool = False
) -> Tensor:
    """How many singular values, or magnitudes of eigenvalues, are `significant`, as int64."""
    values = abs(eigvalsh(x)) if hermitian else svdvals(x)
    return sum(cast(significant(x, values, atol, rtol), dtype=int64), dim=-1)


@composite(
    dtypes=factorable,
    autocast="float32",
    promote="same",
    ref="ferrule_conformance.linalg_references:lstsq",
    samples=[
        sample(of(4, 3, matrix="regular"), of(4, 2), rcond=1e-6),
        sample(of(2, 2, 4, matrix="regular"), of(2, 2, 1), rcond=1e-6),
        sample(of(0, 2), of(0, 1), rcond=1e-6),
    ],
    tolerance=64,
)
def lstsq(a: Tensor, b: Tensor, *, rcond: float) -> tuple[Tensor, Tensor]:
    """The shortest ``x`` for which ``a @ x - b`` is shortest, column by column.

    Singular values of ``a`` up to ``rcond`` times the largest count as 0.

    Returns:
        x, and the rank of each ``a`` as int64. The gradient is that at constant rank: the singular
        values that count as 0 are taken to be it.
    """
    if a.ndim != b.ndim or rectangular(a)[0] != rectangular(b)[0]:
        raise ShapeError(f"{a._type} and {b._type} must have as many dims, and as many rows")
    u, s, vh = svd(a, full_matrices=False)
    keep = significant(a, s, None, zeros((), s) + rcond)
    inverse = in_dtype_of(where(keep, 1.0 / where(keep, s, 1.0), 0.0), u)
    x = matmul(adjoint(vh), column(inverse) * matmul(adjoint(u), b))
    return x, sum(cast(keep, dtype=int64), dim=-1)


@lstsq.vjp
def _(g, a, b, rcond):
    y = pinv(a, None, zeros((), real_part(a)) + rcond)
    gx = g[0]
    return lambda: pinv_gradient(matmul(gx, adjoint(b)), y, a), lambda: matmul(adjoint(y), gx)
