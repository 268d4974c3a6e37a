"""Modified Bessel functions of the first kind, of orders 0 and 1, plain and scaled.

Sources: DLMF 10.25.2 (the power series), 10.40.1 (the expansion for large arguments), 10.29
(derivatives).
"""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import abs, sign
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp, sqrt
from ferrule.ops.precision import in_float32
from ferrule.ops.special.bessel import hankel, slope_of_order_1
from ferrule.ops.special.polynomial import polynomial
from ferrule.samples import of
from ferrule.tensor import Tensor

_LARGE = 20.0


def _series(order: int) -> list[float]:
    """In powers of ``(x / 16)**2``, so that the coefficients fit in float32."""
    return [
        64.0**k / (math.factorial(k) * math.factorial(k + order)) * 0.5**order
        for k in range(38, -1, -1)
    ]


_SERIES = _series(0), _series(1)
_EXPANSIONS = [
    [c * (-1) ** k for k, c in reversed(list(enumerate(hankel(order, 28))))] for order in (0, 1)
]
_SLOPES = [[c * (0.5 + len(e) - 1 - i) for i, c in enumerate(e)] for e in _EXPANSIONS]
_SCALE = 1.0 / math.sqrt(2.0 * math.pi)
_SLOPE_OF_I1 = slope_of_order_1(1)


def _inner(x: Tensor, order: int) -> Tensor:
    """For sizes below 20."""
    y = polynomial((x * 0.0625) * (x * 0.0625), _SERIES[order])
    return x * y if order else y


def _outer(size: Tensor, order: int) -> Tensor:
    """From 20 on, over ``exp(size)``."""
    return polynomial(1.0 / size, _EXPANSIONS[order]) / sqrt(size) * _SCALE


def _outer_slope(size: Tensor, order: int) -> Tensor:
    """The derivative of `_outer`, as the difference that gives it elsewhere cancels."""
    r = 1.0 / size
    return polynomial(r, _SLOPES[order]) / sqrt(size) * (r * -_SCALE)


def _plain(x: Tensor, order: int) -> Tensor:
    size = abs(x)
    far = size >= _LARGE
    inner = _inner(where(far, 1.0, x), order)
    large = where(far, size, _LARGE)
    half = exp(large * 0.5)  # twice, as the result may be finite where exp(x) is not
    outer = where(large == math.inf, math.inf, half * _outer(large, order) * half)
    return where(far, where(x < 0, -outer, outer) if order else outer, inner)


def _scaled(x: Tensor, order: int) -> Tensor:
    size = abs(x)
    far = size >= _LARGE
    near = where(far, 1.0, x)
    inner = exp(-abs(near)) * _inner(near, order)
    outer = _outer(where(far, size, _LARGE), order)
    return where(far, where(x < 0, -outer, outer) if order else outer, inner)


_SAMPLES = [
    (of(3, 4),),
    (of(5, low=-6.0, high=6.0),),
    (of(5, low=21.0, high=24.0),),
    (of(),),
    (of(0, 2),),
]
_SCALED_SAMPLES = [
    (of(3, 4, distinct=True),),
    (of(5, low=2.0, high=19.0),),
    (of(5, low=-900.0, high=-21.0),),
    (of(0, 2),),
]


@composite(dtypes=floating, promote="float", ref="scipy.special:i0", samples=_SAMPLES, tolerance=8)
@in_float32
def i0(x: Tensor) -> Tensor:
    """The modified Bessel function of the first kind of order 0."""
    return _plain(x, 0)


@i0.vjp
@in_float32
def _(g, x):
    return g * i1(x)


@composite(dtypes=floating, promote="float", ref="scipy.special:i1", samples=_SAMPLES, tolerance=8)
@in_float32
def i1(x: Tensor) -> Tensor:
    """The modified Bessel function of the first kind of order 1."""
    return _plain(x, 1)


@i1.vjp
@in_float32
def _(g, x, y):
    near, inner = _inner_slope(x)
    return g * where(near, inner, i0(x) - y / where(near, 1.0, x))


@composite(
    dtypes=floating, promote="float", ref="scipy.special:i0e", samples=_SCALED_SAMPLES, tolerance=8
)
@in_float32
def i0e(x: Tensor) -> Tensor:
    """``exp(-abs(x)) * i0(x)``, without overflow."""
    return _scaled(x, 0)


@i0e.vjp
@in_float32
def _(g, x, y):
    size = abs(x)
    far = size >= _LARGE
    near = where(far, 1.0, x)
    inner = i1e(near) - sign(near) * where(far, 0.0, y)
    outer = sign(x) * _outer_slope(where(far, size, _LARGE), 0)
    return g * where(far, outer, inner)


@composite(
    dtypes=floating, promote="float", ref="scipy.special:i1e", samples=_SCALED_SAMPLES, tolerance=8
)
@in_float32
def i1e(x: Tensor) -> Tensor:
    """``exp(-abs(x)) * i1(x)``, without overflow."""
    return _scaled(x, 1)


@i1e.vjp
@in_float32
def _(g, x, y):
    size = abs(x)
    far = size >= _LARGE
    middle = where(far, 1.0, x)
    value = where(far, 0.0, y)
    near, inner = _inner_slope(middle)
    inner = inner * exp(-abs(where(near, middle, 0.0)))
    slope = where(near, inner, i0e(middle) - value / where(near, 1.0, middle))
    outer = _outer_slope(where(far, size, _LARGE), 1)
    return g * where(far, outer, slope - sign(middle) * value)


def _inner_slope(x: Tensor) -> tuple[Tensor, Tensor]:
    """Where ``abs(x) <= 2``, and the derivative of `i1` there, by a series: the difference that
    gives it elsewhere has no derivative at 0."""
    near = abs(x) <= 2.0
    small = where(near, x, 0.0)
    return near, polynomial(small * small, _SLOPE_OF_I1)
