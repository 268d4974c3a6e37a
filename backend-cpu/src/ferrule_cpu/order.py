"""Sorting and searching."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

Array = np.ndarray[Any, Any]

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_FEW = 512


def sort(x: Array, *, dim: int, descending: bool) -> tuple[Array, Array]:
    return _first(x, dim, descending, None)


def topk(x: Array, *, k: int, dim: int, largest: bool, sorted: bool) -> tuple[Array, Array]:
    return _first(x, dim, largest, k)


def _first(x: Array, dim: int, descending: bool, k: int | None) -> tuple[Array, Array]:
    """The elements in order, or the first ``k`` of them, and their places.

    By keys that hold an element in their upper bits and its place in their lower ones: NumPy sorts
    numbers several times faster than it finds their order, and no two keys are equal, so equal
    elements keep their order.
    """
    if not x.ndim:
        return x, np.zeros((), np.int64)
    rows = x if dim == x.ndim - 1 else x.swapaxes(dim, -1)
    n = rows.shape[-1]
    room = 64 - max(n - 1, 1).bit_length()
    keys = _keys(rows, room, descending) if x.size > _FEW else None
    if keys is None:
        order = _argsort(rows, descending)[..., :k]
    else:
        keys <<= np.uint64(64 - room)
        keys |= np.arange(n, dtype=np.uint64)
        if k is not None and 0 < k < n:
            keys.partition(k - 1, axis=-1)
        keys = keys[..., :k]
        keys.sort(axis=-1)
        keys &= np.uint64((1 << (64 - room)) - 1)
        order = keys.view(np.int64)
    values = np.take_along_axis(rows, order, -1)
    if rows is x:
        return values, order
    return values.swapaxes(dim, -1), order.swapaxes(dim, -1)


def _argsort(rows: Array, descending: bool) -> Array:
    wide = rows.astype(np.float32) if rows.dtype == _BFLOAT16 else rows
    if not descending:
        return np.argsort(wide, axis=-1, kind="stable")
    order = np.argsort(wide[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return rows.shape[-1] - 1 - order


def _keys(rows: Array, room: int, descending: bool) -> Array | None:
    """Integers in the order of the elements, equal where those are; None if they do not fit in
    ``room`` bits."""
    bits = 8 * rows.itemsize
    if rows.dtype.kind in "fV":
        found = _bits_of_floats(rows, bits) if bits <= room else None
    elif rows.dtype.kind in "bu" and bits <= room:
        found = rows.astype(np.uint64)
    elif bits < 64 and bits <= room:
        found = (rows.astype(np.int64) + (1 << (bits - 1))).view(np.uint64)
    else:
        low, high = int(rows.min()), int(rows.max())
        bits = max((high - low).bit_length(), 1)
        found = rows.astype(np.uint64) - np.uint64(low % 2**64) if bits <= room else None
    if found is not None and descending:
        found ^= np.uint64((1 << bits) - 1)
    return found


def _bits_of_floats(rows: Array, bits: int) -> Array:
    """The bits of a float are in order where it is positive, and in reverse order where negative;
    the two zeros are made one, and so is every NaN."""
    kind, sign = _INTEGERS[bits], 1 << (bits - 1)
    found = (rows + rows.dtype.type(0)).view(kind).astype(np.uint64)
    negative = found >> np.uint64(bits - 1)
    found ^= negative * np.uint64(sign - 1) + np.uint64(sign)
    missing = rows != rows
    if missing.any():
        found[missing] = (1 << bits) - 1
    return found


_INTEGERS = {16: np.uint16, 32: np.uint32}


def searchsorted(sequence: Array, values: Array, *, right: bool) -> Array:
    side = "right" if right else "left"
    if sequence.ndim == 1:
        return np.searchsorted(sequence, values, side=side)
    rows = sequence.reshape(-1, sequence.shape[-1]) if sequence.size else sequence
    found = np.zeros(values.shape, np.int64)
    if sequence.size and values.size:
        each = zip(rows, values.reshape(len(rows), -1), found.reshape(len(rows), -1))
        for row, wanted, place in each:
            place[:] = np.searchsorted(row, wanted, side=side)
    return found


def isin(elements: Array, test_elements: Array, *, assume_unique: bool, invert: bool) -> Array:
    return np.isin(elements, test_elements, invert=invert)


def bincount(x: Array, weights: Array | None, *, minlength: int) -> Array:
    if weights is None:
        return np.bincount(x, minlength=minlength)
    found = np.bincount(x, weights.astype(np.float64), minlength)
    return found.astype(np.float32) if weights.dtype == np.float32 else found
