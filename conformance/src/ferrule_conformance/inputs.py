"""Operands for the samples that op declarations describe."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule.samples import Input, Matrix
from ferrule_plugins import DType, dtypes

Array = np.ndarray[Any, Any]

LOW, HIGH = -2.0, 2.0
"""Between these lie floats whose sample does not say where."""
INTEGER_LOW, INTEGER_HIGH = -4, 5
"""And integers, which exclude the upper bound."""


def draw(described: Input, dtype: DType, rng: np.random.Generator) -> Array:
    """A random array as ``described``, which is of ``dtype`` where it does not say."""
    drawn = _draw(described, dtype, rng)
    return np.sort(drawn, axis=-1) if described.rising else drawn


def _draw(described: Input, dtype: DType, rng: np.random.Generator) -> Array:
    dtype = described.dtype or dtype
    if described.matrix is not None:
        return _matrices(described.matrix, described.shape, dtype, rng)
    match dtype.category:
        case "bool":
            return rng.integers(0, 2, described.shape).astype(np.bool_)
        case "integer":
            return _integers(described, dtype, rng)
        case "complex":
            real, imaginary = (_floats(described, rng) for _ in range(2))
            return np.asarray(real + 1j * imaginary, dtype=dtype.numpy)
        case _:
            return _floats(described, rng).astype(dtype.numpy)


def _matrices(
    kind: Matrix, shape: tuple[int, ...], dtype: DType, rng: np.random.Generator
) -> Array:
    """Matrices made of random orthonormal vectors, and values that lie apart."""
    *lead, m, n = shape
    k = min(m, n)
    cells = (rng.permuted(np.tile(np.arange(k), (*lead, 1)), axis=-1)) + rng.uniform(
        0.1, 0.4, (*lead, k)
    )
    values = _BETWEEN[kind][0] + (_BETWEEN[kind][1] - _BETWEEN[kind][0]) * cells / max(k, 1)
    left = _orthonormal((*lead, m, k), dtype, rng)
    right = left if kind != "regular" else _orthonormal((*lead, n, k), dtype, rng)
    return ((left * values[..., None, :]) @ right.conj().swapaxes(-1, -2)).astype(dtype.numpy)


_BETWEEN = {"regular": (1.0, 2.0), "positive": (0.5, 2.5), "hermitian": (-2.0, 2.0)}
"""Where the singular values or eigenvalues of matrices lie."""


def _orthonormal(shape: tuple[int, ...], dtype: DType, rng: np.random.Generator) -> Array:
    x = rng.standard_normal(shape)
    return np.linalg.qr(x + 1j * rng.standard_normal(shape) if dtype.is_complex else x)[0]


def integer_range(described: Input, dtype: DType) -> tuple[int, int]:
    """The integers from the first to below the second are within the description."""
    info = dtypes.iinfo(dtype)
    low = INTEGER_LOW if described.low is None else math.ceil(described.low)
    high = max(INTEGER_HIGH, low + 1) if described.high is None else math.ceil(described.high)
    low = max(low, int(info.min))
    return low, min(max(high, low + 1), int(info.max) + 1)


def _integers(described: Input, dtype: DType, rng: np.random.Generator) -> Array:
    low, high = integer_range(described, dtype)
    if not described.distinct:
        return rng.integers(low, high, described.shape, dtype=np.int64).astype(dtype.numpy)
    size = math.prod(described.shape)
    start = low if dtype is dtypes.uint8 or described.low is not None else -(size // 2)
    return (rng.permutation(size) + start).reshape(described.shape).astype(dtype.numpy)


def _floats(described: Input, rng: np.random.Generator) -> Array:
    low = LOW if described.low is None else described.low
    high = max(HIGH, low + 1.0) if described.high is None else described.high
    size = math.prod(described.shape)
    if not described.distinct:
        return rng.uniform(low, high, described.shape)
    # One value in each of ``size`` cells, away from the cells' bounds and middles, so that values
    # are apart from each other, and from 0 where the range is symmetric.
    within = rng.uniform(0.1, 0.4, size)
    cells = (rng.permutation(size) + within) / max(size, 1)
    return (low + (high - low) * cells).reshape(described.shape)
