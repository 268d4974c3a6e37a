"""Writing by integer tensors: reducing what meets at one place, and overwriting."""

from __future__ import annotations

import math
from typing import Any, Literal

from ferrule import ops
from ferrule.declare import composite, everything, numeric, primitive
from ferrule.errors import ArgumentError, DTypeError, ShapeError
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, ge
from ferrule.ops.complex import conjugate
from ferrule.ops.creation import arange, full
from ferrule.ops.indexing import gather, index_select, scatter_add
from ferrule.ops.shape import expand, flip, narrow, pad, reshape
from ferrule.samples import Input, of, sample
from ferrule.schema import Dim, Index
from ferrule.tensor import Tensor
from ferrule_plugins import Shape, Shaped, Spec
from ferrule_plugins.dtypes import int64


def _index(*shape: int, high: int) -> Input:
    return of(*shape, dtype="int64", low=0, high=high)


def _along(x: Shaped, index: Shaped, source: Shaped, dim: int) -> None:
    if not x.shape or len(index.shape) != len(x.shape):
        raise ShapeError(f"index must have as many dims as x, at least one, not {index} and {x}")
    for d, (n, m) in enumerate(zip(index.shape, x.shape)):
        if d != dim and n != m:
            raise ShapeError(f"index has size {n} and x has size {m} at dim {d}; they must agree")
    if source.shape != index.shape:
        raise ShapeError(f"source must have the shape of index, {index.shape}, not {source.shape}")


@primitive(
    dtypes=numeric,
    autocast="widest",
    ref="ferrule_conformance.selection_references:scatter_reduce",
    promote="same",
    samples=[
        sample(of(3, 4), _index(3, 5, high=4), of(3, 5), dim=1, reduce="prod"),
        sample(of(3, 4), _index(6, 4, high=3), of(6, 4), dim=0, reduce="prod"),
        sample(
            of(3, 4, low=-4.0, high=-3.0, distinct=True), _index(3, 5, high=4),
            of(3, 5, distinct=True), dim=1, reduce="amax",
        ),
        sample(
            of(3, 4, low=3.0, high=4.0, distinct=True), _index(6, 4, high=3),
            of(6, 4, distinct=True), dim=0, reduce="amin",
        ),
        sample(of(2, 3), _index(2, 0, high=3), of(2, 0), dim=-1, reduce="amax"),
        sample(of(2, 3), _index(2, 0, high=3), of(2, 0), dim=-1, reduce="prod"),
    ],
    tolerance=8,
)  # fmt: skip
def scatter_reduce(
    x: Shaped,
    index: Index[Shaped],
    source: Shaped,
    *,
    dim: Dim,
    reduce: Literal["prod", "amax", "amin"],
) -> Spec:
    """Each element of ``x`` reduced with the elements of ``source`` that ``index`` sends there
    along ``dim``: their product, their maximum or their minimum.

    NaN wins over all numbers. At ties the gradient of a maximum is shared equally.
    """
    if reduce not in ("prod", "amax", "amin"):
        raise ArgumentError(f'reduce must be "prod", "amax" or "amin", not {reduce!r}')
    if reduce != "prod" and x.dtype.is_complex:
        raise DTypeError(f"complex numbers have no order, so {reduce!r} has no meaning for {x}")
    _along(x, index, source, dim)
    return Spec(x.shape, x.dtype)


@scatter_reduce.bounds
def _(x, dim):
    return x.shape[dim]


@scatter_reduce.vjp
def _(g, y, x, index, source, dim, reduce):
    if reduce == "prod":
        return (
            lambda: g * conjugate(_product_of_sources(x, index, source, dim)),
            lambda: (
                gather.unchecked(g * conjugate(x), index, dim=dim)
                * conjugate(_product_of_others(index, source, dim))
            ),
        )
    chosen = cast(eq(x, y), dtype=x.dtype)
    chosen_sources = cast(eq(source, gather.unchecked(y, index, dim=dim)), dtype=x.dtype)
    shared = g / scatter_add.unchecked(chosen, index, chosen_sources, dim=dim)
    return (
        lambda: shared * chosen,
        lambda: gather.unchecked(shared, index, dim=dim) * chosen_sources,
    )


def _product_of_sources(x: Tensor, index: Tensor, source: Tensor, dim: int) -> Tensor:
    ones = full(shape=x.shape, value=1, dtype=x.dtype, device=x.device)
    return scatter_reduce.unchecked(ones, index, source, dim=dim, reduce="prod")


def _product_of_others(index: Tensor, source: Tensor, dim: int) -> Tensor:
    """For each source, the product of the other sources that go to the same place.

    Sources of one place are made neighbours by sorting, and then what stands before and behind
    each is multiplied up, in log2(n) steps. Nothing is divided, so zeros are exact, in derivatives
    of any order too.
    """
    places, order = ops.sort(index, dim=dim)
    sources = gather.unchecked(source, order, dim=dim)
    before = _product_before(places, sources, dim)
    behind = _product_before(flip(places, dims=(dim,)), flip(sources, dims=(dim,)), dim)
    others = before * flip(behind, dims=(dim,))
    return gather.unchecked(others, ops.sort(order, dim=dim)[1], dim=dim)


