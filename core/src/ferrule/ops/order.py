"""Sorting, and elements chosen by their place in the order. NaN is larger than all else."""

from __future__ import annotations

from ferrule.declare import booleans, composite, primitive, real
from ferrule.errors import OutOfRange
from ferrule.ops.choice import where
from ferrule.ops.comparison import ne
from ferrule.ops.creation import full
from ferrule.ops.indexing import gather, scatter_add
from ferrule.ops.inference import kept, not_empty, without
from ferrule.ops.reduction import argmax, sum
from ferrule.ops.scan import cummax, positions
from ferrule.ops.shape import cat, narrow, reshape
from ferrule.samples import of, sample
from ferrule.schema import Dim
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import bool_, int64


@primitive(
    dtypes=real | booleans,
    ref="ferrule_conformance.references:sort",
    samples=[
        sample(of(3, 4, distinct=True), dim=-1),
        sample(of(3, 4, distinct=True), dim=0, descending=True),
        sample(of(9, dtype="int32", low=0, high=3), dim=0),
        sample(of(9, dtype="int32", low=0, high=3), dim=0, descending=True),
        sample(of(2, 0), dim=1),
        sample(of(), dim=0),
    ],
)
def sort(x: Shaped, *, dim: Dim = -1, descending: bool = False) -> tuple[Spec, Spec]:
    """The elements along ``dim`` in order, and the indices (int64) where they were. Equal elements
    keep their order."""
    return Spec(x.shape, x.dtype), Spec(x.shape, int64)


@sort.vjp
def _(g, y, x: Shaped, dim):
    return _put_back(g[0], y[1], x, dim)


def _put_back(g: Tensor, index: Tensor, x: Shaped, dim: int) -> Tensor:
    """The gradient of elements along ``dim``, where they came from; zeros elsewhere."""
    if not x.shape:
        return reshape(g, shape=())
    shape = kept(x.shape, (dim,)) if len(g.shape) < len(x.shape) else g.shape
    zeros = full(shape=x.shape, value=0, dtype=g.dtype, device=g.device)
    return scatter_add(zeros, reshape(index, shape=shape), reshape(g, shape=shape), dim=dim)


_BY_RANK = [
    sample(of(3, 5, distinct=True), k=2),
    sample(of(4, 2, distinct=True), dim=0, k=3),
    sample(of(distinct=True), dim=0, k=1),
]


@composite(
    dtypes=real,
    ref="ferrule_conformance.statistics_references:topk",
    samples=[
        *_BY_RANK,
        sample(of(3, 5, distinct=True), k=2, largest=False),
        sample(of(2, 3, distinct=True), k=0),
    ],
)
def topk(
    x: Tensor, *, k: int, dim: Dim = -1, largest: bool = True, sorted: bool = True
) -> tuple[Tensor, Tensor]:
    """The ``k`` largest (smallest) elements along ``dim``, in order, and their indices (int64):
    the first places among equals. They are in order with ``sorted=False`` too.

    Raises:
        OutOfRange: there are fewer than ``k`` elements.
    """
    size = x.shape[dim] if x.ndim else 1
    if not 0 <= k <= size:
        raise OutOfRange(f"k={k} is out of range: there are {size} elements along dim {dim}")
    values, order = sort(x, dim=dim, descending=largest)
    if not x.ndim:
        return values, order
    return narrow(values, dim=dim, start=0, length=k), narrow(order, dim=dim, start=0, length=k)


@topk.vjp
def _(g, y, x: Shaped, dim):
    return _put_back(g[0], y[1], x, dim)


