"""Activation functions."""

from __future__ import annotations

import math

from ferrule.declare import composite, floating, real
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import abs, maximum, minimum, neg
from ferrule.ops.choice import where
from ferrule.ops.comparison import lt
from ferrule.ops.exponential import exp, log1p, tanh
from ferrule.ops.precision import in_float32
from ferrule.ops.shape import narrow
from ferrule.ops.special.error import erfc
from ferrule.samples import of, sample
from ferrule.schema import Dim
from ferrule.tensor import Tensor

_AWAY_FROM_0 = [(of(3, 4, low=0.2, high=2.0),), (of(5, low=-2.0, high=-0.2),), (of(0),)]
_ANY = [(of(3, 4),), (of(),), (of(2, 0),)]
_WIDE = [*_ANY, (of(8, low=-30.0, high=30.0),)]


@composite(dtypes=real, ref="ferrule_conformance.references:relu", samples=_AWAY_FROM_0)
def relu(x: Tensor) -> Tensor:
    """``max(x, 0)``; NaN stays NaN. The slope at 0 is taken as 0."""
    return where(lt(x, 0), 0, x)


@relu.vjp
def _(g, y):
    return where(y <= 0, 0.0, g)


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.references:sigmoid",
    samples=_ANY,
    tolerance=4,
)
@in_float32
def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + exp(-x))``, without overflow."""
    e = exp(neg(abs(x)))
    return where(x < 0, e, 1.0) / (e + 1.0)


@sigmoid.vjp
def _(g, y):
    return g * (y * (1.0 - y))


@composite(dtypes=floating, ref="ferrule_conformance.references:silu", samples=_ANY, tolerance=4)
@in_float32
def silu(x: Tensor) -> Tensor:
    """``x * sigmoid(x)``. Source: Elfwing, Uchibe, Doya, arXiv:1702.03118."""
    return x * sigmoid(x)


@silu.vjp
@in_float32
def _(g, x):
    s = sigmoid(x)
    return g * (s * (x * (1.0 - s) + 1.0))


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:logsigmoid",
    samples=_WIDE,
    tolerance=4,
)
@in_float32
def logsigmoid(x: Tensor) -> Tensor:
    """``log(sigmoid(x))``, without overflow or cancellation."""
    return minimum(x, 0.0) - log1p(exp(neg(abs(x))))


@logsigmoid.vjp
@in_float32
def _(g, x):
    return g * sigmoid(neg(x))


@composite(
    dtypes=floating,
    autocast="float32",
    ref="ferrule_conformance.activation_references:softplus",
    samples=[
        *map(sample, (of(3, 4), of(8, low=-30.0, high=30.0), of())),
        sample(of(5), beta=2.5, threshold=1000.0),
        sample(of(4, low=1.0, high=2.0), threshold=0.5),
    ],
    tolerance=4,
)
@in_float32
def softplus(x: Tensor, *, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * x)) / beta``, without overflow, and ``x`` itself where ``beta * x`` is
    above ``threshold``. Source: Dugas et al., NIPS 2000."""
    scaled = x if beta == 1.0 else x * beta
    y = maximum(scaled, 0.0) + log1p(exp(neg(abs(scaled))))
    return where(scaled > threshold, x, y if beta == 1.0 else y / beta)


@softplus.vjp
@in_float32
def _(g, x, beta, threshold):
    scaled = x * beta
    return g * where(scaled > threshold, 1.0, sigmoid(scaled))


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:mish",
    samples=_WIDE,
    tolerance=8,
)
@in_float32
def mish(x: Tensor) -> Tensor:
    """``x * tanh(softplus(x))``. Source: Misra, arXiv:1908.08681."""
    return x * tanh(softplus(x))


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.activation_references:softsign",
    samples=[(of(3, 4, distinct=True),), (of(2, 0),)],
    tolerance=4,
)
@in_float32
def softsign(x: Tensor) -> Tensor:
    """``x / (1 + abs(x))``"""
    return x / (abs(x) + 1.0)


@composite(
    dtypes=floating,
    promote="float",
    ref="ferrule_conformance.activation_references:tanhshrink",
    samples=_ANY,
    tolerance=4,
)
@in_float32
def tanhshrink(x: Tensor) -> Tensor:
    """``x - tanh(x)``"""
    return x - tanh(x)


@tanhshrink.vjp
@in_float32
def _(g, x):
    t = tanh(x)
    return g * (t * t)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:glu",
    samples=[sample(of(3, 4), dim=-1), sample(of(2, 3, 2), dim=0), sample(of(0, 2), dim=1)],
    tolerance=4,
)
@in_float32
def glu(x: Tensor, *, dim: Dim = -1) -> Tensor:
    """The first half along ``dim`` times the sigmoid of the second. Source: Dauphin et al.,
    arXiv:1612.08083.

    Raises:
        ShapeError: the size of ``dim`` is odd, or there are no dims.
    """
    if not x.ndim or x.shape[dim] % 2:
        raise ShapeError(f"glu: x is {x._type}; the size of dim {dim} must be even, to be halved")
    half = x.shape[dim] // 2
    gate = sigmoid(narrow(x, dim=dim, start=half, length=half))
    return narrow(x, dim=dim, start=0, length=half) * gate


@composite(
    dtypes=floating,
    ref="ferrule_conformance.references:gelu",
    samples=[
        sample(of(3, 4)),
        sample(of(3, 4), approximate="tanh"),
        sample(of(6, low=-9.0, high=-3.0)),
        sample(of()),
    ],
    tolerance=8,
)
@in_float32
def gelu(x: Tensor, *, approximate: str = "none") -> Tensor:
    """``x`` times the normal distribution function of ``x``, exact or, with ``"tanh"``,
    approximated. Source: Hendrycks, Gimpel, arXiv:1606.08415."""
    if approximate == "tanh":
        return x * 0.5 * (tanh(_curved(x)) + 1.0)
    if approximate != "none":
        raise ArgumentError(f'gelu: approximate must be "none" or "tanh", not {approximate!r}')
    return x * _below(x)


@gelu.vjp
@in_float32
def _(g, x, approximate):
    if approximate == "tanh":
        t = tanh(_curved(x))
        slope = (x * x * (3.0 * _CUBE) + 1.0) * math.sqrt(2.0 / math.pi)
        return g * ((t + 1.0) + x * (1.0 - t * t) * slope) * 0.5
    density = exp(x * x * -0.5) * (1.0 / math.sqrt(2.0 * math.pi))
    return g * (_below(x) + x * density)


_CUBE = 0.044715


def _curved(x: Tensor) -> Tensor:
    return (x + x * x * x * _CUBE) * math.sqrt(2.0 / math.pi)


def _below(x: Tensor) -> Tensor:
    """The probability of a normal number to be below ``x``."""
    return erfc(x * -math.sqrt(0.5)) * 0.5
