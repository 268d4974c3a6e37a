"""Arithmetic, element by element."""

from __future__ import annotations

import cmath
import math

from ferrule import promotion
from ferrule.declare import (
    booleans,
    complexes,
    composite,
    everything,
    floating,
    integers,
    numeric,
    primitive,
    real,
)  # fmt: skip
from ferrule.ops.choice import where
from ferrule.ops.complex import conjugate
from ferrule.ops.exponential import log
from ferrule.ops.inference import broadcast
from ferrule.ops.rounding import floor, trunc
from ferrule.samples import of
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec

_UNARY = [(of(3, 4),), (of(),), (of(0, 2),)]
_BINARY = [(of(3, 4), of(3, 4)), (of(2, 1, 3), of(4, 1)), (of(), of(3)), (of(0, 3), of(1, 3))]
_APART = [
    (of(3, 4, distinct=True), of(3, 4, low=3.0, high=5.0)),
    (of(2, 3), of(3, low=-9.0, high=-5.0)),
]


@primitive(dtypes=everything, ref="numpy:add", samples=_BINARY)
def add(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a + b``; for bool, the logical or."""
    return broadcast(a, b)


@add.vjp
def _(g):
    return g, g


@primitive(dtypes=numeric, ref="numpy:subtract", samples=_BINARY)
def sub(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a - b``."""
    return broadcast(a, b)


@sub.vjp
def _(g):
    return g, lambda: -g


@primitive(dtypes=everything, ref="numpy:multiply", samples=_BINARY)
def mul(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a * b``; for bool, the logical and."""
    return broadcast(a, b)


@mul.vjp
def _(g, a, b):
    return lambda: g * conjugate(b), lambda: g * conjugate(a)


@primitive(
    dtypes=numeric - integers,
    promote="float",
    ref="numpy:true_divide",
    samples=[(of(3, 4), of(3, 4, low=0.5, high=2.0)), (of(2, 1, 3), of(4, 1, low=-2.0, high=-0.5))],
)
def div(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a / b``. Integers become floats."""
    return broadcast(a, b)


@div.vjp
def _(g, y, b):
    return lambda: g / conjugate(b), lambda: -g * conjugate(y / b)


@primitive(
    dtypes=floating | integers | complexes,
    autocast="float32",
    ref="numpy:power",
    samples=[
        (of(3, 4, low=0.5, high=2.0), of(3, 4, low=0, high=3)),
        (of(2, 1, low=0.5, high=2.0), of(3, low=0, high=3)),
    ],
    tolerance=4,
)
def pow(a: Shaped, exponent: Shaped) -> Spec:
    """Elementwise ``a ** exponent``. Of integers to negative powers what is left without its
    fraction: 0, but for 1 and -1; 0 to a negative power is 0."""
    return broadcast(a, exponent)


@pow.vjp
def _(g, y, a, exponent):
    return lambda: _pow_base(g, a, exponent), lambda: _pow_exponent(g, y, a, exponent)


def _pow_base(g, a, b):
    if isinstance(b, (int, float, complex)):
        return g * conjugate(b * a ** (b - 1)) if b != 0 else g * 0.0
    return g * conjugate(where(b == 0, 0.0, b * a ** (b - 1)))


def _pow_exponent(g, y, a, b):
    # 0 ** b is flat in b wherever it is finite; log(0) must not make a NaN of it
    if isinstance(a, (int, float, complex)):
        return g * conjugate(y * _log_of_number(a, y.dtype.is_complex))
    flat = a == 0 if b.dtype.is_complex else (a == 0) & (b >= 0)
    return g * conjugate(where(flat, 0.0, y * log(where(flat, 1.0, a))))


def _log_of_number(a, into_complex):
    if a == 0:
        return 0.0
    if into_complex:
        return cmath.log(a)
    return math.log(a) if a > 0 else math.nan


@primitive(
    dtypes=real,
    ref="numpy:remainder",
    samples=[
        (of(3, 4, low=0.1, high=0.9), of(3, 4, low=1.0, high=2.0)),
        (of(4, dtype="int32", low=-9, high=9), of(4, dtype="int32", low=1, high=5)),
        (of(3, 1, low=-0.9, high=-0.1), of(2, low=1.0, high=2.0)),
    ],
    tolerance=4,
)
def remainder(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a - floor(a / b) * b``: the sign is that of ``b``."""
    return broadcast(a, b)


@remainder.vjp
def _(g, a, b):
    return g, lambda: -g * floor(a / b)


@primitive(
    dtypes=real,
    ref="numpy:floor_divide",
    samples=[
        (of(3, 4, low=0.1, high=0.9), of(3, 4, low=0.3, high=0.35)),
        (of(4, dtype="int32", low=-9, high=9), of(4, dtype="int32", low=1, high=5)),
    ],
    differentiable=False,
)
def floor_divide(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``floor(a / b)``."""
    return broadcast(a, b)


@composite(
    dtypes=real,
    ref="numpy:fmod",
    samples=[
        (of(3, 4, low=0.1, high=0.9), of(3, 4, low=1.0, high=2.0)),
        (of(4, dtype="int32", low=-9, high=9), of(4, dtype="int32", low=1, high=5)),
        (of(3, 1, low=-0.9, high=-0.1), of(2, low=1.0, high=2.0)),
    ],
    tolerance=4,
)
def fmod(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise ``a - trunc(a / b) * b``: the sign is that of ``a``."""
    if a.dtype.is_floating_point:
        rest = remainder(abs(a), abs(b))
        return where(a < 0, neg(rest), rest)
    rest = remainder(a, b)
    return where((rest != 0) & ((a < 0) ^ (b < 0)), rest - b, rest)


@fmod.vjp
def _(g, a, b):
    return g, lambda: neg(g) * trunc(a / b)


@composite(
    dtypes=real,
    ref="ferrule_conformance.references:trunc_divide",
    samples=[
        (of(3, 4, low=0.1, high=0.9), of(3, 4, low=0.3, high=0.35)),
        (of(9, dtype="int32", low=-9, high=9), of(9, dtype="int32", low=1, high=5)),
        (of(9, dtype="int32", low=-9, high=9), of(9, dtype="int32", low=-5, high=0)),
    ],
    differentiable=False,
)
def trunc_divide(a: Tensor, b: Tensor) -> Tensor:
    """Elementwise ``a / b`` without its fraction."""
    if a.dtype.is_floating_point:
        return trunc(a / b)
    down = floor_divide(a, b)
    inexact = remainder(a, b) != 0
    return where(inexact & ((a < 0) ^ (b < 0)), down + 1, down)


@primitive(dtypes=real | booleans, ref="numpy:maximum", samples=_APART)
def maximum(a: Shaped, b: Shaped) -> Spec:
    """The larger of two elements. NaN wins; at ties the gradient is split in halves."""
    return broadcast(a, b)


@maximum.vjp
def _(g, a, b):
    return lambda: g * _share(a > b, a == b), lambda: g * _share(b > a, a == b)


@primitive(dtypes=real | booleans, ref="numpy:minimum", samples=_APART)
def minimum(a: Shaped, b: Shaped) -> Spec:
    """The smaller of two elements. NaN wins; at ties the gradient is split in halves."""
    return broadcast(a, b)


@minimum.vjp
def _(g, a, b):
    return lambda: g * _share(a < b, a == b), lambda: g * _share(b < a, a == b)


def _share(wins, ties):
    return where(wins, 1.0, where(ties, 0.5, 0.0))


@composite(dtypes=real | booleans, ref="numpy:fmax", samples=_APART)
def fmax(a: Tensor, b: Tensor) -> Tensor:
    """The larger of two elements, the other one where one is NaN. At ties the gradient is that of
    ``a``."""
    return where((a >= b) | (b != b), a, b)  # b != b: it is NaN


@composite(dtypes=real | booleans, ref="numpy:fmin", samples=_APART)
def fmin(a: Tensor, b: Tensor) -> Tensor:
    """The smaller of two elements, the other one where one is NaN. At ties the gradient is that of
    ``a``."""
    return where((a <= b) | (b != b), a, b)


@primitive(dtypes=numeric, ref="numpy:negative", samples=_UNARY)
def neg(x: Shaped) -> Shaped:
    """Elementwise ``-x``."""
    return x


@neg.vjp
def _(g):
    return -g


@primitive(dtypes=numeric, ref="numpy:absolute", samples=[(of(3, 4, distinct=True),), (of(0, 2),)])
def abs(x: Shaped) -> Spec:
    """Elementwise absolute value, real for complex elements; its slope at 0 is taken as 0."""
    return Spec(x.shape, promotion.real_of(x.dtype))


@abs.vjp
def _(g, x):
    return g * sgn(x)


@primitive(dtypes=real, ref="numpy:sign", samples=[(of(3, 4, distinct=True),), (of(0, 2),)])
def sign(x: Shaped) -> Shaped:
    """-1, 0 or 1 by the sign of each element; NaN stays NaN."""
    return x


@sign.vjp
def _(g):
    return None


@composite(
    dtypes=numeric,
    ref="ferrule_conformance.references:sgn",
    samples=[(of(3, 4, distinct=True),), (of(0, 2),)],
    tolerance=4,
)
def sgn(x: Tensor) -> Tensor:
    """``x / abs(x)`` for complex elements, 0 at 0; `sign` of real ones."""
    if not x.dtype.is_complex:
        return sign(x)
    size = abs(x)
    return x / where(size == 0, 1.0, size)
