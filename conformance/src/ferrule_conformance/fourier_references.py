"""Independent references for Fourier transforms: sums, as the definition has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferrule_plugins import Shape

Array = np.ndarray[Any, Any]

__all__ = ["fft_c2c", "fft_c2r", "fft_r2c"]


def _along(x: Array, dim: int, sign: int) -> Array:
    n = x.shape[dim]
    k = np.arange(n)
    waves = np.exp(sign * 2j * np.pi * (np.outer(k, k) % n) / n)
    return np.moveaxis(np.tensordot(waves, x, axes=(1, dim)), 0, dim)


def fft_c2c(x: Array, *, dims: Shape, forward: bool) -> Array:
    y = x.astype(np.complex128)
    for d in dims:
        y = _along(y, d, -1 if forward else 1)
    return y


def fft_r2c(x: Array, *, dims: Shape) -> Array:
    full = fft_c2c(x, dims=dims, forward=True)
    return np.take(full, np.arange(x.shape[dims[-1]] // 2 + 1), axis=dims[-1])


def fft_c2r(x: Array, *, dims: Shape, size: int) -> Array:
    *others, last = dims
    rows = np.moveaxis(fft_c2c(x, dims=tuple(others), forward=False), last, -1)
    full = np.zeros((*rows.shape[:-1], size), np.complex128)
    for k in range(size):
        half = rows[..., min(k, size - k)]
        full[..., k] = half if k <= size - k else np.conj(half)
        if k in (0, size - k):  # its own conjugate
            full[..., k] = half.real
    return np.moveaxis(_along(full, full.ndim - 1, 1).real, -1, last)
