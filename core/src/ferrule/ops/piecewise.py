"""Activation functions that are put together of pieces.

At a corner the slope is that which PyTorch takes.
"""

from __future__ import annotations

from ferrule.declare import composite, floating, real
from ferrule.errors import ArgumentError, ShapeError
from ferrule.ops.arithmetic import abs
from ferrule.ops.choice import where
from ferrule.ops.exponential import expm1
from ferrule.ops.noise import STATE, uniform
from ferrule.ops.precision import in_float32
from ferrule.ops.shape import reshape
from ferrule.samples import of, sample
from ferrule.schema import Index, Scalar
from ferrule.tensor import Tensor

# Operands away from the corner at 0, and from those at -1 and 1, at -3 and 3, and at -0.5 and 0.5.
_SIDES = [(of(3, 4, low=0.2, high=2.0),), (of(5, low=-2.0, high=-0.2),), (of(2, 0),)]
_MIDDLE = [(of(3, 4, low=-0.9, high=0.9),), (of(5, low=1.1, high=2.0),), (of(),)]
_BEYOND_3 = [
    (of(3, 4, low=-2.9, high=2.9),),
    (of(5, low=3.1, high=9.0),),
    (of(4, low=-9, high=-4),),
]
_HALF = [
    (of(3, 4, low=-0.4, high=0.4),),
    (of(5, low=0.6, high=2.0),),
    (of(4, low=-2.0, high=-0.6),),
]


@composite(
    dtypes=real,
    ref="ferrule_conformance.activation_references:threshold",
    samples=[
        sample(of(3, 4, low=1.2, high=2.0), threshold=1, value=20),
        sample(of(5, low=-2.0, high=0.8), threshold=1, value=20),
        sample(of(4, low=0.6, high=2.0), threshold=0.5, value=-2.5),
        sample(of(6, dtype="int32"), threshold=0.5, value=7.7),
    ],
)
def threshold(x: Tensor, *, threshold: Scalar, value: Scalar) -> Tensor:
    """``x`` where it is above ``threshold``, ``value`` elsewhere. For integers both numbers lose
    their fraction."""
    return where(x <= _fitting(threshold, x), _fitting(value, x), x)


@composite(
    dtypes=real,
    ref="ferrule_conformance.activation_references:hardtanh",
    samples=[sample(of(3, 4, low=0.1, high=5.9), min_val=0, max_val=6), *_MIDDLE],
)
def hardtanh(x: Tensor, *, min_val: Scalar = -1, max_val: Scalar = 1) -> Tensor:
    """``x`` brought between ``min_val`` and ``max_val``; flat at both.

    Raises:
        ArgumentError: ``min_val`` is above ``max_val``.
    """
    low, high = _fitting(min_val, x), _fitting(max_val, x)
    if low > high:  # pyright: ignore[reportOperatorIssue]
        raise ArgumentError(f"hardtanh: min_val={min_val} must not be above max_val={max_val}")
    return where(x <= low, low, where(x >= high, high, x))


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:hardsigmoid",
    samples=_BEYOND_3,
    tolerance=2,
)
@in_float32
def hardsigmoid(x: Tensor) -> Tensor:
    """``x / 6 + 1 / 2`` brought between 0 and 1. Source: Courbariaux, Bengio, David,
    arXiv:1511.00363."""
    return hardtanh(x + 3.0, min_val=0, max_val=6) / 6.0


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:hardswish",
    samples=_BEYOND_3,
    tolerance=4,
)
@in_float32
def hardswish(x: Tensor) -> Tensor:
    """``x * hardsigmoid(x)``. Source: Howard et al., arXiv:1905.02244."""
    return x * hardtanh(x + 3.0, min_val=0, max_val=6) / 6.0


@hardswish.vjp
@in_float32
def _(g, x):
    return where(x <= -3.0, 0.0, where(x < 3.0, g * (x / 3.0 + 0.5), g))


@composite(
    dtypes=floating, ref="ferrule_conformance.activation_references:hardshrink", samples=_HALF
)
def hardshrink(x: Tensor, *, lambd: float = 0.5) -> Tensor:
    """0 within ``lambd`` of 0, ``x`` elsewhere."""
    return where(abs(x) <= lambd, 0.0, x)


@composite(
    dtypes=floating, ref="ferrule_conformance.activation_references:softshrink", samples=_HALF
)
def softshrink(x: Tensor, *, lambd: float = 0.5) -> Tensor:
    """``x`` moved towards 0 by ``lambd``, and 0 within ``lambd`` of 0.

    Raises:
        ArgumentError: ``lambd`` is negative.
    """
    if not lambd >= 0.0:
        raise ArgumentError(f"softshrink: lambd must not be negative, but is {lambd}")
    return where(abs(x) <= lambd, 0.0, where(x > 0, x - lambd, x + lambd))


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:leaky_relu",
    samples=[*_SIDES, sample(of(4, low=-2.0, high=-0.2), negative_slope=0.3)],
)
def leaky_relu(x: Tensor, *, negative_slope: float = 0.01) -> Tensor:
    """``x`` where it is positive, ``negative_slope * x`` elsewhere. Source: Maas, Hannun, Ng,
    ICML 2013."""
    return where(x > 0, x, x * negative_slope)


