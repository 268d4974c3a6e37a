"""Random numbers for composites that need some, made of `random_bits`."""

from __future__ import annotations

from ferrule.ops.choice import cast
from ferrule.ops.comparison import ge
from ferrule.ops.random_bits import random_bits
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins import DType, Shape
from ferrule_plugins.dtypes import int64

STATE = of(2, dtype="int64", low=0, high=2**31)
"""A sample of an operand from which random bits are drawn."""


def survivors(state: Tensor, shape: Shape, p: float) -> Tensor:
    """A mask that holds with probability ``1 - p``: where a word, which is a signed number, is
    ``p * 2**32 - 2**31`` or more."""
    # the words are signed, so the comparison moves down by 2**31 with them; it is one of int64,
    # which holds the bound for p = 1 too
    words = cast(random_bits(state, shape=shape), dtype=int64)
    return ge(words, round(p * 2**32) - 2**31)


def uniform(state: Tensor, shape: Shape, dtype: DType) -> Tensor:
    """Numbers within (0, 1): the middles of 2**23 steps, chosen by the upper bits of each word.
    Neither bound is met, so that logarithms are finite."""
    steps = (random_bits(state, shape=shape) >> 9) & (2**23 - 1)
    return (cast(steps, dtype=dtype) + 0.5) * 2.0**-23
