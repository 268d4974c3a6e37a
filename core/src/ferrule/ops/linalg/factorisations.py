"""Triangular and orthogonal factors of matrices.

What holds for all kernels of factorisations: they do not raise on account of values. A matrix
that has no such factors, or an infinity or a NaN where the op reads, gives NaN throughout the
results of that matrix, and of no other matrix in the batch. ``ferrule.linalg`` makes errors of it.
"""

from __future__ import annotations

from ferrule.declare import composite, primitive
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import abs
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, ge, gt
from ferrule.ops.complex import imag, real
from ferrule.ops.creation import arange
from ferrule.ops.indexing import gather
from ferrule.ops.linalg.matrices import (
    adjoint,
    column,
    columns,
    diagonal,
    diagonal_matrix,
    factorable,
    hermitian_part,
    identities,
    identity,
    in_dtype_of,
    lower,
    off_diagonal,
    real_part,
    rectangular,
    row,
    rows,
    square,
    upper,
    zeros,
)
from ferrule.ops.linalg.products import matmul
from ferrule.ops.linalg.triangular import solve_triangular
from ferrule.ops.reduction import argmax
from ferrule.ops.shape import cat, expand, narrow, pad
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import int32, int64


@primitive(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:cholesky",
    samples=[
        (of(3, 3, matrix="positive"),),
        (of(2, 4, 4, matrix="positive"),),
        (of(0, 0),),
        (of(0, 2, 2, matrix="positive"),),
    ],
    tolerance=4,
    feature="linalg",
)
def cholesky(x: Shaped) -> Shaped:
    """The lower triangular ``L`` with a positive diagonal for which ``L @ L.mH`` is ``x``.

    Only the lower triangle of ``x`` is read. A matrix that is not positive definite gives NaN. The
    gradient is Hermitian: that of ``x`` as a Hermitian matrix.
    """
    square(x)
    return x


@cholesky.vjp
def _(g, y):
    # Source: S. F. Walter, "Structured higher-order algorithmic differentiation in the forward and
    # reverse mode with application in optimum experimental design", 2011, section 3.3
    inner = lower(matmul(adjoint(y), g))
    inner = inner - diagonal_matrix(diagonal(inner)) * 0.5
    inner = solve_triangular(adjoint(y), inner, upper=True, left=True)
    return hermitian_part(solve_triangular(y, inner, upper=False, left=False))


@primitive(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:qr",
    samples=[
        sample(of(3, 3, matrix="regular"), mode="reduced"),
        sample(of(2, 4, 3, matrix="regular"), mode="reduced"),
        sample(of(3, 5, matrix="regular"), mode="reduced"),
        sample(of(4, 2, matrix="regular"), mode="complete"),
        sample(of(3, 0), mode="reduced"),
    ],
    tolerance=8,
    feature="linalg",
    invariants="ferrule_conformance.linalg_invariants:qr",
)
def qr(x: Shaped, *, mode: str = "reduced") -> tuple[Spec, Spec]:
    """``Q`` with orthonormal columns and the upper triangular ``R`` for which ``Q @ R`` is ``x``.

    With m by n matrices and k the smaller of m and n, ``Q`` is m by k and ``R`` k by n if ``mode``
    is ``"reduced"``; they are m by m and m by n if it is ``"complete"``. The phases of the columns
    of ``Q`` are the library's.
    """
    m, n = rectangular(x)
    if mode not in ("reduced", "complete"):
        raise ArgumentError(f'mode must be "reduced" or "complete", not {mode!r}')
    k = m if mode == "complete" else min(m, n)
    lead = x.shape[:-2]
    return Spec((*lead, m, k), x.dtype), Spec((*lead, k, n), x.dtype)


