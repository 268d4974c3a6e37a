"""Look-up in a table of vectors, and a summary of each bag of rows."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import bitwise_not, eq, ge, lt, ne
from ferrule.ops.creation import arange, full
from ferrule.ops.embedding import check_table, embedding
from ferrule.ops.indexing import gather, index_add, index_select
from ferrule.ops.precision import in_float32
from ferrule.ops.scan import cumsum
from ferrule.ops.shape import cat, expand, narrow, reshape
from ferrule.samples import Input, of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64


def _rows(*shape: int, high: int = 5) -> Input:
    return of(*shape, dtype="int64", low=1, high=high)


_STARTS = of(1, dtype="int64", low=0, high=1)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:embedding_bag",
    samples=[
        sample(of(5, 3), _rows(2, 4), None, None, mode="mean"),
        sample(of(5, 2), _rows(2, 3), None, of(2, 3), mode="sum", padding_idx=0),
        sample(of(5, 3, distinct=True), _rows(2, 3), None, None, mode="max"),
        sample(of(5, 2), _rows(4), _STARTS, of(4), mode="sum"),
        sample(of(5, 2), _rows(4), _STARTS, None, mode="mean", padding_idx=0),
        sample(of(5, 2, distinct=True), _rows(3), _STARTS, None, mode="max", padding_idx=0),
        sample(of(5, 2), _rows(0, 3), None, None, mode="sum"),
    ],
    tolerance=4,
)
def embedding_bag(
    weight: Tensor,
    index: Index[Tensor],
    offsets: Index[Tensor] | None = None,
    per_sample_weights: Tensor | None = None,
    *,
    mode: str = "mean",
    scale_grad_by_freq: bool = False,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, the mean or the maximum of the rows of ``weight`` that each bag names.

    Args:
        weight: ``(num_embeddings, embedding_dim)``.
        index: ``(B, N)``, bags of one size; or ``(N,)``, one bag after the other.
        offsets: ``(B,)``, where in an ``index`` of one dim each bag begins: first 0, and never
            decreasing.
        per_sample_weights: of the shape of ``index``: a factor for each row; for a sum only.
        mode: ``"sum"``, ``"mean"`` or ``"max"``, whose gradient is that of the first maximum.
        scale_grad_by_freq: as of `embedding`.
        include_last_offset: the last offset is not a bag, but where the last bag ends.
        padding_idx: a row that does not count, nor gets a gradient.

    Returns:
        ``(B, embedding_dim)``; 0 for a bag of no rows.
    """
    _check(weight, index, offsets, per_sample_weights, mode)
    flat = reshape(index, shape=(-1,))
    n = flat.shape[0]
    places = arange(start=0, step=1, length=n, dtype=int64, device=weight.device)
    counted = eq(flat, flat) if padding_idx is None else ne(flat, padding_idx)
    if offsets is None:
        bags, size = index.shape
        bag = places // max(size, 1)
        ends = arange(start=size, step=size, length=bags, dtype=int64, device=weight.device)
    else:
        starts, ends = _bounds(offsets, n, include_last_offset)
        bags = starts.shape[0]
        bag = _bag_of_each(starts, n)
        if include_last_offset:
            counted = counted & lt(places, narrow(offsets, dim=0, start=bags, length=1))
    rows = embedding(weight, flat, padding_idx=padding_idx, scale_grad_by_freq=scale_grad_by_freq)
    if not n or not bags:
        return full(shape=(bags, weight.shape[1]), value=0, dtype=rows.dtype, device=rows.device)
    if mode == "max":
        return _largest(rows, bag, counted, ends)
    factors = None if per_sample_weights is None else reshape(per_sample_weights, shape=(n, 1))
    return _added(rows, bag, counted, factors, bags, mode)


def _bounds(offsets: Tensor, n: int, include_last_offset: bool) -> tuple[Tensor, Tensor]:
    """Where each bag begins, and where it ends."""
    offsets = cast(offsets, dtype=int64)
    if not include_last_offset:
        end = full(shape=(1,), value=n, dtype=int64, device=offsets.device)
        offsets = cat(offsets, end, dim=0)
    bags = offsets.shape[0] - 1
    return tuple(narrow(offsets, dim=0, start=i, length=bags) for i in (0, 1))


