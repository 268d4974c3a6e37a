"""Rounding, element by element. The slope is 0 wherever there is one."""

from __future__ import annotations

from ferrule.declare import composite, floating, primitive, real
from ferrule.ops.choice import where
from ferrule.ops.precision import in_float32
from ferrule.samples import of, sample
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped

_BETWEEN = [(of(3, 4, low=0.1, high=0.4),), (of(2, low=-3.4, high=-3.1),), (of(0),)]


@primitive(dtypes=real, ref="numpy:floor", samples=_BETWEEN)
def floor(x: Shaped) -> Shaped:
    """The largest integer not above each element."""
    return x


@primitive(dtypes=real, ref="numpy:ceil", samples=_BETWEEN)
def ceil(x: Shaped) -> Shaped:
    """The smallest integer not below each element."""
    return x


@primitive(dtypes=real, ref="numpy:round", samples=_BETWEEN)
def round(x: Shaped) -> Shaped:
    """The nearest integer to each element, halves to even."""
    return x


@composite(dtypes=real, ref="numpy:trunc", samples=_BETWEEN)
def trunc(x: Tensor) -> Tensor:
    """Each element without its fraction."""
    return where(x < 0, ceil(x), floor(x)) if x.dtype.is_floating_point else x


@floor.vjp
@ceil.vjp
@round.vjp
@trunc.vjp
def _(g):
    return None


@composite(dtypes=floating, ref="ferrule_conformance.references:frac", samples=_BETWEEN)
def frac(x: Tensor) -> Tensor:
    """The fraction of each element, with its sign."""
    return x - trunc(x)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.references:round_decimals",
    samples=[
        sample(of(3, 4, low=0.101, high=0.104), decimals=2),
        sample(of(3, low=121.0, high=124.0), decimals=-1),
        sample(of(0), decimals=1),
    ],
    tolerance=4,
    differentiable=False,
)
@in_float32  # what is multiplied may not fit into 16 bits
def round_decimals(x: Tensor, *, decimals: int) -> Tensor:
    """Each element rounded to so many decimal places; to tens, hundreds, ... if it is negative."""
    scale = 10.0 ** (decimals if decimals > 0 else -decimals)
    return round(x * scale) / scale if decimals > 0 else round(x / scale) * scale
