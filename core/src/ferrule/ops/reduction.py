"""Primitives that reduce dims."""

from __future__ import annotations

import math

from ferrule.declare import booleans, everything, primitive, real
from ferrule.ops.choice import cast
from ferrule.ops.comparison import eq
from ferrule.ops.complex import conjugate
from ferrule.ops.inference import kept, not_empty, reduced
from ferrule.ops.precision import in_float32
from ferrule.ops.scan import product_before
from ferrule.ops.shape import expand, flip, permute, reshape
from ferrule.samples import of, sample
from ferrule.schema import Dim, Dims
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import bool_, int64

_SAMPLES = [
    sample(of(3, 4)),
    sample(of(3, 4), dim=1),
    sample(of(2, 3, 4), dim=(0, -1), keepdim=True),
    sample(of(5, 1), dim=()),
    sample(of()),
]
_EMPTY = [sample(of(0, 3), dim=0), sample(of(2, 0))]
_DISTINCT = [
    sample(of(3, 4, distinct=True)),
    sample(of(3, 4, distinct=True), dim=1),
    sample(of(2, 3, 4, distinct=True), dim=(0, -1), keepdim=True),
]
_ARG = [
    sample(of(3, 4, distinct=True), dim=1),
    sample(of(2, 3, distinct=True), dim=0, keepdim=True),
]


def restored(g, x: Shaped, dim: tuple[int, ...]):
    """Bring back reduced dims, and stretch them to their former sizes."""
    return expand(reshape(g, shape=kept(x.shape, dim)), shape=x.shape)


@primitive(
    dtypes=everything, autocast="float32", ref="numpy:sum", samples=_SAMPLES + _EMPTY, tolerance=2
)
def sum(x: Shaped, *, dim: Dims = None, keepdim: bool = False) -> Spec:
    """The sum over ``dim``, or over everything. Bools and integers add up in int64."""
    whole = x.dtype.category in ("bool", "integer")
    return reduced(x, dim, keepdim, int64 if whole else None)


@sum.vjp
def _(g, x: Shaped, dim):
    return restored(g, x, dim)


@primitive(
    dtypes=everything,
    autocast="float32",
    ref="numpy:prod",
    samples=[sample(of(3, 4)), sample(of(3, 4), dim=0), sample(of(0, 2), dim=0, keepdim=True)],
    tolerance=8,
)
def prod(x: Shaped, *, dim: Dims = None, keepdim: bool = False) -> Spec:
    """The product over ``dim``, or over everything. Bools and integers multiply in int64."""
    whole = x.dtype.category in ("bool", "integer")
    return reduced(x, dim, keepdim, int64 if whole else None)


@prod.vjp
@in_float32
def _(g, x, dim):
    if 0 in x.shape:
        return restored(g, x, dim)
    # The product of all other elements, without dividing: exact where elements are 0.
    gradient = restored(g, x, dim)
    return gradient * conjugate(_product_of_others(x, dim))


def _product_of_others(x, dim):
    rest = tuple(d for d in range(x.ndim) if d not in dim)
    order = (*rest, *dim)
    moved = permute(x, dims=order)
    n = math.prod(x.shape[d] for d in dim)
    rows = reshape(moved, shape=(math.prod(x.shape[d] for d in rest), n))
    after = flip(product_before(flip(rows, dims=(1,)), 1), dims=(1,))
    others = reshape(product_before(rows, 1) * after, shape=moved.shape)
    return permute(others, dims=tuple(order.index(d) for d in range(x.ndim)))


@primitive(dtypes=real | booleans, ref="numpy:max", samples=_DISTINCT)
def amax(x: Shaped, *, dim: Dims = None, keepdim: bool = False) -> Spec:
    """The largest element over ``dim``. NaN wins; at ties the gradient is shared equally."""
    not_empty(x, dim, "the maximum")
    return reduced(x, dim, keepdim)


@primitive(dtypes=real | booleans, ref="numpy:min", samples=_DISTINCT)
def amin(x: Shaped, *, dim: Dims = None, keepdim: bool = False) -> Spec:
    """The smallest element over ``dim``. NaN wins; at ties the gradient is shared equally."""
    not_empty(x, dim, "the minimum")
    return reduced(x, dim, keepdim)


@amax.vjp
@amin.vjp
def _(g, y, x, dim):
    chosen = cast(eq(x, reshape(y, shape=kept(x.shape, dim))), dtype=x.dtype)
    return restored(g / reshape(sum(chosen, dim=dim), shape=g.shape), x, dim) * chosen


@primitive(dtypes=real, ref="numpy:argmax", samples=_ARG, differentiable=False)
def argmax(x: Shaped, *, dim: Dim, keepdim: bool = False) -> Spec:
    """The index of the largest element along ``dim``, the first among equals, as int64."""
    not_empty(x, (dim,), "the maximum")
    return reduced(x, (dim,), keepdim, int64)


@primitive(dtypes=real, ref="numpy:argmin", samples=_ARG, differentiable=False)
def argmin(x: Shaped, *, dim: Dim, keepdim: bool = False) -> Spec:
    """The index of the smallest element along ``dim``, the first among equals, as int64."""
    not_empty(x, (dim,), "the minimum")
    return reduced(x, (dim,), keepdim, int64)


@primitive(dtypes=everything, ref="numpy:any", samples=_SAMPLES + _EMPTY, differentiable=False)
def any(x: Shaped, *, dim: Dims = None, keepdim: bool = False) -> Spec:
    """Whether some element over ``dim`` is not 0."""
    return reduced(x, dim, keepdim, bool_)


@primitive(dtypes=everything, ref="numpy:all", samples=_SAMPLES + _EMPTY, differentiable=False)
def all(x: Shaped, *, dim: Dims = None, keepdim: bool = False) -> Spec:
    """Whether no element over ``dim`` is 0."""
    return reduced(x, dim, keepdim, bool_)