@composite(
    dtypes=real,
    ref="ferrule_conformance.statistics_references:kthvalue",
    samples=[*_BY_RANK, sample(of(2, 4, distinct=True), k=4, dim=1, keepdim=True)],
)
def kthvalue(x: Tensor, *, k: int, dim: Dim = -1, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The ``k``-th smallest element along ``dim``, counted from 1, and its index (int64): equal
    elements count in the order in which they stand.

    Raises:
        OutOfRange: there is no such element.
    """
    not_empty(x, (dim,), "the k-th value")
    size = x.shape[dim] if x.ndim else 1
    if not 1 <= k <= size:
        raise OutOfRange(
            f"k={k} is out of range: it counts the {size} elements of dim {dim} from 1"
        )
    shape = kept(x.shape, (dim,))
    at = full(shape=shape, value=k - 1, dtype=int64, device=x.device)
    return _at_rank(x, at, dim, keepdim)


def _at_rank(x: Tensor, rank: Tensor, dim: int, keepdim: bool) -> tuple[Tensor, Tensor]:
    """The elements that have these ranks along ``dim``, counted from 0, and their indices."""
    if not x.ndim:
        return x + 0, full(shape=(), value=0, dtype=int64, device=x.device)
    order = sort(x.detach(), dim=dim)[1]
    return _taken(x, gather(order, rank, dim=dim), dim, keepdim)


def _taken(x: Tensor, index: Tensor, dim: int, keepdim: bool) -> tuple[Tensor, Tensor]:
    values = gather(x, index, dim=dim)
    if keepdim:
        return values, index
    shape = without(x.shape, (dim,))
    return reshape(values, shape=shape), reshape(index, shape=shape)


_MIDDLE = [
    sample(of(3, 5, distinct=True), dim=1),
    sample(of(4, 2, distinct=True), dim=0),
    sample(of(2, 3, 2, distinct=True), dim=-2, keepdim=True),
    sample(of(distinct=True), dim=0),
    sample(of(0, 3, distinct=True), dim=1),
]


@composite(dtypes=real, ref="ferrule_conformance.statistics_references:median", samples=_MIDDLE)
def median(x: Tensor, *, dim: Dim, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The median along ``dim``, the lower one of two, and its index (int64): the first NaN if there
    is one."""
    not_empty(x, (dim,), "the median")
    numbers = _numbers(x, dim)
    size = x.shape[dim] if x.ndim else 1
    rank = where(numbers < size, numbers, (size - 1) // 2)
    return _at_rank(x, rank, dim, keepdim)


@composite(dtypes=real, ref="ferrule_conformance.statistics_references:nanmedian", samples=_MIDDLE)
def nanmedian(x: Tensor, *, dim: Dim, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The median of what is not NaN along ``dim``, the lower one of two, and its index (int64). NaN
    where nothing else is there."""
    not_empty(x, (dim,), "the median")
    numbers = _numbers(x, dim)
    rank = where(numbers > 0, (numbers - 1) // 2, 0)
    return _at_rank(x, rank, dim, keepdim)


def _numbers(x: Tensor, dim: int) -> Tensor:
    """How many elements along ``dim`` are not NaN, with that dim kept."""
    return sum(x.detach() == x.detach(), dim=dim, keepdim=True)


@composite(
    dtypes=real | booleans,
    ref="ferrule_conformance.statistics_references:mode",
    samples=[*_MIDDLE, sample(of(4, 9, dtype="int32", low=0, high=4))],
)
def mode(x: Tensor, *, dim: Dim = -1, keepdim: bool = False) -> tuple[Tensor, Tensor]:
    """The most frequent element along ``dim``, the smallest of several, and its index (int64): the
    last place where it stands. Each NaN is an element of its own."""
    not_empty(x, (dim,), "the mode")
    if not x.ndim:
        return x + 0, full(shape=(), value=0, dtype=int64, device=x.device)
    values, order = sort(x.detach(), dim=dim)
    at = positions(x, dim, x.device)
    starts = where(run_starts(values, dim), at, 0)
    length = at - cummax(starts, dim=dim)[0]
    best = argmax(length, dim=dim, keepdim=True)
    return _taken(x, gather(order, best, dim=dim), dim, keepdim)


def run_starts(x: Tensor, dim: int) -> Tensor:
    """Where an element differs from the one before it along ``dim``. The first one does."""
    n = x.shape[dim]
    shape = (*x.shape[:dim], min(n, 1), *x.shape[dim + 1 :])
    first = full(shape=shape, value=True, dtype=bool_, device=x.device)
    later = narrow(x, dim=dim, start=min(n, 1), length=max(n - 1, 0))
    early = narrow(x, dim=dim, start=0, length=max(n - 1, 0))
    return cat(first, ne(later, early), dim=dim)


@kthvalue.vjp
@median.vjp
@nanmedian.vjp
@mode.vjp
def _(g, y, x: Shaped, dim):
    return _put_back(g[0], y[1], x, dim)
