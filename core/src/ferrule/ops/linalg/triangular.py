"""Equations with matrices, square and triangular."""

from __future__ import annotations

from ferrule.declare import composite, primitive
from ferrule.errors import ShapeError
from ferrule.ops.choice import where
from ferrule.ops.inference import broadcast_shapes
from ferrule.ops.linalg.matrices import (
    adjoint,
    factorable,
    lower,
    on_diagonal,
    rectangular,
    square,
    swapped,
)
from ferrule.ops.linalg.matrices import (
    upper as upper_part,
)
from ferrule.ops.linalg.products import matmul
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec

_SQUARE = of(3, 3, matrix="regular")


@primitive(
    dtypes=factorable,
    autocast="float32",
    promote="same",
    ref="ferrule_conformance.linalg_references:solve",
    samples=[
        (_SQUARE, of(3, 2)),
        (of(2, 4, 4, matrix="regular"), of(2, 4, 1)),
        (of(2, 1, 3, 3, matrix="regular"), of(4, 3, 2)),
        (of(0, 0), of(0, 2)),
        (of(2, 2, matrix="regular"), of(2, 0)),
    ],
    tolerance=16,
    feature="linalg",
    invariants="ferrule_conformance.linalg_invariants:solve",
)
def solve(a: Shaped, b: Shaped) -> Spec:
    """The matrices ``x`` for which ``a @ x`` is ``b``; leading dims broadcast.

    Where a matrix of ``a`` is exactly singular, in that a pivot of its elimination is 0, the
    result is NaN for that matrix, and kernels do not raise.
    """
    n = square(a)
    if rectangular(b)[0] != n:
        raise ShapeError(f"{a} takes a matrix of {n} rows, not {b}")
    lead = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return Spec((*lead, n, b.shape[-1]), a.dtype)


@solve.vjp
def _(g, y, a):
    gb = solve(adjoint(a), g)
    return lambda: -matmul(gb, adjoint(y)), gb


@composite(
    dtypes=factorable,
    autocast="float32",
    promote="same",
    ref="ferrule_conformance.linalg_references:solve_triangular",
    samples=[
        sample(_SQUARE, of(3, 2), upper=True),
        sample(of(2, 4, 4, matrix="regular"), of(2, 4, 1), upper=False),
        sample(_SQUARE, of(2, 3), upper=False, left=False),
        sample(_SQUARE, of(2, 3, 2), upper=True, unitriangular=True),
        sample(of(0, 0), of(0, 2), upper=True),
    ],
    tolerance=32,
    invariants="ferrule_conformance.linalg_invariants:solve_triangular",
)
def solve_triangular(
    a: Tensor, b: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """The matrices ``x`` for which ``t @ x`` is ``b``, or, if not ``left``, ``x @ t``, where ``t``
    is the upper or the lower triangle of ``a``; leading dims broadcast. Where ``unitriangular``,
    the diagonal is not read and taken as 1. Nothing is checked: a 0 on the diagonal gives
    infinities and NaNs."""
    n = square(a)
    if rectangular(b)[0 if left else 1] != n:
        raise ShapeError(f"{a._type} does not fit {b._type}: the size {n} must be there too")
    triangle = upper_part(a) if upper else lower(a)
    if unitriangular:
        triangle = where(on_diagonal(a), 1, triangle)
    if left:
        return solve(triangle, b)
    return swapped(solve(swapped(triangle), swapped(b)))


@solve_triangular.vjp
def _(g, y, a, upper, left, unitriangular):
    gb = solve_triangular(adjoint(a), g, upper=not upper, left=left, unitriangular=unitriangular)

    def for_a() -> Tensor:
        whole = matmul(gb, adjoint(y)) if left else matmul(adjoint(y), gb)
        offset = 1 if unitriangular else 0
        return -(upper_part(whole, offset) if upper else lower(whole, -offset))

    return for_a, gb
