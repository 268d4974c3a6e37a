"""Linear algebra by LAPACK, as NumPy has it, and by blocks where NumPy lacks it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ferrule_cpu import blas
from ferrule_plugins import Kernel
from ferrule_plugins.kits.array_namespace.linalg import (
    Factorisations,
    Factors,
    GeneralEigenvalues,
)

Array = np.ndarray[Any, Any]

_BLOCK = 48
"""Columns that are eliminated one by one, before the rest follows by matrix products."""


def lu_factor(x: Array, *, pivot: bool) -> tuple[Array, Array]:
    """Right-looking elimination with partial pivoting, a block of columns at a time; all matrices
    of a batch go through it together."""
    lead, (m, n) = x.shape[:-2], x.shape[-2:]
    y = np.array(x, order="C").reshape(math.prod(lead), m, n)
    k = min(m, n)
    batch = np.arange(len(y))
    pivots = np.empty((len(y), k), np.int64)
    for start in range(0, k, _BLOCK):
        stop = min(start + _BLOCK, k)
        _eliminate(y, pivots, batch, start, stop, pivot)
        if stop < n:
            corner = y[:, start:stop, start:stop]
            y[:, start:stop, stop:] = _substitute(corner, y[:, start:stop, stop:], unit=True)
            if stop < m:
                y[:, stop:, stop:] -= blas.matmul(y[:, stop:, start:stop], y[:, start:stop, stop:])
    return y.reshape(x.shape), (pivots + 1).astype(np.int32).reshape(*lead, k)


def _eliminate(y: Array, pivots: Array, batch: Array, start: int, stop: int, pivot: bool) -> None:
    """Factor the columns from ``start`` to below ``stop``, from row ``start`` down, in place."""
    complex_ = np.iscomplexobj(y)
    for j in range(start, stop):
        if pivot:
            below = y[:, j:, j]
            size = np.abs(below.real) + np.abs(below.imag) if complex_ else np.abs(below)
            chosen = j + size.argmax(axis=1)
            if (chosen != j).any():
                above, below = y[batch, j], y[batch, chosen]
                y[batch, chosen], y[batch, j] = above, below
            pivots[:, j] = chosen
        else:
            pivots[:, j] = j
        corner = y[:, j, j, None]
        y[:, j + 1 :, j] /= np.where(corner == 0, corner.dtype.type(1), corner)
        y[:, j + 1 :, j + 1 : stop] -= y[:, j + 1 :, j, None] * y[:, j, None, j + 1 : stop]


def _substitute(t: Array, b: Array, *, unit: bool) -> Array:
    """``x`` for which ``t @ x`` is ``b``, for a lower triangular ``t``, row by row."""
    x = np.array(b)
    for i in range(t.shape[-1]):
        if i:
            x[..., i, :] -= np.matmul(t[..., i, None, :i], x[..., :i, :])[..., 0, :]
        if not unit:
            x[..., i, :] /= t[..., i, i, None]
    return x


def row_order(pivots: Array, *, rows: int) -> Array:
    lead, k = pivots.shape[:-1], pivots.shape[-1]
    steps = pivots.reshape(math.prod(lead), k).astype(np.int64) - 1
    batch = np.arange(len(steps))
    order = np.tile(np.arange(rows), (len(steps), 1))
    for i in range(k):
        other = steps[:, i]
        here, there = order[:, i].copy(), order[batch, other]
        order[batch, other], order[:, i] = here, there
    return order.reshape(*lead, rows)


def solve_triangular(a: Array, b: Array, *, upper: bool, left: bool, unitriangular: bool) -> Array:
    """Blocks on the diagonal by substitution, the rest by matrix products."""
    if not left:
        turned = solve_triangular(
            a.swapaxes(-1, -2), b.swapaxes(-1, -2),
            upper=not upper, left=True, unitriangular=unitriangular,
        )  # fmt: skip
        return turned.swapaxes(-1, -2)
    if upper:  # backwards it is lower
        turned = solve_triangular(
            a[..., ::-1, ::-1], b[..., ::-1, :],
            upper=False, left=True, unitriangular=unitriangular,
        )  # fmt: skip
        return turned[..., ::-1, :]
    n = a.shape[-1]
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = np.array(np.broadcast_to(b, (*lead, *b.shape[-2:])), order="C")
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        block = a[..., start:stop, start:stop]
        x[..., start:stop, :] = _substitute(block, x[..., start:stop, :], unit=unitriangular)
        if stop < n:
            x[..., stop:, :] -= blas.matmul(a[..., stop:, start:stop], x[..., start:stop, :])
    return x


class _Numpy(Factorisations, GeneralEigenvalues):
    """What NumPy does better than the standard can say: it reads no more than the lower triangles
    of Hermitian matrices, and finds values without vectors."""

    def _from_lower(self, x: Array) -> Array:
        return x

    def _guarded(self, function: Callable[..., Factors], *arrays: Array) -> Factors:
        with blas.factoring(arrays[0]):
            return super()._guarded(function, *arrays)

    def eigvalsh(self, x: Array) -> Array:
        return self._factored(lambda x: (np.linalg.eigvalsh(x)[..., None],), x)[0][..., 0]

    def eigvals(self, x: Array) -> Array:
        dtype = self._complex_of(x)

        def values(x: Array) -> tuple[Array]:
            return (np.linalg.eigvals(x).astype(dtype, copy=False)[..., None],)

        return self._factored(values, x)[0][..., 0]

    def svdvals(self, x: Array) -> Array:
        def values(x: Array) -> tuple[Array]:
            return (np.linalg.svd(x, compute_uv=False)[..., None],)

        return self._factored(values, x)[0][..., 0]

    def inv(self, x: Array) -> Array:
        (y,) = self._guarded(lambda x: (np.linalg.inv(x),), x)
        return self._nan_where(~self._finite(x), y)

    def det(self, x: Array) -> Array:
        with blas.factoring(x):
            return np.asarray(np.linalg.det(x))

    def slogdet(self, x: Array) -> tuple[Array, ...]:
        with blas.factoring(x):
            sign, size = np.linalg.slogdet(x)
        return np.where(np.isnan(size), np.asarray(np.nan, sign.dtype), sign), np.asarray(size)


_numpy = _Numpy(np, lambda dtype: dtype.numpy, lambda device: None)

KERNELS: dict[str, Kernel] = {
    "cholesky": _numpy.cholesky,
    "det": _numpy.det,
    "eig": _numpy.eig,
    "eigh": _numpy.eigh,
    "eigvals": _numpy.eigvals,
    "eigvalsh": _numpy.eigvalsh,
    "inv": _numpy.inv,
    "lu_factor": lu_factor,
    "qr": _numpy.qr,
    "row_order": row_order,
    "slogdet": _numpy.slogdet,
    "solve": _numpy.solve,
    "solve_triangular": solve_triangular,
    "svd": _numpy.svd,
    "svdvals": _numpy.svdvals,
}
