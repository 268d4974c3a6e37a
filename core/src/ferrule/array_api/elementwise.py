"""Elementwise functions of the standard. Operands are promoted as ferrule promotes."""

from __future__ import annotations

from typing import Any

import ferrule as fe
from ferrule.array_api.arguments import Array, arrays, inexact, one_array


def abs(x: Array, /) -> Array:
    """The absolute value of each element."""
    arrays("abs", x)
    return fe.abs(x)


def acos(x: Array, /) -> Array:
    """The angle whose cosine each element is."""
    x = inexact("acos", x)
    return fe.acos(x)


def acosh(x: Array, /) -> Array:
    """The inverse hyperbolic cosine of each element."""
    x = inexact("acosh", x)
    return fe.acosh(x)


def add(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 + x2``."""
    one_array("add", x1, x2)
    return fe.ops.add(x1, x2)


def asin(x: Array, /) -> Array:
    """The angle whose sine each element is."""
    x = inexact("asin", x)
    return fe.asin(x)


def asinh(x: Array, /) -> Array:
    """The inverse hyperbolic sine of each element."""
    x = inexact("asinh", x)
    return fe.asinh(x)


def atan(x: Array, /) -> Array:
    """The angle whose tangent each element is."""
    x = inexact("atan", x)
    return fe.atan(x)


def atan2(x1: Any, x2: Any, /) -> Array:
    """Elementwise the angle of the point ``(x2, x1)``."""
    one_array("atan2", x1, x2)
    return fe.atan2(x1, x2)


def atanh(x: Array, /) -> Array:
    """The inverse hyperbolic tangent of each element."""
    x = inexact("atanh", x)
    return fe.atanh(x)


def bitwise_and(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 & x2``."""
    one_array("bitwise_and", x1, x2)
    return fe.bitwise_and(x1, x2)


def bitwise_invert(x: Array, /) -> Array:
    """Each bit of each element inverted."""
    arrays("bitwise_invert", x)
    return fe.bitwise_not(x)


def bitwise_left_shift(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 << x2``."""
    one_array("bitwise_left_shift", x1, x2)
    return fe.bitwise_left_shift(x1, x2)


def bitwise_or(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 | x2``."""
    one_array("bitwise_or", x1, x2)
    return fe.bitwise_or(x1, x2)


def bitwise_right_shift(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 >> x2``."""
    one_array("bitwise_right_shift", x1, x2)
    return fe.bitwise_right_shift(x1, x2)


def bitwise_xor(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 ^ x2``."""
    one_array("bitwise_xor", x1, x2)
    return fe.bitwise_xor(x1, x2)


def ceil(x: Array, /) -> Array:
    """The smallest integer not below each element."""
    arrays("ceil", x)
    return fe.ceil(x)


def conj(x: Array, /) -> Array:
    """The complex conjugate of each element."""
    arrays("conj", x)
    return fe.conj(x)


def copysign(x1: Any, x2: Any, /) -> Array:
    """Elementwise the modulus of ``x1`` with the sign of ``x2``."""
    one_array("copysign", x1, x2)
    return fe.copysign(x1, x2)


def cos(x: Array, /) -> Array:
    """The cosine of each element."""
    x = inexact("cos", x)
    return fe.cos(x)


def cosh(x: Array, /) -> Array:
    """The hyperbolic cosine of each element."""
    x = inexact("cosh", x)
    return fe.cosh(x)


def divide(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 / x2``."""
    one_array("divide", x1, x2)
    return fe.ops.div(x1, x2)


def equal(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 == x2``."""
    one_array("equal", x1, x2)
    return fe.eq(x1, x2)


def exp(x: Array, /) -> Array:
    """e to the power of each element."""
    x = inexact("exp", x)
    return fe.exp(x)


def expm1(x: Array, /) -> Array:
    """`exp` minus 1, accurate near 0."""
    x = inexact("expm1", x)
    return fe.expm1(x)


def floor(x: Array, /) -> Array:
    """The largest integer not above each element."""
    arrays("floor", x)
    return fe.floor(x)


def floor_divide(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 // x2``."""
    one_array("floor_divide", x1, x2)
    return fe.floor_divide(x1, x2)


def greater(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 > x2``."""
    one_array("greater", x1, x2)
    return fe.gt(x1, x2)


def greater_equal(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 >= x2``."""
    one_array("greater_equal", x1, x2)
    return fe.ge(x1, x2)


def hypot(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``sqrt(x1**2 + x2**2)``."""
    one_array("hypot", x1, x2)
    return fe.hypot(x1, x2)


def imag(x: Array, /) -> Array:
    """The imaginary part of each element."""
    arrays("imag", x)
    return fe.imag(x)


def isfinite(x: Array, /) -> Array:
    """Whether each element is neither infinite nor NaN."""
    arrays("isfinite", x)
    return fe.isfinite(x)


def isinf(x: Array, /) -> Array:
    """Whether each element is infinite."""
    arrays("isinf", x)
    return fe.isinf(x)


def isnan(x: Array, /) -> Array:
    """Whether each element is NaN."""
    arrays("isnan", x)
    return fe.isnan(x)


def less(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 < x2``."""
    one_array("less", x1, x2)
    return fe.lt(x1, x2)


def less_equal(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 <= x2``."""
    one_array("less_equal", x1, x2)
    return fe.le(x1, x2)


def log(x: Array, /) -> Array:
    """The natural logarithm of each element."""
    x = inexact("log", x)
    return fe.log(x)


def log10(x: Array, /) -> Array:
    """The logarithm to the base 10 of each element."""
    x = inexact("log10", x)
    return fe.log10(x)


def log1p(x: Array, /) -> Array:
    """The logarithm of 1 plus each element, accurate near 0."""
    x = inexact("log1p", x)
    return fe.log1p(x)


def log2(x: Array, /) -> Array:
    """The logarithm to the base 2 of each element."""
    x = inexact("log2", x)
    return fe.log2(x)


def logaddexp(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``log(exp(x1) + exp(x2))``."""
    one_array("logaddexp", x1, x2)
    return fe.logaddexp(x1, x2)


def logical_and(x1: Any, x2: Any, /) -> Array:
    """Elementwise whether both are true."""
    one_array("logical_and", x1, x2)
    return fe.logical_and(x1, x2)


def logical_not(x: Array, /) -> Array:
    """Whether each element is 0."""
    arrays("logical_not", x)
    return fe.logical_not(x)


def logical_or(x1: Any, x2: Any, /) -> Array:
    """Elementwise whether one is true."""
    one_array("logical_or", x1, x2)
    return fe.logical_or(x1, x2)


def logical_xor(x1: Any, x2: Any, /) -> Array:
    """Elementwise whether just one is true."""
    one_array("logical_xor", x1, x2)
    return fe.logical_xor(x1, x2)


def maximum(x1: Any, x2: Any, /) -> Array:
    """Elementwise the larger of two elements."""
    one_array("maximum", x1, x2)
    return fe.maximum(x1, x2)


def minimum(x1: Any, x2: Any, /) -> Array:
    """Elementwise the smaller of two elements."""
    one_array("minimum", x1, x2)
    return fe.minimum(x1, x2)


def multiply(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 * x2``."""
    one_array("multiply", x1, x2)
    return fe.mul(x1, x2)


def negative(x: Array, /) -> Array:
    """Each element with the other sign."""
    arrays("negative", x)
    return fe.neg(x)


def nextafter(x1: Any, x2: Any, /) -> Array:
    """Elementwise the next number after ``x1`` towards ``x2``."""
    one_array("nextafter", x1, x2)
    return fe.nextafter(x1, x2)


def not_equal(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 != x2``."""
    one_array("not_equal", x1, x2)
    return fe.ne(x1, x2)


def positive(x: Array, /) -> Array:
    """Each element as it is."""
    arrays("positive", x)
    return fe.clone(x)


def pow(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 ** x2``."""
    one_array("pow", x1, x2)
    return fe.pow(x1, x2)


def real(x: Array, /) -> Array:
    """The real part of each element."""
    arrays("real", x)
    return fe.real(x)


def reciprocal(x: Array, /) -> Array:
    """1 divided by each element."""
    x = inexact("reciprocal", x)
    return fe.reciprocal(x)


def remainder(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 % x2``."""
    one_array("remainder", x1, x2)
    return fe.remainder(x1, x2)


def sign(x: Array, /) -> Array:
    """-1, 0 or 1 by the sign; for complex numbers, divided by the modulus."""
    arrays("sign", x)
    return fe.sgn(x)


def signbit(x: Array, /) -> Array:
    """Whether the sign of each element is set, that of a zero too."""
    x = inexact("signbit", x)
    return fe.signbit(x)


def sin(x: Array, /) -> Array:
    """The sine of each element."""
    x = inexact("sin", x)
    return fe.sin(x)


def sinh(x: Array, /) -> Array:
    """The hyperbolic sine of each element."""
    x = inexact("sinh", x)
    return fe.sinh(x)


def sqrt(x: Array, /) -> Array:
    """The square root of each element."""
    x = inexact("sqrt", x)
    return fe.sqrt(x)


def square(x: Array, /) -> Array:
    """Each element times itself."""
    arrays("square", x)
    return fe.square(x)


def subtract(x1: Any, x2: Any, /) -> Array:
    """Elementwise ``x1 - x2``."""
    one_array("subtract", x1, x2)
    return fe.ops.sub(x1, x2)


def tan(x: Array, /) -> Array:
    """The tangent of each element."""
    x = inexact("tan", x)
    return fe.tan(x)


def tanh(x: Array, /) -> Array:
    """The hyperbolic tangent of each element."""
    x = inexact("tanh", x)
    return fe.tanh(x)


def trunc(x: Array, /) -> Array:
    """Each element without its fraction."""
    arrays("trunc", x)
    return fe.trunc(x)


def clip(x: Array, /, min: Any = None, max: Any = None) -> Array:
    """Each element brought between ``min`` and ``max``, in the dtype of ``x``."""
    arrays("clip", x)
    return x if min is None and max is None else fe.clamp(x, min, max).to(x.dtype)


def round(x: Array, /) -> Array:
    """The nearest integer to each element, halves to even; of each part, for complex numbers."""
    arrays("round", x)
    if x.dtype.is_complex:
        return fe.complex(fe.round(fe.real(x)), fe.round(fe.imag(x)))
    return fe.round(x)
