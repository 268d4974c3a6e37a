"""The normal distribution: its distribution function, the logarithm and the inverse of it."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import abs, maximum, minimum, neg
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp, log, log1p, sqrt
from ferrule.ops.precision import in_float32
from ferrule.ops.special.error import (
    NEAR,
    erfcx,
    exp_of_square,
    inner_erf,
    scaled_erfc,
)
from ferrule.ops.special.polynomial import rational
from ferrule.samples import of
from ferrule.tensor import Tensor

_ROOT_HALF = math.sqrt(0.5)
_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)

# Rational approximations of the inverse of the normal distribution function, relative error about
# 1e-16. Source: M. J. Wichura, "Algorithm AS 241: The percentage points of the normal
# distribution", Applied Statistics 37 (1988), 477-484. Coefficients from the highest power down.
_CENTRAL = 0.425
_QUANTILE_CENTRAL = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
     4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
     1.3314166789178437745e2, 3.3871328727963666080),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
     2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
     4.2313330701600911252e1, 1.0),
)  # fmt: skip
_QUANTILE_NEAR = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
     4.63033784615654529590, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
     2.05319162663775882187, 1.0),
)  # fmt: skip
_QUANTILE_FAR = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
     5.46378491116411436990, 6.65790464350110377720),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0),
)  # fmt: skip


def _central_quantile(q: Tensor) -> Tensor:
    """Where the distribution function is ``0.5 + q``, for ``abs(q) <= 0.425``."""
    return q * rational(_CENTRAL * _CENTRAL - q * q, _QUANTILE_CENTRAL)


def _outer_quantile(p: Tensor) -> Tensor:
    """How far from 0 the distribution leaves ``p`` outside, for ``p <= 0.075``. NaN below 0."""
    none = p == 0
    r = sqrt(neg(log(where(none, 0.01, p))))
    far = r > 5.0
    near_tail = rational(where(far, 5.0, r) - 1.6, _QUANTILE_NEAR)
    far_tail = rational(where(far, r, 5.0) - 5.0, _QUANTILE_FAR)
    return where(none, math.inf, where(far, far_tail, near_tail))


@composite(
    dtypes=floating,
    autocast="float32",
    promote="float",
    ref="scipy.special:erfinv",
    samples=[
        (of(3, 4, low=-0.8, high=0.8),),
        (of(5, low=-0.95, high=-0.87),),
        (of(5, low=0.87, high=0.95),),
        (of(low=-0.5, high=0.5),),
        (of(0),),
    ],
    tolerance=8,
)
@in_float32
def erfinv(x: Tensor) -> Tensor:
    """The inverse of `erf`: infinite at -1 and 1, NaN beyond.

    Source: Wichura, Algorithm AS 241, Applied Statistics 37 (1988), 477-484.
    """
    size = abs(x)
    central = size <= 2.0 * _CENTRAL
    inner = _central_quantile(where(central, x, 0.0) * 0.5)
    outer = _outer_quantile((1.0 - where(central, 0.9, size)) * 0.5)
    return where(central, inner, where(x < 0, neg(outer), outer)) * _ROOT_HALF


@erfinv.vjp
@in_float32
def _(g, y):
    return g * exp(y * y) * (0.5 * math.sqrt(math.pi))


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:ndtri",
    samples=[
        (of(3, 4, low=0.1, high=0.9),),
        (of(5, low=0.03, high=0.07),),
        (of(5, low=0.93, high=0.97),),
        (of(low=0.2, high=0.8),),
        (of(0),),
    ],
    tolerance=8,
)
@in_float32
def ndtri(x: Tensor) -> Tensor:
    """The inverse of `ndtr`: infinite at 0 and 1, NaN beyond.

    Source: Wichura, Algorithm AS 241, Applied Statistics 37 (1988), 477-484.
    """
    q = x - 0.5
    central = abs(q) <= _CENTRAL
    inner = _central_quantile(where(central, q, 0.0))
    outer = _outer_quantile(where(central, 0.05, minimum(x, 1.0 - x)))
    return where(central, inner, where(q < 0, neg(outer), outer))


@ndtri.vjp
@in_float32
def _(g, y):
    return g * exp(y * y * 0.5) * _ROOT_TWO_PI


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:ndtr",
    samples=[(of(3, 4),), (of(5, low=-9.0, high=-3.0),), (of(5, low=1.0, high=7.0),), (of(0),)],
    tolerance=8,
)
@in_float32
def ndtr(x: Tensor) -> Tensor:
    """The standard normal distribution function, ``erfc(-x / sqrt(2)) / 2``."""
    size = minimum(abs(x), 42.0)  # where the tail is 0 in float64
    near = size < NEAR / _ROOT_HALF
    inner = 0.5 + 0.5 * inner_erf(where(near, x, 0.0) * _ROOT_HALF)
    large = where(near, 1.0, size)
    tail = exp_of_square(large, -0.5) * scaled_erfc(large * _ROOT_HALF) * 0.5
    return where(near, inner, where(x < 0, tail, 1.0 - tail))


@ndtr.vjp
@in_float32
def _(g, x):
    return g * exp(x * x * -0.5) * (1.0 / _ROOT_TWO_PI)


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:log_ndtr",
    samples=[(of(3, 4),), (of(5, low=-30.0, high=-3.0),), (of(5, low=1.0, high=7.0),), (of(0),)],
    tolerance=8,
)
@in_float32
def log_ndtr(x: Tensor) -> Tensor:
    """The logarithm of `ndtr`, without underflow."""
    left = x < -1.0
    low = where(left, x, -1.0)
    tail = log(scaled_erfc(low * -_ROOT_HALF) * 0.5) - low * low * 0.5
    right = where(left, 0.0, x)
    p = ndtr(-abs(right))
    return where(left, tail, where(right < 0, log(p), log1p(-where(right < 0, 0.5, p))))


@log_ndtr.vjp
@in_float32
def _(g, x, y):
    left = x < 0
    low = minimum(x, 0.0)
    steep = math.sqrt(2.0 / math.pi) / erfcx(low * -_ROOT_HALF)
    high = maximum(x, 0.0)
    flat = exp(high * high * -0.5 - where(left, 0.0, y)) * (1.0 / _ROOT_TWO_PI)
    return g * where(left, steep, flat)
