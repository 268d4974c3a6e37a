"""Activation functions."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating, real
from ferrule.ops.arithmetic import abs, minimum, neg
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import lt
from ferrule.ops.exponential import exp, log, tanh
from ferrule.ops.reduction import amax, sum
from ferrule.samples import of, sample
from ferrule.schema import Dim
from ferrule.tensor import Tensor
from ferrule_plugins.dtypes import bfloat16, float16, float32

_AWAY_FROM_0 = [(of(3, 4, low=0.2, high=2.0),), (of(5, low=-2.0, high=-0.2),), (of(0),)]
_ANY = [(of(3, 4),), (of(),), (of(2, 0),)]
_ROWS = [sample(of(3, 4), dim=-1), sample(of(2, 3, 2), dim=1), sample(of(2, 1), dim=1)]


@composite(dtypes=real, ref="ferrule_conformance.references:relu", samples=_AWAY_FROM_0)
def relu(x: Tensor) -> Tensor:
    """``max(x, 0)``; NaN stays NaN. The slope at 0 is taken as 0."""
    return where(lt(x, 0), 0, x)


@relu.vjp
def _(g, y):
    return where(y > 0, g, 0.0)


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.references:sigmoid",
    samples=_ANY,
    tolerance=4,
)
def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``, without overflow."""
    e = exp(neg(abs(x)))
    return where(x < 0, e, 1.0) / (e + 1.0)


@sigmoid.vjp
def _(g, y):
    return g * (y * (1.0 - y))


@composite(dtypes=floating, ref="ferrule_conformance.references:silu", samples=_ANY, tolerance=4)
def silu(x: Tensor) -> Tensor:
    """``x * sigmoid(x)``. Source: Elfwing, Uchibe, Doya, arXiv:1702.03118."""
    return x * sigmoid(x)


# Rational approximations of erf and erfc, relative error below 1.2e-16.
# Source: W. J. Cody, "Rational Chebyshev approximations for the error function",
# Mathematics of Computation 23 (1969), 631-637. Coefficients from the highest power down.
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


def _rational(x: Tensor, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> Tensor:
    above, below = (_polynomial(x, c) for c in coefficients)
    return above / below


def _polynomial(x: Tensor, coefficients: tuple[float, ...]) -> Tensor:
    total = x * coefficients[0] + coefficients[1]
    for c in coefficients[2:]:
        total = total * x + c
    return total


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.references:erf",
    samples=[*_ANY, (of(8, low=-6.0, high=6.0),)],
    tolerance=8,
)
def erf(x: Tensor) -> Tensor:
    """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to ``x``."""
    if x.dtype in (float16, bfloat16):
        return cast(erf(cast(x, dtype=float32)), dtype=x.dtype)
    size = minimum(abs(x), 6.0)  # erf(6) rounds to 1, and NaN passes
    near = size < 0.46875
    small = where(near, size, 0.0)
    inner = small * _rational(small * small, _SMALL)
    large = where(near, 1.0, size)
    outer = 1.0 - exp(neg(large * large)) * _rational(large, _MIDDLE)
    y = where(near, inner, outer)
    return where(x < 0, neg(y), y)


@erf.vjp
def _(g, x):
    return g * exp(neg(x * x)) * (2.0 / math.sqrt(math.pi))


@composite(
    dtypes=floating,
    ref="ferrule_conformance.references:gelu",
    samples=[sample(of(3, 4)), sample(of(3, 4), approximate="tanh"), sample(of())],
    tolerance=8,
)
def gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    """``x`` times the normal distribution function of ``x``, exact or, with ``"tanh"``,
    approximated. Source: Hendrycks, Gimpel, arXiv:1606.08415."""
    if approximate == "tanh":
        inner = (x + x * x * x * 0.044715) * math.sqrt(2.0 / math.pi)
        return x * 0.5 * (tanh(inner) + 1.0)
    if approximate != "none":
        raise ValueError(f'gelu: approximate must be "none" or "tanh", not {approximate!r}')
    return x * 0.5 * (erf(x * math.sqrt(0.5)) + 1.0)


@composite(
    dtypes=floating, ref="ferrule_conformance.references:softmax", samples=_ROWS, tolerance=4
)
def softmax(x: Tensor, *, dim: Dim) -> Tensor:
    """Exponentials along ``dim``, scaled to sum to one."""
    if not x.shape:
        return exp(x - x)
    e = exp(x - _top(x, dim))
    return e / sum(e, dim=dim, keepdim=True)


@softmax.vjp
def _(g, y, dim):
    if not y.shape:
        return g * 0.0
    return y * (g - sum(g * y, dim=dim, keepdim=True))


@composite(
    dtypes=floating, ref="ferrule_conformance.references:log_softmax", samples=_ROWS, tolerance=4
)
def log_softmax(x: Tensor, *, dim: Dim) -> Tensor:
    """The logarithm of `softmax`, without loss of precision."""
    if not x.shape:
        return x - x
    shifted = x - _top(x, dim)
    return shifted - log(sum(exp(shifted), dim=dim, keepdim=True))


@log_softmax.vjp
def _(g, y, dim):
    if not y.shape:
        return g * 0.0
    return g - exp(y) * sum(g, dim=dim, keepdim=True)


def _top(x: Tensor, dim: int) -> Tensor:
    """The maximum along ``dim``; 0 for no elements, which have none."""
    if x.shape[dim] == 0:
        return sum(x, dim=dim, keepdim=True)
    return amax(x, dim=dim, keepdim=True).detach()