@qr.vjp
def _(g, y):
    gq, gr = g
    q, r = y
    m, n = q.shape[-2], r.shape[-1]
    if q.shape[-1] > n:
        # The columns beyond those of x span the complement of the others, and turn with them:
        # what a gradient says of them, it says of the others.
        rest = columns(q, n, m)
        q = columns(q, 0, n)
        lead = columns(gq, 0, n)
        gq = lead - matmul(rest, matmul(adjoint(columns(gq, n, m)), q))
        r, gr = rows(r, 0, n), rows(gr, 0, n)
    if m >= n:
        return _qr_gradient(q, r, gq, gr)
    # x = [x1, x2] with q r1 = x1 and r2 = q^H x2
    g2 = columns(gr, m, n)
    x2 = matmul(q, columns(r, m, n))
    g1 = _qr_gradient(q, columns(r, 0, m), gq + matmul(x2, adjoint(g2)), columns(gr, 0, m))
    return cat(g1, matmul(q, g2), dim=-1)


def _qr_gradient(q: Tensor, r: Tensor, gq: Tensor, gr: Tensor) -> Tensor:
    # Source: M. Seeger et al., "Auto-differentiating linear algebra", arXiv:1710.08717, section 4.2
    inner = matmul(gr, adjoint(r)) - matmul(adjoint(q), gq)
    strict = upper(inner, 1)
    middle = strict + adjoint(strict) + diagonal_matrix(in_dtype_of(real_part(diagonal(inner)), q))
    return solve_triangular(adjoint(r), gq + matmul(q, middle), upper=False, left=False)


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:lu_factor",
    samples=[
        sample(of(3, 3, matrix="regular")),
        sample(of(2, 4, 3, matrix="regular")),
        sample(of(3, 5, matrix="regular")),
        sample(of(3, 3, matrix="positive"), pivot=False),
        sample(of(0, 0)),
    ],
    tolerance=16,
)
def lu_factor(x: Tensor, *, pivot: bool = True) -> tuple[Tensor, Tensor]:
    """The factors of ``x`` with its rows exchanged: ``x[order] = L @ U``, packed in one matrix.

    Returns:
        LU: below its diagonal ``L``, whose diagonal is 1; on it and above ``U``.
        pivots: int32, for each column in turn the row, from 1 on, that was exchanged with it: the
        one with the largest element, or without ``pivot`` its own. The size of a complex element
        is the sum of those of its parts, as in LAPACK.
    """
    m, n = rectangular(x)
    down = column(arange(start=0, step=1, length=m, dtype=int64, device=x.device))
    along = row(arange(start=0, step=1, length=n, dtype=int64, device=x.device))
    found: list[Tensor] = []
    for k in range(min(m, n)):
        if pivot:
            below = narrow(columns(x, k, k + 1), dim=-2, start=k, length=m - k)
            chosen = argmax(_sizes(below), dim=x.ndim - 2, keepdim=True) + k
            order = where(eq(down, k), chosen, where(eq(down, chosen), k, down))
            x = gather(x, expand(order, shape=x.shape), dim=x.ndim - 2)
        else:
            chosen = expand(down[k : k + 1], shape=(*x.shape[:-2], 1, 1))
        found.append(columns(chosen, 0, 1))
        corner = rows(columns(x, k, k + 1), k, k + 1)
        # where the pivot is 0, all below it are 0 too, and so are the multiples
        multiples = columns(x, k, k + 1) / where(eq(corner, 0), 1, corner)
        reduced = where(gt(along, k), x - multiples * rows(x, k, k + 1), multiples)
        x = where(gt(down, k) & ge(along, k), reduced, x)
    if not found:
        pivots = zeros((*x.shape[:-2], 0), x)
    else:
        pivots = cat(*found, dim=-2).reshape(*x.shape[:-2], len(found)) + 1
    return x, cast(pivots, dtype=int32)


def _sizes(x: Tensor) -> Tensor:
    return abs(real(x)) + abs(imag(x)) if x.dtype.is_complex else abs(x)


