"""Functions of complex numbers, which ``cmath`` has, or raises at."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable

NAN = complex(math.nan, math.nan)

Function = Callable[[complex], complex]


def defined(function: Function) -> Function:
    """A function of ``cmath`` that has NaN where ``cmath`` raises."""

    def total(z: complex) -> complex:
        try:
            return function(z)
        except (ValueError, OverflowError):
            return NAN

    return total


def logarithm(base: float) -> Function:
    """To that base; minus infinity at 0."""
    scale = math.log(base)

    def total(z: complex) -> complex:
        if z == 0:
            return complex(-math.inf, cmath.phase(z) / scale)
        w = cmath.log(z)
        return complex(w.real / scale, w.imag / scale)

    return total


def _expm1(z: complex) -> complex:
    x, y = z.real, z.imag
    # e**x cos y - 1, with nothing lost near 0
    real = math.expm1(x) * math.cos(y) - 2 * math.sin(y / 2) ** 2
    return complex(real, math.exp(x) * math.sin(y))


def _log1p(z: complex) -> complex:
    x, y = z.real, z.imag
    return complex(math.log1p(x * (2 + x) + y * y) / 2, math.atan2(y, 1 + x))


exp = defined(cmath.exp)
expm1 = defined(_expm1)
log = logarithm(math.e)
log1p = defined(_log1p)
log2 = logarithm(2)
log10 = logarithm(10)
sqrt = defined(cmath.sqrt)
sin = defined(cmath.sin)
cos = defined(cmath.cos)
tanh = defined(cmath.tanh)


def div(a: complex, b: complex) -> complex:
    try:
        return a / b
    except ZeroDivisionError:
        parts = (x and math.copysign(math.inf, x) for x in (a.real, a.imag))
        real, imag = (x or math.nan for x in parts)
        return complex(real, imag)


def pow(a: complex, b: complex) -> complex:
    try:
        return a**b
    except (ZeroDivisionError, OverflowError):
        return NAN
