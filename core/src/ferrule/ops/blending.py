"""Ops that blend, bound and step, element by element."""

from __future__ import annotations

from ferrule.declare import booleans, complexes, composite, floating, numeric, real
from ferrule.errors import ArgumentError
from ferrule.ops.arithmetic import abs
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, gt
from ferrule.samples import of, sample
from ferrule.schema import Scalar
from ferrule.tensor import Tensor


@composite(
    dtypes=floating | complexes,
    ref="ferrule_conformance.references:lerp",
    samples=[
        (of(3, 4), of(3, 4), of(low=0.1, high=0.4)),
        (of(2, 1), of(3), of(2, 3, low=0.6, high=2.0)),
        (of(0), of(1), of()),
    ],
    tolerance=2,
)
def lerp(x: Tensor, end: Tensor, weight: Tensor) -> Tensor:
    """Elementwise ``x + weight * (end - x)``, exact at both ends."""
    way = end - x
    return where(abs(weight) < 0.5, x + weight * way, end - way * (1.0 - weight))


@composite(
    dtypes=numeric,
    autocast="widest",
    ref="ferrule_conformance.references:addcmul",
    samples=[
        (of(3, 4), of(3, 4), of(3, 4)),
        sample(of(2, 1), of(3), of(), value=2),
        (of(0), of(0), of(1)),
    ],
)
def addcmul(x: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Scalar = 1) -> Tensor:
    """Elementwise ``x + value * tensor1 * tensor2``."""
    product = tensor1 * tensor2
    return x + (product if value == 1 else product * value)


@composite(
    dtypes=floating | complexes,
    autocast="widest",
    ref="ferrule_conformance.references:addcdiv",
    samples=[
        (of(3, 4), of(3, 4), of(3, 4, low=0.5, high=2.0)),
        sample(of(2, 1), of(3), of(low=0.5, high=1.0), value=-0.5),
        (of(0), of(0), of(1)),
    ],
)
def addcdiv(x: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Scalar = 1) -> Tensor:
    """Elementwise ``x + value * tensor1 / tensor2``."""
    quotient = tensor1 / tensor2
    return x + (quotient if value == 1 else quotient * value)


@composite(
    dtypes=real | booleans,
    ref="ferrule_conformance.references:heaviside",
    samples=[(of(3, 4), of(3, 4)), (of(5, dtype="int32", low=-1, high=2), of(dtype="int32"))],
    differentiable=False,
)
def heaviside(x: Tensor, values: Tensor) -> Tensor:
    """Elementwise 0 below 0, ``values`` at 0 and 1 above; 0 for NaN."""
    return where(eq(x, 0), values, cast(gt(x, 0), dtype=x.dtype))


@composite(
    dtypes=real | booleans,
    samples=[
        (of(3, 4), of(4, low=-1.0, high=-0.5), of(4, low=0.5, high=1.0)),
        (of(3), None, of(low=0.1, high=0.2)),
        (of(3), of(low=0.1, high=0.2), None),
    ],
    ref="ferrule_conformance.references:clamp",
)
def clamp(x: Tensor, min: Tensor | None = None, max: Tensor | None = None) -> Tensor:
    """Elementwise, ``x`` brought between ``min`` and ``max``; ``max`` wins where they cross. A
    bound that is NaN makes NaN. At a bound the whole gradient is that of ``x``."""
    if min is None and max is None:
        raise ArgumentError("clamp: one of min and max must be given")
    if min is not None:
        x = where(_or_nan(x < min, min), min, x)
    if max is not None:
        x = where(_or_nan(x > max, max), max, x)
    return x


def _or_nan(beyond: Tensor, bound: Tensor) -> Tensor:
    return beyond | (bound != bound) if bound.dtype.is_floating_point else beyond
