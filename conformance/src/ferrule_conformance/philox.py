"""Philox 4x32-10 in Python integers, one block at a time.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011, and the
known-answer vectors of the authors' Random123.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ferrule_plugins import Shape

Words = tuple[int, int, int, int]

_MASK = 2**32 - 1


def block(counter: Words, key: tuple[int, int]) -> Words:
    """The four 32-bit words that ``key`` makes of ``counter``."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & _MASK, (a >> 32) ^ c3 ^ k1, a & _MASK
        k0, k1 = (k0 + 0x9E3779B9) & _MASK, (k1 + 0xBB67AE85) & _MASK
    return c0, c1, c2, c3


def random_bits(state: np.ndarray[Any, Any], *, shape: Shape) -> np.ndarray[Any, Any]:
    """The op of that name: int32 words of the stream whose seed and position ``state`` holds."""
    seed, drawn = (int(word) % 2**64 for word in state)
    words: list[int] = []
    for i in range(-(-math.prod(shape) // 4)):
        position = (drawn + i) % 2**64
        words += block((position & _MASK, position >> 32, 0, 0), (seed & _MASK, seed >> 32))
    unsigned = np.array(words[: math.prod(shape)], dtype=np.uint32)
    return unsigned.view(np.int32).reshape(shape)
