"""Trigonometric and hyperbolic functions and their inverses, element by element. Integers become
floats.

Inverses of complex numbers have the branch cuts of C99, by the formulas of W. Kahan, "Branch cuts
for complex elementary functions, or: Much ado about nothing's sign bit", 1987.
"""

from __future__ import annotations

import math

from ferrule.declare import complexes, composite, floating, primitive
from ferrule.ops.arithmetic import abs, maximum, minimum, neg, sgn
from ferrule.ops.choice import where
from ferrule.ops.complex import complex, conj, conjugate, imag, real
from ferrule.ops.creation import full
from ferrule.ops.exponential import cos, exp, expm1, log, log1p, sin, sqrt, tanh
from ferrule.ops.inference import broadcast
from ferrule.ops.precision import in_float32
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec

_ANY = [(of(3, 4),), (of(5, low=-9.0, high=9.0),), (of(),), (of(0, 2),)]
_WITHIN_1 = [(of(3, 4, low=-0.9, high=0.9),), (of(4, low=-0.01, high=0.01),), (of(0),)]


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:tan",
    samples=_WITHIN_1,
    tolerance=8,
)
@in_float32
def tan(x: Tensor) -> Tensor:
    """Elementwise tangent of angles in radians."""
    if x.dtype.is_complex:
        y = tanh(complex(neg(imag(x)), real(x)))
        return complex(imag(y), neg(real(y)))
    return sin(x) / cos(x)


@tan.vjp
def _(g, y):
    return g * conjugate(y * y + 1.0)


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:sinh",
    samples=_ANY,
    tolerance=8,
)
@in_float32
def sinh(x: Tensor) -> Tensor:
    """Elementwise hyperbolic sine."""
    if x.dtype.is_complex:
        a, b = real(x), imag(x)
        return complex(sinh(a) * cos(b), cosh(a) * sin(b))
    size = abs(x)
    near = size < 1.0
    e = expm1(where(near, size, 0.0))
    small = (e + e / (e + 1.0)) * 0.5
    half = exp(size * 0.5)  # exp(size) overflows before its half does
    large = (half * 0.5) * half - 0.5 / half / half
    return where(near, small, large) * sgn(x)


@sinh.vjp
def _(g, x):
    return g * conjugate(cosh(x))


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:cosh",
    samples=_ANY,
    tolerance=8,
)
@in_float32
def cosh(x: Tensor) -> Tensor:
    """Elementwise hyperbolic cosine."""
    if x.dtype.is_complex:
        a, b = real(x), imag(x)
        return complex(cosh(a) * cos(b), sinh(a) * sin(b))
    half = exp(abs(x) * 0.5)
    return (half * 0.5) * half + 0.5 / half / half


@cosh.vjp
def _(g, x):
    return g * conjugate(sinh(x))


@primitive(
    dtypes=floating,
    autocast="widest",
    promote="float",
    ref="numpy:atan2",
    samples=[(of(3, 4), of(3, 4)), (of(2, 1, 3), of(4, 1)), (of(), of(3)), (of(0, 3), of(1, 3))],
    tolerance=4,
)
def atan2(a: Shaped, b: Shaped) -> Spec:
    """Elementwise angle of the point ``(b, a)`` from the first axis, within [-pi, pi]."""
    return broadcast(a, b)


@atan2.vjp
def _(g, a, b):
    size = a * a + b * b
    scaled = g / where(size == 0, 1.0, size)  # at the origin the slope is taken as 0
    return lambda: scaled * b, lambda: neg(scaled) * a


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:arcsin",
    samples=_WITHIN_1,
    tolerance=8,
)
@in_float32
def asin(x: Tensor) -> Tensor:
    """Elementwise angle within [-pi/2, pi/2] whose sine is ``x``; NaN beyond 1."""
    if not x.dtype.is_complex:
        return atan2(x, sqrt((1.0 - x) * (x + 1.0)))
    below, above = sqrt(1.0 - x), sqrt(x + 1.0)
    return complex(atan2(real(x), real(below * above)), asinh(imag(conj(below) * above)))


@asin.vjp
def _(g, x):
    return g / conjugate(_root_of_one_minus_square(x))


@composite(
    dtypes=floating | complexes,
    autocast="float32",
    promote="float",
    ref="numpy:arccos",
    samples=_WITHIN_1,
    tolerance=8,
)
@in_float32
def acos(x: Tensor) -> Tensor:
    """Elementwise angle within [0, pi] whose cosine is ``x``; NaN beyond 1."""
    below, above = sqrt(1.0 - x), sqrt(x + 1.0)
    if not x.dtype.is_complex:
        return atan2(below, above) * 2.0
    return complex(atan2(real(below), real(above)) * 2.0, asinh(imag(conj(above) * below)))


@acos.vjp
def _(g, x):
    return neg(g) / conjugate(_root_of_one_minus_square(x))


def _root_of_one_minus_square(x):
    return sqrt(1.0 - x) * sqrt(x + 1.0)


@composite(
    dtypes=floating | complexes, promote="float", ref="numpy:arctan", samples=_ANY[:3], tolerance=8
)
@in_float32
def atan(x: Tensor) -> Tensor:
    """Elementwise angle within [-pi/2, pi/2] whose tangent is ``x``."""
    if not x.dtype.is_complex:
        return atan2(x, 1.0)
    y = atanh(complex(neg(imag(x)), real(x)))
    return complex(imag(y), neg(real(y)))


