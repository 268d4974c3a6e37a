"""Elementwise functions of the standard. Operands are promoted as ferrule promotes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ferrule as fe
from ferrule.array_api.arguments import Array, arrays, inexact, one_array


def _unary(name: str, function: Callable[..., Any], doc: str) -> Callable[[Array], Array]:
    def unary(x: Array, /) -> Array:
        arrays(name, x)
        return function(x)

    return _named(unary, name, doc)


def _floating(name: str, function: Callable[..., Any], doc: str) -> Callable[[Array], Array]:
    """A function of floats, to which the standard gives no integers."""

    def unary(x: Array, /) -> Array:
        return function(inexact(name, x))

    return _named(unary, name, doc)


def _binary(name: str, function: Callable[..., Any], doc: str) -> Callable[[Any, Any], Array]:
    def binary(x1: Any, x2: Any, /) -> Array:
        one_array(name, x1, x2)
        return function(x1, x2)

    return _named(binary, name, doc)


def _named(function: Any, name: str, doc: str) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


abs = _unary("abs", fe.abs, "The absolute value of each element.")
bitwise_invert = _unary("bitwise_invert", fe.bitwise_not, "Each bit of each element inverted.")
ceil = _unary("ceil", fe.ceil, "The smallest integer not below each element.")
conj = _unary("conj", fe.conj, "The complex conjugate of each element.")
floor = _unary("floor", fe.floor, "The largest integer not above each element.")
imag = _unary("imag", fe.imag, "The imaginary part of each element.")
isfinite = _unary("isfinite", fe.isfinite, "Whether each element is neither infinite nor NaN.")
isinf = _unary("isinf", fe.isinf, "Whether each element is infinite.")
isnan = _unary("isnan", fe.isnan, "Whether each element is NaN.")
logical_not = _unary("logical_not", fe.logical_not, "Whether each element is 0.")
negative = _unary("negative", fe.neg, "Each element with the other sign.")
positive = _unary("positive", fe.clone, "Each element as it is.")
real = _unary("real", fe.real, "The real part of each element.")
sign = _unary(
    "sign", fe.sgn, "-1, 0 or 1 by the sign; for complex numbers, divided by the modulus."
)
square = _unary("square", fe.square, "Each element times itself.")
trunc = _unary("trunc", fe.trunc, "Each element without its fraction.")

acos = _floating("acos", fe.acos, "The angle whose cosine each element is.")
acosh = _floating("acosh", fe.acosh, "The inverse hyperbolic cosine of each element.")
asin = _floating("asin", fe.asin, "The angle whose sine each element is.")
asinh = _floating("asinh", fe.asinh, "The inverse hyperbolic sine of each element.")
atan = _floating("atan", fe.atan, "The angle whose tangent each element is.")
atanh = _floating("atanh", fe.atanh, "The inverse hyperbolic tangent of each element.")
cos = _floating("cos", fe.cos, "The cosine of each element.")
cosh = _floating("cosh", fe.cosh, "The hyperbolic cosine of each element.")
exp = _floating("exp", fe.exp, "e to the power of each element.")
expm1 = _floating("expm1", fe.expm1, "`exp` minus 1, accurate near 0.")
log = _floating("log", fe.log, "The natural logarithm of each element.")
log10 = _floating("log10", fe.log10, "The logarithm to the base 10 of each element.")
log1p = _floating("log1p", fe.log1p, "The logarithm of 1 plus each element, accurate near 0.")
log2 = _floating("log2", fe.log2, "The logarithm to the base 2 of each element.")
reciprocal = _floating("reciprocal", fe.reciprocal, "1 divided by each element.")
signbit = _floating(
    "signbit", fe.signbit, "Whether the sign of each element is set, that of a zero too."
)
sin = _floating("sin", fe.sin, "The sine of each element.")
sinh = _floating("sinh", fe.sinh, "The hyperbolic sine of each element.")
sqrt = _floating("sqrt", fe.sqrt, "The square root of each element.")
tan = _floating("tan", fe.tan, "The tangent of each element.")
tanh = _floating("tanh", fe.tanh, "The hyperbolic tangent of each element.")

add = _binary("add", fe.ops.add, "Elementwise ``x1 + x2``.")
atan2 = _binary("atan2", fe.atan2, "Elementwise the angle of the point ``(x2, x1)``.")
bitwise_and = _binary("bitwise_and", fe.bitwise_and, "Elementwise ``x1 & x2``.")
bitwise_left_shift = _binary(
    "bitwise_left_shift", fe.bitwise_left_shift, "Elementwise ``x1 << x2``."
)
bitwise_or = _binary("bitwise_or", fe.bitwise_or, "Elementwise ``x1 | x2``.")
bitwise_right_shift = _binary(
    "bitwise_right_shift", fe.bitwise_right_shift, "Elementwise ``x1 >> x2``."
)
bitwise_xor = _binary("bitwise_xor", fe.bitwise_xor, "Elementwise ``x1 ^ x2``.")
copysign = _binary(
    "copysign", fe.copysign, "Elementwise the modulus of ``x1`` with the sign of ``x2``."
)
divide = _binary("divide", fe.ops.div, "Elementwise ``x1 / x2``.")
equal = _binary("equal", fe.eq, "Elementwise ``x1 == x2``.")
floor_divide = _binary("floor_divide", fe.floor_divide, "Elementwise ``x1 // x2``.")
greater = _binary("greater", fe.gt, "Elementwise ``x1 > x2``.")
greater_equal = _binary("greater_equal", fe.ge, "Elementwise ``x1 >= x2``.")
hypot = _binary("hypot", fe.hypot, "Elementwise ``sqrt(x1**2 + x2**2)``.")
less = _binary("less", fe.lt, "Elementwise ``x1 < x2``.")
less_equal = _binary("less_equal", fe.le, "Elementwise ``x1 <= x2``.")
logaddexp = _binary("logaddexp", fe.logaddexp, "Elementwise ``log(exp(x1) + exp(x2))``.")
logical_and = _binary("logical_and", fe.logical_and, "Elementwise whether both are true.")
logical_or = _binary("logical_or", fe.logical_or, "Elementwise whether one is true.")
logical_xor = _binary("logical_xor", fe.logical_xor, "Elementwise whether just one is true.")
maximum = _binary("maximum", fe.maximum, "Elementwise the larger of two elements.")
minimum = _binary("minimum", fe.minimum, "Elementwise the smaller of two elements.")
multiply = _binary("multiply", fe.mul, "Elementwise ``x1 * x2``.")
nextafter = _binary(
    "nextafter", fe.nextafter, "Elementwise the next number after ``x1`` towards ``x2``."
)
not_equal = _binary("not_equal", fe.ne, "Elementwise ``x1 != x2``.")
pow = _binary("pow", fe.pow, "Elementwise ``x1 ** x2``.")
remainder = _binary("remainder", fe.remainder, "Elementwise ``x1 % x2``.")
subtract = _binary("subtract", fe.ops.sub, "Elementwise ``x1 - x2``.")


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
