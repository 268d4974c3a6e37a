"""Norms, and distances by them."""

from __future__ import annotations

import math

from ferrule.declare import complexes, composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import abs, maximum, pow, sgn
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, ne
from ferrule.ops.exponential import sqrt
from ferrule.ops.inference import kept, without
from ferrule.ops.linalg.eigen import svdvals
from ferrule.ops.linalg.inverses import inv
from ferrule.ops.linalg.matrices import (
    factorable,
    in_dtype_of,
    real_part,
    rectangular,
    square,
    swapped,
    zeros,
)
from ferrule.ops.linalg.products import matmul
from ferrule.ops.reduction import amax, amin, sum
from ferrule.ops.shape import narrow, reshape
from ferrule.ops.statistics import mean
from ferrule.samples import of, sample
from ferrule.schema import Dims
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bfloat16, float16, float32

_APART = of(3, 4, distinct=True)


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:vector_norm",
    samples=[
        sample(of(3, 4)),
        sample(of(2, 3, 4), dim=(0, 2), keepdim=True),
        sample(_APART, ord=1.0, dim=1),
        sample(_APART, ord=3.5, dim=0),
        sample(of(3, 4, low=0.5, high=2.0), ord=0.5),
        sample(of(3, 4, low=0.5, high=2.0), ord=-2.0, dim=1),
        sample(_APART, ord=math.inf, dim=1),
        sample(_APART, ord=-math.inf),
        sample(_APART, ord=0.0, dim=1),
        sample(of()),
        sample(of(0, 2), dim=0),
    ],
    tolerance=4,
)
def vector_norm(x: Tensor, *, ord: float = 2.0, dim: Dims = None, keepdim: bool = False) -> Tensor:
    """``sum(abs(x) ** ord) ** (1 / ord)`` over ``dim``, or over everything; the largest magnitude
    for an ``ord`` of inf, the smallest for -inf, and how many elements are not 0 for 0.

    16-bit floats are computed in float32. The result is real. At 0 the slope is taken as 0.
    """
    if x.dtype in (float16, bfloat16):
        wide = vector_norm(cast(x, dtype=float32), ord=ord, dim=dim, keepdim=keepdim)
        return cast(wide, dtype=x.dtype)
    count = math.prod(x.shape[d] for d in dim)
    if not count and (ord < 0 or ord == math.inf) and 0 not in without(x.shape, dim):
        raise ShapeError(f"the norm of order {ord} of no elements does not exist")
    if not count and (ord < 0 or ord == math.inf):
        shape = kept(x.shape, dim) if keepdim else without(x.shape, dim)
        return zeros(shape, real_part(x))
    if ord == 0:
        return sum(cast(ne(x, 0), dtype=real_part(x).dtype), dim=dim, keepdim=keepdim)
    size = abs(x)
    if count == 1:  # which neither overflows nor rounds
        return sum(size, dim=dim, keepdim=keepdim)
    if ord == 1:
        return sum(size, dim=dim, keepdim=keepdim)
    if ord == 2:
        return sqrt(sum(size * size, dim=dim, keepdim=keepdim))
    if ord == math.inf:
        return amax(size, dim=dim, keepdim=keepdim)
    if ord == -math.inf:
        return amin(size, dim=dim, keepdim=keepdim)
    return pow(sum(pow(size, ord), dim=dim, keepdim=keepdim), 1.0 / ord)


@vector_norm.vjp
def _(g, y, x, ord, dim):
    shape = kept(x.shape, dim)
    g, y = reshape(g, shape=shape), reshape(y, shape=shape)
    if ord == 0:
        return None
    if ord == 1:
        return sgn(x) * in_dtype_of(g, x)
    if ord == 2:
        return x * in_dtype_of(g / _or_one(y), x)
    size = abs(x)
    if math.isinf(ord):
        chosen = cast(eq(size, y), dtype=g.dtype)
        return sgn(x) * in_dtype_of(
            g * chosen / maximum(sum(chosen, dim=dim, keepdim=True), 1.0), x
        )
    # relative to the norm nothing overflows
    slope = pow(_or_one(size) / _or_one(y), ord - 1.0)
    slope = where(eq(size, 0) | eq(y, 0), 0.0, g * slope)
    return sgn(x) * in_dtype_of(slope, x)


def _or_one(x: Tensor) -> Tensor:
    return where(eq(x, 0), 1.0, x)


MATRIX_ORDERS = ("fro", "nuc", "inf", "-inf", "1", "-1", "2", "-2")

