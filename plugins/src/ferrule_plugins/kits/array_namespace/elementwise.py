"""Kernels that are functions of the standard, or nearly."""

from __future__ import annotations

import math
from typing import Any

from ferrule_plugins.backend import Kernel
from ferrule_plugins.kits.array_namespace.part import Array, Part

BINARY = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "remainder": "remainder",
    "floor_divide": "floor_divide",
    "atan2": "atan2",
    "copysign": "copysign",
    "nextafter": "nextafter",
    "maximum": "maximum",
    "minimum": "minimum",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "bitwise_and": "bitwise_and",
    "bitwise_or": "bitwise_or",
    "bitwise_xor": "bitwise_xor",
    "bitwise_left_shift": "bitwise_left_shift",
    "bitwise_right_shift": "bitwise_right_shift",
}
"""Ops of two operands that are functions of the standard under another name, or the same."""

OTHERS = {
    "neg": "negative",
    "abs": "abs",
    "sign": "sign",
    "exp": "exp",
    "expm1": "expm1",
    "log": "log",
    "log1p": "log1p",
    "log2": "log2",
    "log10": "log10",
    "sqrt": "sqrt",
    "sin": "sin",
    "cos": "cos",
    "tanh": "tanh",
    "floor": "floor",
    "ceil": "ceil",
    "round": "round",
    "bitwise_not": "bitwise_invert",
    "real": "real",
    "imag": "imag",
    "conj": "conj",
    "where": "where",
    "matmul": "matmul",
}
"""The other ops of which that is true."""

ON_BOOLS = {
    "add": "logical_or",
    "mul": "logical_and",
    "maximum": "logical_or",
    "minimum": "logical_and",
    "lt": "order",
    "le": "order",
    "gt": "order",
    "ge": "order",
}
"""What ops of two operands are among bools: a function of the standard, or an order."""


class Complex(Part):
    """The standard takes complex numbers apart, but has no function that puts them together."""

    def complex(self, real: Any, imag: Any) -> Array:
        xp = self.xp
        given = next(x for x in (real, imag) if hasattr(x, "dtype"))
        dtype = xp.complex64 if given.dtype == xp.float32 else xp.complex128

        def constant(value: complex) -> Array:
            return xp.asarray(value, dtype=dtype, device=getattr(given, "device", None))

        real, imag = (
            x if hasattr(x, "dtype") else xp.astype(xp.real(constant(x)), given.dtype)
            for x in (real, imag)
        )
        # infinity times 1j has NaN as its real part
        finite = xp.isfinite(imag)
        upward = xp.astype(xp.where(finite, imag, xp.zeros_like(imag)), dtype) * constant(1j)
        endless = xp.where(
            imag > 0, constant(complex(0, math.inf)), constant(complex(0, -math.inf))
        )
        endless = xp.where(xp.isnan(imag), constant(complex(0, math.nan)), endless)
        return xp.astype(real, dtype) + xp.where(finite, upward, endless)


class Powers(Part):
    """The standard leaves open what integers to negative powers are, and libraries refuse them on
    account of values, which a kernel must not."""

    def pow(self, a: Any, exponent: Any) -> Array:
        xp = self.xp
        a, exponent = (int(x) if x.__class__ is bool else x for x in (a, exponent))
        if exponent.__class__ is int and exponent < 0 and xp.isdtype(a.dtype, "integral"):
            exponent = xp.asarray(exponent, dtype=a.dtype, device=getattr(a, "device", None))
        if not hasattr(exponent, "dtype") or not xp.isdtype(exponent.dtype, "signed integer"):
            return xp.pow(a, exponent)
        # among integers 1 and -1 alone have inverses, and their powers are those of 0 and 1
        inverse = exponent < 0
        y = xp.pow(a, xp.where(inverse, exponent & 1, exponent))
        return xp.where(inverse & ((a != 1) & (a != -1)), xp.zeros_like(y), y)


class Bools(Part):
    """The standard neither mixes bools with numbers nor computes with them."""

    def _with_bools(self, function: Any, logical: str) -> Kernel:
        """``function``; among bools the logical function of that name, or for ``"order"`` their
        order as numbers."""

        def kernel(a: Any, b: Any) -> Array:
            if not (self._is_bool(a) and self._is_bool(b)):
                return function(self._unless_bool(a), self._unless_bool(b))
            if logical == "order":
                return function(self._number(a), self._number(b))
            return getattr(self.xp, logical)(a, b) if logical else function(a, b)

        return kernel

    def _is_bool(self, x: Any) -> bool:
        return x.__class__ is bool or getattr(x, "dtype", None) == self.xp.bool

    def _unless_bool(self, x: Any) -> Any:
        return int(x) if x.__class__ is bool else x

    def _number(self, x: Any) -> Any:
        return int(x) if x.__class__ is bool else self.xp.astype(x, self.xp.uint8)
