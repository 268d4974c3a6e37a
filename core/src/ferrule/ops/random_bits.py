"""Counter-based random bits: Philox 4x32-10, defined with integer ops.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import math

from ferrule.declare import composite, integers
from ferrule.errors import ShapeError
from ferrule.ops.choice import cast
from ferrule.ops.creation import arange, full
from ferrule.ops.shape import cat, narrow, reshape
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins import Shape
from ferrule_plugins.dtypes import int32, int64

_MASK = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10


@composite(
    dtypes=integers,
    ref="ferrule_conformance.references:random_bits",
    samples=[
        sample(of(2, dtype="int64", low=0, high=2**62), shape=(10,)),
        sample(of(2, dtype="int64", low=0, high=2**62), shape=(2, 3)),
        sample(of(2, dtype="int64", low=0, high=9), shape=()),
        sample(of(2, dtype="int64", low=0, high=9), shape=(0,)),
    ],
    differentiable=False,
)
def random_bits(state: Index[Tensor], *, shape: Shape) -> Tensor:
    """Random 32-bit words, as int32, uniform over all bit patterns.

    Args:
        state: int64 of shape ``(2,)``: a seed, which is the key, and the number of blocks of four
            words drawn before, which is where the counter starts.
        shape: the shape of the result. In row-major order, words ``4i .. 4i+3`` come from counter
            ``state[1] + i``.
    """
    if state.shape != (2,) or state.dtype is not int64:
        raise ShapeError(f"state must be int64[2], not {state}")
    n = math.prod(shape)
    blocks = -(-n // 4)
    counter = narrow(state, dim=0, start=1, length=1)
    counter = counter + arange(start=0, step=1, length=blocks, dtype=int64, device=state.device)
    seed = narrow(state, dim=0, start=0, length=1)
    zero = full(shape=(blocks,), value=0, dtype=int64, device=state.device)
    c0, c1, c2, c3 = counter & _MASK, _high(counter), zero, zero
    k0, k1 = seed & _MASK, _high(seed)
    for _ in range(_ROUNDS):
        high0, low0 = _product(c0, _MULTIPLIERS[0])
        high1, low1 = _product(c2, _MULTIPLIERS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + _WEYL[0]) & _MASK, (k1 + _WEYL[1]) & _MASK
    words = cat(*(reshape(c, shape=(blocks, 1)) for c in (c0, c1, c2, c3)), dim=1)
    words = narrow(reshape(words, shape=(4 * blocks,)), dim=0, start=0, length=n)
    # to the signed number with the same bits
    signed = words - ((words >> 31) << 32)
    return cast(reshape(signed, shape=shape), dtype=int32)


def _high(x: Tensor) -> Tensor:
    """The upper 32 of 64 bits."""
    return (x >> 32) & _MASK


def _product(x: Tensor, factor: int) -> tuple[Tensor, Tensor]:
    """Upper and lower 32 bits of a product of 32-bit numbers, with no step beyond 63 bits."""
    by_low = x * (factor & 0xFFFF)
    by_high = x * (factor >> 16) + (by_low >> 16)
    return by_high >> 16, ((by_high & 0xFFFF) << 16) | (by_low & 0xFFFF)
