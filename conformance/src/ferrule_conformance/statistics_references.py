"""Independent references of reductions, scans, ranks, searches and histograms.

As in `ferrule_conformance.references`: operands are in float64, attributes are canonical.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Dims = tuple[int, ...]


def _rows(x: Array, dim: int) -> Iterator[tuple[Any, ...]]:
    """Indices of all rows along ``dim``; of a number, what makes it a row."""
    if not x.ndim:
        yield (None,)
    else:
        for place in np.ndindex(*x.shape[:dim], *x.shape[dim + 1 :]):
            yield (*place[:dim], slice(None), *place[dim:])


# Reductions.


def _count(x: Array, dim: Dims) -> int:
    return math.prod(x.shape[d] for d in dim)


def var(x: Array, *, dim: Dims, correction: float, keepdim: bool) -> Array:
    centred = np.abs(x - np.sum(x, axis=dim, keepdims=True) / _count(x, dim))
    return np.sum(centred**2, axis=dim, keepdims=keepdim) / max(_count(x, dim) - correction, 0)


def std(x: Array, *, dim: Dims, correction: float, keepdim: bool) -> Array:
    return np.sqrt(var(x, dim=dim, correction=correction, keepdim=keepdim))


def logsumexp(x: Array, *, dim: Dims, keepdim: bool) -> Array:
    return np.log(np.sum(np.exp(x), axis=dim, keepdims=keepdim))


def cov(
    x: Array, fweights: Array | None = None, aweights: Array | None = None, *, correction: int
) -> Array:
    """Observation by observation, each as often as its weights say."""
    rows = np.atleast_2d(x)
    w = np.ones(rows.shape[1]) if fweights is None else fweights.astype(np.float64)
    a = np.ones(rows.shape[1]) if aweights is None else aweights
    total = np.sum(w * a)
    centred = rows - (rows @ (w * a) / total)[:, None]
    product = np.zeros((len(rows), len(rows)), rows.dtype)
    for j in range(rows.shape[1]):
        product += w[j] * a[j] * np.outer(centred[:, j], centred[:, j].conj())
    freedom = total - correction * np.sum(w * a * a) / total
    return product.reshape(() if x.ndim < 2 else product.shape) / freedom


def corrcoef(x: Array) -> Array:
    return np.corrcoef(x)


def renorm(x: Array, *, p: float, dim: int, maxnorm: float) -> Array:
    y = x.copy()
    for i in range(x.shape[dim]):
        place = (slice(None),) * dim + (i,)
        size = np.abs(x[place]).ravel()
        norm = size.max() if p == math.inf else np.sum(size**p) ** (1 / p)
        if norm > maxnorm:
            y[place] = x[place] * (maxnorm / (norm + 1e-7))
    return y


# Scans.


def _accumulate(x: Array, dim: int, step: Callable[[Any, Any], Any]) -> Array:
    y = x.astype(np.int64 if x.dtype.kind in "biu" else x.dtype)
    for row in _rows(x, dim) if x.ndim else ():
        values = y[row]
        for i in range(1, len(values)):
            values[i] = step(values[i - 1], values[i])
        y[row] = values
    return y


def cumsum(x: Array, *, dim: int) -> Array:
    return _accumulate(x, dim, lambda a, b: a + b)


def cumprod(x: Array, *, dim: int) -> Array:
    return _accumulate(x, dim, lambda a, b: a * b)


def logcumsumexp(x: Array, *, dim: int) -> Array:
    return np.asarray(_accumulate(x, dim, np.logaddexp))


def _extreme_so_far(x: Array, dim: int, beats: Callable[[Any, Any], bool]) -> tuple[Array, Array]:
    values, index = x.copy(), np.zeros(x.shape, np.int64)
    for row in _rows(x, dim) if x.ndim else ():
        best = 0
        elements, places = x[row], index[row]
        for i, v in enumerate(elements):
            held = elements[best]
            if v != v or (held == held and beats(v, held)):
                best = i
            places[i] = best
        index[row], values[row] = places, elements[places]
    return values, index


def cummax(x: Array, *, dim: int) -> tuple[Array, Array]:
    return _extreme_so_far(x, dim, lambda a, b: a >= b)


def cummin(x: Array, *, dim: int) -> tuple[Array, Array]:
    return _extreme_so_far(x, dim, lambda a, b: a <= b)


# Differences.


def diff(
    x: Array, prepend: Array | None = None, append: Array | None = None, *, n: int, dim: int
) -> Array:
    given = {k: v for k, v in {"prepend": prepend, "append": append}.items() if v is not None}
    return np.diff(x, n=n, axis=dim, **given)


def trapezoid(y: Array, x: Array | None = None, *, dx: float, dim: int) -> Array:
    return np.trapezoid(y, x, dx=dx, axis=dim)


def cumulative_trapezoid(y: Array, x: Array | None = None, *, dx: float, dim: int) -> Array:
    parts = [
        np.trapezoid(
            np.take(y, range(k), axis=dim),
            None if x is None else np.take(x, range(k), axis=dim if x.ndim > 1 else 0),
            dx=dx,
            axis=dim,
        )
        for k in range(2, y.shape[dim] + 1)
    ]
    shape = tuple(0 if d == dim else n for d, n in enumerate(y.shape))
    return np.stack(parts, axis=dim) if parts else np.zeros(shape, y.dtype)


def gradient(
    x: Array, coordinates: Array | None = None, *, spacing: float, dim: int, edge_order: int
) -> Array:
    step = spacing if coordinates is None else coordinates
    return np.asarray(np.gradient(x, step, axis=dim, edge_order=edge_order))  # type: ignore[call-overload]


# Order. NaN is larger than all else.


def _ranked(row: Array, largest: bool = False) -> list[int]:
    """The places of the elements in their order; equal ones as they stand."""
    order: list[int] = []
    for i, v in enumerate(row.tolist()):
        at = len(order)
        while at and _before(v, row[order[at - 1]], largest):
            at -= 1
        order.insert(at, i)
    return order


def _before(a: Any, b: Any, largest: bool) -> bool:
    if largest:
        a, b = b, a
    return bool(a < b or (b != b and a == a))


def _pick(x: Array, dim: int, keepdim: bool, choose: Callable[[Array], int]) -> tuple[Array, Array]:
    shape = x.shape[:dim] + x.shape[dim + 1 :]
    values, index = np.empty(shape, x.dtype), np.empty(shape, np.int64)
    for row in _rows(x, dim):
        place = tuple(p for p in row if isinstance(p, int))
        index[place] = choose(x[row])
        values[place] = x[row][index[place]]
    if keepdim and x.ndim:
        return np.expand_dims(values, dim), np.expand_dims(index, dim)
    return values, index


def topk(x: Array, *, k: int, dim: int, largest: bool, sorted: bool) -> tuple[Array, Array]:
    if not x.ndim:
        return x, np.zeros((), np.int64)
    shape = tuple(k if d == dim else n for d, n in enumerate(x.shape))
    values, index = np.empty(shape, x.dtype), np.empty(shape, np.int64)
    for row in _rows(x, dim):
        index[row] = _ranked(x[row], largest)[:k]
        values[row] = x[row][index[row]]
    return values, index


def kthvalue(x: Array, *, k: int, dim: int, keepdim: bool) -> tuple[Array, Array]:
    return _pick(x, dim, keepdim, lambda row: _ranked(row)[k - 1])


def _median(row: Array) -> int:
    missing = np.flatnonzero(row != row)
    return int(missing[0]) if missing.size else _ranked(row)[(len(row) - 1) // 2]


def _nanmedian(row: Array) -> int:
    numbers = int(np.sum(row == row))
    return _ranked(row)[max(numbers - 1, 0) // 2]


def median(x: Array, *, dim: int, keepdim: bool) -> tuple[Array, Array]:
    return _pick(x, dim, keepdim, _median)


def nanmedian(x: Array, *, dim: int, keepdim: bool) -> tuple[Array, Array]:
    return _pick(x, dim, keepdim, _nanmedian)


def median_of_all(x: Array) -> Array:
    return x.ravel()[_median(x.ravel())]


def nanmedian_of_all(x: Array) -> Array:
    return x.ravel()[_nanmedian(x.ravel())]


def mode(x: Array, *, dim: int, keepdim: bool) -> tuple[Array, Array]:
    def choose(row: Array) -> int:
        order = _ranked(row)
        best = max(order, key=lambda i: (int(np.sum(row == row[i])) or 1, -order.index(i)))
        return int(np.flatnonzero(row == row[best])[-1]) if row[best] == row[best] else best

    return _pick(x, dim, keepdim, choose)


def _quantile(
    function: Any, x: Array, q: Array, dim: int | None, keepdim: bool, interpolation: str
) -> Array:
    return np.asarray(function(x, q, axis=dim, keepdims=keepdim, method=interpolation))


def quantile(x: Array, q: Array, *, dim: int | None, keepdim: bool, interpolation: str) -> Array:
    return _quantile(np.quantile, x, q, dim, keepdim, interpolation)


def nanquantile(x: Array, q: Array, *, dim: int | None, keepdim: bool, interpolation: str) -> Array:
    return _quantile(np.nanquantile, x, q, dim, keepdim, interpolation)


# Searching and counting.


def nonzero(x: Array) -> Array:
    found = [place for place in np.ndindex(x.shape) if x[place] != 0]
    return np.array(found, np.int64).reshape(len(found), x.ndim)


def searchsorted(sequence: Array, values: Array, *, right: bool) -> Array:
    found = np.zeros(values.shape, np.int64)
    for place in np.ndindex(values.shape):
        row = sequence if sequence.ndim == 1 else sequence[place[:-1]]
        found[place] = np.searchsorted(row, values[place], side="right" if right else "left")
    return found


def isin(elements: Array, test_elements: Array, *, assume_unique: bool, invert: bool) -> Array:
    found = np.zeros(elements.shape, np.bool_)
    for test in test_elements.ravel():
        found |= elements == test
    return ~found if invert else found


def unique(x: Array, *, dim: int | None) -> tuple[Array, ...]:
    if not x.ndim:
        return x.reshape(1), np.zeros((), np.int64), np.ones(1, np.int64)
    values, inverse, counts = np.unique(
        x, axis=dim, return_inverse=True, return_counts=True, equal_nan=False
    )
    return values, inverse.reshape(x.shape if dim is None else -1), counts


def unique_consecutive(x: Array, *, dim: int | None) -> tuple[Array, ...]:
    slices = x.reshape(-1) if dim is None else np.moveaxis(x, dim, 0)
    first: list[int] = []
    run = []
    for i, s in enumerate(slices):
        if not i or not np.array_equal(s, slices[i - 1]):
            first.append(i)
        run.append(len(first) - 1)
    inverse = np.array(run, np.int64).reshape(x.shape if dim is None else -1)
    counts = np.diff([*first, len(slices)]).astype(np.int64)
    values = slices[np.array(first, np.int64)]
    return (values if dim is None else np.moveaxis(values, 0, dim)), inverse, counts


def bincount(x: Array, weights: Array | None = None, *, minlength: int) -> Array:
    y = np.zeros(max(minlength, *(int(i) + 1 for i in x), 0), np.int64)
    y = y if weights is None else y.astype(np.float64)
    for i, w in zip(x, np.ones(x.shape, np.int64) if weights is None else weights):
        y[i] += w
    return y


def histc(x: Array, low: Array, high: Array, *, bins: int) -> Array:
    return np.histogram(x, bins, (float(low), float(high)))[0].astype(np.float64)


def histogram(x: Array, edges: Array, weight: Array | None = None, *, density: bool) -> Array:
    y = np.zeros(len(edges) - 1)
    w = np.ones(x.size) if weight is None else weight.ravel()
    for v, each in zip(x.ravel(), w):
        for i in range(len(y)):
            if edges[i] <= v < edges[i + 1] or v == edges[i + 1] == edges[-1]:
                y[i] += each
                break
    return y / np.sum(y) / np.diff(edges) if density else y
