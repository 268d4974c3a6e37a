"""Exponentials, logarithms, powers, sine and cosine, element by element. Integers become floats,
but in `square`."""

from __future__ import annotations

import math

from ferrule.declare import complexes, composite, floating, numeric, primitive
from ferrule.ops.complex import conjugate
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped

_UNARY = [(of(3, 4),), (of(),), (of(0, 2),)]
_POSITIVE = [(of(3, 4, low=0.2, high=4.0),), (of(low=0.5, high=2.0),), (of(0),)]


@primitive(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:exp",
    samples=_UNARY,
    tolerance=4,
)
def exp(x: Shaped) -> Shaped:
    """Elementwise ``e**x``."""
    return x


@exp.vjp
def _(g, y):
    return g * conjugate(y)


@primitive(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:expm1",
    samples=_UNARY,
    tolerance=4,
)
def expm1(x: Shaped) -> Shaped:
    """Elementwise ``e**x - 1``, accurate near 0."""
    return x


@expm1.vjp
def _(g, y):
    return g * conjugate(y + 1.0)


@primitive(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:log",
    samples=_POSITIVE,
    tolerance=4,
)
def log(x: Shaped) -> Shaped:
    """Elementwise natural logarithm; NaN below 0, -inf at 0."""
    return x


@log.vjp
def _(g, x):
    return g / conjugate(x)


@primitive(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:log1p",
    samples=_POSITIVE,
    tolerance=4,
)
def log1p(x: Shaped) -> Shaped:
    """Elementwise ``log(1 + x)``, accurate near 0."""
    return x


@log1p.vjp
def _(g, x):
    return g / conjugate(x + 1.0)


@primitive(dtypes=floating | complexes, promote="float", ref="numpy:sqrt", samples=_POSITIVE)
def sqrt(x: Shaped) -> Shaped:
    """Elementwise square root; NaN below 0."""
    return x


@sqrt.vjp
def _(g, y):
    return g * 0.5 / conjugate(y)


@primitive(
    dtypes=floating | complexes, promote="float", ref="numpy:sin", samples=_UNARY, tolerance=4
)
def sin(x: Shaped) -> Shaped:
    """Elementwise sine of angles in radians."""
    return x


@sin.vjp
def _(g, x):
    return g * conjugate(cos(x))


@primitive(
    dtypes=floating | complexes, promote="float", ref="numpy:cos", samples=_UNARY, tolerance=4
)
def cos(x: Shaped) -> Shaped:
    """Elementwise cosine of angles in radians."""
    return x


@cos.vjp
def _(g, x):
    return -g * conjugate(sin(x))


@primitive(
    dtypes=floating | complexes, promote="float", ref="numpy:tanh", samples=_UNARY, tolerance=4
)
def tanh(x: Shaped) -> Shaped:
    """Elementwise hyperbolic tangent."""
    return x


@tanh.vjp
def _(g, y):
    return g * conjugate(1.0 - y * y)


@primitive(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:log2",
    samples=_POSITIVE,
    tolerance=4,
)
def log2(x: Shaped) -> Shaped:
    """Elementwise logarithm to the base 2, exact for its powers."""
    return x


@log2.vjp
def _(g, x):
    return g / conjugate(x * math.log(2.0))


@primitive(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:log10",
    samples=_POSITIVE,
    tolerance=4,
)
def log10(x: Shaped) -> Shaped:
    """Elementwise logarithm to the base 10, exact for its powers."""
    return x


@log10.vjp
def _(g, x):
    return g / conjugate(x * math.log(10.0))


@composite(dtypes=numeric, autocast="float32", samples=[(of(3, 4),)], ref="numpy:square")
def square(x: Tensor) -> Tensor:
    """Elementwise ``x * x``."""
    return x * x


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    samples=[(of(3, 4, low=0.5, high=2.0),)],
    ref="numpy:reciprocal",
)
def reciprocal(x: Tensor) -> Tensor:
    """Elementwise ``1 / x``."""
    return 1.0 / x


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    samples=[(of(3, 4, low=0.5, high=2.0),)],
    ref="ferrule_conformance.references:rsqrt",
)
def rsqrt(x: Tensor) -> Tensor:
    """Elementwise ``1 / sqrt(x)``."""
    return 1.0 / sqrt(x)