def _bag_of_each(starts: Tensor, n: int) -> Tensor:
    """The bag of each of ``n`` rows: how many have begun so far, less one."""
    zeros = full(shape=(n + 1,), value=0, dtype=int64, device=starts.device)
    begins = index_add(zeros, starts, cast(eq(starts, starts), dtype=int64), dim=0)
    return narrow(cumsum(begins, dim=0), dim=0, start=0, length=n) - 1


@in_float32
def _added(
    rows: Tensor, bag: Tensor, counted: Tensor, factors: Tensor | None, bags: int, mode: str
) -> Tensor:
    """The sum or the mean of the rows of each bag."""
    if factors is not None:
        rows = rows * factors
    rows = where(reshape(counted, shape=(-1, 1)), rows, 0.0)
    zeros = full(shape=(bags, rows.shape[1]), value=0, dtype=rows.dtype, device=rows.device)
    total = index_add(zeros, bag, rows, dim=0)
    if mode == "sum":
        return total
    none = full(shape=(bags,), value=0, dtype=rows.dtype, device=rows.device)
    counts = index_add(none, bag, cast(counted, dtype=rows.dtype), dim=0)
    return total / reshape(where(counts == 0, 1.0, counts), shape=(bags, 1))


def _largest(rows: Tensor, bag: Tensor, counted: Tensor, ends: Tensor) -> Tensor:
    """The largest of the rows of each bag, number by number.

    Each row looks back, at first by one and then twice as far in every step, so that in the end the
    last of each bag knows where in it the first maximum stands.
    """
    n, width = rows.shape
    values = rows.detach()
    best = arange(start=0, step=1, length=n, dtype=int64, device=rows.device)
    best = expand(reshape(best, shape=(n, 1)), shape=(n, width))
    counted = reshape(counted, shape=(n, 1))
    bag = reshape(bag, shape=(n, 1))
    step = 1
    while step < n:
        early, late = ((0, n - step), (step, n - step))
        before, after = (
            tuple(
                narrow(x, dim=0, start=start, length=length) for x in (values, best, counted, bag)
            )
            for start, length in (early, late)
        )
        known = before[2] & eq(before[3], after[3])
        wins = known & (bitwise_not(after[2]) | ge(before[0], after[0]) | ne(before[0], before[0]))
        joined = (
            where(wins, before[0], after[0]), where(wins, before[1], after[1]), known | after[2],
        )  # fmt: skip
        heads = (narrow(x, dim=0, start=0, length=step) for x in (values, best, counted))
        values, best, counted = (cat(h, j, dim=0) for h, j in zip(heads, joined))
        step *= 2
    # a bag without rows looks at another's last row, whose bag is not its own
    last = where(ends > 0, ends - 1, 0)
    bags = ends.shape[0]
    numbers = arange(start=0, step=1, length=bags, dtype=int64, device=rows.device)
    own = eq(index_select(bag, last, dim=0), reshape(numbers, shape=(bags, 1)))
    found = gather(rows, index_select(best, last, dim=0), dim=0)
    return where(own & index_select(counted, last, dim=0), found, 0.0)


def _check(
    weight: Tensor,
    index: Tensor,
    offsets: Tensor | None,
    per_sample_weights: Tensor | None,
    mode: str,
) -> None:
    check_table("embedding_bag", weight)
    if mode not in ("sum", "mean", "max"):
        raise ArgumentError(f'embedding_bag: mode must be "sum", "mean" or "max", not {mode!r}')
    if index.ndim != (2 if offsets is None else 1):
        raise ShapeError(
            f"embedding_bag: index is {index._type}; it must have two dims, or one and offsets"
        )
    if offsets is not None and offsets.ndim != 1:
        raise ShapeError(f"embedding_bag: offsets is {offsets._type}; it must have one dim")
    if per_sample_weights is not None and mode != "sum":
        raise ArgumentError(f'embedding_bag: per_sample_weights need mode="sum", not {mode!r}')
    if per_sample_weights is not None and per_sample_weights.shape != index.shape:
        raise ShapeError(
            f"embedding_bag: per_sample_weights is {per_sample_weights._type}; its shape must be "
            f"that of index, {index.shape}"
        )
