"""References of ops that select and write by index. See `ferrule_conformance.references`."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_REDUCE: dict[str, Any] = {"prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def wrap_index(index: Array, *, size: int) -> Array:
    return np.array([range(size)[int(i)] for i in index.flat], np.int64).reshape(index.shape)


def scatter_reduce(x: Array, index: Array, source: Array, *, dim: int, reduce: str) -> Array:
    y = x.copy()
    for place in np.ndindex(index.shape):
        target = _along(place, dim, index)
        y[target] = _REDUCE[reduce](y[target], source[place])
    return y


def scatter(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    y = x.copy()
    for place in np.ndindex(index.shape):
        y[_along(place, dim, index)] = source[place]
    return y


def index_copy(x: Array, index: Array, source: Array, *, dim: int) -> Array:
    y = x.copy()
    lead = (slice(None),) * dim
    for j, i in enumerate(index):
        y[(*lead, int(i))] = source[(*lead, j)]
    return y


def _along(place: tuple[int, ...], dim: int, index: Array) -> tuple[int, ...]:
    return (*place[:dim], int(index[place]), *place[dim + 1 :])