def _product_before(places: Tensor, sources: Tensor, dim: int) -> Tensor:
    """The product of the sources of the same place that stand before each one."""
    n = places.shape[dim]

    def before(x: Tensor, k: int) -> Tensor:
        """``k`` places further on, as far as the place is the same; 1 elsewhere."""
        same = eq(
            narrow(places, dim=dim, start=0, length=n - k),
            narrow(places, dim=dim, start=k, length=n - k),
        )
        moved = where(same, narrow(x, dim=dim, start=0, length=n - k), 1)
        lead = tuple(k if d == dim else 0 for d in range(x.ndim))
        none = (0,) * x.ndim
        return pad(moved, before=lead, after=none, inner=none, value=1)

    product, k = sources, 1
    while k < n:
        product, k = product * before(product, k), 2 * k
    if n == 0:
        return sources
    return before(product, 1)


_OVERWRITING: list[Any] = [
    sample(of(3, 4), _index(3, 5, high=4), of(3, 5), dim=1),
    sample(of(3, 4), _index(6, 4, high=3), of(6, 4), dim=0),
    sample(of(2, 3), _index(2, 0, high=3), of(2, 0), dim=-1),
]


@composite(
    dtypes=everything,
    autocast="widest",
    ref="ferrule_conformance.selection_references:scatter",
    promote="same",
    samples=_OVERWRITING,
)
def scatter(x: Tensor, index: Index[Tensor], source: Tensor, *, dim: Dim) -> Tensor:
    """``x`` with the elements of ``source`` in the place of those that ``index`` names along
    ``dim``. Of several for one place the last counts."""
    _along(x, index, source, dim)
    if not math.prod(source.shape):
        return x
    writer = _last_writer(x.shape, index, dim)
    written = ge(writer, 0)
    chosen = gather.unchecked(source, where(written, writer, 0), dim=dim)
    return where(written, chosen, x)


@scatter.bounds
def _(x, dim):
    return x.shape[dim]


@scatter.vjp
def _(g, x: Shaped, index, source: Shaped, dim):
    def of_source() -> Tensor:
        if not math.prod(source.shape):
            return full(shape=source.shape, value=0, dtype=g.dtype, device=g.device)
        writer = _last_writer(x.shape, index, dim)
        counts = eq(gather.unchecked(writer, index, dim=dim), _numbered(index, dim))
        return where(counts, gather.unchecked(g, index, dim=dim), 0)

    zeros = full(shape=source.shape, value=0, dtype=g.dtype, device=g.device)
    return lambda: scatter.unchecked(g, index, zeros, dim=dim), of_source


def _numbered(index: Tensor, dim: int) -> Tensor:
    """For each index where it stands along ``dim``."""
    numbers = arange(start=0, step=1, length=index.shape[dim], dtype=int64, device=index.device)
    spread = tuple(-1 if d == dim else 1 for d in range(index.ndim))
    return expand(reshape(numbers, shape=spread), shape=index.shape)


def _last_writer(shape: Shape, index: Tensor, dim: int) -> Tensor:
    """For each place where its last index stands along ``dim``; -1 for none."""
    nobody = full(shape=shape, value=-1, dtype=int64, device=index.device)
    return scatter_reduce(nobody, index, _numbered(index, dim), dim=dim, reduce="amax")


@composite(
    dtypes=everything,
    autocast="widest",
    ref="ferrule_conformance.selection_references:index_copy",
    promote="same",
    samples=[
        sample(of(5, 3), _index(4, high=5), of(4, 3), dim=0),
        sample(of(2, 3), _index(9, high=3), of(2, 9), dim=-1),
        sample(of(2, 3), _index(0, high=3), of(2, 0), dim=1),
    ],
)
def index_copy(x: Tensor, index: Index[Tensor], source: Tensor, *, dim: Dim) -> Tensor:
    """``x`` with the slices of ``source`` along ``dim`` in the place of those that ``index`` names.
    Of several for one place the last counts."""
    if index.ndim != 1 or not x.ndim:
        raise ShapeError(
            f"index must have one dim and x at least one, not {index._type} and {x._type}"
        )
    wanted = (*x.shape[:dim], index.shape[0], *x.shape[dim + 1 :])
    if source.shape != wanted:
        raise ShapeError(f"source must have the shape {wanted}, not {source.shape}")
    if not math.prod(source.shape):
        return x
    writer = _last_writer((x.shape[dim],), index, 0)
    written = ge(writer, 0)
    chosen = index_select.unchecked(source, where(written, writer, 0), dim=dim)
    spread = tuple(-1 if d == dim else 1 for d in range(x.ndim))
    return where(reshape(written, shape=spread), chosen, x)


@index_copy.bounds
def _(x, dim):
    return x.shape[dim]


@index_copy.vjp
def _(g, x: Shaped, index, source: Shaped, dim):
    def of_source() -> Tensor:
        if not math.prod(source.shape):
            return full(shape=source.shape, value=0, dtype=g.dtype, device=g.device)
        writer = _last_writer((x.shape[dim],), index, 0)
        counts = eq(index_select.unchecked(writer, index, dim=0), _numbered(index, 0))
        spread = tuple(-1 if d == dim else 1 for d in range(len(x.shape)))
        found = index_select.unchecked(g, index, dim=dim)
        return where(reshape(counts, shape=spread), found, 0)

    zeros = full(shape=source.shape, value=0, dtype=g.dtype, device=g.device)
    return lambda: index_copy.unchecked(g, index, zeros, dim=dim), of_source
