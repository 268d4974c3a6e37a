"""The error function and its complements."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import abs, minimum, neg
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp
from ferrule.ops.precision import in_float32
from ferrule.ops.rounding import round
from ferrule.ops.special.polynomial import rational
from ferrule.samples import of
from ferrule.tensor import Tensor

_ANY = [(of(3, 4),), (of(),), (of(2, 0),)]
_SLOPE = 2.0 / math.sqrt(math.pi)

# Rational approximations of erf and erfc, relative error below 1.2e-16.
# Source: W. J. Cody, "Rational Chebyshev approximations for the error function",
# Mathematics of Computation 23 (1969), 631-637. Coefficients from the highest power down.
NEAR = 0.46875
"""Below it, `inner_erf` is the right one, and above it `scaled_erfc`."""
_FAR = 4.0
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2,
     3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594,
     6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
     1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
     3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346047, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip


def inner_erf(x: Tensor) -> Tensor:
    """erf for ``abs(x) <= NEAR``."""
    return x * rational(x * x, _SMALL)


def scaled_erfc(size: Tensor) -> Tensor:
    """``exp(size**2) * erfc(size)`` for ``size >= NEAR``."""
    far = size > _FAR
    middle = rational(where(far, _FAR, size), _MIDDLE)
    r = 1.0 / where(far, size, _FAR)
    return where(far, r * (0.5 * _SLOPE - _missing(r)), middle)


def _missing(r: Tensor) -> Tensor:
    """How much ``size * scaled_erfc(size)`` lacks of its limit, for ``size = 1 / r``."""
    return r * r * rational(r * r, _LARGE)


def exp_of_square(x: Tensor, factor: float) -> Tensor:
    """``exp(factor * x**2)`` for finite ``x``. The square is split into a part without rounding
    error and a small rest, since an error of the exponent is one of the result."""
    coarse = round(x * 16.0) * 0.0625
    return exp(coarse * coarse * factor) * exp((x - coarse) * (x + coarse) * factor)


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:erf",
    samples=[*_ANY, (of(8, low=-6.0, high=6.0),)],
    tolerance=8,
)
@in_float32
def erf(x: Tensor) -> Tensor:
    """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to ``x``."""
    size = minimum(abs(x), 6.0)  # erf(6) rounds to 1, and NaN passes
    near = size < NEAR
    inner = inner_erf(where(near, x, 0.0))
    large = where(near, 1.0, size)
    outer = 1.0 - exp(neg(large * large)) * rational(large, _MIDDLE)
    return where(near, inner, where(x < 0, neg(outer), outer))


@erf.vjp
@in_float32
def _(g, x):
    return g * exp(neg(x * x)) * _SLOPE


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:erfc",
    samples=[*_ANY, (of(6, low=-7.0, high=-0.5),), (of(6, low=4.0, high=9.0),)],
    tolerance=8,
)
@in_float32
def erfc(x: Tensor) -> Tensor:
    """``1 - erf(x)``, with full relative precision for large ``x``."""
    size = minimum(abs(x), 30.0)  # where it is 0 in float64
    near = size < NEAR
    inner = 1.0 - inner_erf(where(near, x, 0.0))
    large = where(near, 1.0, size)
    tail = exp_of_square(large, -1.0) * scaled_erfc(large)
    return where(near, inner, where(x < 0, 2.0 - tail, tail))


@erfc.vjp
@in_float32
def _(g, x):
    return g * exp(neg(x * x)) * -_SLOPE


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:erfcx",
    samples=[*_ANY, (of(6, low=4.5, high=90.0),), (of(5, low=0.5, high=3.9),)],
    tolerance=8,
)
@in_float32
def erfcx(x: Tensor) -> Tensor:
    """``exp(x**2) * erfc(x)``, without underflow for large ``x``."""
    size = abs(x)
    near = size < NEAR
    small = where(near, x, 0.0)
    inner = exp(small * small) * (1.0 - inner_erf(small))
    tail = scaled_erfc(where(near, 1.0, size))
    negative = x <= -NEAR
    rising = exp_of_square(where(negative, minimum(size, 30.0), 1.0), 1.0)
    return where(near, inner, where(negative, 2.0 * rising - tail, tail))


@erfcx.vjp
@in_float32
def _(g, x, y):
    # the two terms of 2 * x * y - 2 / sqrt(pi) cancel where x is large
    far = x > _FAR
    slope = where(far, 0.0, x) * where(far, 0.0, y) * 2.0 - _SLOPE
    return g * where(far, -2.0 * _missing(1.0 / where(far, x, _FAR)), slope)