@lu_factor.vjp
def _(g, y):
    factors, pivots = y
    m, n = factors.shape[-2:]
    k = min(m, n)
    order = row_order(pivots, rows=m)
    gl, gu = lower(columns(g[0], 0, k), -1), upper(rows(g[0], 0, k))
    unit, top = columns(factors, 0, k), rows(factors, 0, k)
    l1, u1 = rows(unit, 0, k), columns(top, 0, k)
    gl1, gu1 = rows(gl, 0, k), columns(gu, 0, k)
    below = beside = None
    if m > n:  # x2 = l2 u
        l2 = rows(unit, k, m)
        below = solve_triangular(adjoint(u1), rows(gl, k, m), upper=False, left=False)
        gu1 = gu1 - matmul(adjoint(l2), below)
    elif n > m:  # x2 = l u2
        u2 = columns(top, k, n)
        beside = _unit_solve(l1, columns(gu, k, n))
        gl1 = gl1 - matmul(beside, adjoint(u2))
    unit1 = lower(off_diagonal(l1)) + identities(l1)
    inner = lower(matmul(adjoint(unit1), gl1), -1) + upper(matmul(gu1, adjoint(upper(u1))))
    gx = _unit_solve(l1, solve_triangular(adjoint(u1), inner, upper=False, left=False))
    if below is not None:
        gx = cat(gx, below, dim=-2)
    if beside is not None:
        gx = cat(gx, beside, dim=-1)
    back = inverse_order(order)
    return gather(gx, expand(column(back), shape=gx.shape), dim=gx.ndim - 2)


def _unit_solve(packed: Tensor, b: Tensor) -> Tensor:
    """``L^-H b`` for the unit lower triangle of ``packed``."""
    return solve_triangular(adjoint(packed), b, upper=True, left=True, unitriangular=True)


@composite(
    dtypes={int32, int64},
    ref="ferrule_conformance.linalg_references:row_order",
    samples=[
        sample(of(3, dtype="int32", low=3, high=4), rows=4),
        sample(of(2, 2, dtype="int32", low=2, high=4), rows=3),
        sample(of(0, dtype="int32"), rows=2),
    ],
    differentiable=False,
)
def row_order(pivots: Index[Tensor], *, rows: int) -> Tensor:
    """Where each row came from, as int64, after row ``i`` was exchanged with row ``pivots[i]``,
    counted from 1, for each ``i`` in turn."""
    if not pivots.ndim or pivots.shape[-1] > rows:
        raise ShapeError(f"{pivots._type} is not at most {rows} pivots for each matrix")
    down = arange(start=0, step=1, length=rows, dtype=int64, device=pivots.device)
    order = expand(down, shape=(*pivots.shape[:-1], rows))
    steps = cast(pivots, dtype=int64) - 1
    for i in range(pivots.shape[-1]):
        other = narrow(steps, dim=-1, start=i, length=1)
        exchanged = where(eq(down, i), other, where(eq(down, other), i, down))
        order = gather(order, exchanged, dim=order.ndim - 1)
    return order


def inverse_order(order: Tensor) -> Tensor:
    """For a permutation along the last dim, where each row went."""
    n = order.shape[-1]
    down = arange(start=0, step=1, length=n, dtype=int64, device=order.device)
    return argmax(cast(eq(row(order), column(down)), dtype=int32), dim=order.ndim) if n else order


@composite(
    dtypes=factorable,
    autocast="float32",
    promote="same",
    ref="ferrule_conformance.linalg_references:householder_product",
    samples=[(of(4, 3), of(3)), (of(2, 3, 3), of(2, 2)), (of(3, 2), of(0)), (of(0, 0), of(0))],
    tolerance=8,
)
def householder_product(x: Tensor, tau: Tensor) -> Tensor:
    """The first columns of the product of the reflections ``I - tau[i] v_i v_i^H``, where ``v_i``
    is column ``i`` of ``x`` below the diagonal, with 1 on the diagonal: as many as ``x`` has.

    Source: Golub, Van Loan, "Matrix Computations", section 5.1.6.
    """
    m, n = rectangular(x)
    k = tau.shape[-1] if tau.ndim else 0
    if n > m or k > n or tau.shape[:-1] != x.shape[:-2] or not tau.ndim:
        raise ShapeError(
            f"{x._type} must have at least as many rows as columns, and {tau._type} at most one "
            "factor for each column"
        )
    vectors = lower(x, -1)
    eye = pad(identity(n, x.dtype, x.device), before=(0, 0), after=(m - n, 0), inner=(0, 0))
    vectors = vectors + eye
    product = expand(eye, shape=x.shape)
    for i in reversed(range(k)):
        v = columns(vectors, i, i + 1)
        factor = column(narrow(tau, dim=-1, start=i, length=1))
        product = product - factor * matmul(v, matmul(adjoint(v), product))
    return product
