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
    diagonal,
    factorable,
    has_values,
    identity,
    in_dtype_of,
    row,
    square,
)
from ferrule.ops.linalg.products import matmul
from ferrule.ops.reduction import any, prod, sum
from ferrule.ops.shape import cat, expand, narrow, reshape
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

_SAMPLES = [(of(3, 3, matrix="regular"),), (of(2, 4, 4, matrix="regular"),), (of(0, 0),)]


def _parity(pivots: Tensor) -> Tensor:
    """Whether the rows were exchanged an odd number of times."""
    n = pivots.shape[-1]
    own = arange(start=1, step=1, length=n, dtype=int64, device=pivots.device)
    return eq(bitwise_and(sum(cast(ne(pivots, own), dtype=int64), dim=-1), 1), 1)


@composite(
    dtypes=factorable,
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
    if has_values(singular) and any(singular).item():
        gx = gx + where(at, _cofactors(where(at, x, _apart(x))) * column(column(g)), 0)
    return gx


def _cofactors(x: Tensor) -> Tensor:
    """The conjugates of the cofactors: without dividing, by the singular values."""
    u, s, vh = svd(x, full_matrices=False)
    n = s.shape[-1]
    others = [
        cat(
            narrow(s, dim=-1, start=0, length=i),
            narrow(s, dim=-1, start=i + 1, length=n - 1 - i),
            dim=-1,
        )
        for i in range(n)
    ]
    products = cat(*(prod(o, dim=-1, keepdim=True) for o in others), dim=-1)
    turn = conjugate(det(u) * det(vh))
    return matmul(u * in_dtype_of(row(products), u), vh) * column(column(turn))


def _apart(x: Tensor) -> Tensor:
    """Diagonal matrices with distinct elements, in the place of matrices that do not matter."""
    n = x.shape[-1]
    values = arange(start=1, step=1, length=n, dtype=int64, device=x.device)
    return expand(identity(n, x.dtype, x.device) * in_dtype_of(values, x), shape=x.shape)


@composite(
    dtypes=factorable,
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
