"""Floats as signs, exponents and significands, and the numbers that are none."""

from __future__ import annotations

import math

from ferrule.declare import (
    booleans,
    complexes,
    composite,
    everything,
    floating,
    primitive,
    real,
)  # fmt: skip
from ferrule.ops.arithmetic import abs, floor_divide, maximum, minimum
from ferrule.ops.choice import cast, where
from ferrule.ops.comparison import eq, ge, lt, ne
from ferrule.ops.complex import complex
from ferrule.ops.complex import imag as imag_
from ferrule.ops.complex import real as real_
from ferrule.ops.creation import full
from ferrule.ops.inference import broadcast
from ferrule.ops.precision import in_float32
from ferrule.promotion import real_of
from ferrule.samples import of, sample
from ferrule.schema import Index
from ferrule.tensor import Tensor
from ferrule_plugins import Shaped, Spec, dtypes
from ferrule_plugins.dtypes import bool_, int32

_UNARY = [(of(3, 4),), (of(),), (of(0, 2),)]
_BINARY = [(of(3, 4), of(3, 4)), (of(2, 1, 3), of(4, 1)), (of(), of(3)), (of(0, 3), of(1, 3))]
_APART = [(of(3, 4, distinct=True), of(3, 4, distinct=True)), *_BINARY[1:]]


