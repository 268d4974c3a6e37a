"""Philox 4x32-10 on whole arrays of unsigned integers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def random_bits(state: Array, *, shape: tuple[int, ...]) -> Array:
    """See the op of that name: Salmon, Moraes, Dror, Shaw, SC 2011."""
    n = math.prod(shape)
    blocks = -(-n // 4)
    seed, start = (int(v) for v in state.astype(np.int64).view(np.uint64))
    counter = np.arange(blocks, dtype=np.uint64) + np.uint64(start)
    words = np.zeros((blocks, 4), dtype=np.uint32)
    c0, c1 = counter & _LOW, counter >> _HALF
    c2, c3 = np.zeros_like(counter), np.zeros_like(counter)
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c2 = (p1 >> _HALF) ^ c1 ^ np.uint64(k0), (p0 >> _HALF) ^ c3 ^ np.uint64(k1)
        c1, c3 = p1 & _LOW, p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    for i, word in enumerate((c0, c1, c2, c3)):
        words[:, i] = word
    return words.reshape(-1)[:n].view(np.int32).reshape(shape)
