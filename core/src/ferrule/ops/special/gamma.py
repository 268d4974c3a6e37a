"""The logarithm of the gamma function and its derivative."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError
from ferrule.ops.arithmetic import abs, sign
from ferrule.ops.choice import where
from ferrule.ops.exponential import log, log1p, sin
from ferrule.ops.precision import in_float32
from ferrule.ops.rounding import floor, round
from ferrule.ops.special.polynomial import rational
from ferrule.samples import of, sample
from ferrule.tensor import Tensor

# Rational functions that interpolate at the Chebyshev points of an interval, computed in 60 digits
# for this module; the error is relative. Coefficients from the highest power down.

# lgamma(2 + z) / z for -0.5 <= z <= 1, to 1.4e-18. It is finite at the root z = 0.
_AT_2 = (
    (6.54616921954680944e-6, 5.1261442119891536e-4, 1.07617086545985567e-2,
     9.52766567584303866e-2, 0.417258918870511722, 0.941692859844889582,
     1.03223929242505921, 0.422784335098467139),
    (1.29945312426745389e-6, 1.67420415472199494e-4, 5.0463438419083323e-3,
     6.12448580126881352e-2, 0.361969164126272688, 1.10620475746077871,
     1.67880453478873315, 1.0),
)  # fmt: skip

# x times the remainder of Stirling's formula, in 1 / x**2, for x >= 1, to 8e-16.
_STIRLING = (
    (2.46959802067570494e-3, 0.267523262985990031, 4.5448875538544179, 25.705796755673908,
     62.3635715199588509, 72.7232232907797436, 42.6790956127468174, 12.5284405091069487,
     1.70534474285707075, 8.33333333333332699e-2),
    (5.85055036971977434e-2, 4.12410041224034846, 61.4884337221527737, 328.367361809779995,
     773.954065413960573, 888.609914656950793, 516.994909912608031, 151.015011308096064,
     20.4974702476176106, 1.0),
)  # fmt: skip

# digamma(1 + t) / (1 + t - root) for 0 <= t <= 1, to 4.3e-18, and the root in three parts: the
# first two are exact in float32 too.
_FROM_ROOT = (
    (2.22054760479916148e-4, 1.22827715273609857e-2, 0.167432182209770286,
     0.856328238252671572, 1.78119040237773589, 1.25038013750340535),
    (3.91885759578262678e-5, 3.40810718898113725e-3, 6.58999040225325551e-2,
     0.478489492879209114, 1.52402446252429838, 2.10806592644898197, 1.0),
)  # fmt: skip
_ROOT = (1.4616320133209229, 1.316474254053901e-07, 1.4084310064576629e-14)

# x**2 * (log(x) - 1 / (2 * x) - digamma(x)), in 1 / x**2, for x >= 2, to 5e-18.
_ASYMPTOTIC = (
    (6.97356443388237184, 78.9919211347148668, 222.570093560840533, 237.985917975336847,
     112.862632312863854, 24.8738371862451521, 2.43319558588157636, 8.33333333333333329e-2),
    (1.79299035286117425, 135.020806628424052, 1145.69386176868348, 2915.75204337124551,
     2981.16847986297774, 1383.14325456038065, 301.368261890384517, 29.298347030578906, 1.0),
)  # fmt: skip

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


def lgamma1p(x: Tensor) -> Tensor:
    """``lgamma(1 + x)`` for ``-0.5 <= x <= 1``, with full relative precision near 0."""
    return x * rational(x, _AT_2) - log1p(x)


def stirling_remainder(x: Tensor) -> Tensor:
    """``lgamma(x)`` less Stirling's formula ``(x - 0.5) * log(x) - x + 0.5 * log(2 * pi)``, for
    ``x >= 1``."""
    r = 1.0 / x
    return r * rational(r * r, _STIRLING)


def cot_pi(x: Tensor) -> Tensor:
    """``1 / tan(pi * x)`` where ``x`` is no integer, precise near its zeros too."""
    r = x - round(x)
    size = abs(r)
    return sign(r) * sin((0.5 - size) * math.pi) / sin(size * math.pi)


def sin_pi(x: Tensor) -> Tensor:
    """``sin(pi * x)``, exactly 0 at integers and as precise elsewhere."""
    nearest = round(x)
    odd = nearest - 2.0 * floor(nearest * 0.5)
    return (1.0 - 2.0 * odd) * sin((x - nearest) * math.pi)


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:gammaln",
    samples=[
        (of(3, 4, low=0.1, high=6.0),),
        (of(5, low=10.0, high=200.0),),
        (of(4, low=-0.4, high=-0.1),),
        (of(4, low=-0.9, high=-0.6),),
        (of(4, low=-4.8, high=-4.2),),
        (of(low=1.5, high=2.5),),
        (of(0),),
    ],
    tolerance=8,
)
@in_float32
def lgamma(x: Tensor) -> Tensor:
    """The logarithm of the absolute value of the gamma function; infinite at its poles.

    Near the roots at 1 and 2 the relative error is small; near those below 0, the absolute error.
    """
    size = abs(x)
    # between -0.5 and 2.5: by the recurrence to where the approximation is
    middle = (x > -0.5) & (x < 2.5)
    m = where(middle, x, 2.0)
    low, high = m < 0.5, m >= 1.5
    z = where(low, m, where(high, m - 2.0, m - 1.0))
    steps = log(where(high, 1.0, abs(m))) + log1p(where(low, m, 0.0))
    inner = z * rational(z, _AT_2) - steps
    # from 2.5 on, by Stirling's formula; sizes from 0.5 to 2.5 occur again in the reflection
    far = ~(size < 2.5)  # NaN is among them
    s = where(far, size, 2.5)
    outer = (s - 0.5) * (log(s) - 1.0) + (_HALF_LOG_TWO_PI - 0.5) + stirling_remainder(s)
    # below, by reflection: gamma(-s) * gamma(s) = -pi / (s * sin(pi * s))
    reflected = x <= -0.5
    t = where(reflected, size, 0.5)
    near = where(reflected & (size < 2.5), size, 2.0)
    high = near >= 1.5
    z = near - where(high, 2.0, 1.0)
    positive = where(far, outer, z * rational(z, _AT_2) - log(where(high, 1.0, near)))
    sine = abs(sin_pi(where(t < _INTEGERS, t, 0.5)))
    pole = (t == floor(t)) | (t >= _INTEGERS)
    sine = where(pole, 0.5, sine)
    below = where(pole, math.inf, -log(t * sine * (1.0 / math.pi)) - positive)
    return where(middle, inner, where(reflected, below, outer))


_INTEGERS = 2.0**53
"""From here on, floats are integers."""


@lgamma.vjp
@in_float32
def _(g, x):
    return g * digamma(x)


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:digamma",
    samples=[
        (of(3, 4, low=0.1, high=6.0),),
        (of(5, low=10.0, high=200.0),),
        (of(4, low=-0.4, high=-0.1),),
        (of(4, low=-4.8, high=-4.2),),
        (of(low=1.4, high=1.5),),
        (of(0),),
    ],
    tolerance=8,
)
@in_float32
def digamma(x: Tensor) -> Tensor:
    """The derivative of `lgamma`. At 0 it is infinite, of the sign opposite to that of the zero;
    at negative integers, where both signs meet, NaN.

    Near the positive root the relative error is small; near those below 0, the absolute error.
    """
    reflected = x <= -0.5
    size = where(reflected, abs(x), x)
    # between -0.5 and 2: by the recurrence to between 1 and 2
    near = size < 2.0
    s = where(near, size, 1.0)
    below_0, below_1 = s < 0, s < 1.0
    t = where(below_0, s + 1.0, where(below_1, s, s - 1.0))
    inner = (((t - (_ROOT[0] - 1.0)) - _ROOT[1]) - _ROOT[2]) * rational(t, _FROM_ROOT)
    inner = inner - where(below_1, 1.0 / where(below_1, s, 1.0), 0.0)
    inner = inner - where(below_0, 1.0 / where(below_0, t, 1.0), 0.0)
    large = where(near, 2.0, size)
    r = 1.0 / large
    outer = log(large) - r * 0.5 - r * r * rational(r * r, _ASYMPTOTIC)
    y = where(near, inner, outer)
    # digamma(-s) = digamma(s) + 1 / s + pi / tan(pi * s)
    regular = reflected & (size < _INTEGERS) & (size != floor(size))
    s = where(regular, size, 0.75)
    below = where(regular, y + 1.0 / s + cot_pi(s) * math.pi, math.nan)
    return where(reflected, below, y)


@digamma.vjp
@in_float32
def _(g, x):
    from ferrule.ops.special.zeta import polygamma

    return g * polygamma(x, n=1)


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.special_references:multigammaln",
    samples=[
        sample(of(3, 4, low=1.2, high=6.0), p=3),
        sample(of(5, low=0.3, high=0.9), p=1),
        sample(of(low=3.0, high=9.0), p=2),
    ],
    tolerance=8,
)
@in_float32
def multigammaln(x: Tensor, *, p: int) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension ``p``, whose argument must be
    above ``(p - 1) / 2``.

    Raises:
        ArgumentError: ``p`` is below 1.
    """
    if p < 1:
        raise ArgumentError(f"multigammaln: p must be at least 1, not {p}")
    total = lgamma(x)
    for j in range(1, p):
        total = total + lgamma(x - 0.5 * j)
    return total + p * (p - 1) / 4 * math.log(math.pi)