@primitive(dtypes=floating, promote="float", ref="numpy:copysign", samples=_APART)
def copysign(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``abs(a)`` with the sign of ``b``, that of a zero too."""
    return broadcast(a, b)


@copysign.vjp
def _(g, y, a):
    if isinstance(a, Tensor):
        return lambda: g * where(a == 0, 0.0, where(eq(y, a), 1.0, -1.0)), None
    return None, None


@primitive(
    dtypes=floating,
    ref="ferrule_conformance.references:nextafter",
    samples=_BINARY,
    differentiable=False,
)
def nextafter(a: Shaped, b: Shaped) -> Spec:
    """Elementwise the next number of the dtype after ``a`` towards ``b``."""
    return broadcast(a, b)


@composite(dtypes=real | booleans, ref="numpy:signbit", samples=_UNARY, differentiable=False)
def signbit(x: Tensor) -> Tensor:
    """Elementwise: it is negative, or -0.0."""
    if x.dtype.is_floating_point:
        return lt(copysign(full(shape=(), value=1, dtype=x.dtype, device=x.device), x), 0)
    return lt(x, 0)


@composite(dtypes=everything, ref="numpy:isnan", samples=_UNARY, differentiable=False)
def isnan(x: Tensor) -> Tensor:
    """Elementwise: it is not a number."""
    return ne(x, x)


@composite(dtypes=everything, ref="numpy:isfinite", samples=_UNARY, differentiable=False)
def isfinite(x: Tensor) -> Tensor:
    """Elementwise: it is neither infinite nor NaN."""
    if x.dtype.is_complex:
        return isfinite(real_(x)) & isfinite(imag_(x))
    if x.dtype.is_floating_point:
        return lt(abs(x), math.inf)
    return eq(x, x)


@composite(dtypes=everything, ref="numpy:isinf", samples=_UNARY, differentiable=False)
def isinf(x: Tensor) -> Tensor:
    """Elementwise: it is infinite."""
    if x.dtype.is_complex:
        return isinf(real_(x)) | isinf(imag_(x))
    if x.dtype.is_floating_point:
        return eq(abs(x), math.inf)
    return ne(x, x)


@composite(dtypes=real | booleans, ref="numpy:isposinf", samples=_UNARY, differentiable=False)
def isposinf(x: Tensor) -> Tensor:
    """Elementwise: it is infinity."""
    return eq(x, math.inf) if x.dtype.is_floating_point else ne(x, x)


@composite(dtypes=real | booleans, ref="numpy:isneginf", samples=_UNARY, differentiable=False)
def isneginf(x: Tensor) -> Tensor:
    """Elementwise: it is minus infinity."""
    return eq(x, -math.inf) if x.dtype.is_floating_point else ne(x, x)


@composite(dtypes=everything, ref="numpy:isreal", samples=_UNARY, differentiable=False)
def isreal(x: Tensor) -> Tensor:
    """Elementwise: its imaginary part is 0."""
    if x.dtype.is_complex:
        return eq(imag_(x), 0)
    return full(shape=x.shape, value=True, dtype=bool_, device=x.device)


@composite(
    dtypes=everything,
    ref="ferrule_conformance.references:nan_to_num",
    samples=[
        sample(of(3, 4)),
        sample(of(3), nan=2.5, posinf=9.0, neginf=-9.0),
        sample(of(0), posinf=1.0),
    ],
)
def nan_to_num(
    x: Tensor, *, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Elementwise with numbers in the places of NaN and the infinities: by default 0 and the
    largest and smallest finite number of the dtype."""
    if x.dtype.is_complex:
        parts = (nan_to_num(p, nan=nan, posinf=posinf, neginf=neginf) for p in (real_(x), imag_(x)))
        return complex(*parts)
    if not x.dtype.is_floating_point:
        return x
    largest = float(dtypes.finfo(x.dtype).max)
    x = where(ne(x, x), nan, x)
    x = where(eq(x, math.inf), largest if posinf is None else posinf, x)
    return where(eq(x, -math.inf), -largest if neginf is None else neginf, x)


@composite(
    dtypes=floating,
    ref="numpy:frexp",
    samples=[(of(3, 4),), (of(6, low=-1e4, high=1e4),), (of(6, low=7e-5, high=1.1e-4),), (of(0),)],
)
@in_float32
def frexp(x: Tensor) -> tuple[Tensor, Tensor]:
    """Elementwise significand, within [0.5, 1) but for its sign, and exponent (int32), of which
    ``x`` is the product ``significand * 2**exponent``. Those of 0, infinity and NaN are the number
    itself and 0."""
    info = dtypes.finfo(x.dtype)
    size = abs(x)
    special = eq(size, 0) | ne(size, size) | eq(size, math.inf)
    size = where(special, 1.0, size)
    exponent = full(shape=x.shape, value=0, dtype=int32, device=x.device)
    # numbers without a leading one are lifted among the others first
    lift = info.nmant + 1
    low = lt(size, float(info.smallest_normal))
    size = where(low, size * 2.0**lift, size)
    exponent = where(low, exponent - lift, exponent)
    for k in reversed(range(int(info.maxexp - 1).bit_length())):
        step = 1 << k
        high, low = ge(size, 2.0**step), lt(size, 2.0 ** (1 - step))
        size = where(high, size * 2.0**-step, where(low, size * 2.0**step, size))
        exponent = exponent + step * (cast(high, dtype=int32) - cast(low, dtype=int32))
    significand = where(special, x, copysign(size * 0.5, x))
    return significand, where(special, 0, exponent + 1)


@frexp.vjp
def _(g, y):
    return ldexp(g[0], -y[1])


@composite(
    dtypes=floating | complexes,
    ref="ferrule_conformance.references:ldexp",
    samples=[
        (of(3, 4), of(3, 4, dtype="int32", low=-9, high=9)),
        (of(3, 1), of(2, dtype="int64", low=-30, high=30)),
        (of(0), of(dtype="int64", low=0, high=2)),
    ],
    tolerance=2,
)
def ldexp(x: Tensor, exponent: Index[Tensor]) -> Tensor:
    """Elementwise ``x * 2**exponent``, also where the power alone would overflow or vanish."""
    info = dtypes.finfo(real_of(x.dtype))
    beyond = int(info.maxexp) - int(info.minexp) + int(info.nmant) + 2  # all is lost from here on
    exponent = minimum(maximum(cast(exponent, dtype=int32), -beyond), beyond)
    # in three steps, whose powers neither overflow nor vanish
    first = floor_divide(exponent, 3)
    second = floor_divide(exponent - first, 2)
    for part in (first, second, exponent - first - second):
        x = x * _power_of_two(part, x, beyond // 3 + 1)
    return x


@ldexp.vjp
def _(g, exponent):
    return ldexp(g, exponent)


def _power_of_two(exponent: Tensor, like: Tensor, most: int) -> Tensor:
    """``2**exponent`` in the floating dtype of ``like``, exact, for int32 of at most ``most``: a
    product over the bits of the exponent, of powers whose exponents are powers of two."""
    dtype = real_of(like.dtype)
    size, falls = abs(exponent), lt(exponent, 0)
    one = full(shape=(), value=1, dtype=dtype, device=like.device)
    power = one
    for k in range(most.bit_length()):
        factor = where(falls, one * 2.0 ** -(1 << k), one * 2.0 ** (1 << k))
        power = power * where(ne(size & (1 << k), 0), factor, one)
    return power
