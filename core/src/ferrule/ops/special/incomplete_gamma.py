"""The regularised incomplete gamma functions.

There are four regions, each with the method that needs few steps there, and always the same number
of them, so that the work does not depend on values:

- ``a >= 12`` and x near a: Temme's expansion, uniform in both;
- else ``x <= max(a, 1) + 1``, or far below a: the power series, for P;
- there, and ``a < 1``, for Q: a series without its cancellation;
- else: the continued fraction, for Q.

Sources: W. Gautschi, "A computational procedure for incomplete gamma functions", ACM TOMS 5 (1979),
466-481; N. M. Temme, "The asymptotic expansion of the incomplete gamma functions", SIAM J. Math.
Anal. 10 (1979), 757-766; A. Gil, J. Segura, N. M. Temme, "Efficient and accurate algorithms for the
computation and inversion of the incomplete gamma function ratios", SIAM J. Sci. Comput. 34 (2012),
A2965-A2981; DLMF 8.7.1, 8.9.2, 8.12.
"""

from __future__ import annotations

import math
from fractions import Fraction

from ferrule.declare import composite, floating
from ferrule.errors import GraphError
from ferrule.ops.arithmetic import maximum, sign
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp, expm1, log, sqrt
from ferrule.ops.precision import in_float32
from ferrule.ops.special.error import erfc
from ferrule.ops.special.gamma import lgamma1p, stirling_remainder
from ferrule.ops.special.operands import tensors
from ferrule.ops.special.polynomial import polynomial
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import float64

_LARGE = 12.0
_LOWEST, _HIGHEST = 0.3017, 2.3577
"""Quotients x / a where ``eta`` of Temme's expansion is -1 and 1."""


def _steps(x: Tensor, in_double: int, in_single: int) -> int:
    return in_double if x.dtype is float64 else in_single


def _temme(count: int) -> list[float]:
    """The coefficients of ``eta / (lambda - 1)`` in powers of eta, where ``eta**2 / 2 = lambda - 1
    - log(lambda)``."""
    alpha = [Fraction(0), Fraction(1), Fraction(1, 3)]  # lambda - 1 in powers of eta, DLMF 8.12
    for k in range(3, count + 2):
        products = sum(j * alpha[j] * alpha[k - j + 1] for j in range(2, k))
        alpha.append((alpha[k - 1] - products) / (k + 1))
    powers = [Fraction(1), Fraction(-1, 3)]
    powers += [(n + 1) * alpha[n + 1] for n in range(2, count + 1)]
    return [float(p) for p in powers]


_TEMME_STEPS = 34, 16
_TEMME = _temme(max(_TEMME_STEPS))


def _excess(mu: Tensor) -> Tensor:
    """``mu - log1p(mu)``, without cancellation for ``-0.7 <= mu <= 1.4``."""
    t = mu / (mu + 2.0)  # log1p(mu) = 2 * artanh(t)
    tt = t * t
    n = _steps(mu, 24, 10)
    return t * (mu - 2.0 * tt * polynomial(tt, [1.0 / (2 * k + 3) for k in range(n, -1, -1)]))


def _uniform(a: Tensor, x: Tensor, side: float) -> Tensor:
    """Q where ``side`` is 1, and P where it is -1, by Temme's expansion. Its coefficients, times
    the scaled gamma function of a, obey a recurrence from above: see Gil et al., section 2.4."""
    mu = (x - a) / a
    square = _excess(mu)
    eta = sign(mu) * sqrt(2.0 * where(mu == 0, 1.0, square))
    r = 1.0 / a
    coefficient, next_one = r * 0.0, r * 0.0
    total = coefficient
    for k in range(_steps(a, *_TEMME_STEPS), 0, -1):
        coefficient, next_one = next_one * (r * (k + 1.0)) + _TEMME[k], coefficient
        total = total * eta + coefficient
    scaled_gamma = 1.0 + next_one * r
    rest = exp(-a * square) * total / (scaled_gamma * sqrt(a * (2.0 * math.pi)))
    return erfc(eta * sqrt(a * 0.5) * side) * 0.5 + rest * side


def _density(a: Tensor, x: Tensor) -> Tensor:
    """``x**a * exp(-x) / gamma(a + 1)`` for ``x > 0``."""
    large = a >= 1.0
    b = where(large, a, 1.0)
    c = where(large, 0.5, a)
    # by Stirling's formula what is large cancels before it is rounded
    quotient = x / b
    near = large & (quotient > _LOWEST) & (quotient < _HIGHEST)
    y = where(near, 1.0, x)
    difference, lost = _sum(where(large, b, 0.0), -y)
    exponent, lost_too = _sum(where(large, b * log(y / b), c * log(y)), difference)
    lost = where(exponent > -1000.0, lost + lost_too, 0.0)  # what underflows may have lost much
    exponent = where(near, -b * _excess(where(near, x - b, 0.0) / b), exponent)
    rest = where(near, 0.0, lost) - where(large, stirling_remainder(b), lgamma1p(c))
    return exp(exponent) * exp(rest) * where(large, 1.0 / sqrt(b * (2.0 * math.pi)), 1.0)


