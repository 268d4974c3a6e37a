"""Determinants."""

from __future__ import annotations

from ferrule import promotion
from ferrule.declare import composite
from ferrule.ops.arithmetic import abs, sgn
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import bitwise_and, eq, lt, ne
from ferrule.ops.complex import complex, conjugate, imag
from ferrule.ops.creation import arange
from ferrule.ops.exponential import log
from ferrule.ops.linalg.eigen import svd
from ferrule.ops.linalg.factorisations import lu_factor
from ferrule.ops.linalg.inverses import inv
from ferrule.ops.linalg.matrices import (
    adjoint,
    column,
    columns,
    diagonal,
    factorable,
    identity,
    rows,
    square,
    values,
    zeros,
)
from ferrule.ops.linalg.products import matmul
from ferrule.ops.reduction import prod, sum
from ferrule.ops.shape import cat, narrow, reshape
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import finfo, int64

_SAMPLES = [(of(3, 3, matrix="regular"),), (of(2, 4, 4, matrix="regular"),), (of(0, 0),)]


def _parity(pivots: Tensor) -> Tensor:
    """Whether the rows were exchanged an odd number of times."""
    n = pivots.shape[-1]
    own = arange(start=1, step=1, length=n, dtype=int64, device=pivots.device)
    return eq(bitwise_and(sum(cast(ne(pivots, own), dtype=int64), dim=-1), 1), 1)


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:det",
    samples=_SAMPLES,
    tolerance=16,
)
def det(x: Tensor) -> Tensor:
    """The determinant of each matrix; 1 if it has no elements."""
    square(x)
    factors, pivots = lu_factor(x)
    product = prod(diagonal(factors), dim=-1)
    return where(_parity(pivots), -product, product)


@det.vjp
def _(g, y, x):
    # the conjugates of the cofactors, which for singular matrices are not to be had by dividing
    singular = eq(y, 0)
    if not x.numel():
        return reshape(g, shape=(*x.shape[:-2], 1, 1)) * x
    at = column(column(singular))
    scale = column(column(g * conjugate(y)))
    regular = where(at, identity(x.shape[-1], x.dtype, x.device), x)
    gx = where(at, 0, scale * adjoint(inv(regular)))
    found = values(singular)
    if found is not None and found.any():
        gx = gx + where(at, _cofactors(where(at, x, 0)) * column(column(g)), 0)
    return gx


def _cofactors(x: Tensor) -> Tensor:
    """The conjugates of the cofactors of singular matrices, without dividing by a determinant.

    A matrix of rank n - 1 that is bordered by vectors of its null spaces is regular. With ``X``,
    ``y``, ``w`` and ``s`` for the parts of the inverse of that one, ``M``, the adjugate is
    ``det(M) (s X - y w)``, which is as smooth as it should be. For a lower rank it is 0, and so are
    the derivatives of it that this gives, though for a rank of n - 2 they need not be.

    Source: R. A. Horn, C. R. Johnson, "Matrix Analysis", section 0.8.5, on Schur complements.
    """
    n = x.shape[-1]
    u, s, vh = svd(x.detach(), full_matrices=False)
    border, below = columns(u, n - 1, n), rows(vh, n - 1, n)
    corner = zeros((*x.shape[:-2], 1, 1), x)
    whole = cat(cat(x, border, dim=-1), cat(below, corner, dim=-1), dim=-2)
    at = zeros((*x.shape[:-2], 1, 1), s) > 0
    if n > 1:
        second, largest = (narrow(s, dim=-1, start=i, length=1) for i in (n - 2, 0))
        at = column(second <= largest * (n * float(finfo(x.dtype).eps)))
    whole = where(at, identity(n + 1, x.dtype, x.device), whole)
    inverse = inv(whole)
    left, right = columns(inverse, 0, n), columns(inverse, n, n + 1)
    adjugate = rows(right, n, n + 1) * rows(left, 0, n)
    adjugate = adjugate - matmul(rows(right, 0, n), rows(left, n, n + 1))
    return where(at, 0, adjoint(adjugate * column(column(det(whole)))))


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:slogdet",
    samples=_SAMPLES,
    tolerance=16,
)
def slogdet(x: Tensor) -> tuple[Tensor, Tensor]:
    """The sign of the determinant of each matrix (for complex ones a number of magnitude 1), and
    the logarithm of its magnitude; 0 and -inf where the determinant is 0."""
    square(x)
    factors, pivots = lu_factor(x)
    pivot = diagonal(factors)
    sign = prod(sgn(pivot), dim=-1)
    return where(_parity(pivots), -sign, sign), sum(log(abs(pivot)), dim=-1)


@slogdet.vjp
def _(g, y, x):
    gsign, scale = g
    if x.dtype.is_complex:  # the sign turns with the imaginary part of the logarithm
        scale = complex(scale, -imag(conjugate(gsign) * y[0]))
    return column(column(scale)) * adjoint(inv(x))


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:logdet",
    samples=[(of(3, 3, matrix="positive"),), (of(2, 4, 4, matrix="positive"),)],
    tolerance=16,
)
def logdet(x: Tensor) -> Tensor:
    """The logarithm of the determinant: of real matrices NaN where that is negative, and -inf
    where it is 0."""
    sign, size = slogdet(x)
    if x.dtype.is_complex:
        return log(sign) + cast(size, dtype=promotion.complex_of(size.dtype))
    return where(lt(sign, 0), float("nan"), size)