_MATRICES = [sample(of(2, 4, 3, matrix="regular"), ord=order) for order in MATRIX_ORDERS]


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:matrix_norm",
    samples=[*_MATRICES, sample(of(0, 3), ord="fro")],
    tolerance=16,
)
def matrix_norm(x: Tensor, *, ord: str = "fro") -> Tensor:
    """The norm of each matrix: Frobenius (``"fro"``) or nuclear (``"nuc"``), the largest or, after
    a minus, the smallest sum of magnitudes of a row (``"inf"``) or a column (``"1"``), or the
    largest or smallest singular value (``"2"``). Of no elements it is 0, or does not exist."""
    rectangular(x)
    if ord not in MATRIX_ORDERS:
        raise ArgumentError(f"ord must be one of {', '.join(MATRIX_ORDERS)}, not {ord!r}")
    if ord == "fro":
        return vector_norm(x, dim=(x.ndim - 2, x.ndim - 1))
    if x.dtype in (float16, bfloat16):
        return cast(matrix_norm(cast(x, dtype=float32), ord=ord), dtype=x.dtype)
    kind = ord.removeprefix("-")
    along = {"inf": -1, "1": -2}.get(kind)
    values = svdvals(x) if along is None else sum(abs(x), dim=along)
    if ord == "nuc" or not values.shape[-1]:
        if ord.startswith("-"):
            raise ShapeError(f"the norm of order {ord} of no elements does not exist")
        return sum(values, dim=-1)
    return (amin if ord.startswith("-") else amax)(values, dim=-1)


@composite(
    dtypes=factorable,
    autocast="float32",
    ref="ferrule_conformance.linalg_references:cond",
    samples=[sample(of(2, 3, 3, matrix="regular"), ord=order) for order in MATRIX_ORDERS]
    + [sample(of(4, 2, matrix="regular"))],
    tolerance=64,
)
def cond(x: Tensor, *, ord: str = "2") -> Tensor:
    """The condition number: the norm of each matrix times that of its inverse; infinite where it
    is singular, 0 if it has no elements."""
    rectangular(x)
    if not x.numel():
        return zeros(x.shape[:-2], real_part(x))
    if ord in ("2", "-2"):
        s = svdvals(x)
        k = s.shape[-1]
        first, last = (narrow(s, dim=-1, start=i, length=1) for i in (0, k - 1))
        ratio = first / last if ord == "2" else last / first
        return reshape(ratio, shape=s.shape[:-1])
    square(x)
    size = matrix_norm(x, ord=ord)
    inverse = matrix_norm(inv(x), ord=ord)
    # NaN is what inv makes of a singular matrix, but also of one that is NaN itself
    singular = ne(inverse, inverse) & eq(size, size)
    return where(singular, math.inf, size * inverse)


@composite(
    dtypes=floating,
    autocast="float32",
    promote="same",
    ref="ferrule_conformance.linalg_references:cdist",
    samples=[
        sample(of(3, 4, distinct=True), of(2, 4, distinct=True)),
        sample(of(2, 3, 2, distinct=True), of(1, 4, 2, distinct=True), p=1.0),
        sample(of(3, 2, distinct=True), of(3, 2, distinct=True), p=3.0),
        sample(of(3, 2, distinct=True), of(2, 2, distinct=True), p=math.inf),
        sample(of(3, 2, distinct=True), of(2, 2, distinct=True), p=0.0),
        sample(of(3, 4), of(2, 4), products=True),
        sample(of(3, 0), of(2, 0)),
    ],
    tolerance=32,
)
def cdist(a: Tensor, b: Tensor, *, p: float = 2.0, products: bool = False) -> Tensor:
    """The distances by the norm of order ``p`` of each row of ``a`` from each row of ``b``.

    With ``products``, for a ``p`` of 2, they come of matrix products, which for many rows is much
    faster and takes less memory, and for rows close to each other less accurate.
    """
    columns = rectangular(a)[1]
    if rectangular(b)[1] != columns:
        raise ShapeError(f"{a._type} and {b._type} must have as many columns")
    if a.dtype in (float16, bfloat16):
        wide = cdist(cast(a, dtype=float32), cast(b, dtype=float32), p=p, products=products)
        return cast(wide, dtype=a.dtype)
    if not columns:
        return sum(_beside(a, b), dim=-1)
    if products and p == 2 and b.shape[-2]:
        return _by_products(a, b)
    return vector_norm(_beside(a, b), ord=p, dim=-1)


def _beside(a: Tensor, b: Tensor) -> Tensor:
    """Each row of ``a`` minus each row of ``b``."""
    above = reshape(a, shape=(*a.shape[:-1], 1, a.shape[-1]))
    return above - reshape(b, shape=(*b.shape[:-2], 1, *b.shape[-2:]))


def _by_products(a: Tensor, b: Tensor) -> Tensor:
    # distances do not change with the origin, and little cancels if it lies amid the rows
    middle = mean(b.detach(), dim=-2, keepdim=True)
    middle = where(eq(middle - middle, 0), middle, 0.0)  # it is finite
    a, b = a - middle, b - middle
    above = sum(a * a, dim=-1, keepdim=True)
    along = swapped(sum(b * b, dim=-1, keepdim=True))
    squares = maximum(above + along - matmul(a, swapped(b)) * 2.0, 0.0)
    zero = eq(squares, 0)
    return where(zero, 0.0, sqrt(where(zero, 1.0, squares)))
