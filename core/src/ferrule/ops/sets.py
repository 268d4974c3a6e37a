"""The distinct elements of a tensor."""

from __future__ import annotations

from ferrule.declare import booleans, composite, real
from ferrule.errors import ShapeError
from ferrule.ops.creation import full
from ferrule.ops.indexing import index_select, scatter_add
from ferrule.ops.order import run_starts, sort
from ferrule.ops.reduction import any
from ferrule.ops.scan import cumsum
from ferrule.ops.search import nonzero
from ferrule.ops.shape import cat, narrow, permute, reshape, slice
from ferrule.samples import of, sample
from ferrule.schema import Dim
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

_FEW = [
    sample(of(9, distinct=True)),
    sample(of(12, dtype="int32", low=0, high=4)),
    sample(of(5, 3, dtype="int64", low=0, high=4)),
    sample(of(8, 2, dtype="int64", low=0, high=2), dim=0),
    sample(of(2, 9, 1, dtype="int32", low=0, high=2), dim=1),
    sample(of(6, 3, dtype="bool"), dim=0),
    sample(of(), dim=None),
    sample(of(0)),
]


@composite(
    dtypes=real | booleans,
    ref="ferrule_conformance.statistics_references:unique",
    samples=_FEW,
    dynamic=True,
)
def unique(x: Tensor, *, dim: Dim | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """The distinct elements, or slices along ``dim``, in rising order; for each of ``x``, which of
    them it is; and how often each occurs. Each NaN is an element of its own.

    Returns:
        values: one-dimensional without ``dim``.
        inverse: int64, of the shape of ``x``, or ``(x.shape[dim],)``.
        counts: int64, one for each of the values.
    """
    if dim is None or not x.ndim:
        flat = reshape(x, shape=(-1,))
        ranked, order = sort(flat.detach(), dim=0)
        first, inverse, counts = _groups(run_starts(ranked, 0), order)
        return index_select(flat, first, dim=0), reshape(inverse, shape=x.shape), counts
    rank = _lexicographic(_slices(x.detach(), dim))
    ranked, order = sort(rank, dim=0)
    first, inverse, counts = _groups(run_starts(ranked, 0), order)
    return index_select(x, first, dim=dim), inverse, counts


@composite(
    dtypes=real | booleans,
    ref="ferrule_conformance.statistics_references:unique_consecutive",
    samples=_FEW,
    dynamic=True,
)
def unique_consecutive(x: Tensor, *, dim: Dim | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """The elements, or slices along ``dim``, that differ from the one before; for each of ``x``,
    the run that it is part of; and the lengths of the runs. The results are shaped as those of
    `unique`."""
    if dim is None or not x.ndim:
        flat = reshape(x, shape=(-1,))
        first, inverse, counts = _groups(run_starts(flat.detach(), 0), None)
        return index_select(flat, first, dim=0), reshape(inverse, shape=x.shape), counts
    differs = any(run_starts(_slices(x.detach(), dim), 0), dim=1)
    first, inverse, counts = _groups(differs, None)
    return index_select(x, first, dim=dim), inverse, counts


def _slices(x: Tensor, dim: int) -> Tensor:
    """The slices along ``dim`` as the rows of a matrix."""
    if x.shape[dim] and not x.numel():
        raise ShapeError(f"the slices of {x._type} along dim {dim} have no elements to compare")
    rest = [d for d in range(x.ndim) if d != dim]
    width = x.numel() // x.shape[dim] if x.shape[dim] else 1
    return reshape(permute(x, dims=(dim, *rest)), shape=(x.shape[dim], width))


def _groups(starts: Tensor, order: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Runs of equal elements in sorted order, or in their own if ``order`` is None: the place of
    the first of each, the run of each element, and the lengths."""
    n = starts.shape[0]
    begin = reshape(nonzero(starts), shape=(-1,))
    end = full(shape=(1,), value=n, dtype=int64, device=starts.device)
    bounds = cat(begin, end, dim=0)
    k = begin.shape[0]
    counts = narrow(bounds, dim=0, start=1, length=k) - begin
    run = cumsum(starts, dim=0) - 1
    if order is None:
        return begin, run, counts
    zeros = full(shape=(n,), value=0, dtype=int64, device=starts.device)
    return index_select(order, begin, dim=0), scatter_add(zeros, order, run, dim=0), counts


def _lexicographic(rows: Tensor) -> Tensor:
    """The ranks of the rows in their order, equal rows alike. Columns are ranked, and then two
    neighbours each made one, until one is left."""
    n = rows.shape[0]
    ranks = _dense_ranks(rows)
    while (width := ranks.shape[1]) > 1:
        left, right = (_every_second(ranks, start, width - width % 2) for start in (0, 1))
        pairs = _dense_ranks(left * n + right)
        if width % 2:
            pairs = cat(pairs, narrow(ranks, dim=1, start=width - 1, length=1), dim=1)
        ranks = pairs
    return reshape(ranks, shape=(n,))


def _every_second(x: Tensor, start: int, stop: int) -> Tensor:
    return slice(x, starts=(0, start), stops=(x.shape[0], stop), steps=(1, 2))


def _dense_ranks(x: Tensor) -> Tensor:
    """In each column, how many distinct elements are smaller."""
    ranked, order = sort(x, dim=0)
    run = cumsum(run_starts(ranked, 0), dim=0) - 1
    zeros = full(shape=x.shape, value=0, dtype=int64, device=x.device)
    return scatter_add(zeros, order, run, dim=0)
