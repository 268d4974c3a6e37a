"""Comparisons and operations on bits, element by element."""

from __future__ import annotations

from ferrule.declare import everything, floating, integers, numeric, primitive, real
from ferrule.ops.inference import broadcast
from ferrule.samples import of
from ferrule_plugins import Shaped, Spec
from ferrule_plugins.dtypes import bool_

_UNARY = [(of(3, 4),), (of(),), (of(0, 2),)]
_BINARY = [(of(3, 4), of(3, 4)), (of(2, 1, 3), of(4, 1)), (of(), of(3)), (of(0, 3), of(1, 3))]


def _compared(a: Shaped, b: Shaped) -> Spec:
    return Spec(broadcast(a, b).shape, bool_)


@primitive(dtypes=everything, ref="numpy:equal", samples=_BINARY, differentiable=False)
def eq(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a == b``, as bool."""
    return _compared(a, b)


@primitive(dtypes=everything, ref="numpy:not_equal", samples=_BINARY, differentiable=False)
def ne(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a != b``, as bool."""
    return _compared(a, b)


_ORDERED = everything - (numeric - real)


@primitive(dtypes=_ORDERED, ref="numpy:less", samples=_BINARY, differentiable=False)
def lt(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a < b``, as bool."""
    return _compared(a, b)


@primitive(dtypes=_ORDERED, ref="numpy:less_equal", samples=_BINARY, differentiable=False)
def le(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a <= b``, as bool."""
    return _compared(a, b)


@primitive(dtypes=_ORDERED, ref="numpy:greater", samples=_BINARY, differentiable=False)
def gt(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a > b``, as bool."""
    return _compared(a, b)


@primitive(dtypes=_ORDERED, ref="numpy:greater_equal", samples=_BINARY, differentiable=False)
def ge(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a >= b``, as bool."""
    return _compared(a, b)


# Bits. On bool these are the logical operations.

_BITS = everything - floating - (numeric - real)


@primitive(dtypes=_BITS, ref="numpy:bitwise_and", samples=_BINARY)
def bitwise_and(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a & b``."""
    return broadcast(a, b)


@primitive(dtypes=_BITS, ref="numpy:bitwise_or", samples=_BINARY)
def bitwise_or(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a | b``."""
    return broadcast(a, b)


@primitive(dtypes=_BITS, ref="numpy:bitwise_xor", samples=_BINARY)
def bitwise_xor(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a ^ b``."""
    return broadcast(a, b)


@primitive(dtypes=_BITS, ref="numpy:bitwise_not", samples=_UNARY)
def bitwise_not(x: Shaped) -> Shaped:
    """Elementwise ``~x``."""
    return x


_SHIFTS = [
    (of(3, 4, low=0, high=9), of(3, 4, low=0, high=4)),
    (of(5, low=0, high=9), of(low=0, high=3)),
]


@primitive(dtypes=integers, ref="numpy:left_shift", samples=_SHIFTS)
def bitwise_left_shift(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a << b``, for ``0 <= b <`` the number of bits."""
    return broadcast(a, b)


@primitive(dtypes=integers, ref="numpy:right_shift", samples=_SHIFTS)
def bitwise_right_shift(a: Shaped, b: Shaped) -> Spec:
    """Elementwise ``a >> b``, keeping the sign, for ``0 <= b <`` the number of bits."""
    return broadcast(a, b)
