"""Bessel functions of the first kind, of orders 0 and 1.

Sources: DLMF 10.9.1 and 10.9.2 (the integrals), 10.17.3 (Hankel's expansion), 10.6 (derivatives).
"""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import abs
from ferrule.ops.choice import where
from ferrule.ops.exponential import cos, sin, sqrt
from ferrule.ops.precision import in_float32
from ferrule.ops.special.polynomial import polynomial
from ferrule.samples import of
from ferrule.tensor import Tensor

_LARGE = 25.0
_SINES = [math.sin((j + 0.5) * math.pi / 32) for j in range(16)]
"""The trapezoidal rule on a quarter of the period. Its error is about twice the Bessel function of
order 64, which is below 1e-18 up to 25."""


def hankel(order: int, count: int) -> list[float]:
    """The first coefficients of Hankel's expansions, in powers of ``1 / x``."""
    found = [1.0]
    for k in range(1, count):
        found.append(found[-1] * (4 * order * order - (2 * k - 1) ** 2) / (8 * k))
    return found


def _expansion(order: int) -> tuple[list[float], list[float]]:
    signed = [c * (-1) ** (k // 2) for k, c in enumerate(hankel(order, 20))]
    return signed[-2::-2], signed[-1::-2]


_EXPANSIONS = _expansion(0), _expansion(1)


def _outer(size: Tensor, order: int) -> Tensor:
    """For sizes from 25: the phase ``size - (order + 0.5) * pi / 2`` is taken apart by the addition
    theorem, as the difference would lose digits."""
    r = 1.0 / size
    even, odd = (polynomial(r * r, c) for c in _EXPANSIONS[order])
    s, c = sin(size), cos(size)
    in_phase, quadrature = (c + s, s - c) if order == 0 else (s - c, -(c + s))
    return (even * in_phase - odd * r * quadrature) / sqrt(size) * (1.0 / math.sqrt(math.pi))


_SAMPLES = [
    (of(3, 4),),
    (of(6, low=-24.0, high=24.0),),
    (of(5, low=26.0, high=60.0),),
    (of(),),
    (of(0, 2),),
]


@composite(dtypes=floating, promote="float", ref="scipy.special:j0", samples=_SAMPLES, tolerance=16)
@in_float32
def bessel_j0(x: Tensor) -> Tensor:
    """The Bessel function of the first kind of order 0."""
    size = abs(x)
    far = size >= _LARGE
    near = where(far, 1.0, size)
    total = cos(near * _SINES[0])
    for s in _SINES[1:]:
        total = total + cos(near * s)
    return where(far, _outer(where(far, size, _LARGE), 0), total * (1.0 / len(_SINES)))


@bessel_j0.vjp
@in_float32
def _(g, x):
    return -g * bessel_j1(x)


@composite(dtypes=floating, promote="float", ref="scipy.special:j1", samples=_SAMPLES, tolerance=16)
@in_float32
def bessel_j1(x: Tensor) -> Tensor:
    """The Bessel function of the first kind of order 1."""
    size = abs(x)
    far = size >= _LARGE
    near = where(far, 1.0, x)
    total = sin(near * _SINES[0]) * _SINES[0]
    for s in _SINES[1:]:
        total = total + sin(near * s) * s
    outer = _outer(where(far, size, _LARGE), 1)
    return where(far, where(x < 0, -outer, outer), total * (1.0 / len(_SINES)))


@bessel_j1.vjp
@in_float32
def _(g, x, y):
    near = abs(x) <= 2.0
    small, large = where(near, x, 0.0), where(near, 1.0, x)
    outer = bessel_j0(x) - y / large
    return g * where(near, polynomial(small * small, _SLOPE_OF_J1), outer)


def slope_of_order_1(sign: int) -> list[float]:
    """The derivative of order 1 in powers of ``x**2``, for ``abs(x) <= 2``; ``sign`` is -1 for the
    functions of the first kind and 1 for the modified ones."""
    terms = range(13, -1, -1)
    return [
        (0.25 * sign) ** k * (2 * k + 1) / (2.0 * math.factorial(k) * math.factorial(k + 1))
        for k in terms
    ]


_SLOPE_OF_J1 = slope_of_order_1(-1)
