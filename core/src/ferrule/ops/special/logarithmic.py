"""Numbers on logarithmic scales: sums and powers of them, and the odds of probabilities."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating
from ferrule.ops.arithmetic import abs, maximum, pow
from ferrule.ops.choice import where
from ferrule.ops.exponential import exp, log, log1p
from ferrule.ops.precision import in_float32
from ferrule.ops.special.operands import tensors
from ferrule.samples import of, sample
from ferrule.tensor import Tensor

_LOG_2 = math.log(2.0)
_PAIRS = [
    (of(3, 4), of(3, 4)),
    (of(2, 1, 3), of(4, 1, low=-30.0, high=30.0)),
    (of(5, low=-900.0, high=-800.0), of(5, low=-850.0, high=-840.0)),
    (of(0, 3), of(1, 3)),
]


@composite(
    dtypes=floating,
    promote="float",
    ref="numpy:exp2",
    samples=[(of(3, 4),), (of(5, low=-12.0, high=12.0),), (of(),), (of(0, 2),)],
    tolerance=4,
)
@in_float32
def exp2(x: Tensor) -> Tensor:
    """Elementwise ``2**x``."""
    return pow(2.0, x)


@composite(dtypes=floating, ref="numpy:logaddexp", samples=_PAIRS, tolerance=4)
@in_float32
def logaddexp(a: Tensor, b: Tensor) -> Tensor:
    """``log(exp(a) + exp(b))``, without overflow. The gradient is shared in halves at ties, the
    infinite ones included."""
    a, b = tensors(a, b)
    return maximum(a, b) + log1p(exp(-abs(_difference(a, b))))


@logaddexp.vjp
@in_float32
def _(g, a, b):
    d = _difference(a, b)
    return lambda: g * _share(d), lambda: g * _share(-d)


@composite(dtypes=floating, ref="numpy:logaddexp2", samples=_PAIRS, tolerance=4)
@in_float32
def logaddexp2(a: Tensor, b: Tensor) -> Tensor:
    """``log2(2**a + 2**b)``, without overflow. The gradient is as that of `logaddexp`."""
    a, b = tensors(a, b)
    smaller = exp(abs(_difference(a, b)) * -_LOG_2)
    return maximum(a, b) + log1p(smaller) * (1.0 / _LOG_2)


@logaddexp2.vjp
@in_float32
def _(g, a, b):
    d = _difference(a, b) * _LOG_2
    return lambda: g * _share(d), lambda: g * _share(-d)


def _difference(a: Tensor, b: Tensor) -> Tensor:
    """``a - b``, and 0 for infinities of one sign, which have none."""
    a, b = tensors(a, b)
    return where(a == b, 0.0, a - b)


def _share(difference: Tensor) -> Tensor:
    from ferrule.ops.activation import sigmoid

    return sigmoid(difference)


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.special_references:logit",
    samples=[
        sample(of(3, 4, low=0.1, high=0.9)),
        sample(of(5, low=0.48, high=0.52)),
        sample(of(5, low=0.2, high=0.8), eps=0.1),
        sample(of(4, low=0.9, high=1.5), eps=0.15),
        sample(of(4, low=-1.0, high=0.1), eps=0.15),
        sample(of(0)),
    ],
    tolerance=4,
)
@in_float32
def logit(x: Tensor, *, eps: float | None = None) -> Tensor:
    """The logarithm of the odds, ``log(x / (1 - x))``; NaN outside of 0 to 1. With ``eps``, which
    is not negative, ``x`` is brought between ``eps`` and ``1 - eps`` first, and the gradient
    outside is 0."""
    if eps is not None and eps >= 0:
        x = where(x < eps, eps, where(x > 1.0 - eps, 1.0 - eps, x))
    middle = abs(x - 0.5) < 0.25
    d = where(middle, x, 0.5) * 2.0 - 1.0  # exact, so that nothing is lost near 0.5
    s = where(middle, 0.5, x)
    return where(middle, log1p(d) - log1p(-d), log(s) - log1p(-s))


@logit.vjp
@in_float32
def _(g, x, eps):
    if eps is None or eps < 0:
        inside, outside = (x >= 0) & (x <= 1.0), math.nan
    else:
        inside, outside = ~((x < eps) | (x > 1.0 - eps)), 0.0
    s = where(inside, x, 0.5)
    return where(inside, g / (s * (1.0 - s)), outside)
