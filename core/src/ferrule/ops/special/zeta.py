"""Hurwitz's zeta function and the derivatives of digamma."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from ferrule.declare import composite, floating
from ferrule.errors import ArgumentError, GraphError
from ferrule.ops.arithmetic import maximum, minimum, pow
from ferrule.ops.choice import where
from ferrule.ops.precision import in_float32
from ferrule.ops.rounding import ceil, floor
from ferrule.ops.special.gamma import cot_pi, digamma
from ferrule.ops.special.operands import tensors
from ferrule.ops.special.polynomial import polynomial
from ferrule.samples import of, sample
from ferrule.tensor import Tensor

_TERMS = 10
_CORRECTIONS = 12
_NEGLIGIBLE = 1100.0
"""For larger s, only the first term of the series matters where it does not underflow."""


def _bernoulli(count: int) -> list[float]:
    """``B(2k) / (2k)!`` for k from 1 to ``count``."""
    numbers = [Fraction(1)]
    for n in range(1, 2 * count + 1):
        total = sum((math.comb(n + 1, k) * b for k, b in enumerate(numbers)), Fraction(0))
        numbers.append(-total / (n + 1))
    return [float(numbers[2 * k] / math.factorial(2 * k)) for k in range(1, count + 1)]


_BERNOULLI = _bernoulli(_CORRECTIONS)


def _series(s: Any, q: Tensor, unit: float = 1.0) -> Tensor:
    """The sum of ``((k + q) / unit) ** -s`` over all k from 0, for ``s > 1`` and ``q > 0``, by the
    formula of Euler and Maclaurin (DLMF 2.10.1). ``s`` is a tensor or a number; ``unit`` is a power
    of 2."""
    end = q + float(_TERMS)
    small = minimum(s, _NEGLIGIBLE) if isinstance(s, Tensor) else min(s, _NEGLIGIBLE)
    r = 1.0 / end
    rr = r * r
    correction: Any = _BERNOULLI[-1]
    for k in range(_CORRECTIONS - 1, 0, -1):
        # the next summand is this one, times two more factors of s * (s + 1) * ... over end**2
        factors = (small + (2.0 * k - 1)) * (small + 2.0 * k)
        correction = correction * (rr * factors) + _BERNOULLI[k - 1]
    scale = 1.0 / unit
    total = pow(end * scale, -s) * (0.5 + r * small * correction)
    total = total + pow(end * scale, 1.0 - s) * unit / (small - 1.0)
    for k in range(_TERMS - 1, -1, -1):
        total = total + pow((q + float(k)) * scale, -s)
    return total


@composite(
    dtypes=floating,
    promote="float",
    ref="scipy.special:zeta",
    samples=[
        # the first argument is drawn as integers, for it has no gradient
        (of(3, 4, dtype="int64", low=2, high=9), of(3, 4, low=0.2, high=6.0)),
        (of(5, dtype="int64", low=2, high=4), of(1, low=20.0, high=90.0)),
        (of(4, dtype="int64", low=2, high=6), of(4, low=-4.8, high=-4.2)),
        (of(dtype="int64", low=30, high=40), of(3, low=0.5, high=2.0)),
        (of(1, dtype="int64", low=2, high=3), of(0)),
    ],
    tolerance=16,
)
@in_float32
def zeta(x: Tensor, q: Tensor) -> Tensor:
    """Hurwitz's zeta function: the sum of ``(k + q) ** -x`` over all k from 0. Riemann's is that
    of ``q = 1``.

    At ``x = 1`` and at ``q = 0, -1, ...`` it is infinite; for ``x < 1``, and for negative ``q`` and
    an ``x`` that is no integer, it is NaN. There is a gradient by ``q`` only, as in PyTorch.

    Raises:
        GraphError: backward asks for the gradient by ``x``.
    """
    x, q = tensors(x, q)
    s = where(x > 1.0, x, 2.0)
    negative, pole = q < 0, q == floor(q)
    # The series from a negative q has a finite part to the left of 0. Its terms are, but for the
    # sign, those of a series that starts at `left`, up to where it reaches 1 - q.
    safe = where(negative & ~pole, q, -0.5)
    left = ceil(safe) - safe
    right = safe - floor(safe)
    whole = s == floor(s)
    odd = s - 2.0 * floor(s * 0.5)
    parity = 1.0 - 2.0 * odd
    y = _series(s, where(q > 0, q, right))
    both = (y + parity * _series(s, left)) - parity * _series(s, 1.0 - safe)
    y = where(negative, where(whole, both, math.nan), y)
    y = where(pole & (q <= 0), math.inf, y)
    y = where(x == 1.0, math.inf, where(x > 1.0, y, math.nan))
    return where(q == q, y, q + s)


@zeta.vjp
@in_float32
def _(g, x, q):
    x, q = tensors(x, q)
    return _no_gradient, lambda: -g * x * zeta(x + 1.0, q)


def _no_gradient() -> Tensor:
    raise GraphError(
        "zeta: there is no gradient by the first argument; detach() it, or give it as a number"
    )


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.special_references:polygamma",
    samples=[
        sample(of(3, 4, low=0.3, high=6.0), n=1),
        sample(of(5, low=10.0, high=90.0), n=2),
        sample(of(4, low=-4.8, high=-4.2), n=1),
        sample(of(4, low=-2.8, high=-2.2), n=2),
        sample(of(4, low=-1.7, high=-1.3), n=3),
        sample(of(4, low=0.8, high=3.0), n=0),
        sample(of(4, low=1.0, high=3.0), n=7),
        sample(of(0), n=1),
    ],
    tolerance=16,
)
@in_float32
def polygamma(x: Tensor, *, n: int) -> Tensor:
    """The ``n``-th derivative of `digamma`. At ``x = 0, -1, ...`` it is infinite.

    Raises:
        ArgumentError: ``n`` is negative.
    """
    if n < 0:
        raise ArgumentError(f"polygamma: n must not be negative, and it is {n}")
    if n == 0:
        return digamma(x)
    sign = 1.0 if n % 2 else -1.0
    # n! is multiplied into the terms, which alone may be too small for the dtype
    order = round(math.lgamma(n + 1) / math.log(2.0) / (n + 1))
    rest = float(Fraction(math.factorial(n)) / Fraction(2) ** (order * (n + 1)))
    pole = (x <= 0) & (x == floor(x))
    negative = (x < 0) & ~pole
    right = where(negative, 1.0 - x, where(pole, 1.0, maximum(x, 0.0)))
    y = _series(n + 1.0, right, 2.0**order) * (sign * rest)
    # the n-th derivative of digamma(1 - x) = digamma(x) + pi / tan(pi * x)
    safe = where(negative, x, 0.5)
    reflected = polynomial(cot_pi(safe), _cotangent_derivative(n)) * math.pi ** (n + 1)
    return where(pole, sign * math.inf, where(negative, -sign * y - reflected, y))


@polygamma.vjp
@in_float32
def _(g, x, n):
    return g * polygamma(x, n=n + 1)


def _float(n: int) -> float:
    """``n`` as a float, infinite where it does not fit."""
    try:
        return float(n)
    except OverflowError:
        return math.inf if n > 0 else -math.inf


def _cotangent_derivative(n: int) -> list[float]:
    """The ``n``-th derivative of the cotangent, as a polynomial in the cotangent ``c``, whose own
    derivative is ``-(1 + c**2)``. All its coefficients have one sign, so that nothing cancels."""
    powers = [0, 1]  # from the lowest up
    for _ in range(n):
        slope = [k * p for k, p in enumerate(powers)][1:]
        powers = [-(a + b) for a, b in zip([*slope, 0, 0], [0, 0, *slope])]
    return [_float(p) for p in reversed(powers)]
