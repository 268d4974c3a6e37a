"""Philox 4x32-10, one block of four words after the other.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

from ferrule_example_purepython.strided import Array, new
from ferrule_plugins import Shape, dtypes

_LOW = 0xFFFFFFFF
_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_WEYL = 0x9E3779B9, 0xBB67AE85


def random_bits(state: Array, *, shape: Shape) -> Array:
    """The op of that name; ``state`` holds the seed and the number of blocks drawn before."""
    seed, start = state.elements()
    return new(islice(words(seed, start), math.prod(shape)), shape, dtypes.int32)


def words(seed: int, start: int) -> Iterator[int]:
    """The stream of 32-bit words without sign, from that block on."""
    while True:
        c0, c1, c2, c3 = start & _LOW, start >> 32 & _LOW, 0, 0
        k0, k1 = seed & _LOW, seed >> 32 & _LOW
        for _ in range(10):
            first, second = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
            c0, c1, c2, c3 = (
                (second >> 32) ^ c1 ^ k0,
                second & _LOW,
                (first >> 32) ^ c3 ^ k1,
                first & _LOW,
            )
            k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
        yield from (c0, c1, c2, c3)
        start += 1


KERNELS = {"random_bits": random_bits}