@composite(
    dtypes=floating,
    autocast="lower",
    promote="same",
    ref="ferrule_conformance.activation_references:prelu",
    samples=[
        (of(3, 4, distinct=True), of(4)),
        (of(2, 3, 2, distinct=True), of(3)),
        (of(2, 3, distinct=True), of(1)),
        (of(2, distinct=True), of()),
        (of(0, 3), of(3)),
    ],
)
def prelu(x: Tensor, weight: Tensor) -> Tensor:
    """``x`` where it is positive, ``weight * x`` elsewhere.

    Args:
        x: ``(N, C, ...)``.
        weight: ``(C,)``, a number for each channel, or one element.

    Source: He et al., arXiv:1502.01852.
    """
    channels = x.shape[1] if x.ndim > 1 else 1
    if weight.ndim > 1 or weight.numel() not in (1, channels):
        raise ShapeError(
            f"prelu: x is {x._type} and weight {weight._type}; weight must have one element, or "
            f"one for each of the {channels} channels, which are dim 1 of x"
        )
    if weight.numel() == 1:
        slopes = reshape(weight, shape=())
    else:
        slopes = reshape(weight, shape=(channels, *(1,) * (x.ndim - 2)))
    return where(x > 0, x, x * slopes)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:rrelu",
    samples=[
        sample(of(3, 4, distinct=True), STATE),
        sample(of(7, low=-2.0, high=-0.2), STATE, lower=-0.5, upper=2.0),
        sample(of(0), STATE),
    ],
    tolerance=4,
)
@in_float32
def rrelu(
    x: Tensor, state: Index[Tensor], *, lower: float = 1.0 / 8, upper: float = 1.0 / 3
) -> Tensor:
    """``x`` where it is positive, elsewhere ``x`` times a random slope.

    The slope of element ``i`` is ``lower + (upper - lower) * u``, with ``u`` the middle of the step
    that the upper 23 bits of word ``i`` of `random_bits` choose among 2**23 within (0, 1).

    Args:
        x: of any shape.
        state: int64[2], as of `random_bits`.
        lower, upper: the bounds of the slopes.

    Source: Xu et al., arXiv:1505.00853.
    """
    if not lower <= upper:
        raise ArgumentError(f"rrelu: lower={lower} must not be above upper={upper}")
    slopes = uniform(state, x.shape, x.dtype) * (upper - lower) + lower
    return where(x > 0, x, x * slopes)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:elu",
    samples=[*_SIDES, sample(of(4, low=-2.0, high=-0.2), alpha=0.5)],
    tolerance=4,
)
@in_float32
def elu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere. Source: Clevert, Unterthiner,
    Hochreiter, arXiv:1511.07289."""
    return where(x > 0, x, expm1(_negative(x)) * alpha)


_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:selu",
    samples=_SIDES,
    tolerance=4,
)
@in_float32
def selu(x: Tensor) -> Tensor:
    """`elu` with an ``alpha`` and a scale that keep mean 0 and variance 1. Source: Klambauer et
    al., arXiv:1706.02515."""
    low = expm1(_negative(x)) * (_SELU_ALPHA * _SELU_SCALE)
    return where(x > 0, x * _SELU_SCALE, low)


@composite(
    dtypes=floating,
    ref="ferrule_conformance.activation_references:celu",
    samples=[*_SIDES, sample(of(4, low=-2.0, high=-0.2), alpha=0.5)],
    tolerance=4,
)
@in_float32
def celu(x: Tensor, *, alpha: float = 1.0) -> Tensor:
    """``x`` where it is positive, ``alpha * (exp(x / alpha) - 1)`` elsewhere. Source: Barron,
    arXiv:1704.07483.

    Raises:
        ArgumentError: ``alpha`` is 0.
    """
    if alpha == 0.0:
        raise ArgumentError("celu: alpha must not be 0, since x is divided by it")
    return where(x > 0, x, expm1(_negative(x) / alpha) * alpha)


def _negative(x: Tensor) -> Tensor:
    """``x`` with 0 for what is positive, whose exponential might overflow and spoil gradients."""
    return where(x > 0, 0.0, x)


def _fitting(number: Scalar, x: Tensor) -> Scalar:
    """A number as the dtype of ``x`` has it."""
    if x.dtype.is_floating_point or isinstance(number, complex):
        return number
    return int(number)
