"""Dropout."""

from __future__ import annotations

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import ge
from ferrule.ops.random_bits import random_bits
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import int64

_STATE = of(2, dtype="int64", low=0, high=2**31)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.nn_references:dropout",
    samples=[
        sample(of(4, 5), _STATE, p=0.5),
        sample(of(7), _STATE, p=0.1),
        sample(of(3, 2), _STATE, p=0.0),
        sample(of(3), _STATE, p=1.0),
        sample(of(0, 2), _STATE, p=0.5),
    ],
)
def dropout(x: Tensor, state: Index[Tensor], *, p: float = 0.5) -> Tensor:
    """Each element becomes 0 with probability ``p``; the others are scaled by ``1 / (1 - p)``.

    Element ``i``, in row-major order, becomes 0 if word ``i`` of `random_bits` from ``state``,
    which is a signed number, is below ``p * 2**32 - 2**31``.

    Args:
        x: of any shape.
        state: int64[2], as of `random_bits`.
        p: within [0, 1].

    Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    JMLR 15 (2014).
    """
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(f"dropout: p must lie in [0, 1], not {p}")
    # the words are signed, so the comparison moves down by 2**31 with them; it is one of int64,
    # which holds the bound for p = 1 too
    words = cast(random_bits(state, shape=x.shape), dtype=int64)
    kept = ge(words, round(p * 2**32) - 2**31)
    return where(kept, x * (1.0 / (1.0 - p) if p < 1.0 else 0.0), 0.0)
