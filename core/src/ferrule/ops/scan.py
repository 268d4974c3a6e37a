"""Scans: results of which each element depends on those before it along a dim.

What is not a primitive takes log2(n) steps over the whole tensor, as Hillis and Steele, "Data
parallel algorithms", CACM 1986, do it: after step k each element covers the 2**k before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ferrule.declare import booleans, composite, everything, floating, primitive, real
from ferrule.ops.choice import where
from ferrule.ops.comparison import eq, ge, le, ne
from ferrule.ops.complex import conjugate
from ferrule.ops.creation import arange, full
from ferrule.ops.exponential import exp, log
from ferrule.ops.indexing import gather
from ferrule.ops.precision import in_float32
from ferrule.ops.shape import cat, expand, flip, narrow, reshape
from ferrule.samples import of, sample
from ferrule.schema import Dim
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import int64

_SAMPLES = [
    sample(of(3, 4), dim=1),
    sample(of(5, 2), dim=0),
    sample(of(2, 3, 2), dim=-2),
    sample(of(), dim=0),
    sample(of(0, 3), dim=0),
]


def _accumulated(x: Shaped) -> Spec:
    whole = x.dtype.category in ("bool", "integer")
    return Spec(x.shape, int64 if whole else x.dtype)


@primitive(
    dtypes=everything,
    autocast="float32",
    ref="ferrule_conformance.statistics_references:cumsum",
    samples=_SAMPLES,
    tolerance=2,
)
def cumsum(x: Shaped, *, dim: Dim) -> Spec:
    """The sums of the elements up to each one along ``dim``. Bools and integers add up in int64."""
    return _accumulated(x)


@cumsum.vjp
def _(g, dim):
    return flip(cumsum(flip(g, dims=(dim,)), dim=dim), dims=(dim,)) if g.ndim else g


@primitive(
    dtypes=everything,
    autocast="float32",
    ref="ferrule_conformance.statistics_references:cumprod",
    samples=_SAMPLES,
    tolerance=8,
)
def cumprod(x: Shaped, *, dim: Dim) -> Spec:
    """The products of the elements up to each one along ``dim``. Bools and integers multiply in
    int64."""
    return _accumulated(x)


@cumprod.vjp
@in_float32
def _(g, x, dim):
    # Element i is part of every product from i on: what stands before it, times what follows.
    # Nothing is divided, so zeros are exact.
    if not x.ndim or not x.shape[dim]:
        return g
    x = conjugate(x)
    last = narrow(g, dim=dim, start=x.shape[dim] - 1, length=1)
    factors = cat(narrow(x, dim=dim, start=1, length=x.shape[dim] - 1), last, dim=dim)
    factors, terms = flip(factors, dims=(dim,)), flip(g, dims=(dim,))
    following = flip(recurrence(factors, terms, dim), dims=(dim,))
    return product_before(x, dim) * following


def product_before(x: Tensor, dim: int) -> Tensor:
    """The product of all elements before each one along ``dim``."""
    shape = (*x.shape[:dim], 1, *x.shape[dim + 1 :])
    one = full(shape=shape, value=1, dtype=x.dtype, device=x.device)
    head = narrow(x, dim=dim, start=0, length=x.shape[dim] - 1)
    return cat(one, cumprod(head, dim=dim), dim=dim)


def recurrence(factors: Tensor, terms: Tensor, dim: int) -> Tensor:
    """``y[i] = terms[i] + factors[i] * y[i - 1]`` along ``dim``; the first factor is not used."""

    def join(early: tuple[Tensor, ...], late: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return early[0] * late[0], late[1] + late[0] * early[1]

    return _scan(join, (factors, terms), dim)[1]


_Join = Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], tuple[Tensor, ...]]


def _scan(join: _Join, parts: tuple[Tensor, ...], dim: int) -> tuple[Tensor, ...]:
    """The parts of all elements up to each one, joined by an associative function."""
    n, step = parts[0].shape[dim], 1
    while step < n:
        head = [narrow(p, dim=dim, start=0, length=step) for p in parts]
        early = tuple(narrow(p, dim=dim, start=0, length=n - step) for p in parts)
        late = tuple(narrow(p, dim=dim, start=step, length=n - step) for p in parts)
        joined = join(early, late)
        parts = tuple(cat(h, j, dim=dim) for h, j in zip(head, joined))
        step *= 2
    return parts


def positions(x: Shaped, dim: int, device: Any) -> Tensor:
    """Where each element stands along ``dim``, in the shape of ``x``, as int64."""
    n = x.shape[dim]
    along = arange(start=0, step=1, length=n, dtype=int64, device=device)
    shape = tuple(n if d == dim else 1 for d in range(len(x.shape)))
    return expand(reshape(along, shape=shape), shape=x.shape)


def _extreme_so_far(x: Tensor, dim: int, beats: Any) -> tuple[Tensor, Tensor]:
    """The element that no other up to each one beats, and where it stood: the last of equals."""
    if not x.ndim:
        return reshape(x, shape=()), full(shape=(), value=0, dtype=int64, device=x.device)

    def join(early: tuple[Tensor, ...], late: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        later = beats(late[0], early[0])
        if x.dtype.is_floating_point:  # NaN wins, and the last NaN over others
            later = (later & eq(early[0], early[0])) | ne(late[0], late[0])
        return where(later, late[0], early[0]), where(later, late[1], early[1])

    index = _scan(join, (x.detach(), positions(x, dim, x.device)), dim)[1]
    return gather(x, index, dim=dim), index


_EXTREME = [
    sample(of(3, 4, distinct=True), dim=1),
    sample(of(5, 2, distinct=True), dim=0),
    sample(of(distinct=True), dim=0),
    sample(of(0, 3, distinct=True), dim=0),
]


@composite(
    dtypes=real | booleans,
    ref="ferrule_conformance.statistics_references:cummax",
    samples=_EXTREME,
)
def cummax(x: Tensor, *, dim: Dim) -> tuple[Tensor, Tensor]:
    """The largest of the elements up to each one along ``dim``, and where it stood (int64): the
    last place among equals. NaN is largest."""
    return _extreme_so_far(x, dim, ge)


@composite(
    dtypes=real | booleans,
    ref="ferrule_conformance.statistics_references:cummin",
    samples=_EXTREME,
)
def cummin(x: Tensor, *, dim: Dim) -> tuple[Tensor, Tensor]:
    """The smallest of the elements up to each one along ``dim``, and where it stood (int64): the
    last place among equals. NaN wins."""
    return _extreme_so_far(x, dim, le)


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.statistics_references:logcumsumexp",
    samples=_SAMPLES,
    tolerance=8,
)
@in_float32
def logcumsumexp(x: Tensor, *, dim: Dim) -> Tensor:
    """The logarithm of the sum of the exponentials up to each element along ``dim``, without
    overflow."""
    if not x.ndim or not x.shape[dim]:
        return x + 0.0
    top = cummax(x.detach(), dim=dim)[0]
    # The sum of exp(x - top) so far, brought to each new top. Where the top is infinite, the
    # plain exponentials are 0 or infinite themselves.
    finite = where(eq(top - top, 0.0), top, 0.0)
    head = narrow(top, dim=dim, start=0, length=1)
    before = cat(head, narrow(top, dim=dim, start=0, length=x.shape[dim] - 1), dim=dim)
    shrink = where(eq(before, top), 1.0, exp(before - top))
    total = recurrence(shrink, exp(x - finite), dim)
    return log(total) + finite
