"""Kernels of one element at a time: one mapper, and tables of functions.

Python's ``math`` raises where C, and so IEEE 754, has infinity or NaN. The functions here say what
they are there.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from itertools import repeat
from typing import Any

from ferrule_example_purepython import complexes
from ferrule_example_purepython.numbers import BOOL, FORMATS, NUMBER, PART, SAME, WHOLE, DTypes
from ferrule_example_purepython.strided import Array, broadcast, expand, new
from ferrule_plugins import DType, Kernel

Function = Callable[..., Any]


def mapped(function: Function | dict[str, Function], out: DTypes = SAME) -> Kernel:
    """The kernel that applies a function of Python numbers to each element of its operands, which
    it broadcasts. Among them may be Python numbers.

    Args:
        function: what to apply; or by the category of the operands' dtype.
        out: the result's dtype by that of the operands, where they differ.
    """

    def kernel(*operands: Any) -> Array:
        dtype = operands_dtype(operands)
        apply = function[dtype.category] if isinstance(function, dict) else function
        return apply_to_each(apply, operands, dtype, out.get(dtype, dtype))

    return kernel


def operands_dtype(operands: tuple[Any, ...]) -> DType:
    """That of the arrays among them: of the last, because the first may be a condition."""
    return next(x.dtype for x in reversed(operands) if isinstance(x, Array))


def apply_to_each(function: Function, operands: tuple[Any, ...], dtype: DType, out: DType) -> Array:
    shape = broadcast(*(x.shape for x in operands if isinstance(x, Array)))
    columns = (
        expand(x, shape=shape).elements() if isinstance(x, Array) else repeat(NUMBER[dtype](x))
        for x in operands
    )
    return new(map(function, *columns), shape, out)


# Of floats.


def defined(function: Function, pole: float | None = None) -> Function:
    """A function of ``math`` that has NaN outside its domain, -inf at its pole, and infinity where
    it overflows."""

    def total(x: float) -> float:
        try:
            return function(x)
        except OverflowError:
            return math.inf
        except ValueError:
            return -math.inf if x == pole else math.nan

    return total


def divide(a: float, b: float) -> float:
    try:
        return a / b
    except ZeroDivisionError:
        return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1, b)


def floor_divide(a: float, b: float) -> float:
    return a // b if b else divide(a, b)


def remainder(a: float, b: float) -> float:
    return a % b if b else math.nan


def power(a: float, b: float) -> float:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        if a != 0:
            return math.nan
        return math.copysign(math.inf, a) if b % 2 == 1 else math.inf


def whole(function: Callable[[float], int]) -> Function:
    """``floor``, ``ceil`` or ``round`` as a float, with the sign of what it was."""
    return lambda x: math.copysign(function(x), x) if math.isfinite(x) else x


def absolute(x: Any) -> Any:
    return math.hypot(x.real, x.imag) if isinstance(x, complex) else abs(x)


def sign(x: Any) -> Any:
    return x if x != x else (x > 0) - (x < 0)


def maximum(a: Any, b: Any) -> Any:
    return a if a > b or a != a else b


def minimum(a: Any, b: Any) -> Any:
    return a if a < b or a != a else b


def nextafter(*operands: Any) -> Array:
    dtype = operands_dtype(operands)
    after = FORMATS[dtype].after if dtype in FORMATS else math.nextafter
    return apply_to_each(after, operands, dtype, dtype)


# Of integers, which wrap around when they are stored.


def integer_power(a: int, b: int) -> int:
    if b < 0:  # 1 and -1 alone have inverses, and their powers are those of 0 and 1
        return a ** (b & 1) if a in (1, -1) else 0
    return pow(a, b, 1 << 64)


def left_shift(a: int, b: int) -> int:
    return a << b if 0 <= b < 64 else 0


def right_shift(a: int, b: int) -> int:
    return a >> (b if 0 <= b < 64 else 63)


def same(x: Any) -> Any:
    return x


_FLOATS = {
    "exp": defined(math.exp),
    "expm1": defined(math.expm1),
    "log": defined(math.log, pole=0),
    "log1p": defined(math.log1p, pole=-1),
    "log2": defined(math.log2, pole=0),
    "log10": defined(math.log10, pole=0),
    "sqrt": defined(math.sqrt),
    "sin": defined(math.sin),
    "cos": defined(math.cos),
    "tanh": math.tanh,
}

KERNELS: dict[str, Kernel] = {
    **{
        op: mapped({"floating": function, "complex": getattr(complexes, op)})
        for op, function in _FLOATS.items()
    },
    "div": mapped({"floating": divide, "complex": complexes.div}),
    "pow": mapped({"integer": integer_power, "floating": power, "complex": complexes.pow}),
    "floor_divide": mapped({"integer": lambda a, b: a // b if b else 0, "floating": floor_divide}),
    "remainder": mapped({"integer": lambda a, b: a % b if b else 0, "floating": remainder}),
    "floor": mapped({"integer": same, "floating": whole(math.floor)}),
    "ceil": mapped({"integer": same, "floating": whole(math.ceil)}),
    "round": mapped({"integer": same, "floating": whole(round)}),
    "add": mapped(operator.add),
    "sub": mapped(operator.sub),
    "mul": mapped(operator.mul),
    "neg": mapped(operator.neg),
    "sign": mapped(sign),
    "maximum": mapped(maximum),
    "minimum": mapped(minimum),
    "atan2": mapped(math.atan2),
    "copysign": mapped(math.copysign),
    "nextafter": nextafter,
    **{op: mapped(getattr(operator, op), BOOL) for op in ("eq", "ne", "lt", "le", "gt", "ge")},
    "bitwise_and": mapped(operator.and_),
    "bitwise_or": mapped(operator.or_),
    "bitwise_xor": mapped(operator.xor),
    "bitwise_not": mapped({"bool": operator.not_, "integer": operator.invert}),
    "bitwise_left_shift": mapped(left_shift),
    "bitwise_right_shift": mapped(right_shift),
    "where": mapped(lambda condition, a, b: a if condition else b),
    "abs": mapped(absolute, PART),
    "real": mapped(operator.attrgetter("real"), PART),
    "imag": mapped(operator.attrgetter("imag"), PART),
    "complex": mapped(complex, WHOLE),
}