def _sum(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """``a + b``, and its rounding error, which in an exponent is a relative error of the result.
    Source: D. E. Knuth, The Art of Computer Programming, volume 2, section 4.2.2, theorem B."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _power_series(a: Tensor, x: Tensor) -> Tensor:
    """P over the density: 1 + x / (a + 1) * (1 + x / (a + 2) * (1 + ...))."""
    total = x * 0.0 + 1.0
    for k in range(_steps(x, 50, 26), 0, -1):
        total = total * (x / (a + float(k))) + 1.0
    return total


def _fraction(a: Tensor, x: Tensor) -> Tensor:
    """Q over ``a`` times the density: Legendre's continued fraction."""
    base = x - a + 1.0
    rest = x * 0.0
    for k in range(_steps(x, 50, 24), 0, -1):
        rest = (k - a) * float(k) / (base + 2.0 * k - rest)
    return 1.0 / (base - rest)


def _small(a: Tensor, x: Tensor) -> Tensor:
    """Q for ``a < 1`` and ``x <= 2``."""
    exponent = a * log(x) - lgamma1p(a)
    term, total = x * 0.0 + 1.0, x * 0.0
    for k in range(1, _steps(x, 26, 16)):
        term = term * (x * (-1.0 / k))
        total = total + term / (a + float(k))
    return -expm1(exponent) - exp(exponent) * a * total


def _ratio(a: Tensor, x: Tensor, *, upper: bool) -> Tensor:
    """Q where ``upper``, and else P, for finite ``a > 0`` and ``x > 0``."""
    quotient = x / a
    uniform = (a >= _LARGE) & (quotient > _LOWEST) & (quotient < _HIGHEST)
    middle = _uniform(where(uniform, a, 20.0), where(uniform, x, 21.0), 1.0 if upper else -1.0)
    rising = ~uniform & (x <= maximum(a, 1.0) + 1.0)
    falling = ~uniform & ~rising
    density = _density(where(uniform, 1.0, a), where(uniform, 1.0, x))
    low = density * _power_series(where(rising, a, 1.0), where(rising, x, 1.0))
    b = where(falling, a, 1.0)
    high = density * b * _fraction(b, where(falling, x, 3.0))
    if not upper:
        return where(uniform, middle, where(rising, low, 1.0 - high))
    small = rising & (a < 1.0)
    low = where(small, _small(where(small, a, 0.5), where(small, x, 1.0)), 1.0 - low)
    return where(uniform, middle, where(rising, low, high))


def _limits(a: Tensor, x: Tensor, interior: Tensor, at_0: float, at_infinity: float) -> Tensor:
    """``interior``, and what stands at the edges of the domain; NaN outside."""
    y = where(x == math.inf, at_infinity, where(a == math.inf, at_0, interior))
    y = where(a == 0, at_infinity, y)
    y = where(x == 0, at_0, y)
    nowhere = (a < 0) | (x < 0) | ((a == 0) & (x == 0)) | ((a == math.inf) & (x == math.inf))
    return where(nowhere, math.nan, where((a == a) & (x == x), y, a + x))


def _inside(a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    inside = (a > 0) & (x > 0) & (a < math.inf) & (x < math.inf)
    return where(inside, a, 1.0), where(inside, x, 1.0)


# The first operand is drawn as integers where there is a gradient, for there is none by it.
_SAMPLES = [
    (of(3, 4, dtype="int64", low=1, high=9), of(3, 4, low=0.2, high=9.0)),
    (of(5, dtype="int64", low=12, high=60), of(5, low=12.0, high=60.0)),
    (of(4, dtype="int64", low=40, high=60), of(4, low=4.0, high=15.0)),
    (of(4, dtype="int64", low=12, high=16), of(4, low=40.0, high=70.0)),
    (of(dtype="int64", low=2, high=5), of(3, low=0.1, high=0.5)),
    (of(1, dtype="int64", low=2, high=3), of(0)),
]


@composite(
    dtypes=floating, promote="float", ref="scipy.special:gammainc", samples=_SAMPLES, tolerance=32
)
@in_float32
def gammainc(a: Tensor, x: Tensor) -> Tensor:
    """The regularised lower incomplete gamma function P: the integral of ``t**(a - 1) * exp(-t)``
    from 0 to ``x``, over that to infinity. NaN for negative operands.

    There is a gradient by ``x`` only, as in PyTorch. Sources: see this module.

    Raises:
        GraphError: backward asks for the gradient by ``a``.
    """
    a, x = tensors(a, x)
    return _limits(a, x, _ratio(*_inside(a, x), upper=False), 0.0, 1.0)


@gammainc.vjp
@in_float32
def _(g, a, x):
    a, x = tensors(a, x)
    return _no_gradient("gammainc"), lambda: g * _slope(a, x)


@composite(
    dtypes=floating, promote="float", ref="scipy.special:gammaincc", samples=_SAMPLES, tolerance=32
)
@in_float32
def gammaincc(a: Tensor, x: Tensor) -> Tensor:
    """The regularised upper incomplete gamma function Q, ``1 - gammainc(a, x)``, with full relative
    precision where it is small. NaN for negative operands.

    There is a gradient by ``x`` only, as in PyTorch. Sources: see this module.

    Raises:
        GraphError: backward asks for the gradient by ``a``.
    """
    a, x = tensors(a, x)
    return _limits(a, x, _ratio(*_inside(a, x), upper=True), 1.0, 0.0)


@gammaincc.vjp
@in_float32
def _(g, a, x):
    a, x = tensors(a, x)
    return _no_gradient("gammaincc"), lambda: -g * _slope(a, x)


def _slope(a: Tensor, x: Tensor) -> Tensor:
    """``x**(a - 1) * exp(-x) / gamma(a)``."""
    inside = (a >= 0) & (x > 0) & (a < math.inf) & (x < math.inf)
    b, y = where(inside, a, 1.0), where(inside, x, 1.0)
    at_0 = where(a < 1.0, math.inf, where(a == 1.0, 1.0, 0.0))
    edge = where((a > 0) & (x == 0), at_0, where((a >= 0) & (x > 0), 0.0, math.nan))
    return where(inside, _density(b, y) * b / y, edge)


def _no_gradient(name: str):
    def refuse() -> Tensor:
        raise GraphError(
            f"{name}: there is no gradient by the first argument; detach() it before the call"
        )

    return refuse