@atan.vjp
def _(g, x):
    return g / conjugate(x * x + 1.0)


@composite(
    dtypes=floating | complexes, promote="float", ref="numpy:arcsinh", samples=_ANY, tolerance=8
)
@in_float32
def asinh(x: Tensor) -> Tensor:
    """Elementwise inverse of `sinh`."""
    if x.dtype.is_complex:
        y = asin(complex(neg(imag(x)), real(x)))
        return complex(imag(y), neg(real(y)))
    size = abs(x)
    huge = size > _HUGE  # whose square may overflow
    moderate = where(huge, 1.0, size)
    square = moderate * moderate
    near = log1p(moderate + square / (sqrt(square + 1.0) + 1.0))
    far = log(where(huge, size, 1.0)) + math.log(2.0)
    return where(huge, far, near) * sgn(x)


_HUGE = 1e9
"""Beyond it, ``1 + x**2`` is ``x**2`` in every dtype, and before it nothing overflows in any."""


@asinh.vjp
def _(g, x):
    return g / conjugate(sqrt(x * x + 1.0))


@composite(
    dtypes=floating | complexes,
    promote="float",
    ref="numpy:arccosh",
    samples=[(of(3, 4, low=1.1, high=9.0),), (of(3, low=1.2, high=1.5),), (of(0),)],
    tolerance=8,
)
@in_float32
def acosh(x: Tensor) -> Tensor:
    """Elementwise inverse of `cosh`, not negative; NaN below 1."""
    if x.dtype.is_complex:
        below, above = sqrt(x - 1.0), sqrt(x + 1.0)
        angle = atan2(imag(below), real(above)) * 2.0
        return complex(asinh(real(conj(below) * above)), angle)
    huge = x > _HUGE
    beyond = where(huge, 1.0, where(x < 1, math.nan, x)) - 1.0
    near = log1p(beyond + sqrt(beyond * (beyond + 2.0)))
    far = log(where(huge, x, 1.0)) + math.log(2.0)
    return where(huge, far, near)


@acosh.vjp
def _(g, x):
    return g / conjugate(sqrt(x - 1.0) * sqrt(x + 1.0))


@composite(
    dtypes=floating | complexes,
    promote="float",
    ref="numpy:arctanh",
    samples=_WITHIN_1,
    tolerance=8,
)
@in_float32
def atanh(x: Tensor) -> Tensor:
    """Elementwise inverse of `tanh`; infinite at 1, NaN beyond."""
    if not x.dtype.is_complex:
        size = abs(x)
        return log1p(size * 2.0 / (1.0 - size)) * 0.5 * sgn(x)
    a, b = real(x), imag(x)
    size = abs(a)
    apart = (1.0 - size) * (1.0 - size) + b * b
    modulus = log1p(size * 4.0 / apart) * 0.25 * sgn(a)
    angle = atan2(b * 2.0, (1.0 - size) * (size + 1.0) - b * b) * 0.5
    return complex(modulus, angle)


@atanh.vjp
def _(g, x):
    return g / conjugate((1.0 - x) * (x + 1.0))


@composite(
    dtypes=floating,
    ref="numpy:hypot",
    samples=[(of(3, 4), of(3, 4)), (of(2, 1), of(3, low=5.0, high=9.0)), (of(0), of(1))],
    tolerance=8,
)
@in_float32
def hypot(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise ``sqrt(a**2 + b**2)``, without overflow."""
    longer, shorter = maximum(abs(a), abs(b)), minimum(abs(a), abs(b))
    ratio = shorter / where(longer == 0, 1.0, longer)
    finite = longer * sqrt(ratio * ratio + 1.0)
    endless = (abs(a) == math.inf) | (abs(b) == math.inf)  # beside NaN too, as IEEE 754 has it
    return where(endless, math.inf, finite)


@hypot.vjp
def _(g, y, a, b):
    return lambda: g * (a / y), lambda: g * (b / y)


@composite(
    dtypes=floating | complexes,
    promote="float",
    ref="ferrule_conformance.references:angle",
    samples=[(of(3, 4, distinct=True),), (of(),), (of(0),)],
    tolerance=4,
)
def angle(x: Tensor) -> Tensor:
    """Elementwise angle from the positive axis, in radians: of a real number, 0 or pi."""
    if x.dtype.is_complex:
        return atan2(imag(x), real(x))
    zero = full(shape=(), value=0, dtype=x.dtype, device=x.device)
    return where(x != x, x, where(x < 0, math.pi, zero))  # x != x: it is NaN


@composite(dtypes=floating, promote="float", ref="numpy:deg2rad", samples=_ANY[:2], tolerance=2)
def deg2rad(x: Tensor) -> Tensor:
    """Elementwise degrees to radians."""
    return x * (math.pi / 180.0)


@composite(dtypes=floating, promote="float", ref="numpy:rad2deg", samples=_ANY[:2], tolerance=2)
def rad2deg(x: Tensor) -> Tensor:
    """Elementwise radians to degrees."""
    return x * (180.0 / math.pi)
